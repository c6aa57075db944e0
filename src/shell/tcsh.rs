//! Statements for tcsh, in one line: `eval` joins the lines of what a command printed.
//!
//! Values stand in single quotes. Even there a backslash means something to a shell with `backslash_quote`, `!` or
//! whatever `histchars` says names a command of the history, and a newline cannot stand in one line at all: these are
//! written outside.

use super::Statement;
use crate::env::{Bytes, Diff};

/// Returns one statement for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let statement = Statement { set: "setenv ", to: " ", unset: "unsetenv ", end: "; " };
    let mut line = statement.each(diff.steps(), quote);
    line.push(b'\n');
    line
}

/// Returns bytes as one word.
pub fn quote(bytes: &[u8]) -> Bytes {
    let mut word = vec![b'\''];
    for byte in bytes {
        match byte {
            // The hook has set this variable.
            b'\n' => word.extend(b"'$_goenv_newline:q'"),
            b'/' | b'.' | b':' | b'-' | b'_' | b'=' => word.push(*byte),
            _ if byte.is_ascii_punctuation() => word.extend([b'\'', b'\\', *byte, b'\'']),
            _ => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}

/// Returns a hook without its comments: `eval` makes one line of it, of which the first would hide the rest.
pub fn without_comments(hook: &[u8]) -> Bytes {
    let lines = hook.split_inclusive(|byte| *byte == b'\n');
    lines.filter(|line| !line.starts_with(b"#") && *line != b"\n").flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn prints_what_a_reader_expects() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "it's\n!\\"), ("EMPTY", "")].into_iter().collect();
        assert_eq!(
            String::from_utf8(print(&Diff::between(&from, &to))).unwrap(),
            "setenv A 'it'\\''s'$_goenv_newline:q''\\!''\\\\''; setenv EMPTY ''; unsetenv GONE; \n"
        );
    }
}
