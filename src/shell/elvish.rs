//! Statements for elvish.
//!
//! Its source is UTF-8 and its strings are bytes: what is not printable ASCII is written as `\x..`.

use super::{Statement, escaped};
use crate::env::{Bytes, Diff};

/// Returns one statement a line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let statement = Statement { set: "set-env ", to: " ", unset: "unset-env ", end: "\n" };
    statement.each(diff.steps(), quote)
}

/// Returns bytes as one word.
pub fn quote(bytes: &[u8]) -> Bytes {
    escaped(bytes, b'"', ("\\x", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn prints_what_a_reader_expects() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "it's\n\"\u{e9}\\$"), ("EMPTY", "")].into_iter().collect();
        assert_eq!(
            String::from_utf8(print(&Diff::between(&from, &to))).unwrap(),
            "set-env A \"it's\\x0a\\\"\\xc3\\xa9\\\\$\"\nset-env EMPTY \"\"\nunset-env GONE\n"
        );
    }
}
