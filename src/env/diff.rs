//! The difference between two environments: what a shell has to set and to unset.
//!
//! Two environments come in, an ordered list of assignments goes out. Nothing here knows why a variable changes;
//! `undo.rs` does.

use super::Env;

/// What has to be done to one environment to make it the other, in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff<'a>(Vec<(&'a [u8], Option<&'a [u8]>)>);

impl<'a> Diff<'a> {
    /// Returns what turns `from` into `to`.
    pub fn between(from: &'a Env, to: &'a Env) -> Self {
        let names = from.names_that_may_differ(to);
        let mut steps = Vec::with_capacity(names.len());
        steps.extend(names.into_iter().filter_map(|name| {
            let (old, new) = (from.get(name), to.get(name));
            (old != new).then_some((name, new))
        }));
        Self(steps)
    }

    /// Returns the steps: a name with its new value, or with `None` where it is to be unset.
    pub fn steps(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        self.0.iter().copied()
    }

    /// Returns whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves `name` behind all the others, so that it is set only after they are.
    pub fn put_last(&mut self, name: &[u8]) {
        self.0.sort_by_key(|(step, _)| *step == name);
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
        let from = env(&[("B", "1"), ("C", "1"), ("D", "1")]);
        let to = env(&[("A", ""), ("C", "2"), ("D", "1")]);
        let diff = Diff::between(&from, &to);
        let steps: Vec<_> = diff.steps().collect();
        assert_eq!(
            steps,
            [(&b"A"[..], Some(&b""[..])), (&b"B"[..], None), (&b"C"[..], Some(&b"2"[..])),]
        );
    }

    #[test]
    fn puts_a_name_last() {
        let (from, to) = (env(&[]), env(&[("A", "1"), ("B", "1"), ("C", "1")]));
        let mut diff = Diff::between(&from, &to);
        diff.put_last(b"A");
        let names: Vec<_> = diff.steps().map(|(name, _)| name).collect();
        assert_eq!(names, [b"B", b"C", b"A"]);
    }
}
