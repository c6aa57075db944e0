//! What this process inherited: the state that the shell carries, and the environment as it is outside.
//!
//! A state that is too large for a variable lies in a file that the variable names; it is read here. Whatever is
//! wrong with either, the answer is a state or none, never an error.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::decide::Carrying;
use crate::env::state::{self, Carried, INLINE_LIMIT};
use crate::env::undo::{self, Change, Fingerprint};
use crate::env::{Bytes, Env, State};
use crate::files::{self, FileProblem};
use crate::trust::variables::{Class, class};
use crate::world::{Dirs, RUN, World};

/// The directory, below what belongs to running shells, of the states that are too large for a variable.
pub const UNDO: &str = "undo";

/// The largest state that is read from a file: every variable of a policy with the longest value.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

/// Returns what the shell carries.
pub fn carried(world: &World) -> Carrying {
    // An empty one is what an editor makes of one that was unset.
    let text = world.variable(state::STATE).filter(|text| !text.is_empty());
    let Some(text) = text else { return Carrying::Nothing };
    match state::read(&text) {
        Carried::Here(state) => Carrying::State(state),
        Carried::Unreadable => Carrying::Damaged,
        Carried::InFile(path) => {
            let text = files::read_guarded(&path, FILE_LIMIT, world.uid, world.now());
            let state = text.ok().flatten().and_then(|text| State::decode(&text.bytes));
            state.map_or(Carrying::Damaged, Carrying::State)
        }
    }
}

/// Returns the world with the directories that the environment outside says, where a policy that the shell is in says
/// others: what a policy sets does not choose the approvals, signers and rules by which the next one is judged.
pub fn at_home<'w>(world: &'w World, carrying: &Carrying) -> Cow<'w, World> {
    let changes = carrying.changes();
    let is_place = |change: &Change| Dirs::VARIABLES.iter().any(|it| it.as_bytes() == change.name);
    match changes.iter().any(is_place) {
        true => {
            let outside = |name: &[u8]| variable_outside(name, world, changes);
            Cow::Owned(world.with_dirs(Dirs::of(outside, world.uid)))
        }
        false => Cow::Borrowed(world),
    }
}

/// Returns one variable as it is outside of what made these changes.
pub fn variable_outside(name: &[u8], world: &World, changes: &[Change]) -> Option<Bytes> {
    let now = world.variable(name);
    let Some(change) = changes.iter().find(|change| change.name == name) else { return now };
    let inside: Env = now.map(|value| (name.to_vec(), value)).into_iter().collect();
    undo::revert(&inside, [change]).get(name).map(<[u8]>::to_vec)
}

/// Returns the environment as it is outside: without what goenv did, and without its own variables.
pub fn outside(env: &Env, carrying: &Carrying) -> Env {
    let changes = carrying.changes();
    // No policy sets such a name, so a state that would restore one was forged. direnv's are only ever unset.
    let is_ours =
        |change: &&Change| class(&change.name).0 != Class::Never || state::is_for_direnv(change);
    let ours = changes.iter().filter(is_ours);
    let mut outside = undo::revert(env, ours);
    for name in state::OWN {
        outside.unset(name);
    }
    outside
}

/// Returns the environment of this process as it is outside, for a command that asks nothing else of the state.
pub fn outside_of(world: &World) -> Env {
    outside(world.env(), &carried(world))
}

/// Returns the text for the variable; a state that is too large for it is kept in a private file.
///
/// # Errors
/// If that file cannot be written.
pub fn carry(state: &State, world: &World) -> Result<Bytes, FileProblem> {
    let text = state.text();
    if text.len() <= INLINE_LIMIT {
        return Ok(text);
    }
    let encoded = state.encode();
    let name = format!("{:016x}", Fingerprint::of(&encoded).0);
    let what = "neither XDG_RUNTIME_DIR nor HOME names a place for it".to_owned();
    let mut problem = FileProblem::System(UNDO.into(), what);
    for place in places(world) {
        let path = place.join(UNDO).join(&name);
        match files::write_private(&path, &encoded) {
            Ok(()) => return Ok(state::in_file(&path)),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

/// Returns where such files are written: the second place is for where the first cannot be, as when a login has ended, which
/// takes its directory along, and tmux goes on.
pub fn places(world: &World) -> impl Iterator<Item = PathBuf> {
    let second = world.dirs.state.as_ref().map(|state| state.join(RUN));
    world.dirs.runtime.clone().into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::state::Outcome;
    use crate::env::undo::Before;

    #[test]
    fn a_state_unsets_what_is_set_for_direnvs_users_and_restores_nothing_of_the_kind() {
        let change = |name: &str, before: Before| Change {
            name: name.into(),
            given: Some(Fingerprint::of(b"x")),
            before,
        };
        let restored = || Before::Value(b"forged".to_vec());
        let state = State {
            uid: 1000,
            policy: "/p/.envrc".into(),
            outcome: Outcome::Applied,
            until: None,
            watches: Vec::new(),
            changes: vec![
                change("DIRENV_DIFF", Before::Unset),
                change("DIRENV_DIR", Before::Unset),
                change("DIRENV_FILE", restored()),
                change("DIRENV_WATCHES", Before::Unset),
                change("LD_PRELOAD", restored()),
            ],
        };
        let inside: Env = [
            ("DIRENV_DIFF", "x"),
            ("DIRENV_DIR", "x"),
            ("DIRENV_FILE", "x"),
            ("DIRENV_WATCHES", "another's"),
            ("LD_PRELOAD", "x"),
        ]
        .into_iter()
        .collect();
        let mut expected = inside.clone();
        expected.unset("DIRENV_DIR");
        assert_eq!(outside(&inside, &Carrying::State(state)), expected);
    }
}
