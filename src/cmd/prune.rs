//! `goenv prune`: removes the approvals of policies that are gone, and old states that were too large for a variable.

use std::time::Duration;

use crate::error::{Error, Exit};
use crate::files;
use crate::inherit::{UNDO, places};
use crate::store::Store;
use crate::ui::{Tone, Ui};
use crate::world::World;

/// How long a shell may stay where it is and still find what it would undo. Nothing tells which shells carry a state: they
/// hand it down to those that they start.
const UNDO_AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Removes what is stale, and says how much that was.
///
/// # Errors
/// If a record cannot be read or removed.
pub fn run(world: &World, ui: &Ui) -> Result<Exit, Error> {
    remove_old_states(world)?;
    let store = Store::of(world).map_err(Error::as_failure)?;
    let removed = store.prune(world.now())?;
    let records = if removed == 1 { "record" } else { "records" };
    ui.say(Tone::Plain, &format!("removed {removed} {records} of policies that are gone"));
    Ok(Exit::Done)
}

fn remove_old_states(world: &World) -> Result<(), Error> {
    for path in places(world).flat_map(|place| files::list(&place.join(UNDO))) {
        let written = files::look_at(&path).and_then(|found| found.modified().ok());
        let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        if written.is_some_and(|written| written + UNDO_AGE < world.now()) {
            files::remove(&path)?;
        }
    }
    Ok(())
}
