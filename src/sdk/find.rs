#![expect(
    clippy::disallowed_methods,
    reason = "looking at the places where SDKs lie is this file's work"
)]
//! Finds the SDK of a version among the places where one may lie, and says what was looked at.
//!
//! For one version every place has one candidate, so finding costs the same with one SDK or a thousand. A
//! candidate counts if its VERSION names exactly the version, `bin/go` is a regular program, and nobody but root
//! and this user can write to the tree. Never runs anything, never writes. Directories are listed only to answer
//! for a language version (`1.26`: the newest release of that line) or for a version that is not here.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::places::{Places, Source};
use super::record::{RECORD_LIMIT, Record};
use crate::go::Version;

/// The most that is read of a VERSION file, whose first line is the version.
const VERSION_LIMIT: u64 = 4096;

/// The most entries of one place that are listed.
const LIST_LIMIT: usize = 10_000;

/// An SDK that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its version.
    pub version: Version,
    /// Its root, the GOROOT: absolute, without symbolic links.
    pub root: PathBuf,
    /// Who put it there.
    pub source: Source,
    /// What goenv recorded of it; none for a tree that was merely found.
    pub record: Option<Record>,
    /// Files of it whose change matters to the prompt.
    pub watch: Vec<PathBuf>,
    /// Paths that would win over it if they changed or appeared.
    pub before: Vec<PathBuf>,
}

/// Finds the SDK for `version`: that release, or for a language version (`1.26`) the newest release of its line.
pub fn find(version: &Version, places: &Places) -> Result<Found, Box<Missing>> {
    if version.is_language() {
        return newest_of_line(version, places);
    }
    let mut looked_at = Vec::new();
    let mut before = vec![places.record(version)];
    match read_record(version, places) {
        Ok(record) => match examine(&record.root, Some(version), places.user) {
            Ok(sdk) => {
                let stored = record.root == places.stored(version);
                let source = if stored { Source::Store } else { Source::Adopted };
                let mut watch = sdk.watch();
                watch.append(&mut before);
                let record = Some(record);
                return Ok(Found {
                    version: sdk.version,
                    root: sdk.root,
                    source,
                    record,
                    watch,
                    before,
                });
            }
            Err(reason) => looked_at.push((record.root, reason)),
        },
        Err(Reason::Absent) => {}
        Err(reason) => looked_at.push((places.record(version), reason)),
    }
    let stored = std::iter::once((Source::Store, places.stored(version)));
    for (source, root) in stored.chain(places.candidates(version)) {
        match examine(&root, Some(version), places.user) {
            Ok(sdk) => {
                let watch = sdk.watch();
                let record = None;
                return Ok(Found {
                    version: sdk.version,
                    root: sdk.root,
                    source,
                    record,
                    watch,
                    before,
                });
            }
            Err(reason) => {
                before.push(root.join("VERSION"));
                looked_at.push((root, reason));
            }
        }
    }
    let here = list(places).versions();
    Err(Box::new(Missing { version: version.clone(), looked_at, here, watch: before }))
}

fn newest_of_line(line: &Version, places: &Places) -> Result<Found, Box<Missing>> {
    let mut here = list(places).versions();
    here.sort();
    let fits = |version: &&Version| version.language() == line.as_str() && !version.is_prerelease();
    match here.iter().rev().find(fits) {
        Some(newest) => find(newest, places),
        None => Err(Box::new(Missing {
            version: line.clone(),
            looked_at: Vec::new(),
            here,
            watch: places.directories().map(Path::to_owned).collect(),
        })),
    }
}

/// Reads what goenv knows of `version`.
pub(super) fn read_record(version: &Version, places: &Places) -> Result<Record, Reason> {
    let path = places.record(version);
    let metadata = fs::symlink_metadata(&path).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err(Reason::NoRecord("it is not a regular file".to_owned()));
    }
    only_ours(&path, &metadata, places.user)?;
    let mut bytes = Vec::new();
    fs::File::open(&path)
        .and_then(|file| file.take(RECORD_LIMIT).read_to_end(&mut bytes))
        .map_err(|error| reason(&error))?;
    Record::read(&bytes, version, &places.platform).map_err(|error| Reason::NoRecord(error.0))
}

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

/// Lists every SDK in every place.
pub fn list(places: &Places) -> List {
    let mut list = List::default();
    for (source, root) in places.entries(&names) {
        match examine(&root, None, places.user) {
            Ok(sdk) => list.found.push((source, sdk.version, sdk.root)),
            Err(Reason::Absent) => {}
            Err(reason) => list.refused.push((root, reason)),
        }
    }
    list
}

/// Returns the names in a directory, sorted; empty where there is none.
fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<_> = entries
        .take(LIST_LIMIT)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// An SDK that was looked at and is one.
pub(super) struct Examined {
    pub(super) version: Version,
    pub(super) root: PathBuf,
}

impl Examined {
    fn watch(&self) -> Vec<PathBuf> {
        vec![self.root.join("VERSION"), self.root.join("bin/go")]
    }
}

/// Why a directory is not the SDK that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// There is nothing.
    #[error("not there")]
    Absent,
    /// VERSION is missing, unreadable or not what a release has.
    #[error("its VERSION does not name a Go release")]
    NoVersion,
    /// It is an SDK of another version.
    #[error("holds go{0}")]
    OtherVersion(Version),
    /// `bin/go` is missing, a symbolic link or not executable.
    #[error("its bin/go is not a program")]
    NoProgram,
    /// Somebody else can change it.
    #[error("{} can be changed by others", .0.display())]
    Writable(PathBuf),
    /// The record is not one.
    #[error("its record is damaged: {0}")]
    NoRecord(String),
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// Looks at the directory `root`: is it an SDK, of `wanted` where that is given, which only we and root can change?
pub(super) fn examine(
    root: &Path,
    wanted: Option<&Version>,
    user: u32,
) -> Result<Examined, Reason> {
    let version = read_version(root)?;
    if wanted.is_some_and(|wanted| wanted.as_str() != version.as_str()) {
        return Err(Reason::OtherVersion(version));
    }
    let root = fs::canonicalize(root).map_err(|error| reason(&error))?;
    let bin = root.join("bin");
    let go = bin.join("go");
    let program = fs::symlink_metadata(&go).map_err(|_| Reason::NoProgram)?;
    if !program.is_file() || program.permissions().mode() & 0o111 == 0 {
        return Err(Reason::NoProgram);
    }
    for directory in [&root, &bin] {
        let metadata = fs::metadata(directory).map_err(|error| reason(&error))?;
        only_ours(directory, &metadata, user)?;
    }
    only_ours(&go, &program, user)?;
    Ok(Examined { version, root })
}

fn only_ours(path: &Path, metadata: &fs::Metadata, user: u32) -> Result<(), Reason> {
    let (owner, mode) = (metadata.uid(), metadata.mode());
    // Where each user has a group of that name and number, the umask leaves the group its write bit.
    let own_group = owner == user && metadata.gid() == user;
    let others = if own_group { 0o002 } else { 0o022 };
    if (owner == user || owner == 0) && mode & others == 0 {
        Ok(())
    } else {
        Err(Reason::Writable(path.to_owned()))
    }
}

/// Returns the version in the first line of `root/VERSION`.
pub(super) fn read_version(root: &Path) -> Result<Version, Reason> {
    let path = root.join("VERSION");
    let metadata = fs::metadata(&path).map_err(|error| reason(&error))?;
    // A FIFO would make the prompt wait.
    if !metadata.is_file() {
        return Err(Reason::NoVersion);
    }
    let mut text = Vec::new();
    fs::File::open(&path)
        .and_then(|file| file.take(VERSION_LIMIT).read_to_end(&mut text))
        .map_err(|error| reason(&error))?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| Reason::NoVersion)?;
    if !line.starts_with("go") {
        return Err(Reason::NoVersion);
    }
    Version::read(line).map_err(|_| Reason::NoVersion)
}

fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Reason::Absent,
        _ => Reason::Unreadable(error.to_string()),
    }
}

/// The answer for an SDK that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The version that is wanted.
    pub version: Version,
    /// The candidates, and why each is not it.
    pub looked_at: Vec<(PathBuf, Reason)>,
    /// The versions that are here, in their order.
    pub here: Vec<Version>,
    /// Paths whose change or appearance could bring it.
    pub watch: Vec<PathBuf>,
}

impl Missing {
    /// Returns what to say: the version, what stood in its place, and the nearest that are here.
    pub fn message(&self) -> String {
        let refused = self
            .looked_at
            .iter()
            .find(|(_, reason)| !matches!(reason, Reason::Absent | Reason::OtherVersion(_)));
        if let Some((root, reason)) = refused {
            return format!("go{} at {} is not used: {reason}", self.version, root.display());
        }
        let near = nearest(&self.version, &self.here);
        match near.as_slice() {
            [] => format!("go{} is not installed, and no other Go is", self.version),
            near => {
                let near: Vec<_> = near.iter().map(|version| version.to_string()).collect();
                format!("go{} is not installed (here: {})", self.version, near.join(", "))
            }
        }
    }

    /// Returns the command that mends it.
    pub fn hint(&self) -> String {
        format!("goenv sdk install {}", self.version)
    }
}

/// Returns at most three of the versions `here`: those of the same line first, then the nearest above and below.
pub(super) fn nearest<'a>(wanted: &Version, here: &'a [Version]) -> Vec<&'a Version> {
    let line = wanted.language();
    let mut near: Vec<_> = here.iter().filter(|version| version.language() == line).collect();
    near.reverse();
    let above = here.iter().find(|version| *version > wanted);
    let below = here.iter().rev().find(|version| *version < wanted);
    for version in [above, below].into_iter().flatten() {
        if !near.iter().any(|known| known.as_str() == version.as_str()) {
            near.push(version);
        }
    }
    near.truncate(3);
    near.sort();
    near
}

#[cfg(test)]
mod tests;
