//! `export gitlab`: a report of the kind `artifacts:reports:dotenv`, `NAME=value` lines without quotes.
//!
//! GitLab trims values and takes a line for a whole variable: what begins or ends with a blank or holds a line end
//! cannot be said, and a report has 5 KiB at most.

use super::state::{first_without, variables};
use crate::env::{Bytes, Diff};

/// The size that GitLab takes.
const MOST_BYTES: usize = 5 * 1024;

/// Returns one line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let mut out = Bytes::new();
    for (name, value) in variables(diff) {
        out.extend(name);
        out.push(b'=');
        out.extend(value);
        out.push(b'\n');
    }
    out
}

/// Returns why a report cannot hold the change.
pub fn refusal(diff: &Diff) -> Option<String> {
    let holds = |value: &[u8]| {
        let is_line = !value.contains(&b'\n') && !value.contains(&b'\r');
        is_line && value.trim_ascii().len() == value.len()
    };
    if let Some(name) = first_without(diff, holds) {
        return Some(format!(
            "{name}: a GitLab report holds no line ends and no blanks at the ends of a value"
        ));
    }
    let size = print(diff).len();
    (size > MOST_BYTES)
        .then(|| format!("the report has {size} bytes, and GitLab takes {MOST_BYTES}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    fn env(value: &str) -> Env {
        [("A", value), ("GOENV_STATE", "s"), ("PATH", "/sdk/bin:/bin")].into_iter().collect()
    }

    #[test]
    fn a_line_is_a_variable() {
        let (empty, plain) = (Env::new(), env("b c"));
        let diff = Diff::between(&empty, &plain);
        assert_eq!(print(&diff), b"A=b c\nPATH=/sdk/bin:/bin\n");
        assert_eq!(refusal(&diff), None);
        let refused = |value: &str| refusal(&Diff::between(&empty, &env(value))).unwrap();
        let ends = "A: a GitLab report holds no line ends and no blanks at the ends of a value";
        for value in ["a\nb", "a\r", " a", "a\t"] {
            assert_eq!(refused(value), ends, "{value:?}");
        }
        let most = "x".repeat(5120 - 22);
        assert_eq!(refusal(&Diff::between(&empty, &env(&most))), None);
        let long = "x".repeat(6000);
        assert_eq!(refused(&long), "the report has 6022 bytes, and GitLab takes 5120");
    }
}
