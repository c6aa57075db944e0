//! `goenv edit [PATH]`: edits a policy, and approves it if it changed.

use std::path::Path;

use crate::error::{Error, Exit};
use crate::ui::Ui;
use crate::watch::Watched;
use crate::world::World;
use crate::{inherit, load, process};

/// Runs the editor, then `allow` where the editor left something else than it found.
///
/// # Errors
/// If there is no policy to edit, the editor fails, or the result cannot be approved.
pub fn run(path: Option<&Path>, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let policy = super::policy_path(path, world)?;
    let read = || load::read(&policy, world, &mut Watched::new(world.now()));
    let before = read().ok();
    process::edit(&policy, &inherit::outside(world.env(), &inherit::carried(world)))?;
    let after = read()?;
    if before.is_some_and(|before| before.bytes == after.bytes) {
        return Ok(Exit::Done);
    }
    super::allow::run(Some(&policy), world, ui)
}
