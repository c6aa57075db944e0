//! Policies that are refused, each with its whole message.
//!
//! The cases are in refused.txt: a policy, `--`, what is said about it. `\R`, `\0`, `\M`, `\F` and `\X` in a policy
//! stand for a carriage return, a NUL byte, a byte 1, a byte order mark and a byte that is not UTF-8; `$HERE` in a
//! message for the directory.

use crate::sandbox::Sandbox;

#[test]
fn what_is_not_part_of_the_language_is_refused_with_a_message_that_teaches() {
    let sandbox = Sandbox::new();
    let directory = sandbox.project("refused");
    let mut wrong = Vec::new();
    let cases = include_str!("refused.txt").split("\n%%\n");
    for case in cases {
        let (policy, message) = case.split_once("\n--\n").unwrap();
        let text = policy
            .replace("\\R", "\r")
            .replace("\\0", "\0")
            .replace("\\M", "\u{1}")
            .replace("\\F", "\u{feff}");
        let mut bytes = text.into_bytes();
        if let Some(at) = bytes.windows(2).position(|pair| pair == b"\\X") {
            bytes.splice(at..at + 2, [0xff]);
        }
        let said = match sandbox.goenv(&directory.join(".envrc"), &bytes) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.render(&directory).replace(&*directory.to_string_lossy(), "$HERE"),
        };
        if said != message.trim_end() {
            wrong.push(format!("{policy}\n--\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n%%\n"));
}
