#![expect(
    clippy::disallowed_methods,
    reason = "listing the places where SDKs lie is this file's work"
)]
//! Lists every SDK in every place.
//!
//! For `sdk list`, which looks at many on all cores; and for a version that is not here or names a whole line, where a
//! prompt may be waiting, which starts no threads.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use super::examine::{Reason, examine, examine_real};
use super::places::{Places, Source};
use crate::go::Version;

/// The most entries of one place that are listed.
const LIMIT: usize = 10_000;

/// From how many SDKs on a second thread pays.
const MANY: usize = 64;

/// Every SDK that is here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The SDKs, in the order of the places and then of their names.
    pub found: Vec<(Source, Version, PathBuf)>,
    /// What looked like an SDK and is none, with the reason.
    pub refused: Vec<(PathBuf, Reason)>,
}

impl List {
    /// Returns the versions, each once, in their order.
    pub fn versions(&self) -> Vec<Version> {
        let mut versions: Vec<_> =
            self.found.iter().map(|(_, version, _)| version.clone()).collect();
        versions.sort();
        versions.dedup_by(|a, b| a.as_str() == b.as_str());
        versions
    }
}

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Where the name of a directory says the version and there is a `bin/go`, take it at its word: whoever uses
    /// the SDK looks again.
    Glance,
    /// Judge each as if it were to be used, on one core.
    Examine,
}

/// Lists every SDK in every place.
pub fn list(places: &Places, look: Look) -> List {
    let roots = places.entries(&names);
    let cores = match look {
        Look::Glance if roots.len() >= MANY => {
            thread::available_parallelism().map_or(1, usize::from)
        }
        _ => 1,
    };
    let share = roots.len().div_ceil(cores).max(1);
    let look =
        |roots: &[Root]| roots.iter().map(|root| root.look(look, places.user)).collect::<Vec<_>>();
    let looked: Vec<_> = thread::scope(|scope| {
        let mut shares = roots.chunks(share);
        let first = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|roots| scope.spawn(move || look(roots))).collect();
        let mut looked = look(first);
        for other in others {
            match other.join() {
                Ok(found) => looked.extend(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        looked
    });
    let mut list = List::default();
    for (root, outcome) in roots.into_iter().zip(looked) {
        match outcome {
            Ok((version, path)) => list.found.push((root.source, version, path)),
            Err(Reason::Absent) => {}
            Err(reason) => list.refused.push((root.path, reason)),
        }
    }
    list
}

/// A directory that may be the root of an SDK.
pub(super) struct Root {
    pub(super) source: Source,
    pub(super) path: PathBuf,
    /// Whether its path is known to hold no symbolic link.
    pub(super) real: bool,
    /// The version that its name says.
    pub(super) version: Option<Version>,
}

impl Root {
    fn look(&self, look: Look, user: u32) -> Result<(Version, PathBuf), Reason> {
        if let (Look::Glance, true, Some(version)) = (look, self.real, &self.version)
            && fs::symlink_metadata(self.path.join("bin/go")).is_ok_and(|go| go.is_file())
        {
            return Ok((version.clone(), self.path.clone()));
        }
        let examined = if self.real {
            examine_real(self.path.clone(), None, user)
        } else {
            examine(&self.path, None, user)
        }?;
        Ok((examined.version, examined.root))
    }
}

/// What a directory holds.
pub(super) struct Names {
    /// The directory, without symbolic links.
    pub(super) directory: PathBuf,
    /// Its entries, sorted, and whether each is a directory and no link.
    pub(super) entries: Vec<(String, bool)>,
}

/// Returns what a directory holds; nothing where there is none.
fn names(directory: &Path) -> Names {
    let directory = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let read = fs::read_dir(&directory).into_iter().flatten().take(LIMIT);
    let mut entries: Vec<_> = read
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?.is_dir()))
        })
        .collect();
    entries.sort();
    Names { directory, entries }
}

/// Returns the versions of which the store has a record.
pub fn recorded(places: &Places) -> Vec<Version> {
    let Names { entries, .. } = names(&places.store);
    let suffix = format!(".{}.json", places.platform.dashed());
    entries
        .iter()
        .filter_map(|(name, _)| Version::read(name.strip_suffix(&suffix)?.strip_prefix("go")?).ok())
        .collect()
}
