//! `goenv reload`: makes the next prompt load the policy again.
//!
//! Where there is an approval it is written anew, which every shell in that directory notices; the policy itself is
//! touched only where it applies without one, as is a version file that the config lets decide.

use std::path::Path;

use crate::error::{Error, Exit};
use crate::locate::Kind;
use crate::store::Store;
use crate::trust::header::Engine;
use crate::ui::{Tone, Ui};
use crate::watch::Watched;
use crate::world::World;
use crate::{files, follow, load};

/// Marks the nearest policy, or the version file that stands in for one, as changed.
///
/// # Errors
/// If there is no policy, or neither the approval nor the policy can be written.
pub fn run(world: &World, ui: &Ui) -> Result<Exit, Error> {
    let cwd = world.cwd.as_deref().ok_or(Error::NoDirectory)?;
    let located = follow::nearest(cwd, world);
    let located = located.ok_or_else(|| Error::NoPolicy(cwd.to_path_buf()))?;
    match located.kind {
        Kind::Policy => again(&located.path, world)?,
        // It applies without an approval.
        Kind::Followed { .. } => files::touch(&located.path)?,
    }
    let path = super::shown::short(&located.path, world);
    ui.say(Tone::Plain, &format!("{path} loads again at the next prompt"));
    Ok(Exit::Done)
}

/// Writes the approval of a policy anew, or touches the policy where there is none.
fn again(policy: &Path, world: &World) -> Result<(), Error> {
    let text = load::read(policy, world, &mut Watched::new(world.now()))?;
    let store = Store::of(world)?;
    for engine in Engine::ALL {
        if let Some(record) = store.record(policy, &text.bytes, engine, world.now())?
            && !store.is_denied(policy)
        {
            return Ok(store.allow(&record)?);
        }
    }
    Ok(files::touch(policy)?)
}
