#![expect(clippy::disallowed_methods, reason = "unpacking a release is this file's work")]
//! Unpacks a release archive (`go1.26.6.linux-amd64.tar.gz`) into an empty directory.
//!
//! The entries are read one by one and judged here: regular files and directories below `go/`, plain names, each
//! once, no bits beyond read, write and execute. Anything else refuses the whole archive, and what was written so
//! far is the caller's to remove. Files come out read-only. Nothing is run. The limits are far above any release.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use tar::{Archive, EntryType};

use super::examine;
use super::places::Platform;
use super::tree::{DEPTH_LIMIT, ENTRY_LIMIT};
use crate::go::Version;

/// The most bytes that an archive may unpack to; a release has 300 MB.
const SIZE_LIMIT: u64 = 1 << 30;

/// The most that a byte of the archive may become; a release has 4.
const RATIO_LIMIT: u64 = 64;

/// The longest name of a file.
const NAME_LIMIT: u64 = 1024;

/// The longest extended header.
const HEADER_LIMIT: u64 = 16 * 1024;

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file could not be read or written.
    #[error("cannot {what} {}: {}", path.display(), crate::files::said(source))]
    File {
        /// The verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The archive holds something that no release holds.
    #[error("the archive holds {what}, which no Go release does: {name}")]
    Hostile {
        /// What it is.
        what: &'static str,
        /// The entry's name, or what is known of it.
        name: String,
    },
    /// It is not a gzip archive, or a damaged one.
    #[error("the archive is damaged: {0}")]
    Damaged(String),
    /// It is some other archive.
    #[error("the archive is not {wanted} for {platform}: {found}")]
    Other {
        /// What was wanted: `go1.26.6`, or any release.
        wanted: String,
        /// The platform that was wanted.
        platform: Platform,
        /// What was found.
        found: String,
    },
}

fn hostile(what: &'static str, name: impl Into<String>) -> ArchiveError {
    ArchiveError::Hostile { what, name: name.into() }
}

/// Unpacks `archive` into `root`, an empty directory that is nobody else's, without the leading `go/`.
///
/// Calls `read` with the number of bytes of the archive that were read so far.
pub fn unpack(archive: &Path, root: &Path, read: &mut dyn FnMut(u64)) -> Result<(), ArchiveError> {
    let opened = |source| ArchiveError::File { what: "read", path: archive.to_owned(), source };
    let file = File::open(archive).map_err(opened)?;
    let size = file.metadata().map_err(opened)?.len();
    let counted = Counted { file, count: 0, read };
    let gzip = GzDecoder::new(BufReader::with_capacity(128 * 1024, counted));
    let most = SIZE_LIMIT.min(size.saturating_mul(RATIO_LIMIT));
    let mut archive = Archive::new(Bounded { inner: gzip, left: most, burst: false });
    let mut unpacking = Unpacking::new(root);
    let outcome = unpacking.entries(&mut archive);
    let mut rest = archive.into_inner();
    if rest.burst {
        return Err(hostile(
            "more than an archive of its size unpacks to",
            format!("over {most} bytes"),
        ));
    }
    outcome?;
    drain(&mut rest)?;
    let mut file = rest.inner.into_inner();
    if !file.fill_buf().map_err(damaged)?.is_empty() {
        return Err(hostile("something behind its end", format!("{size} bytes in all")));
    }
    unpacking.finish()
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn damaged(error: io::Error) -> ArchiveError {
    ArchiveError::Damaged(error.to_string())
}

/// Reads what stands behind the last entry: padding, which is zero.
fn drain(rest: &mut impl Read) -> Result<(), ArchiveError> {
    let mut buffer = [0; 8192];
    loop {
        let count = rest.read(&mut buffer).map_err(damaged)?;
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(());
        }
        if read.iter().any(|byte| *byte != 0) {
            return Err(hostile("something behind its last entry", "no name"));
        }
    }
}

/// Says how much was read.
struct Counted<'a> {
    file: File,
    count: u64,
    read: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.count += count as u64;
        (self.read)(self.count);
        Ok(count)
    }
}

/// Gives out a bounded number of bytes, and then fails.
struct Bounded<R> {
    inner: R,
    left: u64,
    burst: bool,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                self.burst = true;
                return Err(io::Error::other("the archive unpacks to too much"));
            }
        }
        Ok(count)
    }
}

/// What was unpacked so far.
struct Unpacking<'a> {
    root: &'a Path,
    /// Directories that were made, below the root.
    directories: BTreeSet<String>,
    /// Every name, in lower case: a file system may not tell cases apart.
    names: BTreeSet<String>,
    buffer: Vec<u8>,
}

impl<'a> Unpacking<'a> {
    fn new(root: &'a Path) -> Self {
        let buffer = vec![0; 128 * 1024];
        Self { root, directories: BTreeSet::new(), names: BTreeSet::new(), buffer }
    }

    /// Reads every entry as it stands, so that extended headers are bounded and judged too.
    fn entries<R: Read>(&mut self, archive: &mut Archive<R>) -> Result<(), ArchiveError> {
        let mut long_name: Option<String> = None;
        for entry in archive.entries().map_err(damaged)?.raw(true) {
            let mut entry = entry.map_err(damaged)?;
            let kind = entry.header().entry_type();
            let size = entry.size();
            match kind {
                EntryType::GNULongName | EntryType::XHeader if long_name.is_some() => {
                    return Err(hostile("two extended headers for one entry", "no name"));
                }
                EntryType::GNULongName => {
                    let text = header_text(&mut entry, size, NAME_LIMIT)?;
                    long_name = Some(text.trim_end_matches('\0').to_owned());
                    continue;
                }
                EntryType::XHeader => {
                    let text = header_text(&mut entry, size, HEADER_LIMIT)?;
                    long_name = pax_path(&text)?;
                    continue;
                }
                _ => {}
            }
            let name = match long_name.take() {
                Some(name) => name,
                None => String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            };
            let mode = entry.header().mode().map_err(damaged)?;
            match kind {
                EntryType::Regular => self.file(&name, mode, size, &mut entry)?,
                EntryType::Directory => self.directory(&name, mode, size)?,
                EntryType::Symlink | EntryType::Link => return Err(hostile("a link", name)),
                EntryType::Char | EntryType::Block | EntryType::Fifo => {
                    return Err(hostile("a device or FIFO", name));
                }
                _ => return Err(hostile("an entry of an unknown kind", name)),
            }
        }
        if long_name.is_some() {
            return Err(hostile("an extended header for nothing", "no name"));
        }
        Ok(())
    }

    fn directory(&mut self, name: &str, mode: u32, size: u64) -> Result<(), ArchiveError> {
        let path = plain(name.strip_suffix('/').unwrap_or(name))?;
        if size != 0 || mode & 0o7000 != 0 {
            return Err(hostile("a directory with special bits", name));
        }
        // The files before it may have made it already.
        if !path.is_empty() && !self.directories.contains(path) {
            self.claim(path, name)?;
            self.make(path)?;
        }
        Ok(())
    }

    fn file<R: Read>(
        &mut self,
        name: &str,
        mode: u32,
        size: u64,
        content: &mut R,
    ) -> Result<(), ArchiveError> {
        let path = plain(name)?;
        if path.is_empty() {
            return Err(hostile("a name outside `go/`", name));
        }
        if mode & 0o7000 != 0 {
            return Err(hostile("a setuid, setgid or sticky file", name));
        }
        self.claim(path, name)?;
        if let Some((directory, _)) = path.rsplit_once('/') {
            self.parents(directory, name)?;
        }
        let target = self.root.join(path);
        let failed = |source| ArchiveError::File { what: "write", path: target.clone(), source };
        let read_only = if mode & 0o111 == 0 { 0o444 } else { 0o555 };
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(read_only)
            .open(&target)
            .map_err(failed)?;
        let mut left = size;
        while left > 0 {
            let count = content.read(&mut self.buffer).map_err(damaged)?;
            let read = self.buffer.get(..count).unwrap_or_default();
            if read.is_empty() {
                return Err(ArchiveError::Damaged(format!("it ends within {name}")));
            }
            file.write_all(read).map_err(failed)?;
            left = left.saturating_sub(count as u64);
        }
        // The umask may have taken bits away.
        file.set_permissions(fs::Permissions::from_mode(read_only)).map_err(failed)
    }

    /// Notes a name; one that was there before, in whatever case, is refused.
    fn claim(&mut self, path: &str, name: &str) -> Result<(), ArchiveError> {
        if !self.names.insert(path.to_ascii_lowercase()) {
            return Err(hostile("a name twice", name));
        }
        if self.names.len() > ENTRY_LIMIT {
            return Err(hostile("too many files", format!("over {ENTRY_LIMIT}")));
        }
        Ok(())
    }

    /// Makes the directories that lead to a file.
    fn parents(&mut self, directory: &str, name: &str) -> Result<(), ArchiveError> {
        if self.directories.contains(directory) {
            return Ok(());
        }
        if let Some((above, _)) = directory.rsplit_once('/') {
            self.parents(above, name)?;
        }
        self.claim(directory, name)?;
        self.make(directory)
    }

    fn make(&mut self, path: &str) -> Result<(), ArchiveError> {
        if let Some((above, _)) = path.rsplit_once('/')
            && !self.directories.contains(above)
        {
            self.parents(above, path)?;
        }
        let target = self.root.join(path);
        let failed = |source| ArchiveError::File { what: "create", path: target.clone(), source };
        fs::DirBuilder::new().mode(0o755).create(&target).map_err(failed)?;
        self.directories.insert(path.to_owned());
        Ok(())
    }

    /// Makes the directories read-only.
    fn finish(self) -> Result<(), ArchiveError> {
        let root = std::iter::once(self.root.to_owned());
        let below = self.directories.iter().map(|path| self.root.join(path));
        for path in root.chain(below) {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).map_err(|source| {
                ArchiveError::File { what: "write", path: path.clone(), source }
            })?;
        }
        Ok(())
    }
}

/// Returns the path below `go/` of a plain name: no `.` or `..`, nothing but letters, digits and `_.+@~#=!-`.
fn plain(name: &str) -> Result<&str, ArchiveError> {
    let refuse = |what| Err(hostile(what, name.chars().take(200).collect::<String>()));
    if name.starts_with('/') {
        return refuse("an absolute name");
    }
    let mut parts = name.split('/');
    if parts.clone().any(|part| matches!(part, "." | "..")) {
        return refuse("a name with `.` or `..`");
    }
    if parts.next() != Some("go") {
        return refuse("a name outside `go/`");
    }
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_.+@~#=!-".contains(&byte);
    let parts: Vec<_> = parts.collect();
    if !parts.iter().all(|part| (1..=255).contains(&part.len()) && part.bytes().all(known)) {
        return refuse("a name that is not plain");
    }
    if parts.len() > DEPTH_LIMIT {
        return refuse("a name that is too deep");
    }
    Ok(name.strip_prefix("go").map_or("", |path| path.trim_start_matches('/')))
}

/// Returns the content of an extended header, which must be short text.
fn header_text(entry: &mut impl Read, size: u64, limit: u64) -> Result<String, ArchiveError> {
    if size > limit {
        return Err(hostile("an extended header that is too long", format!("{size} bytes")));
    }
    let mut text = String::new();
    entry.take(limit).read_to_string(&mut text).map_err(damaged)?;
    Ok(text)
}

/// Returns the `path` of an extended header, whose records are `length key=value` lines.
fn pax_path(text: &str) -> Result<Option<String>, ArchiveError> {
    let mut path = None;
    let mut rest = text;
    while !rest.is_empty() {
        let here = rest;
        let record = rest.split_once(' ').and_then(|(length, _)| {
            let length: usize = length.parse().ok()?;
            let (record, after) = rest.split_at_checked(length)?;
            rest = after;
            record.strip_suffix('\n')?.split_once(' ')?.1.split_once('=')
        });
        match record {
            Some(("path", value)) => path = Some(value.to_owned()),
            Some((
                "mtime" | "atime" | "ctime" | "uid" | "gid" | "uname" | "gname" | "comment",
                _,
            )) => {}
            // A size here would contradict the one that the reader goes by.
            _ => {
                return Err(hostile(
                    "an extended header of an unknown kind",
                    here.trim_end().chars().take(80).collect::<String>(),
                ));
            }
        }
    }
    Ok(path)
}

/// Checks that the tree at `root` is a release for `platform`, of `wanted` where that is given; returns its version.
pub fn identify(
    root: &Path,
    wanted: Option<&Version>,
    platform: &Platform,
) -> Result<Version, ArchiveError> {
    let other = |found: String| ArchiveError::Other {
        wanted: wanted.map_or_else(|| "a Go release".to_owned(), Version::toolchain),
        platform: platform.clone(),
        found,
    };
    let version = examine::read_version(root).map_err(|reason| match reason {
        examine::Reason::Absent => other("it has no VERSION".to_owned()),
        reason => other(reason.to_string()),
    })?;
    if wanted.is_some_and(|wanted| wanted.as_str() != version.as_str()) {
        return Err(other(format!("it is go{version}")));
    }
    let tools = format!("pkg/tool/{}_{}", platform.os, platform.arch);
    for program in ["bin/go", "bin/gofmt", &format!("{tools}/compile"), &format!("{tools}/link")] {
        let there = fs::symlink_metadata(root.join(program))
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
        if !there {
            return Err(other(format!("it has no program {program}")));
        }
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for (name, expected) in
            [("go/VERSION", "VERSION"), ("go/src/cmd/go.mod", "src/cmd/go.mod"), ("go", "")]
        {
            assert_eq!(plain(name).unwrap(), expected);
        }
        for name in [
            "", "VERSION", "/go/x", "go/../x", "go/./x", "go//x", "go/a b", "go/a\n", "go/é",
            "gopher/x", "go/",
        ] {
            assert!(plain(name).is_err(), "{name}");
        }
        assert!(plain(&format!("go/{}", "d/".repeat(40) + "x")).is_err());
        assert!(plain(&format!("go/{}", "x".repeat(256))).is_err());
    }

    #[test]
    fn extended_headers_are_read() {
        assert_eq!(pax_path("18 path=go/VERSION\n").ok(), None);
        assert_eq!(pax_path("19 path=go/VERSION\n").unwrap().as_deref(), Some("go/VERSION"));
        assert_eq!(
            pax_path("17 comment=hello\n19 path=go/VERSION\n").unwrap().as_deref(),
            Some("go/VERSION")
        );
        for text in ["12 size=1000\n", "x", "99 path=x\n", "0 path=x\n", "24 SCHILY.xattr.user=x\n"]
        {
            assert!(pax_path(text).is_err(), "{text}");
        }
    }
}
