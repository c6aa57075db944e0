//! An environment: names and values as bytes, in order.
//!
//! What comes in and goes out: pairs of bytes. Values are whatever the shell had, UTF-8 or not; unset and empty
//! are different things. Ordered, so that the same input prints the same bytes. Never reads the process's own
//! environment: `world.rs` does, once.

pub mod diff;
pub mod list;
pub mod state;
pub mod undo;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use diff::Diff;
pub use state::State;

/// Bytes that came from or go to an environment, a shell or a file.
pub type Bytes = Vec<u8>;

/// An environment.
///
/// What this process inherited stays where it lies and is shared between copies, and each holds what was changed since:
/// on its way from outside to inside an environment is copied a few times, and most of it never changes. Only what is
/// gone through is put in order.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// In the order of the names.
    base: Arc<Vec<(&'static [u8], &'static [u8])>>,
    /// Names that were set or, with `None`, unset since.
    changes: BTreeMap<Bytes, Option<Bytes>>,
}

impl Env {
    /// Returns an environment without variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the environment of these entries, `NAME=value`. Of two with one name the first counts, as for the C
    /// library; one without `=`, or without a name, is left out.
    pub fn inherited(entries: &[&'static [u8]]) -> Self {
        let pair = |entry: &&'static [u8]| {
            // A name may begin with `=`, as std has it.
            let length = entry.iter().skip(1).position(|byte| *byte == b'=')? + 1;
            let (name, value) = entry.split_at_checked(length)?;
            Some((name, value.strip_prefix(b"=")?))
        };
        let mut base: Vec<_> = entries.iter().filter_map(pair).collect();
        base.sort_by_key(|(name, _)| *name);
        base.dedup_by_key(|(name, _)| *name);
        Self { base: Arc::new(base), changes: BTreeMap::new() }
    }

    fn inherited_value(&self, name: &[u8]) -> Option<&'static [u8]> {
        let place = self.base.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.base.get(place).map(|(_, value)| *value)
    }

    /// Returns the value of `name`, or `None` where it is unset.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        match self.changes.get(name) {
            Some(change) => change.as_deref(),
            None => self.inherited_value(name),
        }
    }

    /// Sets `name` to `value`.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.changes.insert(name.into(), Some(value.into()));
    }

    /// Unsets `name`; nothing happens where it was not set.
    pub fn unset(&mut self, name: impl AsRef<[u8]>) {
        let name = name.as_ref();
        if self.inherited_value(name).is_some() {
            self.changes.insert(name.to_vec(), None);
        } else {
            self.changes.remove(name);
        }
    }

    /// Returns the pairs in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let kept = self.base.iter().copied();
        let kept = kept.filter(|(name, _)| !self.changes.contains_key(*name));
        let set = self.changes.iter();
        let set = set.filter_map(|(name, value)| Some((name.as_slice(), value.as_deref()?)));
        let mut pairs: Vec<_> = kept.chain(set).collect();
        pairs.sort_unstable();
        pairs.into_iter()
    }

    /// Returns the names that may differ between two environments, in order: what was changed since they began as the
    /// same, or else all.
    fn names_that_may_differ<'a>(&'a self, other: &'a Self) -> Vec<&'a [u8]> {
        let mut names: Vec<&[u8]> = if Arc::ptr_eq(&self.base, &other.base) {
            self.changes.keys().chain(other.changes.keys()).map(Vec::as_slice).collect()
        } else {
            self.iter().chain(other.iter()).map(|(name, _)| name).collect()
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the number of variables.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns whether there is no variable at all.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl PartialEq for Env {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Env {}

impl<N: Into<Bytes>, V: Into<Bytes>> FromIterator<(N, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), Some(value.into())));
        Self { base: Arc::default(), changes: pairs.collect() }
    }
}

/// Returns whether `name` is an identifier, which is what every shell can hold: `[A-Za-z_][A-Za-z0-9_]*`.
pub fn is_identifier(name: &[u8]) -> bool {
    let Some((first, rest)) = name.split_first() else { return false };
    (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Returns whether `value` is one decimal number, which no shell computes further.
pub fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_what_is_inherited_the_first_counts_and_what_names_nothing_is_left_out() {
        let entries: [&[u8]; 8] =
            [b"A=1", b"A=2", b"B=", b"no name", b"=", b"", b"=C=3", b"D=x=\xff"];
        let env = Env::inherited(&entries);
        let pairs: Vec<_> = env.iter().collect();
        let expected: [(&[u8], &[u8]); 4] =
            [(b"=C", b"3"), (b"A", b"1"), (b"B", b""), (b"D", b"x=\xff")];
        assert_eq!(pairs, expected);
    }

    proptest! {
        /// Whatever is set and unset, an environment is what a plain map would be, and its diff what a diff of two that
        /// share nothing would be.
        #[test]
        fn it_holds_what_a_map_would(
            base in proptest::collection::btree_map("[A-D]", "[xy]?", 0..4),
            steps in proptest::collection::vec(("[A-E]", proptest::option::of("[xy]?")), 0..8),
        ) {
            let mut map: BTreeMap<Vec<u8>, Vec<u8>> =
                base.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            let entry = |(name, value): (&Vec<u8>, &Vec<u8>)| {
                &*[name.as_slice(), value.as_slice()].join(&b'=').leak()
            };
            let before = Env::inherited(&map.iter().map(entry).collect::<Vec<_>>());
            let mut env = before.clone();
            for (name, value) in steps {
                match value {
                    Some(value) => {
                        env.set(name.as_bytes(), value.as_bytes());
                        map.insert(name.into(), value.into());
                    }
                    None => {
                        env.unset(&name);
                        map.remove(name.as_bytes());
                    }
                }
            }
            let pairs = map.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
            prop_assert!(env.iter().eq(pairs));
            prop_assert_eq!((env.len(), env.is_empty()), (map.len(), map.is_empty()));
            for name in ["A", "B", "C", "D", "E"] {
                prop_assert_eq!(env.get(name), map.get(name.as_bytes()).map(Vec::as_slice));
            }
            let apart: Env = map.into_iter().collect();
            prop_assert_eq!(&env, &apart);
            prop_assert_eq!(Diff::between(&before, &env), Diff::between(&before, &apart));
        }
    }
}
