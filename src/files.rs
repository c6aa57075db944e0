//! The file system: the one place that opens, reads, looks at and writes files.
//!
//! Reading never blocks and never follows a final symbolic link: what is read is a regular file of bounded size,
//! opened once, that only its owner (the user or root) can change. Writing is whole or not at all. Every problem
//! names its path. Rules: docs/security.md, section "Files".

#![expect(clippy::disallowed_methods, reason = "this is the one place that touches files")]

mod data;

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;

use crate::env::Bytes;
use crate::env::state::{Stamp, Watch};
use crate::env::undo::Fingerprint;
use crate::limit;

pub use data::Data;

/// The largest policy text, as the language's limits say.
pub const POLICY_LIMIT: u64 = 1024 * 1024;

/// Why a file was not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// It is a symbolic link.
    #[error("{path} is a symbolic link, and a policy is read only from a regular file", path = shown(.0))]
    Link(PathBuf),
    /// It is a directory, FIFO, socket or device.
    #[error("{path} is {kind}, not a regular file", path = shown(.0), kind = .1)]
    Irregular(PathBuf, &'static str),
    /// It is larger than goenv reads.
    #[error("{path} is larger than {limit} bytes", path = shown(.0), limit = .1)]
    TooLarge(PathBuf, u64),
    /// It belongs to somebody else.
    #[error("{path} belongs to user {owner}, not to you or root", path = shown(.0), owner = .1)]
    Foreign(PathBuf, u32),
    /// Others can write it.
    #[error("{path} can be written by others (mode {mode:04o})", path = shown(.0), mode = .1)]
    Writable(PathBuf, u32),
    /// There is no such file or directory.
    #[error("{path} does not exist", path = shown(.0))]
    Missing(PathBuf),
    /// It changed while it was read.
    #[error("{path} changed while it was read", path = shown(.0))]
    Changed(PathBuf),
    /// The system said no.
    #[error("{path}: {what}", path = shown(.0), what = .1)]
    System(PathBuf, String),
}

fn shown(path: &Path) -> String {
    crate::ui::safe_path(path)
}

/// Returns the system's own words for an error, without the "(os error 13)" that helps nobody at a prompt.
pub fn said(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// Returns the path of a file beside another one, whose name has a suffix more.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(suffix);
    longer.into()
}

impl FileProblem {
    /// Returns the problem for what the system said.
    pub fn system(path: &Path, error: &std::io::Error) -> Self {
        Self::System(path.to_path_buf(), said(error))
    }

    /// Returns a command that mends it, or what else to do.
    pub fn hint(&self) -> Option<String> {
        let quoted = |path: &Path| crate::shell::quote_path(path);
        match self {
            Self::Link(path) if fs::metadata(path).is_err() => {
                Some(format!("it leads to nothing that can be read; run: rm {}", quoted(path)))
            }
            Self::Link(path) => {
                let (link, copy) = (quoted(path), quoted(&with_suffix(path, ".copy")));
                Some(format!("put a copy in its place: cp {link} {copy} && mv {copy} {link}"))
            }
            // USER may be unset, as in a container, or another's, as under `sudo -E`; and only root gives files away.
            Self::Foreign(path, _) => {
                let uid = nix::unistd::geteuid();
                let sudo = if uid.is_root() { "" } else { "sudo " };
                Some(format!("run: {sudo}chown {uid} {}", quoted(path)))
            }
            Self::Writable(path, _) => {
                let uid = nix::unistd::geteuid();
                let is_ours = uid.is_root() || owner(path) == Some(uid.as_raw());
                let sudo = if is_ours { "" } else { "sudo " };
                Some(format!("run: {sudo}chmod go-w {}", quoted(path)))
            }
            Self::Changed(_) => Some("run the command again".to_owned()),
            Self::Irregular(..) | Self::TooLarge(..) | Self::System(..) | Self::Missing(_) => None,
        }
    }
}

/// A file as it was read: the bytes that are hashed, verified, parsed and applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Where it was read.
    pub path: PathBuf,
    /// What it held.
    pub bytes: Bytes,
    /// What it was when it was read.
    pub stamp: Stamp,
}

/// Reads a file that decides something, checking that only `uid` or root can change it and every directory above.
///
/// Returns `None` where there is no such file.
pub fn read_guarded(
    path: &Path,
    limit: u64,
    uid: u32,
    now: Duration,
) -> Result<Option<Text>, FileProblem> {
    read_checked(path, limit, uid, now, &mut Checked::default())
}

/// Reads such a file; the directories above it that are `checked` already are not looked at again.
pub fn read_checked(
    path: &Path,
    limit: u64,
    uid: u32,
    now: Duration,
    checked: &mut Checked,
) -> Result<Option<Text>, FileProblem> {
    let mut bytes = Vec::new();
    let read = guarded(path, uid, now, checked, |file, metadata| {
        bytes = read_bounded(path, file, metadata, limit)?;
        Ok(())
    });
    Ok(read?.map(|stamp| Text { path: path.to_path_buf(), bytes, stamp }))
}

/// The size of the pieces that a large file is read in.
const PIECE: usize = 64 * 1024;

/// Reads such a file in pieces, without holding it in memory: `see` gets each. Returns what it was when it was read.
pub fn scan_checked(
    path: &Path,
    limit: u64,
    uid: u32,
    now: Duration,
    checked: &mut Checked,
    mut see: impl FnMut(&[u8]),
) -> Result<Option<Stamp>, FileProblem> {
    guarded(path, uid, now, checked, |file, metadata| scan(path, file, metadata, limit, &mut see))
}

/// Reads an open file in pieces, from where it stands to its end.
fn scan(
    path: &Path,
    file: &File,
    metadata: &Metadata,
    limit: u64,
    mut see: impl FnMut(&[u8]),
) -> Result<(), FileProblem> {
    // No larger than the file: fresh memory costs more than reading it.
    let size = usize::try_from(metadata.size()).unwrap_or(PIECE);
    let mut buffer = vec![0; size.saturating_add(1).min(PIECE)];
    let mut file = file.take(extent(metadata, limit));
    let mut total = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(FileProblem::system(path, &error)),
        };
        total += read as u64;
        if total > limit {
            return Err(FileProblem::TooLarge(path.to_path_buf(), limit));
        }
        see(buffer.get(..read).unwrap_or_default());
    }
}

/// Opens a file that decides something, has it read, and makes sure that it stayed the same meanwhile.
fn guarded(
    path: &Path,
    uid: u32,
    now: Duration,
    checked: &mut Checked,
    read: impl FnOnce(&File, &Metadata) -> Result<(), FileProblem>,
) -> Result<Option<Stamp>, FileProblem> {
    let Some((file, before)) = open(path)? else { return Ok(None) };
    check_owner(path, &before, uid)?;
    checked.ancestors(path, uid)?;
    read(&file, &before)?;
    unchanged(path, &file, &before).map(|after| Some(stamp_of(&after, now)))
}

/// Makes sure that an open file is what it was before it was read, and returns what it is.
fn unchanged(path: &Path, file: &File, before: &Metadata) -> Result<Metadata, FileProblem> {
    let after = file.metadata().map_err(|error| FileProblem::system(path, &error))?;
    if digest(before) != digest(&after) {
        return Err(FileProblem::Changed(path.to_path_buf()));
    }
    Ok(after)
}

/// Reads a regular file that is only data: bounded, not blocking, links followed. `None` where there is none.
pub fn read_data(path: &Path, limit: u64) -> Result<Option<Bytes>, FileProblem> {
    match open_data(path)? {
        Some((file, metadata)) => read_bounded(path, &file, &metadata, limit).map(Some),
        None => Ok(None),
    }
}

/// Opens a regular file that is only data, links followed.
fn open_data(path: &Path) -> Result<Option<(File, Metadata)>, FileProblem> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    opened(path, OpenOptions::new().read(true).custom_flags(flags).open(path))
}

fn open(path: &Path) -> Result<Option<(File, Metadata)>, FileProblem> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            Err(FileProblem::Link(path.to_path_buf()))
        }
        result => opened(path, result),
    }
}

/// Returns what was opened if it is a regular file, `None` if there is nothing.
fn opened(
    path: &Path,
    opened: std::io::Result<File>,
) -> Result<Option<(File, Metadata)>, FileProblem> {
    let file = match opened {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => {
            // A socket cannot be opened at all; say what it is and not "no such device or address".
            if let Ok(metadata) = fs::metadata(path) {
                check_regular(path, &metadata)?;
            }
            return Err(FileProblem::system(path, &error));
        }
    };
    let metadata = file.metadata().map_err(|error| FileProblem::system(path, &error))?;
    check_regular(path, &metadata)?;
    Ok(Some((file, metadata)))
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn read_bounded(
    path: &Path,
    file: &File,
    metadata: &Metadata,
    limit: u64,
) -> Result<Bytes, FileProblem> {
    // Room for the whole file and one byte more, so that one call reads it and none looks for the end.
    let size = usize::try_from(metadata.size().min(limit)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    let read = file.take(extent(metadata, limit)).read_to_end(&mut bytes);
    read.map_err(|error| FileProblem::system(path, &error))?;
    if bytes.len() as u64 > limit {
        return Err(FileProblem::TooLarge(path.to_path_buf(), limit));
    }
    Ok(bytes)
}

/// Returns how much to read of a file, at most one byte more than is allowed: what it held when it was opened, or all
/// that comes where that is not told, as of files of the kernel.
fn extent(metadata: &Metadata, limit: u64) -> u64 {
    match metadata.size() {
        0 => limit.saturating_add(1),
        size => size.min(limit.saturating_add(1)),
    }
}

fn check_regular(path: &Path, metadata: &Metadata) -> Result<(), FileProblem> {
    let kind = metadata.file_type();
    let what = match () {
        () if kind.is_file() => return Ok(()),
        () if kind.is_symlink() => return Err(FileProblem::Link(path.to_path_buf())),
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () => "a device",
    };
    Err(FileProblem::Irregular(path.to_path_buf(), what))
}

/// Checks that nobody but `uid` and root can change what stands at `path`.
pub(crate) fn check_owner(path: &Path, metadata: &Metadata, uid: u32) -> Result<(), FileProblem> {
    if metadata.uid() != uid && metadata.uid() != 0 {
        return Err(FileProblem::Foreign(path.to_path_buf(), metadata.uid()));
    }
    let mode = metadata.mode() & 0o7777;
    // Where each user has a group of that number, the umask leaves the group its write bit. Root's is no such: containers
    // run users in it.
    let own_group = metadata.uid() == uid && metadata.gid() == uid && uid != 0;
    let others = if own_group { 0o002 } else { 0o022 };
    if mode & others != 0 {
        return Err(FileProblem::Writable(path.to_path_buf(), mode));
    }
    Ok(())
}

/// What a directory above a file is asked.
type Check = fn(&Path, &Metadata, u32) -> Result<(), FileProblem>;

/// Checks that no stranger can change what stands at `path`. A group may, as Debian lets `staff` write `/usr/local`.
fn check_strangers(path: &Path, metadata: &Metadata, uid: u32) -> Result<(), FileProblem> {
    if metadata.mode() & 0o002 != 0 {
        return Err(FileProblem::Writable(path.to_path_buf(), metadata.mode() & 0o7777));
    }
    if metadata.uid() != uid && metadata.uid() != 0 {
        return Err(FileProblem::Foreign(path.to_path_buf(), metadata.uid()));
    }
    Ok(())
}

/// How many links may lead from one to another on the way to a file; Linux follows 40.
const LINKS: usize = 40;

/// Directories that nobody but a user and root can change, nor any above them: each is looked at once.
#[derive(Debug, Default)]
pub struct Checked(Vec<(u32, PathBuf)>);

impl Checked {
    /// Checks that nobody but `uid` and root can put another file in the place of `path`. A directory that others
    /// can write is fine if it is root's and sticky (`/tmp`) and what stands in it is ours.
    ///
    /// # Errors
    /// If somebody else can.
    pub fn ancestors(&mut self, path: &Path, uid: u32) -> Result<(), FileProblem> {
        let (mut new, mut links) = (Vec::new(), LINKS);
        self.above(path, uid, check_owner, &mut links, &mut new)?;
        self.0.append(&mut new);
        Ok(())
    }

    /// Checks that only `uid` and root can put files into a directory, or make it where there is none, and that no
    /// stranger can put another in its place.
    ///
    /// # Errors
    /// If somebody else can.
    pub fn place(&self, directory: &Path, uid: u32) -> Result<(), FileProblem> {
        let mut above = directory.ancestors();
        let found = above.find_map(|path| Some((path, fs::symlink_metadata(path).ok()?)));
        let Some((there, metadata)) = found else { return Ok(()) };
        let is_link = metadata.is_symlink();
        let followed = if is_link { fs::metadata(there).ok() } else { Some(metadata) };
        match &followed {
            Some(metadata) if there == directory => check_owner(there, metadata, uid)?,
            // Who can write this one can make the next.
            Some(metadata) => check_strangers(there, metadata, uid)?,
            // A link that leads nowhere adds nothing.
            None if there == directory => {}
            None => return Err(FileProblem::system(there, &std::io::ErrorKind::NotFound.into())),
        }
        // Of a link whose it is, and what it leads to, is asked as well.
        let below = there.join("x");
        let path = if is_link && followed.is_some() { &below } else { there };
        let (mut new, mut links) = (Vec::new(), LINKS);
        self.above(path, uid, check_strangers, &mut links, &mut new)
    }

    fn above(
        &self,
        path: &Path,
        uid: u32,
        check: Check,
        links: &mut usize,
        new: &mut Vec<(u32, PathBuf)>,
    ) -> Result<(), FileProblem> {
        for directory in path.ancestors().skip(1) {
            // Compared as text: going through the components costs more than looking again.
            let is_it = |(of, known): &(u32, PathBuf)| {
                *of == uid && known.as_os_str() == directory.as_os_str()
            };
            if self.0.iter().any(is_it) {
                break;
            }
            let problem = |error: std::io::Error| FileProblem::system(directory, &error);
            let metadata = fs::symlink_metadata(directory).map_err(problem)?;
            if metadata.is_symlink() {
                // The mode of a link says nothing; whose it is does, and where it leads.
                if metadata.uid() != uid && metadata.uid() != 0 {
                    return Err(FileProblem::Foreign(directory.to_path_buf(), metadata.uid()));
                }
                *links = links.checked_sub(1).ok_or_else(|| {
                    FileProblem::System(directory.to_path_buf(), "too many links".to_owned())
                })?;
                let target = fs::read_link(directory).map_err(problem)?;
                let target = directory.parent().unwrap_or(directory).join(target);
                self.above(&target.join("x"), uid, check, links, new)?;
            } else if metadata.uid() != 0 || metadata.mode() & 0o1000 == 0 {
                check(directory, &metadata, uid)?;
            }
            new.push((uid, directory.to_path_buf()));
        }
        Ok(())
    }
}

/// Checks that only `uid` and root can put files into a directory; one that does not exist is fine.
///
/// # Errors
/// If somebody else can.
pub fn check_directory(directory: &Path, uid: u32) -> Result<(), FileProblem> {
    match fs::metadata(directory) {
        Ok(metadata) => check_owner(directory, &metadata, uid),
        Err(_) => Ok(()),
    }
}

/// Returns what stands at `path`, to be compared with a stamp taken earlier.
pub fn stamp(path: &Path) -> Stamp {
    look(path).map_or(Stamp::ABSENT, |metadata| digest(&metadata))
}

/// Returns what stands at `path`, to be compared with later; racy if it changed within the clock's granularity.
pub fn fresh_stamp(path: &Path, now: Duration) -> Stamp {
    look(path).map_or(Stamp::ABSENT, |metadata| stamp_of(&metadata, now))
}

/// Returns the first watch whose path is not what it was.
pub fn first_changed(watches: &[Watch]) -> Option<&Path> {
    watches.iter().find(|watch| stamp(&watch.path) != watch.stamp).map(|watch| watch.path.as_path())
}

/// Returns what stands at a path; of a link and its target the one that changed last, so that a change of either shows.
fn look(path: &Path) -> Option<Metadata> {
    let metadata = fs::symlink_metadata(path).ok()?;
    if !metadata.is_symlink() {
        return Some(metadata);
    }
    match fs::metadata(path) {
        Ok(target) if target.ctime() >= metadata.ctime() => Some(target),
        _ => Some(metadata),
    }
}

fn digest(metadata: &Metadata) -> Stamp {
    let mut numbers = [0_u8; 56];
    let parts = [
        metadata.dev(),
        metadata.ino(),
        metadata.size(),
        metadata.mtime() as u64,
        metadata.mtime_nsec() as u64,
        metadata.ctime() as u64,
        metadata.ctime_nsec() as u64,
    ];
    for (place, part) in numbers.chunks_exact_mut(8).zip(parts) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    // The two lowest numbers have a meaning of their own.
    Stamp(Fingerprint::of(&numbers).0.max(2))
}

/// Returns the stamp of what was looked at just now; racy if it changed within the clock's granularity.
pub fn stamp_of(metadata: &Metadata, now: Duration) -> Stamp {
    if is_racy(metadata, now) { Stamp::RACY } else { digest(metadata) }
}

/// Returns whether a change right now could leave the times that the file has. Kernels stamp files with the time
/// of the last tick (up to 10 ms ago), some file systems with whole seconds.
fn is_racy(metadata: &Metadata, now: Duration) -> bool {
    let time = |seconds: i64, nanos: i64| {
        Duration::new(u64::try_from(seconds).unwrap_or(0), u32::try_from(nanos).unwrap_or(0))
    };
    let changed = time(metadata.ctime(), metadata.ctime_nsec());
    let modified = time(metadata.mtime(), metadata.mtime_nsec());
    let whole_seconds = metadata.ctime_nsec() == 0 && metadata.mtime_nsec() == 0;
    let granularity =
        if whole_seconds { Duration::from_secs(2) } else { Duration::from_millis(20) };
    changed.max(modified) + granularity > now
}

/// Returns the modification time of what stands at `path`, `None` if it is gone or changed within the clock's
/// granularity.
pub fn settled_mtime(path: &Path, now: Duration) -> Option<Duration> {
    let metadata = fs::metadata(path).ok()?;
    let nanos = u32::try_from(metadata.mtime_nsec()).ok()?;
    let mtime = Duration::new(u64::try_from(metadata.mtime()).ok()?, nanos);
    (!is_racy(&metadata, now)).then_some(mtime)
}

/// Makes an empty file, or takes the one that is there, and sets its modification time.
///
/// # Errors
/// If it cannot be made.
pub fn set_stamp(path: &Path, mtime: Duration) -> Result<(), FileProblem> {
    let times = fs::FileTimes::new().set_modified(std::time::SystemTime::UNIX_EPOCH + mtime);
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
        .and_then(|file| file.set_times(times))
        .map_err(|error| FileProblem::system(path, &error))
}

/// Returns whether this is a regular file of `uid`'s own.
pub fn is_own(metadata: &Metadata, uid: u32) -> bool {
    metadata.is_file() && metadata.uid() == uid
}

/// Returns the metadata of what stands at `path`, links not followed.
pub fn look_at(path: &Path) -> Option<Metadata> {
    fs::symlink_metadata(path).ok()
}

/// Returns the metadata of what stands at `path`, links not followed; `None` where nothing does.
///
/// # Errors
/// If the system does not say.
pub fn look_for(path: &Path) -> Result<Option<Metadata>, FileProblem> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(FileProblem::system(path, &error)),
    }
}

/// Returns the metadata of what stands at `path`, links followed.
pub fn look_through(path: &Path) -> Option<Metadata> {
    fs::metadata(path).ok()
}

/// Returns the user that what stands at `path` belongs to, links followed.
pub fn owner(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|metadata| metadata.uid())
}

/// Returns whether a regular file that somebody may execute stands at `path`, links followed.
pub fn is_program(path: &Path) -> bool {
    look_through(path).is_some_and(|metadata| can_run(&metadata))
}

/// Returns whether that is a file and somebody may run it.
pub fn can_run(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.mode() & 0o111 != 0
}

/// Returns whether a directory stands at `path`, links followed.
pub fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Returns `path` without symbolic links, `None` if it does not exist.
pub fn real_path(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// Returns the target of the symbolic link at `path`.
pub fn link_target(path: &Path) -> Option<PathBuf> {
    fs::read_link(path).ok()
}

/// Returns the paths in a directory, sorted; none if there is no such directory.
pub fn list(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .map(|dir| dir.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

/// Returns the paths of what is in a directory, in their order; nothing where there is none.
///
/// # Errors
/// If it is there and cannot be listed.
pub fn listed(directory: &Path) -> Result<Vec<PathBuf>, FileProblem> {
    unlistable(directory).map_or_else(|| Ok(list(directory)), Err)
}

/// Returns why a directory that is there cannot be listed.
pub fn unlistable(directory: &Path) -> Option<FileProblem> {
    let error = fs::read_dir(directory).err()?;
    let is_there = error.kind() != std::io::ErrorKind::NotFound;
    is_there.then(|| FileProblem::system(directory, &error))
}

/// Writes a file that only the user can read, whole or not at all, in directories that only the user can enter.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    write_own(path, bytes, 0o600)
}

/// Writes such a file that the user can run.
pub fn write_program(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    write_own(path, bytes, 0o700)
}

fn write_own(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileProblem> {
    create_private(path.parent().unwrap_or(Path::new("/")))?;
    persist(written_beside(path, bytes, mode)?, path)
}

fn persist(written: tempfile::NamedTempFile, path: &Path) -> Result<(), FileProblem> {
    written.persist(path).map_err(|error| FileProblem::system(path, &error.error))?;
    Ok(())
}

/// Creates a directory and those above it that are missing, for the user alone.
pub fn create_private(directory: &Path) -> Result<(), FileProblem> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| FileProblem::system(directory, &error))
}

/// Writes a file, whole or not at all. One that was there keeps its mode, and a link to it still leads to it. What is not
/// a file (`/dev/stdout`, a pipe) is written to, and never replaced.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let problem = |error: std::io::Error| FileProblem::system(path, &error);
    match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            let target = fs::canonicalize(path).map_err(problem)?;
            persist(written_beside(&target, bytes, found.mode() & 0o777)?, &target)
        }
        Ok(_) => {
            let mut open = OpenOptions::new().write(true).open(path).map_err(problem)?;
            open.write_all(bytes).map_err(problem)
        }
        Err(_) => persist(written_beside(path, bytes, 0o644)?, path),
    }
}

/// Writes over the beginning of a file that is there, or into what is open: a pipe, a device. A pipe that nobody reads is
/// refused: opening it would wait for ever.
pub fn fill(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let problem = |error: std::io::Error| match error.raw_os_error() {
        Some(libc::ENXIO) => FileProblem::System(path.to_path_buf(), "nobody reads it".to_owned()),
        _ => FileProblem::system(path, &error),
    };
    let flags = libc::O_NOCTTY | libc::O_NONBLOCK;
    let mut open =
        OpenOptions::new().write(true).custom_flags(flags).open(path).map_err(problem)?;
    // Who reads may be slow.
    let waits = fcntl(&open, FcntlArg::F_SETFL(OFlag::empty()));
    waits.map_err(std::io::Error::from).and_then(|_| open.write_all(bytes)).map_err(problem)
}

/// Writes a file, whole or not at all, where there is none: whatever has its name stays.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let written = written_beside(path, bytes, 0o644)?;
    written.persist_noclobber(path).map_err(|error| FileProblem::system(path, &error.error))?;
    Ok(())
}

fn written_beside(
    path: &Path,
    bytes: &[u8],
    mode: u32,
) -> Result<tempfile::NamedTempFile, FileProblem> {
    let problem = |error: std::io::Error| FileProblem::system(path, &error);
    let directory = path.parent().unwrap_or(Path::new("/"));
    let file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(fs::Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(problem)?;
    limit::write_all(file.as_file(), bytes).map_err(problem)?;
    // Synced before it gets its name, so that a crash leaves the old file or the new one and never half of one.
    file.as_file().sync_all().map_err(problem)?;
    Ok(file)
}

/// Checks that a directory can be written, or made where it is missing. Nothing is changed.
///
/// # Errors
/// If it cannot.
pub fn check_writable(directory: &Path) -> Result<(), FileProblem> {
    use nix::unistd::{AccessFlags, access};
    let there = directory.ancestors().find(|path| fs::symlink_metadata(path).is_ok());
    let there = there.unwrap_or(directory);
    let metadata = fs::metadata(there).map_err(|error| FileProblem::system(there, &error))?;
    let denied = if metadata.is_dir() {
        access(there, AccessFlags::W_OK | AccessFlags::X_OK).err()
    } else {
        Some(nix::Error::ENOTDIR)
    };
    denied.map_or(Ok(()), |error| Err(FileProblem::system(there, &error.into())))
}

/// Returns whether what stands at `path` has a time that is yet to come, links followed.
pub fn is_from_the_future(path: &Path, now: Duration) -> bool {
    let modified = fs::metadata(path).map_or(0, |metadata| metadata.mtime());
    u64::try_from(modified).is_ok_and(|seconds| seconds > now.as_secs())
}

/// Removes a file; returns whether there was one.
pub fn remove(path: &Path) -> Result<bool, FileProblem> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(FileProblem::system(path, &error)),
    }
}

/// Removes a directory if nothing is in it.
pub fn remove_empty_directory(directory: &Path) {
    // One that is not empty stays, which is what is wanted.
    let _ = fs::remove_dir(directory);
}

/// Removes a directory with the files in it.
pub fn remove_directory(directory: &Path) {
    // What cannot be removed is tried again by the next shell.
    let _ = fs::remove_dir_all(directory);
}

/// Sets the modification time of a file to now and changes nothing else.
///
/// # Errors
/// If the file is not the user's own.
pub fn touch(path: &Path) -> Result<(), FileProblem> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .map_err(|error| FileProblem::system(path, &error))
}
