//! The `go` and `toolchain` lines of go.mod and go.work, read twice: as the go command reads them to choose a
//! toolchain, and as the module loader reads them afterwards.
//!
//! The first reader takes the first line that begins with the word, inside a block or not; a byte order mark hides
//! a line from it. The second parses. Where the two differ, a file says one thing to a reviewer and another to Go,
//! so [`Strict::problems`] names it. Bytes in, values with line and column out; never fails, whatever the bytes are.
//! Rules: `cmd/go/internal/gover` and `golang.org/x/mod/modfile`.

use super::version::Version;

/// The two kinds of module file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModFile {
    /// `go.mod`.
    Mod,
    /// `go.work`.
    Work,
}

impl ModFile {
    /// Returns the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mod => "go.mod",
            Self::Work => "go.work",
        }
    }

    /// Returns the `go` version that Go assumes where the file has none.
    pub fn default_go(self) -> &'static str {
        match self {
            Self::Mod => "1.16",
            Self::Work => "1.18",
        }
    }
}

/// A word of a file and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
}

/// Returns what the go command takes for the value of `key` (`go` or `toolchain`) when it chooses a toolchain.
///
/// The value may be empty or no version at all: this reader does not judge.
pub fn lookup(file: &[u8], key: &str) -> Option<Word> {
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        let text = String::from_utf8_lossy(line);
        let trimmed = text.trim();
        let Some(value) = trimmed.strip_prefix(key) else { continue };
        if !value.starts_with([' ', '\t']) {
            continue;
        }
        let value = value.split("//").next().unwrap_or_default();
        let before = text.len() - text.trim_start().len() + key.len();
        let blank = value.len() - value.trim_start().len();
        let column = u32::try_from(before + blank + 1).unwrap_or(u32::MAX);
        return Some(Word { text: value.trim().to_owned(), line: number, column });
    }
    None
}

/// What the module loader reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strict {
    /// The version of the `go` line.
    pub go: Option<Word>,
    /// The name on the `toolchain` line.
    pub toolchain: Option<Word>,
    /// The directories that a go.work uses, in order.
    pub uses: Vec<Word>,
    /// What is wrong, in the order of the lines.
    pub problems: Vec<Problem>,
}

/// Reads the file as the module loader does, as far as versions go.
pub fn strict(file: &[u8], kind: ModFile) -> Strict {
    let mut read = Strict::default();
    let mut block: Option<Word> = None;
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        let words = match words(line, number) {
            Ok(words) => words,
            Err(problem) => {
                read.problems.push(problem);
                continue;
            }
        };
        let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
        match (&block, texts.as_slice()) {
            (_, []) => {}
            (Some(_), [")", ..]) => block = None,
            (Some(verb), _) => {
                if verb.text == "use" && kind == ModFile::Work {
                    read.uses.extend(words.first().cloned());
                }
            }
            (None, [verb, "("]) => {
                if matches!(*verb, "go" | "toolchain") {
                    read.refuse(words.first(), format!("`{verb}` takes no block"));
                }
                block = words.first().cloned();
            }
            (None, _) => read.line(&words, kind),
        }
    }
    if let Some(verb) = block {
        read.refuse(Some(&verb), format!("the block of `{}` is not closed", verb.text));
    }
    read.compare(file, kind);
    read
}

impl Strict {
    fn refuse(&mut self, at: Option<&Word>, message: String) {
        let (line, column) = at.map_or((1, 1), |word| (word.line, word.column));
        self.problems.push(Problem { message, line, column });
    }

    /// Reads one line outside a block.
    fn line(&mut self, words: &[Word], kind: ModFile) {
        let Some((verb, rest)) = words.split_first() else { return };
        match verb.text.as_str() {
            "use" if kind == ModFile::Work => self.uses.extend(rest.first().cloned()),
            "go" => {
                let Some(word) = self.only(verb, rest, self.go.is_some()) else { return };
                if !is_go_line(&word.text) {
                    let message = format!("`{}` is not a go version like 1.26.0", word.text);
                    self.refuse(Some(&word), message);
                }
                self.go = Some(word);
            }
            "toolchain" => {
                let repeated = self.toolchain.is_some();
                let Some(word) = self.only(verb, rest, repeated) else { return };
                let named = word.text == "default" || Version::from_toolchain(&word.text).is_some();
                if !named {
                    let message =
                        format!("`{}` is not a toolchain like go1.26.6 or default", word.text);
                    self.refuse(Some(&word), message);
                }
                self.toolchain = Some(word);
            }
            _ => {}
        }
    }

    /// Returns the one argument of a verb that stands once, or notes what is wrong.
    fn only(&mut self, verb: &Word, rest: &[Word], repeated: bool) -> Option<Word> {
        match rest {
            _ if repeated => self.refuse(Some(verb), format!("a second `{}` line", verb.text)),
            [word] => return Some(word.clone()),
            _ => self.refuse(Some(verb), format!("`{}` takes exactly one version", verb.text)),
        }
        None
    }

    /// Notes where the go command reads something else when it chooses a toolchain.
    fn compare(&mut self, file: &[u8], kind: ModFile) {
        for (key, parsed) in [("go", self.go.clone()), ("toolchain", self.toolchain.clone())] {
            let seen = lookup(file, key);
            let text = |word: &Option<Word>| word.as_ref().map(|word| word.text.clone());
            if text(&seen) == text(&parsed) {
                continue;
            }
            let name = |word: Option<String>| match word {
                Some(text) => format!("`{text}`"),
                None => "none".to_owned(),
            };
            let message = format!(
                "go chooses its toolchain by the `{key}` line {}, the module loader reads {} in {}",
                name(text(&seen)),
                name(text(&parsed)),
                kind.name()
            );
            self.refuse(seen.or(parsed).as_ref(), message);
        }
    }
}

/// Returns whether the module loader takes `text` on a `go` line.
pub fn is_go_line(text: &str) -> bool {
    // The loader's pattern wants a minor version, and a number after `rc`.
    text.contains('.')
        && !text.ends_with(|last: char| last.is_ascii_lowercase())
        && Version::parse(text).is_some()
}

/// Splits one line into words, as the module file's lexer does: quotes, punctuation, `//` to the end.
fn words(line: &[u8], number: u32) -> Result<Vec<Word>, Problem> {
    let text = String::from_utf8_lossy(line);
    let at = |offset: usize| u32::try_from(offset + 1).unwrap_or(u32::MAX);
    let mut words = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let mut word = String::new();
        match first {
            ' ' | '\t' | '\r' => continue,
            '/' if text.get(start..).is_some_and(|rest| rest.starts_with("//")) => break,
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => word.push(first),
            '"' | '`' => loop {
                match rest.next() {
                    Some((_, last)) if last == first => break,
                    Some((_, '\\')) if first == '"' => {
                        word.extend(rest.next().map(|(_, escaped)| escaped));
                    }
                    Some((_, inside)) => word.push(inside),
                    None => {
                        let message = "a quote is not closed".to_owned();
                        return Err(Problem { message, line: number, column: at(start) });
                    }
                }
            },
            _ => {
                word.push(first);
                while let Some((offset, next)) = rest.peek().copied() {
                    let comment = text.get(offset..).is_some_and(|rest| rest.starts_with("//"));
                    if comment || " \t\r()[]{},".contains(next) {
                        break;
                    }
                    word.push(next);
                    rest.next();
                }
            }
        }
        words.push(Word { text: word, line: number, column: at(start) });
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(file: &str, key: &str) -> Option<String> {
        lookup(file.as_bytes(), key).map(|word| word.text)
    }

    #[test]
    fn the_selector_takes_the_first_line_that_begins_with_the_word() {
        for (file, go) in [
            ("module m\n\ngo 1.24.11\n", Some("1.24.11")),
            ("go 1.21 // comment\r\n", Some("1.21")),
            ("  \tgo\t 1.21 \t\n", Some("1.21")),
            ("go1.21\ngopher 1\ngo 1.22", Some("1.22")),
            ("require (\n go 1.26.4\n)\ngo 1.24\n", Some("1.26.4")),
            ("\u{feff}go 1.24\n", None),
            ("\u{feff}go 1.24\ngo 1.25\n", Some("1.25")),
            ("go\u{a0}1.24\n", None),
            ("\u{a0}go 1.24\n", Some("1.24")),
            ("go //\n", Some("")),
            ("go 1.21 1.22\n", Some("1.21 1.22")),
            ("go v1.24\n", Some("v1.24")),
            ("go \"1.24\"\n", Some("\"1.24\"")),
            ("go (\n1.24\n)\n", Some("(")),
            ("", None),
            ("go\n", None),
            ("// go 1.24\n", None),
            ("go 1.24\0\n", Some("1.24\0")),
        ] {
            assert_eq!(value(file, "go").as_deref(), go, "{file:?}");
        }
        let word = lookup(b"module m\n\n\ttoolchain  go1.26.6 // x\n", "toolchain").unwrap();
        assert_eq!((word.text.as_str(), word.line, word.column), ("go1.26.6", 3, 13));
    }

    fn problems(file: &str, kind: ModFile) -> Vec<String> {
        let place =
            |problem: Problem| format!("{}:{}: {}", problem.line, problem.column, problem.message);
        strict(file.as_bytes(), kind).problems.into_iter().map(place).collect()
    }

    #[test]
    fn the_loader_s_words_end_where_go_s_do() {
        let used = |file: &str, kind| -> Vec<String> {
            let read = strict(file.as_bytes(), kind);
            assert_eq!(read.problems, [], "{file:?}");
            read.uses.into_iter().map(|word| word.text).collect()
        };
        let work = "go 1.26.6 // why\nuse /abs/a // the first\nuse (\n\t./b// no blank\n\t\"./c\\\"d\"\n\t`./e\\f`\n)\n\
            replace (\n\th/x => ./no\n)\n";
        assert_eq!(used(work, ModFile::Work), ["/abs/a", "./b", "./c\"d", "./e\\f"]);
        assert_eq!(strict(work.as_bytes(), ModFile::Work).go.unwrap().text, "1.26.6");
        // A module uses no other.
        let module = "module m\nuse ./a\nuse (\n\t./b\n)\n";
        assert_eq!(used(module, ModFile::Mod), [""; 0]);
    }

    #[test]
    fn the_loader_is_strict() {
        let read = strict(b"module m\n\ngo 1.26.6\ntoolchain go1.26.7-corp\n", ModFile::Mod);
        assert_eq!(read.problems, []);
        assert_eq!(read.go.unwrap().text, "1.26.6");
        assert_eq!(read.toolchain.unwrap().text, "go1.26.7-corp");
        for (file, expected) in [
            ("go 1.22.x\n", vec!["1:4: `1.22.x` is not a go version like 1.26.0"]),
            ("go 1.022\n", vec!["1:4: `1.022` is not a go version like 1.26.0"]),
            ("go 1\n", vec!["1:4: `1` is not a go version like 1.26.0"]),
            ("go v1.24\n", vec!["1:4: `v1.24` is not a go version like 1.26.0"]),
            ("toolchain none\n", vec!["1:11: `none` is not a toolchain like go1.26.6 or default"]),
            (
                "toolchain 1.22.10\n",
                vec!["1:11: `1.22.10` is not a toolchain like go1.26.6 or default"],
            ),
            ("toolchain default\n", vec![]),
            ("go 1.24\ngo 1.24\n", vec!["2:1: a second `go` line"]),
            (
                "go 1.24 1.25\n",
                vec![
                    "1:1: `go` takes exactly one version",
                    "1:4: go chooses its toolchain by the `go` line `1.24 1.25`, the module loader reads none in go.mod",
                ],
            ),
            (
                "require (\n\tgo 1.26.4\n)\ngo 1.24\n",
                vec![
                    "2:5: go chooses its toolchain by the `go` line `1.26.4`, the module loader reads `1.24` in go.mod",
                ],
            ),
            (
                "go (\n\t1.24\n)\n",
                vec![
                    "1:1: `go` takes no block",
                    "1:4: go chooses its toolchain by the `go` line `(`, the module loader reads none in go.mod",
                ],
            ),
            ("require (\n", vec!["1:1: the block of `require` is not closed"]),
            ("module \"m\n", vec!["1:8: a quote is not closed"]),
            ("require x v1.0.0 // go 1.24\n", vec![]),
        ] {
            assert_eq!(problems(file, ModFile::Mod), expected, "{file:?}");
        }
    }

    #[test]
    fn a_workspace_names_its_modules() {
        let read =
            strict(b"go 1.24\nuse ./a // one\nuse (\n\t./b\n\t\"./c d\"\n)\n", ModFile::Work);
        let uses: Vec<_> = read.uses.iter().map(|word| (word.text.as_str(), word.line)).collect();
        assert_eq!(uses, [("./a", 2), ("./b", 4), ("./c d", 5)]);
        assert_eq!(read.problems, []);
    }

    #[test]
    fn any_bytes_are_read() {
        for file in [&b"\xff\xfego 1.2\n"[..], b"go \xff\n", b"\0\0\0", b"((((\n))))\n`", b"\"\\"] {
            let _ = strict(file, ModFile::Mod);
            let _ = lookup(file, "go");
        }
    }
}
