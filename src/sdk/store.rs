#![expect(clippy::disallowed_methods, reason = "keeping seals and records is this file's work")]
//! goenv's store of SDKs on the disk: sealing a tree, its record and its seal, and whether it still is what it was.
//!
//! What is written appears whole or not at all, under one lock for the store. [`health`] is the question that the
//! prompt asks: by `stat` where nothing changed, by reading everything again where something did.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::fcntl::OFlag;

use super::list::recorded;
use super::places::{Places, Platform, Writing};
use super::record::{Record, Stamp};
use super::seal::{Difference, SEAL_LIMIT, Seal};
use super::tree::{self, Cores, Links, TreeError};
use super::{examine, stamp};
use crate::files::{FileProblem, check_owner};
use crate::go::Version;

/// Whether an SDK is what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It has no seal, so nothing is known.
    Unsealed,
    /// It is what it was when it was sealed.
    Sealed,
    /// It is not: these are the differences, at least one.
    Altered(Vec<Difference>),
    /// It cannot be said: the seal is gone or is not the one of the record, or the tree cannot be read.
    Unknown(String),
}

impl Health {
    /// Returns the word that `status --json` and `sdk list` have for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unsealed => "unsealed",
            Self::Sealed => "sealed",
            Self::Altered(_) | Self::Unknown(_) => "altered",
        }
    }

    /// Returns what is wrong, `None` where nothing is.
    pub fn complaint(&self) -> Option<String> {
        match self {
            Self::Unsealed | Self::Sealed => None,
            Self::Unknown(reason) => Some(reason.clone()),
            Self::Altered(differences) => {
                let first = differences.first().map(Difference::to_string).unwrap_or_default();
                Some(match differences.len() {
                    0 | 1 => first,
                    more => format!("{first} (and {} more)", more - 1),
                })
            }
        }
    }
}

/// What goes wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be written or read.
    #[error("cannot {what} {}: {}", path.display(), crate::files::said(source))]
    File {
        /// The verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The tree changed while it was read.
    #[error("{}: {path} changed while it was sealed", root.display())]
    Restless {
        /// The root.
        root: PathBuf,
        /// The path below it.
        path: String,
    },
}

/// Returns an error about a path.
pub(super) fn about<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> StoreError + use<'a> {
    move |source| StoreError::File { what, path: path.to_owned(), source }
}

/// Asks whether the SDK of `record` is what it was.
///
/// Nothing but `stat` where nothing changed. Else the whole tree is read again on `cores`, and if it proves the same
/// (copied, restored, another device number after a reboot), the record learns how it stands now.
pub fn health(record: &Record, places: &Places, cores: Cores) -> Health {
    if stamp::changed(&record.root, &record.stamps).is_none() {
        return Health::Sealed;
    }
    verify(record, places, cores)
}

/// Reads the whole tree of `record` again and compares it with the seal.
pub fn verify(record: &Record, places: &Places, cores: Cores) -> Health {
    let seal = match read_seal(record, places) {
        Ok(seal) => seal,
        Err(reason) => return Health::Unknown(reason),
    };
    let before = stamp::take(&record.root);
    let now = match tree::read(&record.root, links(record, places), cores) {
        Ok(now) => now,
        Err(error) => return Health::Unknown(error.to_string()),
    };
    let differences = seal.differences(&now);
    if !differences.is_empty() {
        // The file may be one that has no stamp: from now on the stamps prove nothing.
        learn(record, Vec::new(), places, cores);
        return Health::Altered(differences);
    }
    if let Ok(stamps) = before
        && stamp::rested(&stamps, now_ns())
        && stamp::changed(&record.root, &stamps).is_none()
    {
        learn(record, stamps, places, cores);
    }
    Health::Sealed
}

/// Keeps how the tree of `record` stands; where the store is not ours to write, the next prompt reads it all again.
fn learn(record: &Record, stamps: Vec<Stamp>, places: &Places, cores: Cores) {
    if places.writing == Writing::Forbidden || stamps == record.stamps {
        return;
    }
    // Reading took its time. Whoever changes the SDKs meanwhile, or did, knows better.
    let Ok(lock) = open_lock(places) else { return };
    let is_ours = match cores {
        // A prompt waits for nobody. What it saw by the stamps the next one sees too.
        Cores::One => lock.try_lock().is_ok(),
        Cores::All => lock.lock().is_ok(),
    };
    let known = Version::read(&record.version).ok();
    let known = known.and_then(|version| examine::read_record(&version, places).ok());
    if is_ours && known.as_ref() == Some(record) {
        let _ = write_record(&Record { stamps, ..record.clone() }, places);
    }
}

/// How links count: not at all in a tree that goenv unpacked.
fn links(record: &Record, places: &Places) -> Links {
    if record.root.starts_with(&places.store) { Links::Refuse } else { Links::Follow }
}

fn read_seal(record: &Record, places: &Places) -> Result<Seal, String> {
    let path = places.seal(&record.version);
    let mut text = String::new();
    // A prompt may be waiting: a FIFO must not make it wait for ever.
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits();
    fs::File::options()
        .read(true)
        .custom_flags(flags)
        .open(&path)
        .and_then(|file| file.take(SEAL_LIMIT).read_to_string(&mut text))
        .map_err(|error| format!("its seal {} cannot be read: {error}", path.display()))?;
    if Seal::digest(&text) != record.seal {
        return Err(format!("its seal {} is not the one of its record", path.display()));
    }
    Seal::read(&text).ok_or_else(|| format!("its seal {} is damaged", path.display()))
}

/// What a tree is, for its record.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// Where it came from, in words.
    pub origin: String,
    /// The digest of the archive that it was unpacked from, in hex.
    pub archive_sha256: Option<String>,
}

/// Reads the tree at `root` and returns its record and the text of its seal; writes nothing.
pub fn seal(root: &Path, links: Links, origin: &Origin) -> Result<(Record, String), StoreError> {
    let stamps = rest(root)?;
    let seal = tree::read(root, links, Cores::All)?;
    if let Some(path) = stamp::changed(root, &stamps) {
        return Err(StoreError::Restless { root: root.to_owned(), path });
    }
    let text = seal.text();
    let (files, bytes) = seal.size();
    let record = Record {
        version: origin.version.to_string(),
        os: origin.platform.os.clone(),
        arch: origin.platform.arch.clone(),
        root: root.to_owned(),
        origin: origin.origin.clone(),
        archive_sha256: origin.archive_sha256.clone(),
        h1: seal.h1(&origin.version, &origin.platform),
        sealed: u64::try_from(now_ns() / 1_000_000_000).unwrap_or_default(),
        files,
        bytes,
        seal: Seal::digest(&text),
        stamps,
    };
    Ok((record, text))
}

/// Returns the stamps of the tree once every file has rested, so that a change from now on shows.
pub(super) fn rest(root: &Path) -> Result<Vec<Stamp>, StoreError> {
    loop {
        let stamps = stamp::take(root).map_err(about("read", root))?;
        if stamp::rested(&stamps, now_ns()) {
            return Ok(stamps);
        }
        let future = stamps.iter().map(|stamp| stamp.ctime).max().unwrap_or_default() - now_ns();
        if future > 1_000_000_000 {
            let path = "a file from the future".to_owned();
            return Err(StoreError::Restless { root: root.to_owned(), path });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Writes the seal, then the record that names it.
pub fn write(record: &Record, seal: &str, places: &Places) -> Result<(), StoreError> {
    write_whole(&places.seal(&record.version), seal.as_bytes())?;
    write_record(record, places)
}

pub(super) fn write_record(record: &Record, places: &Places) -> Result<(), StoreError> {
    write_whole(&places.record(&record.version), &record.bytes())
}

/// Writes a file so that it appears whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let failed = about("write", path);
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new()
        .prefix(".tmp-")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)
        .map_err(&failed)?;
    file.write_all(bytes).map_err(&failed)?;
    file.as_file().sync_all().map_err(&failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The store, locked: whoever holds it is the only one that installs, adopts or removes.
#[derive(Debug)]
pub struct Lock {
    _file: fs::File,
}

/// Makes the store where there is none and locks it, waiting for whoever holds it.
pub fn lock(places: &Places) -> Result<Lock, StoreError> {
    let store = &places.store;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(store)
        .map_err(about("create", store))?;
    let path = store.join(".lock");
    let failed = about("lock", &path);
    let file = open_lock(places).map_err(&failed)?;
    file.lock().map_err(&failed)?;
    Ok(Lock { _file: file })
}

fn open_lock(places: &Places) -> io::Result<fs::File> {
    let path = places.store.join(".lock");
    fs::File::options().create(true).truncate(false).write(true).open(path)
}

/// Returns whether somebody holds the lock just now, so that whoever takes it will wait.
pub fn is_busy(places: &Places) -> bool {
    let lock = fs::File::options().write(true).open(places.store.join(".lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Removes what a killed run left: temporary files and half-removed trees. Needs the lock.
pub fn sweep(places: &Places, _lock: &Lock) {
    let Ok(entries) = fs::read_dir(&places.store) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(".tmp-")) {
            let _ = remove_any(&entry.path());
        }
    }
}

/// Removes a tree even where its directories are read-only.
pub(super) fn remove_any(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return fs::remove_file(path);
    }
    make_writable(path, 0)?;
    fs::remove_dir_all(path)
}

fn make_writable(directory: &Path, depth: usize) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if metadata.mode() & 0o700 != 0o700 {
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    }
    if depth > tree::DEPTH_LIMIT {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_writable(&entry.path(), depth + 1)?;
        }
    }
    Ok(())
}

/// A tree that was adopted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its record.
    pub record: Record,
    /// The records of the same root, as it was before: they are removed.
    pub replaced: Vec<Record>,
}

/// Adopts the tree at `root` where it lies: seals it and keeps its record, in place of one that the root had when it
/// held another version.
pub fn adopt(root: &Path, places: &Places) -> Result<Adopted, AdoptError> {
    let no_sdk = |reason| AdoptError::NoSdk { root: root.to_owned(), reason };
    let examined = examine::examine(root, None, places.user);
    let examined = examined.map_err(|reason| no_sdk(reason.to_string()))?;
    if let Some(other) = other_platform(&examined.root, &places.platform) {
        return Err(no_sdk(format!("it is for {other}, and this is {}", places.platform)));
    }
    let origin = Origin {
        version: examined.version,
        platform: places.platform.clone(),
        origin: examined.root.display().to_string(),
        archive_sha256: None,
    };
    let lock = lock(places)?;
    sweep(places, &lock);
    let stored = places.stored(&origin.version);
    if fs::symlink_metadata(&stored).is_ok() && examined.root != stored {
        return Err(AdoptError::Stored { version: origin.version, root: stored });
    }
    let (record, text) = seal(&examined.root, Links::Follow, &origin)?;
    // A change of the compiler by somebody else is nothing to notice later: nobody else is to make one.
    if let Some(problem) = changeable(&record.root, &text, places.user) {
        return Err(AdoptError::Changeable { root: record.root, problem });
    }
    write(&record, &text, places)?;
    let replaced: Vec<_> = recorded(places)
        .iter()
        .filter_map(|version| examine::read_record(version, places).ok())
        .filter(|old| old.root == record.root && old.version != record.version)
        .collect();
    for old in &replaced {
        forget(&old.version, places)?;
    }
    Ok(Adopted { record, replaced })
}

/// Returns the first entry of a tree that somebody else than `user` and root can change.
fn changeable(root: &Path, seal: &str, user: u32) -> Option<FileProblem> {
    let seal = Seal::read(seal)?;
    seal.entries().iter().find_map(|entry| {
        let path = root.join(&entry.path);
        let metadata = fs::metadata(&path).ok()?;
        check_owner(&path, &metadata, user).err()
    })
}

/// Returns the platform that a tree is for, by its tools, where it is another one.
fn other_platform(root: &Path, platform: &Platform) -> Option<Platform> {
    let entries = fs::read_dir(root.join("pkg/tool")).ok()?;
    let read = |entry: fs::DirEntry| {
        Platform::parse(&entry.file_name().into_string().ok()?.replacen('_', "/", 1))
    };
    let mut platforms: Vec<_> = entries.flatten().filter_map(read).collect();
    platforms.sort();
    let is_ours = platforms.contains(platform);
    platforms.into_iter().next().filter(|_| !is_ours)
}

/// Removes the record and the seal of a version.
fn forget(version: &str, places: &Places) -> Result<(), StoreError> {
    for path in [places.record(version), places.seal(version)] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(about("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Why a tree was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// It is not an SDK.
    #[error("{} is no Go SDK that can be adopted: {reason}", root.display())]
    NoSdk {
        /// The directory.
        root: PathBuf,
        /// Why.
        reason: String,
    },
    /// goenv has unpacked that version itself.
    #[error("go{version} is in the store already, at {}", root.display())]
    Stored {
        /// The version.
        version: Version,
        /// Its root.
        root: PathBuf,
    },
    /// Others can change what it holds.
    #[error("{} is no Go SDK that can be adopted: {problem}", root.display())]
    Changeable {
        /// The directory.
        root: PathBuf,
        /// What others can change.
        problem: FileProblem,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes what the store has of `version`: its tree (an adopted one stays where it is), seal and record.
///
/// Returns the path of the tree that was removed, or of the adopted one that is forgotten; `None` if there was none.
pub fn remove(version: &Version, places: &Places) -> Result<Option<PathBuf>, StoreError> {
    let lock = lock(places)?;
    let stored = places.stored(version);
    let record = places.record(version.as_str());
    let has_record = fs::symlink_metadata(&record).is_ok();
    let adopted = match examine::read_record(version, places) {
        Ok(record) => Some(record.root),
        // One that is damaged does not say where the SDK lies, and has to go all the same.
        Err(_) => has_record.then_some(record),
    };
    forget(version.as_str(), places)?;
    let removed = if fs::symlink_metadata(&stored).is_ok() {
        // Out of the way first: whoever looks finds the whole tree or none.
        let away = places.store.join(format!(".tmp-removed-{version}"));
        let _ = remove_any(&away);
        fs::rename(&stored, &away).map_err(about("remove", &stored))?;
        remove_any(&away).map_err(about("remove", &away))?;
        Some(stored)
    } else {
        adopted
    };
    sweep(places, &lock);
    Ok(removed)
}
