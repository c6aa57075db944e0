//! The difference between two environments: what a shell has to set and to unset.
//!
//! Two environments come in, an ordered list of assignments goes out. Nothing here knows why a variable changes;
//! `undo.rs` does.

use std::cmp::Ordering;

use super::{Bytes, Env};

/// What has to be done to one environment to make it the other, in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff(Vec<(Bytes, Option<Bytes>)>);

impl Diff {
    /// Returns what turns `from` into `to`.
    pub fn between(from: &Env, to: &Env) -> Self {
        let (mut from, mut to) = (from.iter().peekable(), to.iter().peekable());
        let mut steps = Vec::new();
        // Both are in the order of their names: one walk through the two finds every difference.
        loop {
            let order = match (from.peek(), to.peek()) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return Self(steps),
            };
            let old = if order.is_le() { from.next() } else { None };
            let new = if order.is_ge() { to.next() } else { None };
            if old != new {
                let name = old.or(new).map(|(name, _)| name.to_vec());
                steps.extend(name.map(|name| (name, new.map(|(_, value)| value.to_vec()))));
            }
        }
    }

    /// Returns the steps: a name with its new value, or with `None` where it is to be unset.
    pub fn steps(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_deref()))
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves `name` behind all the others, so that it is set only after they are.
    pub fn put_last(&mut self, name: &[u8]) {
        self.0.sort_by_key(|(step, _)| step == name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().copied().collect()
    }

    #[test]
    fn sets_changes_and_unsets_in_the_order_of_names() {
        let diff = Diff::between(
            &env(&[("B", "1"), ("C", "1"), ("D", "1")]),
            &env(&[("A", ""), ("C", "2"), ("D", "1")]),
        );
        let steps: Vec<_> = diff.steps().collect();
        assert_eq!(
            steps,
            [(&b"A"[..], Some(&b""[..])), (&b"B"[..], None), (&b"C"[..], Some(&b"2"[..])),]
        );
    }

    #[test]
    fn puts_a_name_last() {
        let mut diff = Diff::between(&env(&[]), &env(&[("A", "1"), ("B", "1"), ("C", "1")]));
        diff.put_last(b"A");
        let names: Vec<_> = diff.steps().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [b"B", b"C", b"A"]);
    }
}
