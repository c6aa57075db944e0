//! How a line for a person names a policy, and what the policy changes: names, never values.

use std::path::Path;

use crate::env::{Diff, Env, state};
use crate::ui;
use crate::world::World;

/// How many names a line shows: more than most policies set, less than fills a screen.
const MOST_NAMES: usize = 40;

/// Returns ` +NEW ~CHANGED -GONE` for a diff, without goenv's own variables; of very many the first.
pub(super) fn names(diff: &Diff, from: &Env) -> String {
    let own = state::OWN.map(str::as_bytes);
    let steps: Vec<_> = diff.steps().filter(|(name, _)| !own.contains(name)).collect();
    let mut text = String::new();
    for (name, value) in steps.iter().take(MOST_NAMES) {
        let sign = match (from.get(name), value) {
            (_, None) => '-',
            (None, Some(_)) => '+',
            (Some(_), Some(_)) => '~',
        };
        text.push(' ');
        text.push(sign);
        text.push_str(&ui::safe(name));
    }
    if let Some(more) = steps.len().checked_sub(MOST_NAMES).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// Returns a path with `~` for the home directory.
pub(super) fn short(path: &Path, world: &World) -> String {
    match world.dirs.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", ui::safe_path(rest)),
        None => ui::safe_path(path),
    }
}
