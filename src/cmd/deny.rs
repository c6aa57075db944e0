//! `goenv deny [PATH]`: blocks a policy, whatever its bytes, until `goenv allow`.

use std::path::Path;

use super::export::short;
use crate::audit::record::Event;
use crate::error::{Error, Exit};
use crate::store::Store;
use crate::transition::decided;
use crate::ui::{Tone, Ui};
use crate::world::World;

/// Blocks the policy.
///
/// # Errors
/// If there is none, or the block cannot be kept.
pub fn run(path: Option<&Path>, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let policy = super::policy_path(path, world)?;
    if crate::files::look_at(&policy).is_none() {
        return Err(crate::files::FileProblem::Missing(policy).into());
    }
    let store = Store::of(world)?;
    if let Some(warning) = decided(Event::Deny, &policy, None, world)? {
        ui.say(Tone::Warning, &warning);
    }
    store.deny(&policy)?;
    ui.say(Tone::Plain, &format!("blocked {}", short(&policy, world)));
    Ok(Exit::Done)
}
