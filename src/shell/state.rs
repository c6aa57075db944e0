//! Which variables a format carries, and what it cannot hold.
//!
//! A file of variables is a picture of one moment: goenv's own variables, which say how to leave again, and those that
//! it sets as direnv, are not part of it. What a format cannot hold is refused whole, so that nothing is cut off in silence.

use crate::env::state::{DIRENV, OWN};
use crate::env::{Diff, is_identifier};

/// Returns whether every reader takes the name for one.
pub(super) fn is_plain(name: &[u8]) -> bool {
    is_identifier(name)
}

/// Returns the steps that belong into a file of variables: an unset variable is an empty one.
pub(super) fn variables<'a>(diff: &Diff<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    diff.steps()
        .filter(|(name, _)| {
            is_plain(name) && !OWN.iter().chain(&DIRENV).any(|own| own.as_bytes() == *name)
        })
        .map(|(name, value)| (name, value.unwrap_or_default()))
}

/// Returns the first variable whose value is not among those that a format holds.
pub(super) fn first_without(diff: &Diff, holds: impl Fn(&[u8]) -> bool) -> Option<String> {
    let (name, _) = variables(diff).find(|(_, value)| !holds(value))?;
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[test]
    fn only_names_that_every_reader_takes_and_nothing_of_goenv_s_are_carried() {
        let from: Env = [("GONE", "1")].into_iter().collect();
        let to: Env = [
            ("A", "1"),
            ("BASH_FUNC_f%%", "() { id; }"),
            ("DIRENV_DIR", "-/a"),
            ("GOENV_STATE", "x"),
            ("a b", "1"),
        ]
        .into_iter()
        .collect();
        let diff = Diff::between(&from, &to);
        let carried: Vec<_> = variables(&diff).collect();
        assert_eq!(carried, [(&b"A"[..], &b"1"[..]), (b"GONE", b"")]);
    }
}
