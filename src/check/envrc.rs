//! The commands of an `.envrc`, native or bash's, by their words alone.
//!
//! Bytes in, simple commands with the places of their words out. This reads what the policy language refuses, so that
//! the gate can say what is wrong with it; it decides nothing about what applies. It knows quotes, comments,
//! continued lines and what separates commands; commands inside `$(…)` stay part of their word.

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

/// Returns the commands of a policy.
pub fn commands(policy: &[u8]) -> Vec<Command> {
    let text = String::from_utf8_lossy(policy);
    let mut reader =
        Reader { rest: text.char_indices().peekable(), text: &text, line: 1, start: 0 };
    let mut commands = Vec::new();
    let mut command = Command::default();
    while let Some(token) = reader.token() {
        match token {
            Token::End => {
                if !command.words.is_empty() {
                    commands.push(std::mem::take(&mut command));
                }
            }
            Token::Word(word) => {
                let leads = command.words.is_empty() && LEADING.contains(&word.text.as_str());
                if !leads {
                    command.words.push(word);
                }
            }
        }
    }
    commands.extend((!command.words.is_empty()).then_some(command));
    commands
}

enum Token {
    Word(Word),
    End,
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    line: u32,
    /// Where the current line begins.
    start: usize,
}

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
                '\n' | ';' | '&' | '|' | '(' | ')' => {
                    self.next();
                    return Some(Token::End);
                }
                _ => return Some(Token::Word(self.word())),
            }
        }
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
        let (open, close) = match (first, self.peek()) {
            ('`', _) => return self.until('`', &mut word.text),
            (_, Some('(')) => ('(', ')'),
            (_, Some('{')) => ('{', '}'),
            _ => return,
        };
        let mut depth = 0_u32;
        while let Some((_, c)) = self.next() {
            word.text.push(c);
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
            }
            if depth == 0 {
                break;
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
            ("'", vec!["1:1:"]),
            ("$(", vec!["1:1:$("]),
            ("\"\\", vec!["1:1:"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(policy), expected, "{policy:?}");
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
