//! `export dotenv`: a `.env` file in direnv's grammar, which `dotenv` in a policy reads back to the same bytes.

use super::state::{first_without, variables};
use crate::env::{Bytes, Diff};

/// Returns one line for each step of the diff.
pub fn print(diff: &Diff) -> Bytes {
    let mut out = Bytes::new();
    for (name, value) in variables(diff) {
        out.extend(name);
        out.push(b'=');
        if has_line_end(value) {
            double(value, &mut out);
        } else if value.contains(&b'\'') && !value.iter().any(|byte| b"\"\\$`".contains(byte)) {
            // Means the same to every reader; single quotes around single quotes do to direnv's alone.
            double(value, &mut out);
        } else {
            // The last quote of the line ends the value, so quotes inside need nothing.
            out.push(b'\'');
            out.extend(value);
            out.push(b'\'');
        }
        out.push(b'\n');
    }
    out
}

fn has_line_end(value: &[u8]) -> bool {
    value.contains(&b'\n') || value.contains(&b'\r')
}

fn double(value: &[u8], out: &mut Bytes) {
    out.push(b'"');
    for byte in value {
        match byte {
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'"' => out.extend(b"\\\""),
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Returns why a `.env` file cannot hold the change: in double quotes, which line ends need, it has no way to write
/// a backslash or a dollar sign.
pub fn refusal(diff: &Diff) -> Option<String> {
    let holds =
        |value: &[u8]| !has_line_end(value) || !value.iter().any(|byte| b"\\$".contains(byte));
    let name = first_without(diff, holds)?;
    Some(format!(
        "{name}: a .env file holds no backslash or dollar sign in a value of several lines"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::env::Env;
    use crate::policy::dotenv;

    proptest! {
        #[test]
        fn reading_gives_the_same_bytes_back(value in "([ -~]|\n|\r|\t|é|')*", other in proptest::collection::vec(1_u8.., 0..40)) {
            let to: Env = [("A", value.as_bytes()), ("B", other.as_slice())].into_iter().collect();
            let empty = Env::new();
            let diff = Diff::between(&empty, &to);
            prop_assume!(refusal(&diff).is_none());
            let read = dotenv::read(&print(&diff), &mut |_| Ok(None)).unwrap();
            prop_assert_eq!(read, [(b"A".to_vec(), value.into_bytes()), (b"B".to_vec(), other)]);
        }
    }

    #[test]
    fn quotes_are_those_that_most_readers_understand() {
        let to: Env = [("A", "plain"), ("B", "it's"), ("C", "it's $5"), ("D", "a\n\"b\"")]
            .into_iter()
            .collect();
        let text = print(&Diff::between(&Env::new(), &to));
        let expected = "A='plain'\nB=\"it's\"\nC='it's $5'\nD=\"a\\n\\\"b\\\"\"\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn what_it_cannot_hold_is_refused() {
        let to: Env = [("A", "x\n$B")].into_iter().collect();
        assert_eq!(
            refusal(&Diff::between(&Env::new(), &to)).unwrap(),
            "A: a .env file holds no backslash or dollar sign in a value of several lines"
        );
    }
}
