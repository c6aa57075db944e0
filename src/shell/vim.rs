//! `export vim`: statements for Vim, as `:execute system('goenv export vim')`.

use super::{escaped, state};
use crate::env::{Bytes, Diff};

/// Returns one statement a line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let mut out = Bytes::new();
    for (name, value) in diff.steps().filter(|(name, _)| state::is_plain(name)) {
        match value {
            Some(value) => {
                out.extend(b"let $");
                out.extend(name);
                out.extend(b" = ");
                out.extend(quote(value));
            }
            None => {
                out.extend(b"unlet $");
                out.extend(name);
            }
        }
        out.push(b'\n');
    }
    out
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
