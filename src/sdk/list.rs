#![expect(
    clippy::disallowed_methods,
    reason = "listing the places where SDKs lie is this file's work"
)]
//! Lists every SDK in every place.
//!
//! For `sdk list`, which looks at many on two cores; and for a version that is not here or names a whole line, where a
//! prompt may be waiting, which starts no thread and takes names at their word. There may be a thousand, so an entry is
//! looked at by its name in the directory that is open, and nothing is copied of one that is none.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use nix::dir::{self, Dir, Type};
use nix::fcntl::AtFlags;
use nix::libc;
use nix::sys::stat::fstatat;

use super::examine::{Examined, examine_real};
use super::places::{Named, Naming, Place, Places, Source};
use super::realpath::RealPaths;
use crate::go::Version;

/// The most entries of one place that are listed.
const LIMIT: usize = 10_000;

/// From how many entries on a second thread pays; a third would take as long to start as it saves.
const MANY: usize = 64;

/// An SDK that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Who put it there.
    pub source: Source,
    /// Its version.
    pub version: Version,
    /// Its root, without symbolic links.
    pub root: PathBuf,
    /// How many places come before its own.
    place: usize,
}

impl Listed {
    fn order(&self, other: &Self) -> Ordering {
        let (left, right) = ((self.place, &self.root), (other.place, &other.root));
        self.version.cmp(&other.version).then_with(|| left.cmp(&right))
    }
}

/// Returns every SDK in every place, sorted by version and then in the order of the places.
///
/// Where the name of a directory says the version and there is a `bin/go`, it is taken at its word: whoever uses the
/// SDK looks again.
pub fn list(places: &Places) -> Vec<Listed> {
    let dashed = places.platform.dashed();
    let shelves: Vec<Shelf> = (0..).zip(places.all()).filter_map(Shelf::open).collect();
    let mut entries: Vec<_> = shelves.iter().flat_map(Shelf::entries).collect();
    let of = |share: &mut [Entry<'_>]| {
        // Names compare fast, and are nearly in the order of their versions.
        share.sort_unstable_by(|a, b| a.name.cmp(b.name));
        let mut eye = Eye::new(places, &dashed);
        let mut listed = Vec::with_capacity(share.len());
        listed.extend(share.iter().filter_map(|entry| eye.see(entry)));
        listed
    };
    let mut listed = if entries.len() >= MANY {
        let half = entries.len() / 2;
        let (first, second) = entries.split_at_mut(half);
        let second = Mutex::new(Some(second));
        let rest = || {
            let share = second.lock().ok().and_then(|mut share| share.take());
            share.map(of).unwrap_or_default()
        };
        thread::scope(|scope| {
            let helper = thread::Builder::new().spawn_scoped(scope, rest);
            let mut listed = of(first);
            listed.extend(match helper.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(second)) => second,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // Where there can be no more threads this one does all the work.
                Err(_) => rest(),
            });
            listed
        })
    } else {
        of(&mut entries)
    };
    listed.sort_by(Listed::order);
    listed
}

/// Returns the versions that are here by the names of directories and records, each once, in their order.
///
/// Whether one is an SDK is seen when it is looked at; what has no version in its name is looked at now.
pub fn versions(places: &Places) -> Vec<Version> {
    let dashed = places.platform.dashed();
    let shelves: Vec<Shelf> = (0..).zip(places.all()).filter_map(Shelf::open).collect();
    let mut eye = Eye::new(places, &dashed);
    let mut versions = recorded(places);
    for entry in shelves.iter().flat_map(Shelf::entries) {
        match entry.shelf.place.naming.read(entry.name, &dashed) {
            Named::None => {}
            Named::Version(version) => versions.push(version),
            Named::Some => versions.extend(eye.see(&entry).map(|sdk| sdk.version)),
        }
    }
    sort(&mut versions);
    versions
}

/// Puts versions in their order, each once.
pub(super) fn sort(versions: &mut Vec<Version>) {
    // Versions that differ in a suffix alone are equal by order: the newest is then Go's own, and nobody's build of it.
    versions.sort_by(|a, b| a.cmp(b).then_with(|| b.as_str().cmp(a.as_str())));
    versions.dedup_by(|a, b| a.as_str() == b.as_str());
}

/// A place whose directory is there, and what is in it.
struct Shelf {
    /// How many places come before it.
    rank: usize,
    place: Place,
    /// Where it was listed: the open directory, and its path without symbolic links. A fixed name needs no listing,
    /// and its directory may be large.
    listed: Option<(File, PathBuf)>,
    /// The entries, in no order, and whether each is known to be a directory and no link.
    names: Vec<(String, bool)>,
}

impl Shelf {
    fn open((rank, place): (usize, Place)) -> Option<Self> {
        if let Naming::Fixed(name) = place.naming {
            return Some(Self { rank, place, listed: None, names: vec![(name.to_owned(), false)] });
        }
        // Most places are not there: that costs one call.
        let directory = File::open(&place.directory).ok()?;
        let names = names(&directory);
        let path = fs::canonicalize(&place.directory).ok()?;
        Some(Self { rank, place, listed: Some((directory, path)), names })
    }

    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let names = self.names.iter();
        names.map(move |(name, is_directory)| Entry {
            shelf: self,
            name,
            is_directory: *is_directory,
        })
    }

    /// Returns the path of the SDK that `name` may be; it may hold symbolic links.
    fn path(&self, name: &str) -> PathBuf {
        let directory = self.listed.as_ref().map_or(&self.place.directory, |(_, path)| path);
        // One allocation and not four.
        let mut path = PathBuf::with_capacity(directory.as_os_str().len() + name.len() + 16);
        path.push(directory);
        path.push(name);
        if !self.place.below.is_empty() {
            path.push(self.place.below);
        }
        path
    }
}

/// An entry of a place, which may be an SDK.
struct Entry<'a> {
    shelf: &'a Shelf,
    name: &'a str,
    /// Whether it is a directory and no link.
    is_directory: bool,
}

/// Whoever looks at entries, and what it keeps from one to the next.
struct Eye<'a> {
    user: u32,
    /// The platform, as names have it.
    dashed: &'a str,
    real: RealPaths,
    below: String,
}

impl<'a> Eye<'a> {
    fn new(places: &Places, dashed: &'a str) -> Self {
        let (real, below) = (RealPaths::default(), String::new());
        Self { user: places.user, dashed, real, below }
    }

    /// Returns the SDK that an entry is, if it is one.
    fn see(&mut self, entry: &Entry<'_>) -> Option<Listed> {
        let Entry { shelf: Shelf { rank, place, listed, .. }, name, is_directory } = *entry;
        let named = match place.naming.read(name, self.dashed) {
            Named::None => return None,
            Named::Some => None,
            Named::Version(version) => Some(version),
        };
        let (source, root) = (place.source, entry.shelf.path(name));
        // Its path holds no symbolic link then.
        let is_real = is_directory && listed.is_some() && place.below.is_empty();
        if let (true, Some(version), Some((directory, _))) = (is_real, named, listed) {
            // Without a program it is no SDK, however closely one looks.
            let has_program = self.has_program(directory, name);
            return has_program.then_some(Listed { source, version, root, place: *rank });
        }
        let root = if is_real { root } else { self.real.of(&root).ok()? };
        let Examined { version, root, .. } = examine_real(root, None, self.user).ok()?;
        Some(Listed { source, version, root, place: *rank })
    }

    /// Returns whether `bin/go` below an entry is a regular file.
    fn has_program(&mut self, directory: &File, name: &str) -> bool {
        self.below.clear();
        self.below.push_str(name);
        self.below.push_str("/bin/go");
        fstatat(directory, self.below.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .is_ok_and(|go| go.st_mode & libc::S_IFMT == libc::S_IFREG)
    }
}

/// Returns the names in a directory, in no order, and whether each is known to be a directory and no link; nothing
/// where it is no directory.
fn names(directory: &File) -> Vec<(String, bool)> {
    let opened = directory.try_clone().ok().and_then(|copy| Dir::from_fd(copy.into()).ok());
    let Some(mut opened) = opened else { return Vec::new() };
    let name = |entry: dir::Entry| {
        let name = entry.file_name().to_str().ok()?;
        let is_directory = entry.file_type() == Some(Type::Directory);
        (!matches!(name, "." | "..")).then(|| (name.to_owned(), is_directory))
    };
    opened.iter().take(LIMIT).flatten().filter_map(name).collect()
}

/// Returns the versions of which the store has a record, in the order of their names.
pub fn recorded(places: &Places) -> Vec<Version> {
    let Ok(store) = File::open(&places.store) else { return Vec::new() };
    let mut names = names(&store);
    names.sort_unstable();
    let suffix = format!(".{}.json", places.platform.dashed());
    names
        .iter()
        .filter_map(|(name, _)| Version::read(name.strip_suffix(&suffix)?.strip_prefix("go")?).ok())
        .collect()
}
