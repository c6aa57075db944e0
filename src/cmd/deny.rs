//! `goenv deny [PATH]`: blocks a policy, whatever its bytes, until `goenv allow`.

use std::path::Path;

use super::shown::short;
use crate::audit::record::Event;
use crate::error::{Error, Exit};
use crate::store::Store;
use crate::transition::decided;
use crate::trust::header::Engine;
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
    let unlogged = decided(Event::Deny, &policy, None, Engine::Native, world)?;
    store.deny(&policy)?;
    unlogged.iter().for_each(|warning| ui.say(Tone::Warning, warning));
    ui.say(Tone::Plain, &format!("denied {}", short(&policy, world)));
    Ok(Exit::Done)
}
