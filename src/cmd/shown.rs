//! How commands tell of a policy: its path, the verdict on it, and what it changes by name, never values.

use std::path::Path;

use serde::Serialize;

use crate::admit::Admission;
use crate::env::{Diff, Env, state};
use crate::error::Error;
use crate::shell::quote_argument;
use crate::trust::Trust;
use crate::world::World;
use crate::{locate, ui};

/// How many names a line shows: more than most policies set, less than fills a screen.
const MOST_NAMES: usize = 40;

/// The verdict on a policy, as JSON has it.
#[derive(Serialize)]
pub(super) struct Verdict {
    pub(super) state: &'static str,
    pub(super) by: Vec<String>,
    pub(super) reason: String,
}

impl Verdict {
    /// Returns a verdict in words.
    pub(super) fn of(trust: &Trust) -> Self {
        Self {
            state: trust.state.name(),
            by: trust.by.iter().map(|by| by.principal.clone()).collect(),
            reason: trust.reason.clone(),
        }
    }
}

/// Returns ` +NEW ~CHANGED -GONE` for a diff, without goenv's own variables; of very many the first.
pub(super) fn names(diff: &Diff, from: &Env) -> String {
    let names: Vec<_> = signed(diff, from).collect();
    let mut text = String::new();
    for (sign, name) in names.iter().take(MOST_NAMES) {
        text.push(' ');
        text.push(*sign);
        text.push_str(&ui::safe(name));
    }
    if let Some(more) = names.len().checked_sub(MOST_NAMES).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// Returns `+` for a new variable, `~` for a changed one and `-` for one that is gone, each with its name, without goenv's
/// own.
pub(super) fn signed<'a>(diff: &Diff<'a>, from: &Env) -> impl Iterator<Item = (char, &'a [u8])> {
    let own = state::OWN.map(str::as_bytes);
    let steps = diff.steps().filter(move |(name, _)| !own.contains(name));
    steps.map(|(name, value)| {
        let sign = match (from.get(name), value) {
            (_, None) => '-',
            (None, Some(_)) => '+',
            (Some(_), Some(_)) => '~',
        };
        (sign, name)
    })
}

/// Returns a path with `~` for the home directory.
pub(super) fn short(path: &Path, world: &World) -> String {
    match world.dirs.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", ui::safe_path(rest)),
        None => ui::safe_path(path),
    }
}

/// Returns a hint that means `policy` where it is pasted: its command gets the policy's path, or runs in the policy's
/// directory, unless the policy is the nearest one here, which a command without a path is about.
pub(super) fn aimed(hint: &str, policy: &Path, world: &World) -> String {
    let nearest = world.cwd.as_deref().and_then(locate::nearest);
    if nearest.is_some_and(|nearest| nearest.path == policy) {
        return hint.to_owned();
    }
    let directory = quote_argument(policy.parent().unwrap_or(policy));
    ui::aimed(hint, &quote_argument(policy), Some(&directory))
}

/// Returns the error about `policy` with a hint that means it here.
pub(super) fn aim(error: Error, policy: &Path, world: &World) -> Error {
    error.with_hint(|hint| aimed(hint, policy, world))
}

/// Returns why the rules cannot be read, if they cannot: then nothing is trusted, in any directory.
pub(super) fn broken_rules(world: &World) -> Option<Error> {
    Admission::of(world).err()
}
