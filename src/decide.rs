//! Whether anything has to be done at this prompt, and why: most prompts end here.
//!
//! Pure: takes what was located and what the shell carries, and asks the two questions that cost something only
//! where the answer depends on them.

use std::path::Path;

use crate::env::State;
use crate::env::undo::Change;
use crate::locate::Located;

/// What the shell carries of an earlier decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrying {
    /// Nothing.
    Nothing,
    /// A state.
    State(State),
    /// Something that cannot be read: it is dropped, and what it would have undone stays.
    Damaged,
}

impl Carrying {
    /// Returns the state, if there is one that can be read.
    pub fn state(&self) -> Option<&State> {
        match self {
            Self::State(state) => Some(state),
            Self::Nothing | Self::Damaged => None,
        }
    }

    /// Returns what its state changed.
    pub fn changes(&self) -> &[Change] {
        self.state().map(|state| state.changes.as_slice()).unwrap_or_default()
    }
}

/// What has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// A policy is entered.
    Load,
    /// The policy that the shell is in decides anew.
    Reload(Reason),
    /// The policy is left, or gone.
    Unload,
}

/// Why the same policy decides anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This file changed, appeared or went away.
    Changed(std::path::PathBuf),
    /// PATH or another list no longer holds what goenv put in.
    NotInEffect,
    /// The approval's time is over.
    Expired,
    /// The state is another user's (`sudo -s`, `su -m`).
    OtherUser,
}

/// Decides. `is_in_effect` says whether the lists hold what was put in, `is_over` whether a time is past, `first_changed`
/// names a watched path that is not what it was; each is asked only if everything before it was as it should be.
pub fn decide<'a>(
    located: Option<&Located>,
    carrying: &'a Carrying,
    uid: u32,
    is_in_effect: impl FnOnce(&State) -> bool,
    is_over: impl FnOnce(u64) -> bool,
    first_changed: impl FnOnce(&'a State) -> Option<&'a Path>,
) -> Action {
    let (located, state) = match (located, carrying) {
        (None, Carrying::Nothing) => return Action::Nothing,
        (None, Carrying::State(_) | Carrying::Damaged) => return Action::Unload,
        (Some(_), Carrying::Nothing | Carrying::Damaged) => return Action::Load,
        (Some(located), Carrying::State(state)) => (located, state),
    };
    if state.policy != located.path {
        Action::Load
    } else if state.uid != uid {
        Action::Reload(Reason::OtherUser)
    } else if !is_in_effect(state) {
        Action::Reload(Reason::NotInEffect)
    } else if state.until.is_some_and(is_over) {
        Action::Reload(Reason::Expired)
    } else if let Some(path) = first_changed(state) {
        Action::Reload(Reason::Changed(path.to_path_buf()))
    } else {
        Action::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::state::Outcome;
    use crate::locate::Kind;

    fn located(path: &str) -> Located {
        Located { path: path.into(), kind: Kind::Policy }
    }

    fn state(path: &str) -> Carrying {
        Carrying::State(State {
            uid: 1000,
            policy: path.into(),
            outcome: Outcome::Applied,
            until: Some(100),
            watches: Vec::new(),
            changes: Vec::new(),
        })
    }

    #[test]
    fn every_combination_has_its_action() {
        let a = located("/a/.envrc");
        let changed = Some(Path::new("/a/.envrc"));
        // (located, carried, user, in effect, changed, action)
        let cases = [
            (None, Carrying::Nothing, 1000, true, None, Action::Nothing),
            (None, state("/a/.envrc"), 1000, true, None, Action::Unload),
            (None, Carrying::Damaged, 1000, true, None, Action::Unload),
            (Some(&a), Carrying::Nothing, 1000, true, None, Action::Load),
            (Some(&a), Carrying::Damaged, 1000, true, None, Action::Load),
            (Some(&a), state("/b/.envrc"), 1000, true, None, Action::Load),
            (Some(&a), state("/a/.envrc"), 1000, true, None, Action::Nothing),
            (Some(&a), state("/a/.envrc"), 0, true, None, Action::Reload(Reason::OtherUser)),
            (Some(&a), state("/a/.envrc"), 1000, false, None, Action::Reload(Reason::NotInEffect)),
            (
                Some(&a),
                state("/a/.envrc"),
                1000,
                true,
                changed,
                Action::Reload(Reason::Changed("/a/.envrc".into())),
            ),
        ];
        for (located, carrying, uid, in_effect, changed, action) in cases {
            assert_eq!(
                decide(located, &carrying, uid, |_| in_effect, |_| false, |_| changed),
                action,
                "{located:?} {carrying:?}"
            );
        }
        let inside = state("/a/.envrc");
        let over = decide(Some(&a), &inside, 1000, |_| true, |until| until <= 100, |_| None);
        assert_eq!(over, Action::Reload(Reason::Expired));
    }
}
