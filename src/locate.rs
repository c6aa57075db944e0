//! Finds the policy of a directory: the nearest `.envrc` on the way up.
//!
//! Only names are looked at here, nothing is opened. Whatever is called `.envrc` counts, a FIFO or an unreadable
//! file too: the nearest one decides, and one that cannot be read is refused, never skipped in favour of a
//! parent's.

use std::path::{Path, PathBuf};

use crate::env::state::Stamp;
use crate::files;

/// The name of a policy file.
pub const POLICY_NAME: &str = ".envrc";

/// A policy file that was found and not yet opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its path: physical directory and name.
    pub path: PathBuf,
    /// What stood there.
    pub stamp: Stamp,
}

/// Returns the nearest policy file from `directory` upward.
pub fn nearest(directory: &Path) -> Option<Located> {
    directory.ancestors().find_map(|directory| {
        let path = directory.join(POLICY_NAME);
        match files::stamp(&path) {
            Stamp::ABSENT => None,
            stamp => Some(Located { path, stamp }),
        }
    })
}
