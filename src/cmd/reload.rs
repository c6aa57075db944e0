//! `goenv reload`: makes the next prompt load the policy again.
//!
//! Where there is an approval it is written anew, which every shell in that directory notices; the policy itself is
//! touched only where it applies without one.

use crate::error::{Error, Exit};
use crate::load;
use crate::store::Store;
use crate::ui::{Tone, Ui};
use crate::watch::Watched;
use crate::world::World;

/// Marks the nearest policy as changed.
///
/// # Errors
/// If there is no policy, or neither the approval nor the policy can be written.
pub fn run(world: &World, ui: &Ui) -> Result<Exit, Error> {
    let policy = super::policy_path(None, world)?;
    let text = load::read(&policy, world, &mut Watched::new(world.now()))?;
    let store = Store::of(world)?;
    match store.record(&policy, &text.bytes, world.now())? {
        Some(record) if !store.is_denied(&policy) => store.allow(&record)?,
        _ => crate::files::touch(&policy)?,
    }
    let policy = super::shown::short(&policy, world);
    ui.say(Tone::Plain, &format!("{policy} loads again at the next prompt"));
    Ok(Exit::Done)
}
