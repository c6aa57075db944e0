//! The commands of an `.envrc`, native or bash's, by their words alone.
//!
//! Bytes in, simple commands with the places of their words out. This reads what the policy language refuses, so that
//! the gate can say what is wrong with it; it decides nothing about what applies. It knows what separates commands and
//! what holds them together; commands inside `$(…)` stay part of their word.

use std::ops::Range;

pub use super::words::Word;
use super::words::{LEADING, Reader, Token};

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Its words, the name first.
    pub words: Vec<Word>,
    /// Where it stands in the text, in bytes.
    pub span: Range<usize>,
    /// Whether nothing around it decides if it runs: no compound command, function, `&&`, pipe or subshell.
    pub is_sure: bool,
    /// Whether it is in the body of a function.
    pub in_function: bool,
}

impl Command {
    /// Returns the command's name, which is empty where it does nothing but assign.
    pub fn name(&self) -> &str {
        self.called().first().map_or("", |word| word.text.as_str())
    }

    /// Returns the words from the command's name on, behind what stands before it: `A=1`, `builtin`, `command`.
    pub fn called(&self) -> &[Word] {
        let mut skips_options = false;
        let first = self.words.iter().position(|word| {
            let text = word.text.as_str();
            let is_prefix =
                PREFIXES.contains(&text) || (skips_options && matches!(text, "-p" | "--"));
            skips_options |= is_prefix;
            !is_prefix && !is_assignment(text)
        });
        first.and_then(|first| self.words.get(first..)).unwrap_or_default()
    }

    /// Returns the assignments: `export A=b`, `A=b`, `declare -x A=b`, `A=b command`.
    pub fn assignments(&self) -> impl Iterator<Item = (&str, &str, &Word)> {
        let before = self.words.len() - self.called().len();
        let declares = DECLARING.contains(&self.name());
        self.words.iter().enumerate().filter_map(move |(at, word)| {
            let (name, value) = word.text.split_once('=')?;
            let assigns = (at < before || declares) && crate::env::is_identifier(name.as_bytes());
            assigns.then_some((name, value, word))
        })
    }
}

/// Returns whether a word that begins a command assigns: `A=b`, `A+=b`, `A[1]=b`.
fn is_assignment(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = match name.split_once('[') {
        Some((name, index)) if index.ends_with(']') => name,
        _ => name,
    };
    crate::env::is_identifier(name.as_bytes())
}

/// The builtins that run what follows them, and no function of its name.
const PREFIXES: &[&str] = &["builtin", "command"];

/// The builtins that assign what follows them.
const DECLARING: &[&str] = &["export", "declare", "typeset", "local", "readonly"];

/// The words that end a compound command, each with what it ends.
const CLOSING: &[(&str, Open)] = &[
    ("fi", Open::If),
    ("done", Open::Loop),
    ("esac", Open::Case),
    ("}", Open::Braces),
    ("}", Open::Function),
];

/// What holds commands together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    If,
    Loop,
    Case,
    Braces,
    Function,
    Parentheses,
    Array,
}

/// Returns the commands of a policy.
pub fn commands(policy: &[u8]) -> Vec<Command> {
    let text = String::from_utf8_lossy(policy);
    let mut grouper = Grouper::default();
    grouper.all(Reader::new(&text));
    grouper.commands
}

/// Puts words together to commands.
#[derive(Debug, Default)]
struct Grouper {
    commands: Vec<Command>,
    command: Command,
    open: Vec<Open>,
    /// How many of these are functions.
    functions: usize,
    /// What stood between the last command and this one, but for line ends.
    between: String,
}

impl Grouper {
    fn all(&mut self, mut reader: Reader<'_>) {
        while let Some(token) = reader.token() {
            match token {
                Token::End(c) => self.end(Some(c)),
                Token::Word(word, span) => self.word(word, span),
            }
        }
        self.end(None);
        if !self.open.is_empty() || reader.is_lost() {
            // What was never closed was not understood either.
            self.commands.iter_mut().for_each(|command| command.is_sure = false);
        }
    }

    fn word(&mut self, word: Word, span: Range<usize>) {
        if self.open.last() == Some(&Open::Array) {
            return;
        }
        let is_bare = word.width == word.text.len() && !word.expands;
        if self.command.words.is_empty() && is_bare && self.opens(&word.text) {
            return;
        }
        if self.command.words.is_empty() {
            let is_joined = self.between.contains(['&', '|']);
            self.command.is_sure = self.open.is_empty() && !is_joined;
            self.command.in_function = self.functions > 0;
            self.command.span = span.clone();
            self.between.clear();
        }
        self.command.span.end = span.end;
        self.command.words.push(word);
    }

    /// Takes a word where a command begins; returns whether it is a keyword and not part of a command.
    fn opens(&mut self, word: &str) -> bool {
        let is_function = self.between.ends_with("()");
        let opened = match word {
            "if" => Some(Open::If),
            "while" | "until" | "for" | "select" => Some(Open::Loop),
            "case" => Some(Open::Case),
            "{" if is_function => Some(Open::Function),
            "{" => Some(Open::Braces),
            _ => None,
        };
        opened.into_iter().for_each(|open| self.open(open));
        if self.open.last().is_some_and(|open| CLOSING.contains(&(word, *open))) {
            self.functions -= usize::from(self.open.pop() == Some(Open::Function));
        }
        LEADING.contains(&word)
    }

    /// Takes what ends a command, `None` for the end of the text.
    fn end(&mut self, by: Option<char>) {
        let is_in_array = self.open.last() == Some(&Open::Array);
        if is_in_array && by.is_some() {
            self.open.truncate(self.open.len() - usize::from(by == Some(')')));
            return;
        }
        let assigns = self.command.words.last().is_some_and(|word| word.text.ends_with('='));
        if assigns && by == Some('(') {
            self.open.push(Open::Array);
            return;
        }
        let mut command = std::mem::take(&mut self.command);
        if !command.words.is_empty() {
            let opens = command.name() == "function" && command.words.last().is_some_and(is_brace);
            if opens {
                self.open(Open::Function);
            }
            command.is_sure &= matches!(by, None | Some('\n' | ';'));
            self.commands.push(command);
        }
        match by {
            Some('(') => self.open.push(Open::Parentheses),
            // The one after a pattern of `case` closes nothing.
            Some(')') if self.open.last() == Some(&Open::Parentheses) => drop(self.open.pop()),
            _ => {}
        }
        self.between.extend(by.filter(|c| *c != '\n'));
    }

    fn open(&mut self, open: Open) {
        self.functions += usize::from(open == Open::Function);
        self.open.push(open);
    }
}

fn is_brace(word: &Word) -> bool {
    word.text == "{" && word.width == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(policy: &str) -> Vec<String> {
        let word = |word: &Word| format!("{}:{}:{}", word.line, word.column, word.text);
        let command =
            |command: &Command| command.words.iter().map(word).collect::<Vec<_>>().join(" ");
        commands(policy.as_bytes()).iter().map(command).collect()
    }

    #[test]
    fn commands_have_their_words_and_places() {
        for (policy, expected) in [
            ("use go 1.26.6\n", vec!["1:1:use 1:5:go 1:8:1.26.6"]),
            ("# use go 1\n\n  export A=b # c\n", vec!["3:3:export 3:10:A=b"]),
            (
                "use go 1.26.6 \\\n  linux/amd64=x\n",
                vec!["1:1:use 1:5:go 1:8:1.26.6 2:3:linux/amd64=x"],
            ),
            ("a && b || c; d", vec!["1:1:a", "1:6:b", "1:11:c", "1:14:d"]),
            (
                "if has nix; then use nix; fi",
                vec!["1:4:has 1:8:nix", "1:18:use 1:22:nix", "1:27:fi"],
            ),
            ("export A='x y' B=\"q $(a b)\"", vec!["1:1:export 1:8:A=x y 1:16:B=q $(a b)"]),
            ("eval \"$(curl -s x | sh)\"", vec!["1:1:eval 1:6:$(curl -s x | sh)"]),
            ("use_foo() {\n  echo\n}", vec!["1:1:use_foo", "2:3:echo", "3:1:}"]),
            ("cat <<E; b\nuse x\nE\nc", vec!["1:1:cat 1:5:<<E", "1:10:b", "4:1:c"]),
            ("cat <<- 'E'\nuse x\n\tE\nc", vec!["1:1:cat 1:5:<<- 1:9:E", "4:1:c"]),
            ("cat <<E\nuse x\n", vec!["1:1:cat 1:5:<<E", "2:1:use 2:5:x"]),
            ("cat <<<E\nE", vec!["1:1:cat 1:5:<<<E", "2:1:E"]),
            ("cat >f<<E\nuse x\nE\nc", vec!["1:1:cat 1:5:>f<<E", "4:1:c"]),
            ("cat << 'E F'\nuse x\nE F\nc\nE", vec!["1:1:cat 1:5:<< 1:8:E F", "4:1:c", "5:1:E"]),
            ("cat <<$'E'>f\nE\nc\nE", vec!["1:1:cat 1:5:<<E>f", "3:1:c", "4:1:E"]),
            ("cat <<\"E\\x\"\nE\\x\nc", vec!["1:1:cat 1:5:<<Ex", "3:1:c"]),
            ("cat <<E\nuse x\\\nE\nuse y\nE\nc", vec!["1:1:cat 1:5:<<E", "6:1:c"]),
            ("cat <<'E'\nuse x\\\nE\nc", vec!["1:1:cat 1:5:<<E", "4:1:c"]),
            ("((1 <<E))\nc\nE", vec!["1:1:((1 <<E))", "2:1:c", "3:1:E"]),
            ("((16#f)); ((1 #)); c", vec!["1:1:((16#f))", "1:11:((1 #))", "1:20:c"]),
            ("a @(b|c #d) e!(') f'); g", vec!["1:1:a 1:3:@(b|c #d) 1:13:e!(') f')", "1:24:g"]),
            ("((1 # it's '\n))\nc", vec!["1:1:((1 # it's '\n))", "3:1:c"]),
            (
                "for ((a=1; a<2; a++)); do b; done",
                vec!["1:1:for 1:5:((a=1; a<2; a++))", "1:27:b", "1:30:done"],
            ),
            ("((a); (b # it's\n) )\nc", vec!["1:3:a", "1:8:b", "3:1:c"]),
            (
                "a $((${b#)) $[c[1]] \"$$(d\" $$'e' f",
                vec!["1:1:a 1:3:$((${b#)) 1:13:$[c[1]] 1:21:$$(d 1:28:$$e 1:34:f"],
            ),
            ("A=(use x\nuse y) B+=(z); c", vec!["1:1:A= 2:8:B+=", "2:16:c"]),
            ("a $'it\\'s' b", vec!["1:1:a 1:3:it's 1:12:b"]),
            ("a $(b ')' \"c) it's\") d", vec!["1:1:a 1:3:$(b ')' \"c) it's\") 1:22:d"]),
            ("a \"$(b # it's\n)\" d", vec!["1:1:a 1:3:$(b # it's\n) 2:4:d"]),
            ("a $(;# it's\n) d", vec!["1:1:a 1:3:$(;# it's\n) 2:3:d"]),
            ("a $(# it's\n) d", vec!["1:1:a 1:3:$(# it's\n) 2:3:d"]),
            ("a $(b $'it\\'s') d", vec!["1:1:a 1:3:$(b $'it's') 1:17:d"]),
            ("a $(cat <<E\nit's )\nE\n) d", vec!["1:1:a 1:3:$(cat <<E\n) 4:3:d"]),
            (
                "a $((1<<2)) \"$(((1)<<E))\"\nE",
                vec!["1:1:a 1:3:$((1<<2)) 1:13:$(((1)<<E))", "2:1:E"],
            ),
            (
                "a \"$(case x in (x) b \"it's\";; in) d;; esac)\" d",
                vec!["1:1:a 1:3:$(case x in (x) b \"it's\";; in) d;; esac) 1:46:d"],
            ),
            ("a $(b case; c esac) d", vec!["1:1:a 1:3:$(b case; c esac) 1:21:d"]),
            ("a ${b:-'}'} ${b:-{} d", vec!["1:1:a 1:3:${b:-'}'} 1:13:${b:-{} 1:21:d"]),
            ("a \"${b%'}'}\" \"${b:-'}'}\" d", vec!["1:1:a 1:3:${b%'}'} 1:14:${b:-'}'} 1:26:d"]),
            ("a \"${b:-$'\\'}'}\" d", vec!["1:1:a 1:3:${b:-$''}'} 1:18:d"]),
            ("a \"${b:-'}\"$'c}\" d", vec!["1:1:a 1:3:${b:-'}\"$'c} 1:18:d"]),
            ("a `b '\\`'` d", vec!["1:1:a 1:3:`b '\\`'` 1:12:d"]),
            ("a \"$'\" $\"it's\" d", vec!["1:1:a 1:3:$' 1:8:it's 1:16:d"]),
            ("'", vec!["1:1:"]),
            ("$(", vec!["1:1:$("]),
            ("\"\\", vec!["1:1:"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(policy), expected, "{policy:?}");
        }
    }

    #[test]
    fn only_what_nothing_decides_about_is_sure() {
        for (policy, expected) in [
            ("u; u\n  u", "+++"),
            ("a && u", "-"),
            ("a ||\n u\nu", "-+"),
            ("a | u; u", "-+"),
            ("u &\nu", "--"),
            ("if a; then u; fi; u", "-+"),
            ("for x in y; do u; done\nu", "-+"),
            ("while a; do u; done\nu", "-+"),
            ("case x in (a) u;; b) u;; esac\nu", "--+"),
            ("(u)\nu", "-+"),
            ("{ u; }\nu", "-+"),
            ("f() {\n u\n}\nu", "f+"),
            ("function f {\n u\n}\nu", "f+"),
            ("f() { if a; then u; fi; }; u", "f+"),
            ("u() { a; }", "-"),
            ("'if' u\nu", "+"),
            ("u\nif a", "-"),
            ("u\n(", "-"),
        ] {
            let shown: String = commands(policy.as_bytes())
                .iter()
                .filter(|command| command.name() == "u")
                .map(|command| match (command.is_sure, command.in_function) {
                    (true, _) => '+',
                    (_, true) => 'f',
                    _ => '-',
                })
                .collect();
            assert_eq!(shown, expected, "{policy:?}");
        }
    }

    #[test]
    fn what_is_beyond_telling_apart_is_read_and_not_sure() {
        for (levels, sure) in [(2, true), (100, false)] {
            let (open, close) = ("((a; ".repeat(levels), " ) )".repeat(levels));
            let text = format!("{open}eval x{close}\nu");
            let commands = commands(text.as_bytes());
            assert!(commands.iter().any(|command| command.name() == "eval"));
            let last = commands.last().map(|command| (command.name(), command.is_sure));
            assert_eq!(last, Some(("u", sure)));
        }
    }

    #[test]
    fn depth_and_documents_cost_neither_stack_nor_time() {
        for (before, behind) in [
            ("{ ", "u\n"),
            ("\n", "{ "),
            (";", "{ "),
            ("f() { ", "u\n"),
            ("((", ") "),
            ("((a) ", ") "),
        ] {
            let text = before.repeat(150_000) + &behind.repeat(150_000);
            let _ = commands(text.as_bytes());
        }
        for piece in [
            "$(",
            "\"$(",
            "${",
            "(",
            "{ ",
            "if ",
            "<<E ",
            "<<E\n",
            "<<E\n\tE\n",
            "<<\"",
            "<<\\",
            "((",
            "$(case x in ",
            "`\\`",
            "\"${a#",
            "$'\\",
            "((a) ",
            "@(",
            "$[",
        ] {
            let _ = commands(piece.repeat(100_000).as_bytes());
        }
    }

    #[test]
    fn assignments_are_told_from_other_words() {
        for (policy, expected) in [
            ("export A=b C=$D e F=g", "A=b C=$D F=g"),
            ("PATH=/x cmd B=c", "PATH=/x"),
            ("declare -x A=b; typeset A=b; local A=b; readonly A=b", "A=b A=b A=b A=b"),
            ("A=b builtin export -- C=d", "A=b C=d"),
            ("A=$'b' C=$\"d\"", "A=b C=d"),
            ("A[1]=x B+=y C=z", "C=z"),
            ("use go x/y=z\necho export A=b", ""),
        ] {
            let commands = commands(policy.as_bytes());
            let assignments = commands.iter().flat_map(Command::assignments);
            let shown: Vec<String> = assignments
                .map(|(name, value, word)| {
                    assert_eq!(word.expands, value.contains('$'));
                    format!("{name}={value}")
                })
                .collect();
            assert_eq!(shown.join(" "), expected, "{policy:?}");
        }
    }
}
