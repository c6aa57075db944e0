//! `export gha`: text for `$GITHUB_ENV`, as `goenv export gha >> "$GITHUB_ENV"`.
//!
//! Every value stands between delimiters, so that lines of it are never taken for other variables. A delimiter is a
//! digest of all values: nobody can write a value that holds the digest of itself. GitHub cannot unset a variable;
//! an empty one is what Go takes for unset.

use super::state;
use crate::env::{Bytes, Diff};
use crate::hex::sha256_hex;

/// Returns one entry for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let mut all = Bytes::new();
    for (name, value) in diff.steps() {
        all.extend(name);
        all.push(0);
        all.extend(value.unwrap_or_default());
        all.push(0);
    }
    let delimiter = format!("GOENV_{}", sha256_hex(&all));
    let mut out = Bytes::new();
    for (name, value) in diff.steps().filter(|(name, _)| state::is_plain(name)) {
        out.extend(name);
        out.extend(b"<<");
        out.extend(delimiter.as_bytes());
        out.push(b'\n');
        out.extend(value.unwrap_or_default());
        out.push(b'\n');
        out.extend(delimiter.as_bytes());
        out.push(b'\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn no_line_of_a_value_is_another_variable() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "x\nEVIL=1\nGOENV_\n"), ("B", "")].into_iter().collect();
        let text = String::from_utf8(print(&Diff::between(&from, &to))).unwrap();
        let delimiter = text.lines().next().unwrap().strip_prefix("A<<").unwrap();
        assert_eq!(delimiter.len(), 6 + 64);
        assert_eq!(
            text,
            format!(
                "A<<{delimiter}\nx\nEVIL=1\nGOENV_\n\n{delimiter}\nB<<{delimiter}\n\n{delimiter}\n\
                 GONE<<{delimiter}\n\n{delimiter}\n"
            )
        );
    }
}
