//! List variables (`PATH` and its kin) compared entry by entry.
//!
//! Two values come in, an edit script goes out: runs of entries that stay, that were removed and that were added.
//! The script can be undone exactly where the value is still the one it led to, and merged where the user
//! changed it meanwhile: exactly the entries that were added go, and what was removed comes back where it stood. Whatever
//! the user did, no entry is lost that was there before and that they left.

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

/// An entry that stood in the list before and that a merge may have to put back: it was removed, or it is also among
/// those that were added, of which a shell that keeps each entry once (zsh's `typeset -U`) has dropped one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The entry.
    pub entry: Bytes,
    /// Where it stood.
    pub beside: Beside,
}

/// Where an entry stood among those that may still be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Directly behind this one.
    Behind(Bytes),
    /// First of all, in front of this one, the first that stayed.
    InFrontOf(Bytes),
    /// First of all, where nothing stayed.
    Nothing,
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

/// Returns where the entries of `before` stood that a merge of these edits may have to put back.
pub fn places(before: &[u8], edits: &[Edit]) -> Vec<Place> {
    let added: Vec<&Bytes> = edits.iter().flat_map(Edit::added).collect();
    let mut rest = entries(before);
    let mut places: Vec<Place> = Vec::new();
    let mut last: Option<&[u8]> = None;
    let mut stays = None;
    for edit in edits {
        let (count, is_removed) = match edit {
            Edit::Add(_) => continue,
            Edit::Keep(count) => (*count, false),
            Edit::Remove(entries) => (entries.len(), true),
        };
        for entry in rest.by_ref().take(count) {
            if is_removed || added.iter().any(|added| *added == entry) {
                let beside = last.map_or(Beside::Nothing, |last| Beside::Behind(last.to_vec()));
                places.push(Place { entry: entry.to_vec(), beside });
            }
            stays = stays.or((!is_removed).then_some(entry));
            last = Some(entry);
        }
    }
    if let (Some(Place { entry, beside: beside @ Beside::Nothing }), Some(stays)) =
        (places.first_mut(), stays)
        && entry != stays
    {
        *beside = Beside::InFrontOf(stays.to_vec());
    }
    places
}

impl Edit {
    fn added(&self) -> &[Bytes] {
        match self {
            Self::Add(entries) => entries,
            Self::Keep(_) | Self::Remove(_) => &[],
        }
    }
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

    /// Between two runs that stay, what was removed comes before what was added.
    fn replace(&mut self, removed: &[&[u8]], added: &[&[u8]]) {
        let owned = |entries: &[&[u8]]| entries.iter().map(|entry| entry.to_vec()).collect();
        if !removed.is_empty() {
            self.edits.push(Edit::Remove(owned(removed)));
        }
        if !added.is_empty() {
            self.edits.push(Edit::Add(owned(added)));
        }
    }

    /// Walks through both lists and keeps what they share in the same order: as found from the front or from the back,
    /// whichever is more. Of an entry that was moved to one end the rest then stays. Linear in the length of the lists.
    fn middle(&mut self, old: &[&[u8]], new: &[&[u8]]) {
        let from_front = shared(old, new);
        let mut from_back = Vec::new();
        for (of_old, of_new) in shared(&turned(old), &turned(new)).into_iter().rev() {
            from_back.push((old.len() - 1 - of_old, new.len() - 1 - of_new));
        }
        let kept = if from_back.len() > from_front.len() { from_back } else { from_front };
        let (mut of_old, mut of_new) = (0, 0);
        for (next_old, next_new) in kept {
            self.replace(
                old.get(of_old..next_old).unwrap_or_default(),
                new.get(of_new..next_new).unwrap_or_default(),
            );
            self.keep(1);
            (of_old, of_new) = (next_old + 1, next_new + 1);
        }
        self.replace(old.get(of_old..).unwrap_or_default(), new.get(of_new..).unwrap_or_default());
    }
}

fn turned<'a>(entries: &[&'a [u8]]) -> Vec<&'a [u8]> {
    entries.iter().rev().copied().collect()
}

/// Returns places in both lists of the same entries, rising in both: each new entry's first place behind the last.
fn shared(old: &[&[u8]], new: &[&[u8]]) -> Vec<(usize, usize)> {
    let mut places: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (index, entry) in old.iter().enumerate().rev() {
        places.entry(entry).or_default().push(index);
    }
    let (mut shared, mut next) = (Vec::new(), 0);
    for (index, entry) in new.iter().enumerate() {
        if let Some(place) = places.get_mut(entry).and_then(|list| first_from(list, next)) {
            shared.push((place, index));
            next = place + 1;
        }
    }
    shared
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
///
/// A list that holds nothing of what was added was taken back or made anew by the user: it is theirs, as it is.
pub fn merge(edits: &[Edit], places: &[Place], now: &[u8], was_set: bool) -> Option<Bytes> {
    let mut list: Vec<&[u8]> = entries(now).collect();
    let mut first = None;
    let mut added = edits.iter().flat_map(Edit::added).peekable();
    let is_only_shorter = added.peek().is_none();
    for entry in added {
        if let Some(place) = list.iter().position(|held| held == entry) {
            list.remove(place);
            first = Some(first.map_or(place, |first: usize| first.min(place)));
        }
    }
    if first.is_none() && !is_only_shorter {
        return Some(now.to_vec());
    }
    let missing: Vec<&Place> =
        places.iter().filter(|place| !list.contains(&place.entry.as_slice())).collect();
    for place in missing {
        let of = |entry: &Bytes| list.iter().position(|held| held == entry);
        let at = match &place.beside {
            Beside::Behind(entry) => of(entry).map_or(list.len(), |at| at + 1),
            Beside::InFrontOf(entry) => of(entry).or(first).unwrap_or(0),
            Beside::Nothing => first.unwrap_or(0),
        };
        list.insert(at.min(list.len()), &place.entry);
    }
    (was_set || !list.is_empty()).then(|| list.join(&b':'))
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
    fn of_a_moved_entry_the_rest_stays() {
        assert_eq!(
            edits(Some(b"/a:/b:/s"), b"/s:/a:/b"),
            [Edit::Add(text("/s")), Edit::Keep(2), Edit::Remove(text("/s"))]
        );
        assert_eq!(
            edits(Some(b"/s:/a:/b"), b"/a:/b:/s"),
            [Edit::Remove(text("/s")), Edit::Keep(2), Edit::Add(text("/s"))]
        );
        assert_eq!(
            edits(Some(b"/a:/b:/c:/d"), b"/x:/b:/c:/y"),
            [
                Edit::Remove(text("/a")),
                Edit::Add(text("/x")),
                Edit::Keep(2),
                Edit::Remove(text("/d")),
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
            // Removed by the policy: it comes back where it stood.
            (Some("/a:/b:/c"), "/a:/c", "/pre:/a:/c", Some("/pre:/a:/b:/c")),
            (Some("/b:/a:/c"), "/a:/c", "/pre:/a:/c", Some("/pre:/b:/a:/c")),
            (Some("/a:/b:/b"), "/a", "/pre:/a", Some("/pre:/a:/b:/b")),
            // Moved to the front.
            (Some("/a:/b:/s"), "/s:/a:/b", "/pre:/s:/a:/b", Some("/pre:/a:/b:/s")),
            (Some("/a:/s:"), "/s:/a:/s", "/pre:/s:/a:/s", Some("/pre:/a:/s:")),
            // Moved to the end.
            (Some("/s:/a:/b"), "/a:/b:/s", "/pre:/a:/b:/s", Some("/pre:/s:/a:/b")),
            // It stood there already, and the shell keeps each entry once.
            (Some("/a:/b:/s"), "/s:/a:/b:/s", "/s:/a:/b", Some("/a:/b:/s")),
            (Some("/a:/b:/s:"), "/s:/a:/b:/s", "/s:/a:/b", Some("/a:/b:/s:")),
            // Made anew by a startup file, without anything of the policy's.
            (Some("/me:/x:/b"), "/bin:/me:/b", "/usr:/b", Some("/usr:/b")),
        ];
        for (before, after, now, left) in cases {
            let script = edits(before.map(str::as_bytes), after.as_bytes());
            let places = places(before.unwrap_or_default().as_bytes(), &script);
            let got = merge(&script, &places, now.as_bytes(), before.is_some());
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
        /// Whatever the policy did, an entry that was there before is there after leaving, if the user only added some.
        #[test]
        fn no_entry_is_lost_that_the_user_left(
            before in "[ab]{1,2}(:[ab]{1,2}){0,5}",
            after in "[abc]{1,2}(:[abc]{1,2}){0,5}",
            front in proptest::bool::ANY,
        ) {
            let script = edits(Some(before.as_bytes()), after.as_bytes());
            let places = places(before.as_bytes(), &script);
            let now = if front { format!("/own:{after}") } else { format!("{after}:/own") };
            let left = merge(&script, &places, now.as_bytes(), true).unwrap();
            let left: Vec<_> = entries(&left).collect();
            prop_assert!(left.contains(&b"/own".as_slice()));
            for entry in entries(before.as_bytes()) {
                prop_assert!(left.contains(&entry), "{before} {after} {now} {:?}", left.join(&b':'));
            }
        }

        #[test]
        fn undoing_an_edit_is_identity(before in proptest::option::of("[ab:]{0,12}"), after in "[abc:]{0,12}") {
            let script = edits(before.as_ref().map(String::as_bytes), after.as_bytes());
            let back = undo(&script, after.as_bytes(), before.is_some());
            prop_assert_eq!(back, before.map(String::into_bytes));
        }
    }
}
