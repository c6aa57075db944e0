//! The commands of an `.envrc`, native or bash's, by their words alone.
//!
//! Bytes in, simple commands with the places of their words out. This reads what the policy language refuses, so that
//! the gate can say what is wrong with it; it decides nothing about what applies. It knows quotes, comments,
//! continued lines, here-documents, what separates commands and what holds them together; commands inside `$(…)` stay
//! part of their word.

use std::collections::BTreeMap;
use std::ops::Range;

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes; expansions as they are written.
    pub text: String,
    /// Whether something in it is expanded.
    pub expands: bool,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
    /// How many bytes it has as written.
    pub width: usize,
}

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
    /// Returns the command's name.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", |word| word.text.as_str())
    }

    /// Returns the assignments: `export A=b`, `A=b`.
    pub fn assignments(&self) -> impl Iterator<Item = (&str, &str, &Word)> {
        let skip = usize::from(self.name() == "export");
        self.words.iter().skip(skip).map_while(|word| {
            let (name, value) = word.text.split_once('=')?;
            crate::env::is_identifier(name.as_bytes()).then_some((name, value, word))
        })
    }
}

/// The words that stand before a command and are none of it.
const LEADING: &[&str] = &["if", "then", "elif", "else", "do", "while", "until", "!", "{", "time"];

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
    let rest = text.char_indices().peekable();
    let documents = Vec::new();
    let reader = Reader { rest, text: &text, line: 1, start: 0, documents, lines: None };
    let mut grouper = Grouper::default();
    grouper.all(reader);
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
        if !self.open.is_empty() {
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

    /// Takes a word where a command begins; returns whether it is none of a command.
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
            // One behind a pattern of `case` opened nothing.
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

enum Token {
    Word(Word, Range<usize>),
    End(char),
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    line: u32,
    /// Where the current line begins.
    start: usize,
    /// The words that end the here-documents which begin behind this line, and whether tabs may stand before them.
    documents: Vec<(String, bool)>,
    lines: Option<Lines<'a>>,
}

/// Where lines end, by whether tabs before them are left out, and their text.
type Lines<'a> = BTreeMap<(bool, &'a str), Vec<usize>>;

impl Reader<'_> {
    fn next(&mut self) -> Option<(usize, char)> {
        let (at, c) = self.rest.next()?;
        if c == '\n' {
            self.line += 1;
            self.start = at + 1;
        }
        Some((at, c))
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            match self.peek()? {
                ' ' | '\t' | '\r' => {
                    self.next();
                }
                '\\' if self.continues() => {
                    self.next();
                    self.next();
                }
                '#' => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                }
                c @ ('\n' | ';' | '&' | '|' | '(' | ')') => {
                    self.next();
                    if c == '\n' {
                        self.skip_documents();
                    }
                    return Some(Token::End(c));
                }
                _ => {
                    let first = self.rest.peek().map_or(0, |(at, _)| *at);
                    let word = self.word();
                    self.note_document(&word, first);
                    let end = first + word.width;
                    return Some(Token::Word(word, first..end));
                }
            }
        }
    }

    /// Notes the here-document that a word asks for: `<<END`, `<<-'END'`, or `<<` before a word of its own.
    fn note_document(&mut self, word: &Word, first: usize) {
        let raw = self.text.get(first..first + word.width).unwrap_or_default();
        let raw = raw.trim_start_matches(|c: char| c.is_ascii_digit());
        let Some(rest) = raw.strip_prefix("<<").filter(|rest| !rest.starts_with('<')) else {
            return;
        };
        let tabs = rest.starts_with('-');
        let mut name = rest.strip_prefix('-').unwrap_or(rest);
        let behind;
        if name.is_empty() {
            let text = self.text.get(first + word.width..).unwrap_or_default();
            behind = text.trim_start_matches([' ', '\t']);
            name = behind.split([' ', '\t', '\n', ';', '&', '|', ')']).next().unwrap_or_default();
        }
        let name: String = name.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
        if !name.is_empty() {
            self.documents.push((name, tabs));
        }
    }

    /// Skips the here-documents that were noted; one without an end is none.
    fn skip_documents(&mut self) {
        for (name, tabs) in std::mem::take(&mut self.documents) {
            let begin = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
            let Some(end) = self.end_of(&name, tabs, begin) else { continue };
            while self.rest.peek().is_some_and(|(at, _)| *at < end) {
                self.next();
            }
        }
    }

    /// Returns where the first line from `begin` ends that is `name`. A text may ask as often as it has lines, so that
    /// they are searched once.
    fn end_of(&mut self, name: &str, tabs: bool, begin: usize) -> Option<usize> {
        let text = self.text;
        let lines = self.lines.get_or_insert_with(|| {
            let mut lines = Lines::new();
            let mut end = 0;
            for line in text.split_inclusive('\n') {
                end += line.len();
                let line = line.trim_end_matches('\n');
                lines.entry((false, line)).or_default().push(end);
                lines.entry((true, line.trim_start_matches('\t'))).or_default().push(end);
            }
            lines
        });
        let ends = lines.get(&(tabs, name))?;
        ends.get(ends.partition_point(|end| *end <= begin)).copied()
    }

    /// Returns whether the backslash that is next ends a line.
    fn continues(&mut self) -> bool {
        let at = self.rest.peek().map_or(0, |(at, _)| *at);
        self.text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n'))
    }

    fn word(&mut self) -> Word {
        let first = self.rest.peek().map_or(0, |(at, _)| *at);
        let (line, column) = (self.line, super::facts::column(first - self.start));
        let mut word = Word { text: String::new(), expands: false, line, column, width: 0 };
        let mut end = first;
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' => break,
                '\\' => {
                    self.next();
                    if let Some((_, escaped)) = self.next().filter(|(_, c)| *c != '\n') {
                        word.text.push(escaped);
                    }
                }
                '\'' => {
                    self.next();
                    self.until('\'', &mut word.text);
                }
                '"' => {
                    self.next();
                    self.double(&mut word);
                }
                '$' | '`' => self.expansion(&mut word),
                _ => {
                    word.text.push(c);
                    self.next();
                }
            }
            end = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        }
        word.width = end.saturating_sub(first);
        word
    }

    fn until(&mut self, last: char, into: &mut String) {
        while let Some((_, c)) = self.next() {
            if c == last {
                break;
            }
            into.push(c);
        }
    }

    fn double(&mut self, word: &mut Word) {
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.next();
                    break;
                }
                '\\' => {
                    self.next();
                    word.text.extend(self.next().map(|(_, c)| c));
                }
                '$' | '`' => self.expansion(word),
                _ => {
                    word.text.push(c);
                    self.next();
                }
            }
        }
    }

    /// Takes `$NAME`, `${…}`, `$(…)` or backquotes as they are written.
    fn expansion(&mut self, word: &mut Word) {
        let Some((_, first)) = self.next() else { return };
        word.expands = true;
        word.text.push(first);
        let close = match (first, self.peek()) {
            ('`', _) => return self.until('`', &mut word.text),
            (_, Some('\'')) => return self.escaped(&mut word.text),
            (_, Some('(')) => ')',
            (_, Some('{')) => '}',
            _ => return,
        };
        word.text.extend(self.next().map(|(_, c)| c));
        self.nested(close, word);
    }

    /// Takes what stands up to the end of an expansion, as it is written. Not by recursion: a text may nest as it likes.
    fn nested(&mut self, close: char, word: &mut Word) {
        let (mut ends, mut before) = (vec![close], '(');
        while let Some(end) = ends.last().copied() {
            let Some((_, c)) = self.next() else { break };
            word.text.push(c);
            match (end, c) {
                (_, '\\') => word.text.extend(self.next().map(|(_, c)| c)),
                (_, c) if c == end => drop(ends.pop()),
                ('"', '(') if before == '$' => ends.push(')'),
                ('"', '{') if before == '$' => ends.push('}'),
                ('"', _) => {}
                (_, '"') => ends.push('"'),
                (')', '(') => ends.push(')'),
                (')', '\'') => {
                    self.until(c, &mut word.text);
                    word.text.push(c);
                }
                (')', '#') if before.is_whitespace() => self.until('\n', &mut word.text),
                ('}', '{') => ends.push('}'),
                _ => {}
            }
            before = c;
        }
    }

    /// Takes `'…'` behind a `$`, in which a backslash escapes.
    fn escaped(&mut self, into: &mut String) {
        self.next();
        while let Some((_, c)) = self.next() {
            match c {
                '\'' => break,
                '\\' => into.extend(self.next().map(|(_, c)| c)),
                _ => into.push(c),
            }
        }
    }
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
            ("A=(use x\nuse y) B+=(z); c", vec!["1:1:A= 2:8:B+=", "2:16:c"]),
            ("a $'it\\'s' b", vec!["1:1:a 1:3:$it's 1:12:b"]),
            ("a $(b ')' \"c) it's\") d", vec!["1:1:a 1:3:$(b ')' \"c) it's\") 1:22:d"]),
            ("a \"$(b # it's\n)\" d", vec!["1:1:a 1:3:$(b # it's) 2:4:d"]),
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
    fn depth_and_documents_cost_neither_stack_nor_time() {
        for (before, behind) in [("{ ", "u\n"), ("\n", "{ "), (";", "{ "), ("f() { ", "u\n")] {
            let text = before.repeat(150_000) + &behind.repeat(150_000);
            let _ = commands(text.as_bytes());
        }
        for piece in ["$(", "\"$(", "${", "(", "{ ", "if ", "<<E ", "<<E\n", "<<E\n\tE\n"] {
            let _ = commands(piece.repeat(100_000).as_bytes());
        }
    }

    #[test]
    fn assignments_are_told_from_other_words() {
        let commands = commands(b"export A=b C=$D e\nPATH=/x cmd\nuse go x/y=z");
        let of = |at: usize| -> Vec<_> {
            commands[at]
                .assignments()
                .map(|(name, value, word)| (name, value, word.expands))
                .collect()
        };
        assert_eq!(of(0), [("A", "b", false), ("C", "$D", true)]);
        assert_eq!(of(1), [("PATH", "/x", false)]);
        assert_eq!(of(2), []);
    }
}
