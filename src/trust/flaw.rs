//! What is wrong with a text, and where: the errors of every parser below `trust`.
//!
//! Parsers get bytes and no path, so a flaw has a line and a column; the caller who knows the file adds its name
//! with [`Flaw::at`].

use std::fmt;

use crate::count::count;

/// What is wrong at a place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The line, from 1.
    pub line: u32,
    /// The column in bytes, from 1.
    pub column: u32,
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
}

impl Flaw {
    /// Returns a flaw at `line` and `column`, both from 1.
    pub fn new(line: usize, column: usize, message: impl Into<String>) -> Self {
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: count(line), column: count(column), message: message.into() }
    }

    /// Returns the flaw of the text whose byte `offset` is the place.
    pub fn at_offset(text: &[u8], offset: usize, message: impl Into<String>) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = count(before, b'\n') + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        Self::new(line, before.len() - start + 1, message)
    }

    /// Returns the one-line text of the flaw in the file `path`.
    pub fn at(&self, path: &str) -> String {
        format!("{path}:{self}")
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for Flaw {}

/// Returns untrusted bytes in quotes for a message: printable ASCII, at most 60 bytes of them.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let dots = if bytes.len() > MOST { "…" } else { "" };
    let text = bytes.get(..MOST).unwrap_or(bytes).escape_ascii().to_string();
    format!("\"{}{dots}\"", text.replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flaw_names_file_line_and_column() {
        let flaw = Flaw::at_offset(b"one\ntwo three", 8, "no");
        assert_eq!(flaw.at("/etc/x"), "/etc/x:2:5: no");
        assert_eq!(Flaw::at_offset(b"one\n", 99, "no").to_string(), "2:1: no");
    }

    #[test]
    fn shown_text_is_printable_and_short() {
        assert_eq!(shown(b"a\x1b\"'\n"), r#""a\x1b\"'\n""#);
        assert_eq!(shown(&[b'x'; 60]), format!("\"{}\"", "x".repeat(60)));
        assert_eq!(shown(&[b'x'; 61]), format!("\"{}…\"", "x".repeat(60)));
    }
}
