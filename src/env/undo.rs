//! How to undo what a policy did: the record that the state carries, and the undoing.
//!
//! `record` takes the environment outside and the one wanted, and returns one change for each variable that
//! differs. `revert` takes the environment of a shell and those changes, and returns the environment as it is
//! outside. Undoing merges: a scalar goes back only if it still has the value that goenv gave it, a list loses
//! exactly the entries that goenv added. Values that goenv gave are not kept, only their fingerprints.

use super::list::{self, Edit, Place};
use super::{Bytes, Env};

/// What was done to one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The variable.
    pub name: Bytes,
    /// The fingerprint of the value that goenv gave it; `None` if goenv unset it.
    pub given: Option<Fingerprint>,
    /// What it was before.
    pub before: Before,
}

/// What a variable was before goenv changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// It was not set.
    Unset,
    /// It had this value.
    Value(Bytes),
    /// It was a list, and these edits made it what it is; `was_set` is false where it was not set.
    List {
        /// Whether it was set at all.
        was_set: bool,
        /// What was done to it.
        edits: Vec<Edit>,
        /// Where entries stood that a merge may have to put back.
        places: Vec<Place>,
    },
}

/// A 64-bit digest, to notice that something is not what it was. It proves nothing to anybody: no trust decision rests
/// on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Returns the fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        // FNV-1a, by eight bytes at a time: one byte after the other takes 40 µs for a PATH of 30 kB.
        let mix =
            |digest: u64, word: u64| (digest ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
        let (words, rest) = bytes.as_chunks::<8>();
        let start = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
        let digest =
            words.iter().fold(start, |digest, word| mix(digest, u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        Self(mix(mix(digest, u64::from_le_bytes(last)), 0))
    }
}

/// Returns what was done to `outside` to make it `wanted`, in the order of the names.
pub fn record(outside: &Env, wanted: &Env) -> Vec<Change> {
    super::Diff::between(outside, wanted)
        .steps()
        .map(|(name, value)| Change {
            name: name.to_vec(),
            given: value.map(Fingerprint::of),
            before: before(name, outside.get(name), value),
        })
        .collect()
}

fn before(name: &[u8], outside: Option<&[u8]>, wanted: Option<&[u8]>) -> Before {
    match (outside, wanted) {
        (_, Some(after)) if list::is_list(name) => {
            let edits = list::edits(outside, after);
            let places = outside.map(|value| list::places(value, &edits)).unwrap_or_default();
            Before::List { was_set: outside.is_some(), edits, places }
        }
        (Some(value), _) => Before::Value(value.to_vec()),
        (None, _) => Before::Unset,
    }
}

/// Returns `inside` with the changes undone.
pub fn revert<'a>(inside: &Env, changes: impl IntoIterator<Item = &'a Change>) -> Env {
    let mut outside = inside.clone();
    for change in changes {
        let now = inside.get(&change.name);
        let untouched = now.map(Fingerprint::of) == change.given;
        let value = match (&change.before, now) {
            (Before::List { was_set, edits, .. }, Some(now)) if untouched => {
                list::undo(edits, now, *was_set)
            }
            (Before::List { was_set, edits, places }, Some(now)) => {
                list::merge(edits, places, now, *was_set)
            }
            (Before::Value(value), _) if untouched => Some(value.clone()),
            (Before::Unset, _) if untouched => None,
            // The user has set or unset it since: theirs.
            (_, now) => now.map(<[u8]>::to_vec),
        };
        match value {
            Some(value) => outside.set(change.name.clone(), value),
            None => outside.unset(&change.name),
        }
    }
    outside
}

/// Returns whether every list still holds the entries that goenv added to it. It does not in a shell that
/// inherited the state and then rebuilt PATH (a tmux pane, a login shell), and such a shell is mended.
pub fn is_in_effect(value: impl Fn(&[u8]) -> Option<Bytes>, changes: &[Change]) -> bool {
    changes.iter().all(|change| match &change.before {
        Before::List { edits, .. } => list::holds(edits, value(&change.name).as_deref()),
        Before::Unset | Before::Value(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().copied().collect()
    }

    #[test]
    fn unset_and_empty_are_restored_as_they_were() {
        let outside = env(&[("EMPTY", "")]);
        let inside = env(&[("EMPTY", "x"), ("NEW", "")]);
        assert_eq!(revert(&inside, &record(&outside, &inside)), outside);
    }

    #[test]
    fn what_the_user_changed_inside_survives_leaving() {
        let outside = env(&[("GOROOT", "/old"), ("KEPT", "1"), ("PATH", "/usr/bin:/bin")]);
        let wanted = env(&[
            ("GOROOT", "/sdk"),
            ("GOTOOLCHAIN", "local"),
            ("KEPT", "2"),
            ("PATH", "/sdk/bin:/usr/bin:/bin"),
        ]);
        let changes = record(&outside, &wanted);
        // Re-exported GOROOT, unset KEPT, PATH edited at both ends, a variable of their own.
        let inside = env(&[
            ("GOROOT", "/mine"),
            ("GOTOOLCHAIN", "local"),
            ("OWN", "1"),
            ("PATH", "/pre:/sdk/bin:/usr/bin:/bin:/post"),
        ]);
        let left = env(&[("GOROOT", "/mine"), ("OWN", "1"), ("PATH", "/pre:/usr/bin:/bin:/post")]);
        assert_eq!(revert(&inside, &changes), left);
    }

    #[test]
    fn a_variable_that_the_policy_unset_comes_back_unless_the_user_set_it() {
        let outside = env(&[("A", "1"), ("B", "1"), ("GOPATH", "/go")]);
        let changes = record(&outside, &env(&[]));
        assert_eq!(revert(&env(&[]), &changes), outside);
        let left = revert(&env(&[("A", "mine")]), &changes);
        assert_eq!(left, env(&[("A", "mine"), ("B", "1"), ("GOPATH", "/go")]));
    }

    /// Only what is called a list is one: entries of another value mean nothing.
    #[test]
    fn a_value_with_colons_is_no_list() {
        let outside = env(&[("URL", "http://a:80")]);
        let wanted = env(&[("URL", "x:http://a:80")]);
        let changes = record(&outside, &wanted);
        assert_eq!(changes[0].before, Before::Value(b"http://a:80".to_vec()));
        let mine = env(&[("URL", "x:http://a:80:81")]);
        assert_eq!(revert(&mine, &changes), mine);
        assert!(is_in_effect(|_| None, &changes));
    }

    #[test]
    fn a_rebuilt_list_is_not_in_effect() {
        let outside = env(&[("PATH", "/bin")]);
        let changes = record(&outside, &env(&[("PATH", "/sdk/bin:/bin")]));
        let with = |path: &'static str| {
            is_in_effect(|name| (name == b"PATH").then(|| path.into()), &changes)
        };
        assert!(with("/sdk/bin:/bin") && with("/bin:/sdk/bin"));
        assert!(!with("/bin") && !with("/sdk/bin2:/bin"));
    }

    #[test]
    fn values_that_differ_have_other_fingerprints() {
        let mut all = std::collections::BTreeSet::new();
        for first in 0..=255 {
            for second in 0..=255 {
                all.insert(Fingerprint::of(&[first, second]));
                all.insert(Fingerprint::of(&[
                    first, b'/', b's', b'd', b'k', b'/', b'g', second, 1,
                ]));
            }
        }
        assert_eq!(all.len(), 2 * 65_536);
        assert_ne!(Fingerprint::of(b""), Fingerprint::of(b"\0"));
    }

    proptest! {
        #[test]
        fn applying_and_undoing_is_identity(
            outside in proptest::collection::btree_map("[A-C]|X?PATH", "[a:]{0,6}", 0..5),
            wanted in proptest::collection::btree_map("[A-C]|X?PATH", "[ab:]{0,6}", 0..5),
        ) {
            let outside: Env = outside.into_iter().collect();
            let wanted: Env = wanted.into_iter().collect();
            prop_assert_eq!(revert(&wanted, &record(&outside, &wanted)), outside);
        }
    }
}
