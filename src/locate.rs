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

/// A file that decides for a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// Its path: physical directory and name.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// The kinds of file that decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A policy, not yet opened.
    Policy,
    /// A version file that the user's config follows where there is no policy.
    Followed {
        /// The directory for which it was found.
        directory: PathBuf,
    },
}

/// Returns the nearest policy file from `directory` upward.
pub fn nearest(directory: &Path) -> Option<Located> {
    directory.ancestors().find_map(|directory| {
        let path = directory.join(POLICY_NAME);
        match files::stamp(&path) {
            Stamp::ABSENT => None,
            _ => Some(Located { path, kind: Kind::Policy }),
        }
    })
}
