#![expect(
    clippy::disallowed_methods,
    reason = "looking at what lies at a root is this file's work"
)]
//! Judges one directory: is it an SDK, of the version that is wanted, which nobody but root and this user can change?
//!
//! Its VERSION must name exactly the version, `bin/go` must be a regular program, and root, `bin` and `bin/go` must
//! not be writable by others. A handful of system calls; never runs anything.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::places::Places;
use super::realpath;
use super::record::{RECORD_LIMIT, Record};
use crate::files::check_owner;
use crate::go::Version;

/// The most that is read of a VERSION file, whose first line is the version.
const VERSION_LIMIT: usize = 256;

/// An SDK that was looked at and is one.
pub(super) struct Examined {
    pub(super) version: Version,
    pub(super) root: PathBuf,
    /// Files of it whose change matters, with what stood there.
    pub(super) seen: Vec<Seen>,
}

/// A path that was looked at, with what stood there; `None` where that has to be asked again.
pub type Seen = (PathBuf, Option<fs::Metadata>);

impl Examined {
    /// Returns an SDK whose files were not looked at one by one.
    pub(super) fn unseen(version: Version, root: PathBuf) -> Self {
        let seen = vec![(root.join("VERSION"), None), (root.join("bin/go"), None)];
        Self { version, root, seen }
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
    let root = realpath::directory(root).map_err(|error| reason(&error))?;
    examine_real(root, wanted, user)
}

/// As [`examine`], for a root that has no symbolic links.
pub(super) fn examine_real(
    root: PathBuf,
    wanted: Option<&Version>,
    user: u32,
) -> Result<Examined, Reason> {
    let (version, version_file) = look_at_version(&root)?;
    if wanted.is_some_and(|wanted| wanted.as_str() != version.as_str()) {
        return Err(Reason::OtherVersion(version));
    }
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
    let seen = vec![(root.join("VERSION"), version_file), (go, Some(program))];
    Ok(Examined { version, root, seen })
}

fn only_ours(path: &Path, metadata: &fs::Metadata, user: u32) -> Result<(), Reason> {
    check_owner(path, metadata, user).map_err(|_| Reason::Writable(path.to_owned()))
}

/// Returns the version in the first line of `root/VERSION`.
pub(super) fn read_version(root: &Path) -> Result<Version, Reason> {
    look_at_version(root).map(|(version, _)| version)
}

/// Returns the version and what stands at `root/VERSION`; of a link, which is as old as the younger of itself and
/// its target, that is left to be asked.
fn look_at_version(root: &Path) -> Result<(Version, Option<fs::Metadata>), Reason> {
    let path = root.join("VERSION");
    // Opened so that a FIFO does not make the prompt wait.
    let open = |flags: OFlag| {
        fs::File::options().read(true).custom_flags((OFlag::O_NONBLOCK | flags).bits()).open(&path)
    };
    let (mut file, is_link) = match open(OFlag::O_NOFOLLOW) {
        Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => {
            (open(OFlag::empty()).map_err(|error| reason(&error))?, true)
        }
        opened => (opened.map_err(|error| reason(&error))?, false),
    };
    let metadata = if is_link { None } else { file.metadata().ok() };
    // One read is enough for the first line of a file of two lines.
    let mut text = [0; VERSION_LIMIT];
    let count = file.read(&mut text).map_err(|_| Reason::NoVersion)?;
    let text = text.get(..count).unwrap_or_default();
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| Reason::NoVersion)?;
    if !line.starts_with("go") {
        return Err(Reason::NoVersion);
    }
    let version = Version::read(line).map_err(|_| Reason::NoVersion)?;
    Ok((version, metadata))
}

fn reason(error: &io::Error) -> Reason {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Reason::Absent,
        _ => Reason::Unreadable(error.to_string()),
    }
}

/// Returns the version that the root of `record` holds now, where it is another one: it was upgraded in place.
pub fn other_version(record: &Record) -> Option<Version> {
    read_version(&record.root).ok().filter(|now| now.as_str() != record.version)
}

/// Reads what goenv knows of `version`.
pub fn read_record(version: &Version, places: &Places) -> Result<Record, Reason> {
    read_record_at(&places.record(version.as_str()), version, places).map(|(record, _)| record)
}

/// Reads it at the path where it is, and returns what stood there.
pub(super) fn read_record_at(
    path: &Path,
    version: &Version,
    places: &Places,
) -> Result<(Record, fs::Metadata), Reason> {
    let irregular = || Reason::NoRecord("it is not a regular file".to_owned());
    let opened = fs::File::options()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW).bits())
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.raw_os_error() == Some(Errno::ELOOP as i32) => return Err(irregular()),
        Err(error) => return Err(reason(&error)),
    };
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err(irregular());
    }
    only_ours(path, &metadata, places.user)?;
    // Room for all of it and one byte more, so that one call reads it and none looks for the end.
    let size = metadata.len().min(RECORD_LIMIT);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.take(size).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    let record = Record::read(&bytes, version, &places.platform);
    record.map(|record| (record, metadata)).map_err(|error| Reason::NoRecord(error.0))
}
