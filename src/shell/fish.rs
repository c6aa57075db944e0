//! Statements for fish.
//!
//! fish reads its input as text of the locale, so bytes that are not ASCII are written as `\X..` outside the
//! quotes. Variables that fish holds as lists get one word for each entry. A universal variable, which all shells of a user
//! share, is never written: a global one hides it inside, and goes where the universal one is what is wanted.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::escaped;
use crate::env::list;
use crate::env::{Bytes, Diff};
use crate::guard::{Guard, PROBE_SECONDS, Question};

/// Returns one statement a line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let mut out = Bytes::new();
    for (name, value) in diff.steps() {
        match value {
            Some(value) => {
                out.extend([b"set -qU ", name, b"; and set -ge ", name, b"; "].concat());
                out.extend([b"test \"$", name, b"\" = ", &*quote(value)].concat());
                out.extend([b"; and set -qx ", name, b"; or set -gx ", name].concat());
                for word in words(name, value) {
                    out.push(b' ');
                    out.extend(quote(word));
                }
            }
            None => {
                out.extend(b"set -ge ");
                out.extend(name);
            }
        }
        out.extend(b";\n");
    }
    out
}

/// Returns the text that arms the guard, if this fish's tests see a difference of a nanosecond.
///
/// When an approval ends is told by the age that a file will have by then. A fish older than 3.5 has no builtin for
/// ages, so there such a policy is not guarded.
pub fn arm(guard: &Guard) -> Bytes {
    let file = |path: &Path| quote(path.as_os_str().as_bytes());
    let (older, newer) = &guard.probe;
    let questions: Vec<Bytes> = guard
        .questions()
        .into_iter()
        .map(|question| match question {
            Question::Newer(path, stamp) => [&*file(path), b" -nt ", &*file(stamp)].concat(),
            Question::Older(path, stamp) => [&*file(path), b" -ot ", &*file(stamp)].concat(),
            Question::Missing(path) => [b"! -e ", &*file(path)].concat(),
            Question::There(path) => [b"-e ", &*file(path)].concat(),
            Question::Link(path) => [b"-L ", &*file(path)].concat(),
            Question::Elsewhere(path) => [b"! . -ef ", &*file(path)].concat(),
        })
        .collect();
    let mut text = [&b"test "[..], &file(newer), b" -nt ", &file(older)].concat();
    if let Some(until) = guard.until {
        let age = until.saturating_sub(PROBE_SECONDS).to_string();
        text.extend(b"; and contains path (builtin -n); and set -g _goenv_until ");
        text.extend(file(newer));
        text.push(b' ');
        text.extend(age.as_bytes());
    }
    text.extend(b"; and set -g _goenv_changed ");
    text.extend(questions.join(&b" -o "[..]));
    text.extend(b";\n");
    text
}

/// fish joins the words of every variable whose name ends in PATH with colons when it exports it.
fn words<'a>(name: &[u8], value: &'a [u8]) -> Vec<&'a [u8]> {
    if name.ends_with(b"PATH") { list::entries(value).collect() } else { vec![value] }
}

/// Returns bytes as one word.
pub fn quote(bytes: &[u8]) -> Bytes {
    escaped(bytes, b'\'', ("'\\X", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn prints_what_a_reader_expects() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [("A", "it's\n\u{e9}"), ("PATH", "/sdk/bin:/usr/bin")].into_iter().collect();
        assert_eq!(
            String::from_utf8(print(&Diff::between(&from, &to))).unwrap(),
            "set -qU A; and set -ge A; test \"$A\" = 'it\\'s'\\X0a''\\Xc3''\\Xa9''; and set -qx A; \
             or set -gx A 'it\\'s'\\X0a''\\Xc3''\\Xa9'';\n\
             set -ge GONE;\n\
             set -qU PATH; and set -ge PATH; test \"$PATH\" = '/sdk/bin:/usr/bin'; and set -qx PATH; \
             or set -gx PATH '/sdk/bin' '/usr/bin';\n"
        );
    }
}
