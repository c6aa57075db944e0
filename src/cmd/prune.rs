//! `goenv prune`: removes the approvals of policies that are gone.

use crate::error::{Error, Exit};
use crate::store::Store;
use crate::ui::{Tone, Ui};
use crate::world::World;

/// Removes what is stale, and says how much that was.
///
/// # Errors
/// If a record cannot be read or removed.
pub fn run(world: &World, ui: &Ui) -> Result<Exit, Error> {
    let removed = Store::of(world)?.prune(world.now())?;
    let records = if removed == 1 { "record" } else { "records" };
    ui.say(Tone::Plain, &format!("removed {removed} {records} of policies that are gone"));
    Ok(Exit::Done)
}
