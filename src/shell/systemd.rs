//! `export systemd`: a file for `EnvironmentFile=` of a unit.
//!
//! In double quotes a backslash stands before the four characters that have a meaning; systemd reads UTF-8 alone.

use super::state::{first_without, variables};
use crate::env::{Bytes, Diff};

/// Returns one line for each step of the diff; a value may go over several.
pub fn print(diff: &Diff) -> Bytes {
    let mut out = Bytes::new();
    for (name, value) in variables(diff) {
        out.extend(name);
        out.extend(b"=\"");
        for byte in value {
            if b"\"\\`$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.extend(b"\"\n");
    }
    out
}

/// Returns why such a file cannot hold the change.
pub fn refusal(diff: &Diff) -> Option<String> {
    let holds = |value: &[u8]| std::str::from_utf8(value).is_ok();
    first_without(diff, holds).map(|name| format!("{name}: systemd reads values in UTF-8 alone"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn the_characters_with_a_meaning_are_escaped() {
        let empty = Env::new();
        let to: Env =
            [("A", "say \"hi\" \\ `x` $Y\nz"), ("GOENV_STATE", "s")].into_iter().collect();
        let diff = Diff::between(&empty, &to);
        assert_eq!(
            String::from_utf8(print(&diff)).unwrap(),
            "A=\"say \\\"hi\\\" \\\\ \\`x\\` \\$Y\nz\"\n"
        );
        assert_eq!(refusal(&diff), None);
        let to: Env = [("A", &b"\xff"[..])].into_iter().collect();
        let diff = Diff::between(&empty, &to);
        assert_eq!(refusal(&diff).unwrap(), "A: systemd reads values in UTF-8 alone");
    }
}
