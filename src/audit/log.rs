//! The file of the audit log: appends lines to it and hands it out for reading.
//!
//! One of the few files that touch the file system. Appending takes a lock on a file beside the log (the log itself
//! is renamed when it grew), reads at most the last 16 KiB however long the log is, and writes once, so that a kill at
//! any moment leaves whole lines or one line cut short, which the next writer declares; a file that is put aside loses
//! its name only when the next one is written. Never follows a symbolic
//! link, never rewrites what is there, never waits longer than two seconds for the lock. In an organisation's
//! directory each user's log has a directory of its own: where others could write, they could put parts beside it.
#![expect(
    clippy::disallowed_methods,
    reason = "the log is appended to under a lock, which no other file is"
)]

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use super::record::{Event, Link, MOST_LINE, Outcome, Record, Tip, line, recovery};
use crate::limit;
use crate::lock::Lock;

/// The size at which a log is put aside and a new one begun.
pub const ROTATE_BYTES: u64 = 16 * 1024 * 1024;

/// How much of the end of a log is read at first: most lines are far shorter than they may be.
const FIRST_LOOK: usize = 2 * 1024;

/// How surely a record must be on disk before goenv goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// In the kernel's hands: it survives goenv's death. For loads and unloads.
    Written,
    /// On the disk: it survives the machine's. For approvals, keys and SDKs.
    Synced,
}

/// What went wrong with the log.
#[derive(Debug, thiserror::Error)]
#[error("the audit log {} cannot be {doing}: {}", path.display(), crate::files::said(cause))]
pub struct LogError {
    path: PathBuf,
    doing: &'static str,
    cause: io::Error,
}

/// A file of a log, open if it can be.
pub type Opened = (PathBuf, Result<File, LogError>);

/// A log: a directory and the name of its files.
#[derive(Clone, Debug)]
pub struct Log {
    directory: PathBuf,
    name: String,
    /// Whose the directory must be, and nobody else's to write, where others write beside it.
    owner: Option<u32>,
}

impl Log {
    /// Returns the log whose current file is `NAME.jsonl` in `directory`.
    pub fn new(directory: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self { directory: directory.into(), name: name.into(), owner: None }
    }

    /// Returns the log of one of the users whose directories lie beside one another.
    pub fn of_user(beside: &Path, uid: u32) -> Self {
        Self { owner: Some(uid), ..Self::new(beside.join(uid.to_string()), "audit") }
    }

    /// Returns the log whose current file is at `path`; `None` where no log's is named like that.
    pub fn at(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
        Some(Self::new(path.parent()?, name))
    }

    /// Returns the path of the current file.
    pub fn path(&self) -> PathBuf {
        self.directory.join(format!("{}.jsonl", self.name))
    }

    /// Appends a record and returns the new end of the chain.
    pub fn append(&self, record: &Record, durability: Durability) -> Result<Tip, LogError> {
        let failed = |doing| move |cause| LogError { path: self.path(), doing, cause };
        self.check_directory().map_err(failed("written"))?;
        let lock = match self.lock() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_directory().map_err(failed("created"))?;
                // Another may have made it in between.
                self.check_directory().map_err(failed("written"))?;
                self.lock()
            }
            lock => lock,
        };
        let _held = lock.map_err(failed("locked"))?;
        let (log, size) = self.open().map_err(failed("opened"))?;
        let mut end = End::of(&log, size).map_err(failed("read"))?;
        if end.size >= ROTATE_BYTES || end.is_lost() {
            self.rotate(&log, &mut end, record, durability).map_err(failed("rotated"))?;
            return Ok(end.tip);
        }
        let mut lines = Vec::new();
        end.next(record, &mut lines);
        limit::write_all(&log, &lines).map_err(failed("written"))?;
        if durability == Durability::Synced {
            log.sync_data().map_err(failed("synced"))?;
        }
        Ok(end.tip)
    }

    /// Returns the files of the log that exist, oldest first: those put aside, then the current one.
    pub fn files(&self) -> Result<Vec<PathBuf>, LogError> {
        let failed = |cause| LogError { path: self.directory.clone(), doing: "listed", cause };
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            let old = name
                .to_str()
                .and_then(|name| {
                    name.strip_prefix(&self.name)?.strip_prefix('-')?.strip_suffix(".jsonl")
                })
                .is_some_and(|number| {
                    number.len() == 20 && number.bytes().all(|b| b.is_ascii_digit())
                });
            if old {
                files.push(self.directory.join(name));
            }
        }
        files.sort();
        let current = self.path();
        if current.symlink_metadata().is_ok() {
            files.push(current);
        }
        Ok(files)
    }

    /// Opens every file of the log for reading, oldest first, as they are at one moment: one that is put aside while they
    /// are read has its old place. That one cannot be opened matters to whoever comes to it.
    ///
    /// # Errors
    /// If they cannot be listed, or the log is put aside again and again.
    pub fn opened(&self) -> Result<Vec<Opened>, LogError> {
        for _ in 0..3 {
            let files = self.files()?;
            let opened = files.iter().map(|path| (path.clone(), self.read(path))).collect();
            if self.files()? == files {
                return Ok(opened);
            }
        }
        let cause = io::Error::other("it changes all the time");
        Err(LogError { path: self.path(), doing: "read", cause })
    }

    /// Opens a file of the log for reading.
    pub fn read(&self, path: &Path) -> Result<File, LogError> {
        let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path).and_then(regular);
        file.map_err(|cause| LogError { path: path.to_owned(), doing: "opened", cause })
    }

    /// Makes sure that a user's directory among others is theirs; one that is not there yet is fine.
    fn check_directory(&self) -> io::Result<()> {
        let Some(owner) = self.owner else { return Ok(()) };
        match self.directory.symlink_metadata() {
            Ok(found) if found.is_dir() && found.uid() == owner && found.mode() & 0o022 == 0 => {
                Ok(())
            }
            Ok(_) => Err(io::Error::other("its directory is not this user's alone to write")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn make_directory(&self) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)
    }

    fn lock(&self) -> io::Result<Lock> {
        Lock::take(&self.directory.join(format!("{}.lock", self.name)))
    }

    /// Opens the current file; one that a rotation had no time to give its name gets it now.
    fn open(&self) -> io::Result<(File, u64)> {
        match open(&self.path(), false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match std::fs::rename(self.next_path(), self.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => open(&self.path(), true),
                }
            }
            opened => opened,
        }
    }

    /// Returns the path of a file that is about to become the current one.
    fn next_path(&self) -> PathBuf {
        self.directory.join(format!("{}.next", self.name))
    }

    /// Begins a new file with `record` and puts the current one aside, read-only.
    ///
    /// The new one is written before the current one loses its name, so that a kill or a full disk at any moment breaks no
    /// chain.
    fn rotate(
        &self,
        log: &File,
        end: &mut End,
        record: &Record,
        durability: Durability,
    ) -> io::Result<()> {
        let old = self.name_aside(end, record.time)?;
        let mut rotate = bare(record, Event::Rotate);
        rotate.path = old.clone().into_bytes();
        // A cut line stays at the end of the old file: the new one begins clean.
        (end.torn, end.open_line) = (0, false);
        let mut lines = Vec::new();
        end.next(&rotate, &mut lines);
        end.next(record, &mut lines);
        let next = self.next_path();
        match std::fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (new, _) = open(&next, true)?;
        limit::write_all(&new, &lines)?;
        if durability == Durability::Synced {
            new.sync_data()?;
        }
        std::fs::rename(self.path(), self.directory.join(old))?;
        std::fs::rename(next, self.path())?;
        log.set_permissions(Permissions::from_mode(0o400))
    }

    /// Returns the name under which the current file is put aside: the number of its last record is in it. One whose end
    /// holds no record, or whose number is taken, is no part of the chain and named by the time.
    fn name_aside(&self, end: &End, time: i64) -> io::Result<String> {
        let mut name = format!("{}-{:020}.jsonl", self.name, end.tip.seq);
        if end.is_lost() || self.directory.join(&name).symlink_metadata().is_ok() {
            name = format!("{}-damaged-{time}.jsonl", self.name);
        }
        if self.directory.join(&name).symlink_metadata().is_ok() {
            return Err(io::Error::other(format!("{name} exists already")));
        }
        Ok(name)
    }
}

/// The end of a log file.
struct End {
    size: u64,
    tip: Tip,
    /// Bytes behind the last record that are none.
    torn: usize,
    /// Whether the file ends in the middle of a line.
    open_line: bool,
}

impl End {
    /// Reads the end of a log.
    fn of(log: &File, size: u64) -> io::Result<Self> {
        // Two lines: one that may be cut short and the one before it.
        let start = size.saturating_sub(2 * MOST_LINE as u64);
        let mut tail = Vec::new();
        let mut window = usize::try_from(size - start).unwrap_or(FIRST_LOOK).min(FIRST_LOOK);
        loop {
            let from = size.saturating_sub(window as u64);
            tail.resize(window, 0);
            log.read_exact_at(&mut tail, from)?;
            let end = Self::in_tail(&tail, size, from == 0);
            // Most often they hold a record; where they do not, a long or a cut line may fill them.
            if end.tip.seq > 0 || from <= start {
                return Ok(end);
            }
            window = usize::try_from(size - start).unwrap_or(window);
        }
    }

    /// Finds the last record in the tail of a file of `size` bytes; `whole` if the tail is all of it.
    fn in_tail(tail: &[u8], size: u64, whole: bool) -> Self {
        let open_line = !tail.is_empty() && !tail.ends_with(b"\n");
        let mut end = tail.iter().rposition(|byte| *byte == b'\n').unwrap_or_default();
        let mut found = Self { size, tip: Tip::default(), torn: tail.len(), open_line };
        // A record that lacks its newline alone is whole.
        let last = tail.get(if end > 0 { end + 1 } else { 0 }..).unwrap_or_default();
        if let Some(link) = Link::parse(last).filter(|link| link.intact && (end > 0 || whole)) {
            return Self { tip: Tip { seq: link.seq, hash: link.hash }, torn: 0, ..found };
        }
        while let Some(text) = tail.get(..end) {
            let start = text.iter().rposition(|byte| *byte == b'\n').map(|newline| newline + 1);
            let line = text.get(start.unwrap_or_default()..).unwrap_or_default();
            let complete = start.is_some() || whole;
            if let Some(tip) = Tip::of_line(line).filter(|_| complete) {
                found.tip = tip;
                found.torn = tail.len() - (end + 1);
                break;
            }
            match start {
                Some(start) => end = start - 1,
                None => break,
            }
        }
        found
    }

    /// Returns whether the end of a file that is not empty holds no record at all, so that nothing continues it.
    fn is_lost(&self) -> bool {
        self.tip.seq == 0 && self.size > 2 * MOST_LINE as u64
    }

    /// Adds the lines that append `record`, after one that declares a torn line if there is one.
    fn next(&mut self, record: &Record, lines: &mut Vec<u8>) {
        if std::mem::take(&mut self.open_line) {
            lines.push(b'\n');
        }
        let torn = std::mem::take(&mut self.torn);
        if torn > 0 {
            let (line, tip) = recovery(self.tip, &bare(record, Event::Recover), torn);
            lines.extend(line);
            self.tip = tip;
        }
        let (line, tip) = line(self.tip, record);
        lines.extend(line);
        self.tip = tip;
    }
}

/// Returns a record of the log's own, by the writer and at the time of another.
fn bare(record: &Record, event: Event) -> Record {
    Record::new(record.time, record.writer.clone(), event, Outcome::Allow)
}

/// Opens a log to be appended to, or makes it where there is none and one is wanted; returns its size.
fn open(path: &Path, make: bool) -> io::Result<(File, u64)> {
    let log = OpenOptions::new()
        .read(true)
        .append(true)
        .create(make)
        .mode(0o600)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)?;
    let meta = log.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let own = meta.uid() == nix::unistd::geteuid().as_raw();
    if !own || meta.mode() & 0o022 != 0 {
        return Err(io::Error::other("it is not this user's alone to write"));
    }
    Ok((log, meta.len()))
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is not a regular file"))
    }
}

#[cfg(test)]
mod tests;
