//! List variables (`PATH` and its kin) compared entry by entry.
//!
//! Two values come in, an edit script goes out: runs of entries that stay, that were removed and that were added.
//! The script can be undone exactly where the value is still the one it led to, and merged where the user
//! changed it meanwhile: exactly the entries that were added go, and what was removed comes back in their place.

use std::collections::HashMap;

use super::Bytes;
use crate::count::count;

/// One step of an edit script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// So many entries stay.
    Keep(usize),
    /// These entries were taken out here.
    Remove(Vec<Bytes>),
    /// These entries were put in here.
    Add(Vec<Bytes>),
}

/// Returns whether the variable `name` holds a list of entries separated by colons.
pub fn is_list(name: &[u8]) -> bool {
    name.ends_with(b"PATH") || name.ends_with(b"_DIRS")
}

/// Returns the entries of a list value; an empty value has one empty entry, as shells see it.
pub fn entries(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b':')
}

/// Returns what was put in front of a list, if that is all that was done to it.
pub fn put_in_front<'a>(before: &[u8], after: &'a [u8]) -> Option<&'a [u8]> {
    after.strip_suffix(before)?.strip_suffix(b":")
}

/// Returns the script that leads from `before` (`None`: unset) to `after`.
pub fn edits(before: Option<&[u8]>, after: &[u8]) -> Vec<Edit> {
    // A policy most often puts a few entries in front of a thousand.
    if let Some(before) = before
        && let Some(added) = put_in_front(before, after)
    {
        let added = entries(added).map(<[u8]>::to_vec).collect();
        let kept = count(before, b':') + 1;
        return vec![Edit::Add(added), Edit::Keep(kept)];
    }
    let old: Vec<&[u8]> = before.map(|value| entries(value).collect()).unwrap_or_default();
    between(&old, &entries(after).collect::<Vec<_>>())
}

/// Returns the script that leads from the old entries to the new ones.
pub fn between(old: &[&[u8]], new: &[&[u8]]) -> Vec<Edit> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - head;
    let tail =
        old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let mut script = Script::default();
    script.keep(head);
    script.middle(
        old.get(head..old.len() - tail).unwrap_or_default(),
        new.get(head..new.len() - tail).unwrap_or_default(),
    );
    script.keep(tail);
    script.edits
}

#[derive(Default)]
struct Script {
    edits: Vec<Edit>,
}

impl Script {
    fn keep(&mut self, count: usize) {
        match self.edits.last_mut() {
            _ if count == 0 => {}
            Some(Edit::Keep(kept)) => *kept += count,
            _ => self.edits.push(Edit::Keep(count)),
        }
    }

    /// Between two runs that stay, what was removed comes before what was added, so that `merge` sees a
    /// replacement as one.
    fn remove(&mut self, entries: &[&[u8]]) {
        if entries.is_empty() {
            return;
        }
        let entries = entries.iter().map(|entry| entry.to_vec());
        match self.edits.as_mut_slice() {
            [.., Edit::Remove(removed), Edit::Add(_)] => removed.extend(entries),
            [.., Edit::Add(_)] => {
                self.edits.insert(self.edits.len() - 1, Edit::Remove(entries.collect()));
            }
            _ => self.edits.push(Edit::Remove(entries.collect())),
        }
    }

    fn add(&mut self, entry: &[u8]) {
        match self.edits.last_mut() {
            Some(Edit::Add(added)) => added.push(entry.to_vec()),
            _ => self.edits.push(Edit::Add(vec![entry.to_vec()])),
        }
    }

    /// Walks through the new entries; one that the old list has further on stays, any other was added. Linear in
    /// the length of the lists, and what it finds is always an edit script, if not always the shortest.
    fn middle(&mut self, old: &[&[u8]], new: &[&[u8]]) {
        if old.is_empty() || new.is_empty() {
            self.remove(old);
            return new.iter().for_each(|entry| self.add(entry));
        }
        let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, entry) in old.iter().enumerate().rev() {
            places.entry(entry).or_default().push(index);
        }
        let mut next = 0;
        for entry in new {
            let places = places.get_mut(entry);
            match places.and_then(|list| first_from(list, next)) {
                Some(place) => {
                    self.remove(old.get(next..place).unwrap_or_default());
                    self.keep(1);
                    next = place + 1;
                }
                None => self.add(entry),
            }
        }
        self.remove(old.get(next..).unwrap_or_default());
    }
}

/// Returns the first place that is `next` or later; `places` are in falling order.
fn first_from(places: &mut Vec<usize>, next: usize) -> Option<usize> {
    while let Some(place) = places.pop() {
        if place >= next {
            return Some(place);
        }
    }
    None
}

/// Returns the value before the edits, given the value that they led to; `None` if it was unset.
pub fn undo(edits: &[Edit], after: &[u8], was_set: bool) -> Option<Bytes> {
    let mut rest = Some(after);
    let mut before: Vec<&[u8]> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        match edit {
            // The last keeps what is left: most often a thousand that need not be told apart.
            Edit::Keep(_) if index + 1 == edits.len() => before.extend(rest.take()),
            Edit::Keep(count) => before.extend(take(&mut rest, *count)),
            Edit::Remove(entries) => before.extend(entries.iter().map(Vec::as_slice)),
            Edit::Add(entries) => {
                take(&mut rest, entries.len());
            }
        }
    }
    (was_set || !before.is_empty()).then(|| before.join(&b':'))
}

/// Takes so many entries off the front of a list, as they stand; `None` if those are none.
fn take<'a>(list: &mut Option<&'a [u8]>, count: usize) -> Option<&'a [u8]> {
    let (held, last) = ((*list)?, count.checked_sub(1)?);
    let mut colons = held.iter().enumerate().filter(|(_, byte)| **byte == b':');
    let Some((end, _)) = colons.nth(last) else { return list.take() };
    *list = held.get(end + 1..);
    held.get(..end)
}

/// Returns `now`, a value that the user changed since, without what the edits added and with what they removed;
/// `None` if nothing is left and it was unset before.
pub fn merge(edits: &[Edit], now: &[u8], was_set: bool) -> Option<Bytes> {
    let mut list: Vec<&[u8]> = entries(now).collect();
    let mut removed: &[Bytes] = &[];
    for edit in edits {
        match edit {
            Edit::Keep(_) => {
                append_missing(&mut list, removed);
                removed = &[];
            }
            Edit::Remove(entries) => {
                append_missing(&mut list, removed);
                removed = entries;
            }
            Edit::Add(added) => {
                replace(&mut list, added, removed);
                removed = &[];
            }
        }
    }
    append_missing(&mut list, removed);
    (was_set || !list.is_empty()).then(|| list.join(&b':'))
}

/// Takes the added entries out of the list and puts the removed ones where the first of them stood.
///
/// Where the user has taken all of them out already, the value is theirs and nothing is put back.
fn replace<'a>(list: &mut Vec<&'a [u8]>, added: &[Bytes], removed: &'a [Bytes]) {
    let mut first = None;
    for entry in added {
        if let Some(place) = list.iter().position(|held| held == entry) {
            list.remove(place);
            first = Some(first.map_or(place, |first: usize| first.min(place)));
        }
    }
    if let Some(place) = first {
        list.splice(place..place, removed.iter().map(Vec::as_slice));
    }
}

/// Puts entries that were only removed (`PATH_rm`) back at the end, unless they are there.
fn append_missing<'a>(list: &mut Vec<&'a [u8]>, removed: &'a [Bytes]) {
    for entry in removed {
        if !list.contains(&entry.as_slice()) {
            list.push(entry);
        }
    }
}

/// Returns whether every entry that the edits added stands in `now`.
pub fn holds(edits: &[Edit], now: Option<&[u8]>) -> bool {
    edits.iter().all(|edit| match edit {
        Edit::Add(added) => added
            .iter()
            .all(|entry| now.is_some_and(|value| entries(value).any(|held| held == entry))),
        Edit::Keep(_) | Edit::Remove(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> Vec<Bytes> {
        entries(value.as_bytes()).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn an_added_entry_is_one_edit() {
        assert_eq!(
            edits(Some(b"/usr/bin:/bin"), b"/sdk/bin:/usr/bin:/bin"),
            [Edit::Add(text("/sdk/bin")), Edit::Keep(2)]
        );
    }

    #[test]
    fn additions_at_both_ends_and_a_removal_between_are_told_apart() {
        assert_eq!(
            edits(Some(b"/a:/b:/c"), b"/x:/a:/c:/y"),
            [
                Edit::Add(text("/x")),
                Edit::Keep(1),
                Edit::Remove(text("/b")),
                Edit::Keep(1),
                Edit::Add(text("/y")),
            ]
        );
    }

    #[test]
    fn merging_keeps_what_the_user_did() {
        // (before, after, as the user left it, what leaving makes of it)
        let cases: &[(Option<&str>, &str, &str, Option<&str>)] = &[
            (Some("/a:/b"), "/sdk:/a:/b", "/pre:/sdk:/a:/b:/post", Some("/pre:/a:/b:/post")),
            (Some("/a:/b"), "/sdk:/a:/b", "/a:/b", Some("/a:/b")),
            (Some("/a:/b"), "/sdk:/a:/b", "/sdk:/b", Some("/b")),
            // Replaced as a whole by the policy, then edited by the user.
            (Some("/a:/b"), "/only", "/pre:/only", Some("/pre:/a:/b")),
            // Replaced by the policy, then replaced by the user: theirs.
            (Some("/a"), "/c", "/mine", Some("/mine")),
            // Unset before: what is left is the user's, or nothing.
            (None, "/x/go", "/x/go:/more", Some("/more")),
            (None, "/x/go", "/x/go", None),
            // Removed by the policy: it comes back.
            (Some("/a:/b:/c"), "/a:/c", "/pre:/a:/c", Some("/pre:/a:/c:/b")),
        ];
        for (before, after, now, left) in cases {
            let script = edits(before.map(str::as_bytes), after.as_bytes());
            let got = merge(&script, now.as_bytes(), before.is_some());
            assert_eq!(got.as_deref(), left.map(str::as_bytes), "{before:?} {after} {now}");
        }
    }

    #[test]
    fn a_rebuilt_path_does_not_hold_the_added_entry() {
        let script = edits(Some(b"/usr/bin"), b"/sdk:/usr/bin");
        assert!(holds(&script, Some(b"/pre:/sdk")));
        assert!(!holds(&script, Some(b"/usr/bin")));
        assert!(!holds(&script, None));
    }

    proptest! {
        #[test]
        fn undoing_an_edit_is_identity(before in proptest::option::of("[ab:]{0,12}"), after in "[abc:]{0,12}") {
            let script = edits(before.as_ref().map(String::as_bytes), after.as_bytes());
            let back = undo(&script, after.as_bytes(), before.is_some());
            prop_assert_eq!(back, before.map(String::into_bytes));
        }
    }
}
