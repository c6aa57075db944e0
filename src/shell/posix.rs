//! Statements for bash and zsh.
//!
//! Values stand in single quotes, where no shell option and no byte has a meaning but the quote itself. What is no value
//! stands behind a backslash where it could be an alias: in zsh each word can, and so the name of a variable too.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::env::{Bytes, Diff, is_number};
use crate::guard::{Guard, Question};

/// Where the two shells differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// bash reports a readonly variable and goes on.
    Bash,
    /// zsh gives up the whole `eval` at a variable that is readonly or an array, and computes what is assigned to a
    /// number, commands in it and all: so it is asked first.
    Zsh,
}

/// Returns one statement a line for each step of the diff.
pub fn print(diff: &Diff, dialect: Dialect) -> Bytes {
    let length = |(name, value): (&[u8], Option<&[u8]>)| name.len() + value.map_or(0, <[u8]>::len);
    let mut out = Bytes::with_capacity(diff.steps().map(|step| length(step) + 16).sum());
    for (name, value) in diff.steps() {
        if dialect == Dialect::Zsh {
            out.extend(b"[[ ");
            // What is not set yet becomes a scalar. Without parentheses, which SH_GLOB takes for something else.
            match value {
                Some(value) if is_number(value) => {
                    out.extend([b"${(t)", name, b"-} == a* || "].concat());
                }
                Some(_) => out.extend([b"${(t)", name, b"-scalar} != scalar* || "].concat()),
                None => {}
            }
            out.extend([b"${(t)", name, b"-} == *readonly* ]] || "].concat());
        }
        match value {
            Some(value) => {
                out.extend(b"\\export ");
                out.extend(name);
                out.push(b'=');
                quote_into(value, &mut out);
            }
            None => {
                out.extend(b"\\unset \\");
                out.extend(name);
            }
        }
        out.extend(b";\n");
    }
    out
}

/// Returns the text that arms the guard, if this shell's tests see a difference of a nanosecond: a function that is
/// true where nothing changed. The shell parses it once; an array of the same questions would be expanded at every
/// prompt, which costs more than asking them.
pub fn arm(guard: &Guard, dialect: Dialect) -> Bytes {
    let file = |path: &Path| quote(path.as_os_str().as_bytes());
    let (older, newer) = &guard.probe;
    let until = guard.until.map(|until| until.to_string()).unwrap_or_default();
    let conditions: Vec<Bytes> = guard
        .questions()
        .into_iter()
        // To bash, what is gone is older than what is there.
        .filter(|question| dialect == Dialect::Zsh || !is_answered(guard, question))
        .map(|question| match question {
            Question::Newer(path, stamp) => [b"! ", &*file(path), b" -nt ", &*file(stamp)].concat(),
            Question::Older(path, stamp) => [b"! ", &*file(path), b" -ot ", &*file(stamp)].concat(),
            Question::Missing(path) => [b"-e ", &*file(path)].concat(),
            Question::There(path) => [b"! -e ", &*file(path)].concat(),
            Question::Link(path) => [b"! -L ", &*file(path)].concat(),
            Question::Elsewhere(path) => [b". -ef ", &*file(path)].concat(),
        })
        .collect();
    [
        &b"_goenv_same() { [[ "[..],
        &conditions.join(&b" && "[..]),
        b" ]]; };\n[[ ",
        &file(newer),
        b" -nt ",
        &file(older),
        b" ]] && _goenv_armed=1 _goenv_until='",
        until.as_bytes(),
        b"';\n",
    ]
    .concat()
}

fn is_answered(guard: &Guard, question: &Question) -> bool {
    matches!(question, Question::Missing(path) if *path != guard.probe.1)
}

/// Returns bytes as one word in single quotes.
pub fn quote(bytes: &[u8]) -> Bytes {
    let mut word = Bytes::with_capacity(bytes.len() + 2);
    quote_into(bytes, &mut word);
    word
}

fn quote_into(bytes: &[u8], out: &mut Bytes) {
    out.push(b'\'');
    // Nearly no value has a quote in it: such a one is copied at once.
    if bytes.contains(&b'\'') {
        for byte in bytes {
            match byte {
                b'\'' => out.extend(b"'\\''"),
                _ => out.push(*byte),
            }
        }
    } else {
        out.extend(bytes);
    }
    out.push(b'\'');
}

/// Returns bytes as one word of printable ASCII, for text that a person pastes: a `printf` says them, which bash, zsh and
/// fish understand alike, as they do not `$'…'`. That is for what ends with a newline, which the former would lose.
pub fn quote_printed(bytes: &[u8]) -> String {
    let (open, close) = if bytes.ends_with(b"\n") { ("$'", "'") } else { ("\"$(printf '", "')\"") };
    let mut word = String::from(open);
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => word.push(char::from(*byte)),
            b'/' | b'.' | b'_' | b'-' | b'+' | b'@' | b',' | b':' | b'=' | b' ' => {
                word.push(char::from(*byte));
            }
            _ => {
                let _ = write!(word, "\\{byte:03o}");
            }
        }
    }
    word.push_str(close);
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn prints_what_a_reader_expects() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "it's"), ("EMPTY", ""), ("N", "-1")].into_iter().collect();
        let diff = Diff::between(&from, &to);
        assert_eq!(
            String::from_utf8(print(&diff, Dialect::Bash)).unwrap(),
            "\\export A='it'\\''s';\n\\export EMPTY='';\n\\unset \\GONE;\n\\export N='-1';\n"
        );
        assert_eq!(
            String::from_utf8(print(&diff, Dialect::Zsh)).unwrap(),
            "[[ ${(t)A-scalar} != scalar* || ${(t)A-} == *readonly* ]] || \\export A='it'\\''s';\n\
             [[ ${(t)EMPTY-scalar} != scalar* || ${(t)EMPTY-} == *readonly* ]] || \\export EMPTY='';\n\
             [[ ${(t)GONE-} == *readonly* ]] || \\unset \\GONE;\n\
             [[ ${(t)N-} == a* || ${(t)N-} == *readonly* ]] || \\export N='-1';\n"
        );
    }
}
