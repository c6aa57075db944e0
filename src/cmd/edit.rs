//! `goenv edit [PATH]`: edits a policy, and approves it if it changed.

use std::path::Path;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::trust::header::Engine;
use crate::ui::Ui;
use crate::watch::Watched;
use crate::world::World;
use crate::{files, inherit, load, process};

/// Runs the editor, then `allow` where the editor left something else than it found.
///
/// # Errors
/// If there is no policy to edit, the editor fails, or the result cannot be approved.
pub fn run(path: Option<&Path>, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let policy = super::policy_path(path, world)?;
    let read = || load::read(&policy, world, &mut Watched::new(world.now()));
    let before = read().ok();
    process::edit(&policy, &environment(world))?;
    if before.is_none() && files::look_at(&policy).is_none() {
        // The editor was left without writing anything.
        return Ok(Exit::Done);
    }
    let after = read()?;
    if before.is_some_and(|before| before.bytes == after.bytes) {
        return Ok(Exit::Done);
    }
    super::allow::run(Some(&policy), Engine::Native, world, ui)
}

/// Returns the environment of the editor. direnv knows EDITOR alone: plugins set it to `echo`, to be told the path.
fn environment(world: &World) -> Env {
    let mut env = inherit::outside_of(world);
    if world.is_direnv() && env.get("EDITOR").is_some_and(|editor| !editor.is_empty()) {
        env.unset("VISUAL");
    }
    env
}
