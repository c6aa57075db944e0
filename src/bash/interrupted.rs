//! Remembers that a Ctrl-C ended a policy, for the prompt that comes right after it.
//!
//! A shell throws away what goenv prints when a Ctrl-C comes meanwhile, so its next prompt knows of nothing and would run
//! the same policy again, and again. One file for each policy, in the directory of running shells; it counts for a few
//! seconds and once. It can only keep a policy from running.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::files;
use crate::hex::{hex, sha256};
use crate::trust::record;
use crate::world::World;

/// How long after a Ctrl-C the shell's next prompt comes, at the most.
const SOON: Duration = Duration::from_secs(5);

fn place(policy: &Path, world: &World) -> Option<PathBuf> {
    let runtime = world.dirs.runtime.as_ref()?;
    Some(runtime.join("interrupted").join(record::path_name(policy)))
}

/// Notes that these bytes at this path were interrupted.
pub(super) fn note(policy: &Path, bytes: &[u8], world: &World) {
    if let Some(place) = place(policy, world) {
        // Without it the policy runs again, and can be interrupted again.
        let _ = files::write_private(&place, hex(&sha256(bytes)).as_bytes());
    }
}

/// Returns whether these bytes at this path were interrupted just now; asked once, it is forgotten.
pub(super) fn take(policy: &Path, bytes: &[u8], world: &World) -> bool {
    let Some(place) = place(policy, world) else { return false };
    let read = files::read_guarded(&place, 64, world.uid, world.now());
    let Ok(Some(text)) = read else { return false };
    let noted = files::look_at(&place).and_then(|found| found.modified().ok());
    let noted = noted.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let is_soon = noted.is_some_and(|noted| world.now().saturating_sub(noted) <= SOON);
    let _ = files::remove(&place);
    is_soon && text.bytes == hex(&sha256(bytes)).into_bytes()
}
