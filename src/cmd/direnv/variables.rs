//! The variables that direnv's users look at: `DIRENV_DIR`, `DIRENV_FILE` and `DIRENV_WATCHES`.
//!
//! They say what goenv's state says, for others to read; goenv decides nothing by them. They are undone with the rest of
//! what a policy did, and only ever unset. There is no `DIRENV_DIFF`: it would hold values, in a form in which another
//! direnv would put whole PATHs back.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::env::state::{self, State, Watch};
use crate::env::undo::{Before, Change, Fingerprint};
use crate::env::{Bytes, Env};
use crate::world::World;
use crate::{files, gzenv};

/// The longest list of watched paths that is told: Linux refuses a process with one string above 128 KiB.
const LONGEST: usize = 64 * 1024;

/// The variable by which a direnv that loaded something knows how to undo it.
const DIFF: &str = "DIRENV_DIFF";

/// A watched path as direnv tells of it: times are whole seconds, 0 where there is nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) modtime: i64,
    pub(super) exists: bool,
}

/// Returns whether the user wants to hear of errors alone: the variable is direnv's own for that.
pub(in crate::cmd) fn is_quiet(world: &World) -> bool {
    world.variable("DIRENV_LOG_FORMAT").is_some_and(|format| format.is_empty())
}

/// Returns whether a shell that carries this state has the variables, or is not to have them.
pub(in crate::cmd) fn is_provided(state: &State, world: &World) -> bool {
    state.changes.iter().any(state::is_for_direnv) || world.variable(DIFF).is_some()
}

/// Sets the variables in the environment inside, and notes in the state how they are undone. Where another direnv has
/// loaded something its variables are its own.
pub(in crate::cmd) fn provide(inside: &mut Env, state: &mut State) {
    if inside.get(DIFF).is_some() {
        return;
    }
    let seen: Vec<Seen> = state.watches.iter().map(look).collect();
    for (name, value) in variables(&state.policy, &seen) {
        let given = Some(Fingerprint::of(&value));
        state.changes.push(Change { name: name.into(), given, before: Before::Unset });
        inside.set(name, value);
    }
}

/// Returns the variables for a policy with these watched paths.
fn variables(policy: &Path, seen: &[Seen]) -> Vec<(&'static str, Bytes)> {
    let directory = policy.parent().unwrap_or(policy).as_os_str().as_bytes();
    let [dir, file, watches] = state::DIRENV;
    let mut variables =
        vec![(dir, [b"-", directory].concat()), (file, policy.as_os_str().as_bytes().to_vec())];
    let list = gzenv::pack(&seen);
    if list.len() <= LONGEST {
        variables.push((watches, list));
    }
    variables
}

/// Returns what stands at a watched path now; through a link, the later of both times.
pub(super) fn look(watch: &Watch) -> Seen {
    let path = watch.path.to_string_lossy().into_owned();
    let times = [files::look_at(&watch.path), files::look_through(&watch.path)];
    let modtime = times.iter().flatten().map(MetadataExt::mtime).max();
    Seen { path, modtime: modtime.unwrap_or_default(), exists: modtime.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direnv_reads_what_is_written_and_the_other_way_round() {
        let seen = [
            Seen { path: "/p/.envrc".to_owned(), modtime: 1_795_668_547, exists: true },
            Seen { path: "/p/\u{e9}".to_owned(), modtime: 0, exists: false },
        ];
        assert_eq!(gzenv::unpack::<Vec<Seen>>(&gzenv::pack(&seen)).unwrap(), seen);
        // What direnv 2.32.1 wrote.
        let theirs = b"eJyMzs1KxDAQAOB3mXPp5KfJZHtfPQleRTxMMwktpNuaxrUgvrtnb_sAH3zvP_DKbYYRsK07zvrEHft0u9cIHbxs0pY1wajp4rwPbqAOrudytAPGVr_Sb_fft3XvPyu55-slvz1hX7bIBY-Za0JZarrdkUvZvtFkEdHCgYK1cXI0ZA5eGydKlJpiMG6YLCtiyTb56LUJMbtAJJmtpYdyH38BAAD__yzyREs=";
        let theirs: serde_json::Value = gzenv::unpack(theirs).unwrap();
        assert_eq!(theirs[0]["Path"], "/tmp/h1x/p/.envrc");
        for broken in [&b""[..], b"eJ", b"AAAA", "\u{e9}".as_bytes(), b"eJyMzs1K"] {
            assert_eq!(gzenv::unpack::<serde_json::Value>(broken), None);
        }
    }

    #[test]
    fn the_variables_name_the_policy_and_are_only_ever_unset() {
        let mut state = State {
            uid: 1000,
            policy: "/p/.envrc".into(),
            outcome: state::Outcome::Applied,
            until: None,
            watches: Vec::new(),
            changes: Vec::new(),
        };
        let mut inside: Env = [("A", "1")].into_iter().collect();
        provide(&mut inside, &mut state);
        assert_eq!(inside.get("DIRENV_DIR"), Some(&b"-/p"[..]));
        assert_eq!(inside.get("DIRENV_FILE"), Some(&b"/p/.envrc"[..]));
        assert!(state.changes.len() == 3 && state.changes.iter().all(state::is_for_direnv));
        state.changes.clear();
        let mut theirs: Env = [("DIRENV_DIFF", "x"), ("DIRENV_DIR", "-/q")].into_iter().collect();
        provide(&mut theirs, &mut state);
        assert_eq!(theirs.get("DIRENV_DIR"), Some(&b"-/q"[..]));
        assert!(state.changes.is_empty());
    }
}
