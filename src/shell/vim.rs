//! `export vim`: statements for Vim, as `:execute system('goenv export vim')`.

use super::{Statement, escaped, state};
use crate::env::{Bytes, Diff};

/// Returns one statement a line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let statement = Statement { set: "let $", to: " = ", unset: "unlet $", end: "\n" };
    statement.each(diff.steps().filter(|(name, _)| state::is_plain(name)), quote)
}

/// Returns bytes as a string: in single quotes where they are a line of text, else with escapes.
fn quote(bytes: &[u8]) -> Bytes {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(char::is_control) => {
            format!("'{}'", text.replace('\'', "''")).into_bytes()
        }
        // A letter may follow: both digits are written.
        _ => escaped(bytes, b'"', ("\\x", "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn prints_what_a_reader_expects() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "it's é"), ("B", "a\nb\"\\")].into_iter().collect();
        assert_eq!(
            String::from_utf8(print(&Diff::between(&from, &to))).unwrap(),
            "let $A = 'it''s é'\nlet $B = \"a\\x0ab\\\"\\\\\"\nunlet $GONE\n"
        );
    }
}
