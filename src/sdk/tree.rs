#![expect(clippy::disallowed_methods, reason = "reading the tree of an SDK is this file's work")]
//! Reads the whole tree of an SDK: every entry, every byte, on as many cores as there are.
//!
//! A path comes in, a [`Seal`] goes out. A name that is not UTF-8 or holds a line break, a device, a FIFO and, in
//! the store, a symbolic link are errors: a release has none of them. Where links are followed (a system's package
//! spreads its tree over two directories) each directory is entered once.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use ring::digest::{Context, SHA256};

use super::seal::{Content, Entry, Seal};

/// The most entries that a tree may have.
pub const ENTRY_LIMIT: usize = 50_000;

/// The deepest that a tree may be.
pub const DEPTH_LIMIT: usize = 32;

/// Set in the mode of an entry that a symbolic link stands for: `S_IFLNK`.
const LINK: u32 = 0o120_000;

/// What to do with symbolic links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// There may be none: a tree that goenv unpacked.
    Refuse,
    /// What they lead to is part of the tree.
    Follow,
}

/// On how many cores to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cores {
    /// One, where a prompt waits.
    One,
    /// All of them.
    All,
}

impl Cores {
    fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::All => thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Why a tree could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file or directory could not be read.
    #[error("cannot read {}: {}", path.display(), crate::files::said(source))]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that a release does not hold.
    #[error("{}: {what}", path.display())]
    Unexpected {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
}

/// Reads the tree at `root`.
pub fn read(root: &Path, links: Links, cores: Cores) -> Result<Seal, TreeError> {
    let mut walk = Walk { links, entered: BTreeSet::new(), entries: Vec::new(), files: Vec::new() };
    walk.directory(root, "", 0)?;
    let Walk { mut entries, mut files, .. } = walk;
    // The largest first, so that no core is left alone with one at the end.
    files.sort_by_key(|file| std::cmp::Reverse(file.size));
    entries.extend(digest_all(root, &files, cores.count())?);
    Ok(Seal::new(entries))
}

/// A file that is still to be read.
struct Unread {
    path: String,
    mode: u32,
    size: u64,
}

struct Walk {
    links: Links,
    entered: BTreeSet<(u64, u64)>,
    entries: Vec<Entry>,
    files: Vec<Unread>,
}

impl Walk {
    fn directory(&mut self, directory: &Path, below: &str, depth: usize) -> Result<(), TreeError> {
        let unreadable = |source| TreeError::Unreadable { path: directory.to_owned(), source };
        let unexpected = |path: &Path, what| TreeError::Unexpected { path: path.to_owned(), what };
        if depth > DEPTH_LIMIT {
            return Err(unexpected(directory, "the tree is too deep"));
        }
        // The directory is closed before those in it are opened: a tree is deeper than some limits on open files.
        let listed = fs::read_dir(directory).map_err(unreadable)?.map(|entry| {
            let entry = entry?;
            Ok((entry.path(), entry.file_name(), entry.file_type()?.is_symlink()))
        });
        let listed: Vec<_> =
            listed.take(ENTRY_LIMIT + 1).collect::<io::Result<_>>().map_err(unreadable)?;
        for (path, name, is_link) in listed {
            let name = name.into_string().unwrap_or_default();
            if name.is_empty() || name.contains(char::is_control) {
                return Err(unexpected(&path, "its name is not plain text"));
            }
            let relative = if below.is_empty() { name } else { format!("{below}/{name}") };
            if self.entries.len() + self.files.len() >= ENTRY_LIMIT {
                return Err(unexpected(&path, "the tree has too many files"));
            }
            self.entry(&path, relative, is_link, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        path: &Path,
        relative: String,
        is_link: bool,
        depth: usize,
    ) -> Result<(), TreeError> {
        let unreadable = |source| TreeError::Unreadable { path: path.to_owned(), source };
        let unexpected = |what| TreeError::Unexpected { path: path.to_owned(), what };
        let metadata = match self.links {
            Links::Refuse => fs::symlink_metadata(path),
            Links::Follow => fs::metadata(path),
        }
        .map_err(unreadable)?;
        // A link in the place of a file is a difference, even if what it leads to is the same.
        let link = if is_link { LINK } else { 0 };
        let mode = (metadata.mode() & 0o7777) | link;
        if metadata.is_file() {
            self.files.push(Unread { path: relative, mode, size: metadata.len() });
        } else if metadata.is_dir() {
            if self.links == Links::Follow && !self.entered.insert((metadata.dev(), metadata.ino()))
            {
                return Err(unexpected("links lead to a directory twice"));
            }
            self.directory(path, &relative, depth + 1)?;
            self.entries.push(Entry { path: relative, mode, content: None });
        } else if metadata.is_symlink() {
            return Err(unexpected("a symbolic link, which no release holds"));
        } else {
            return Err(unexpected("neither a file nor a directory"));
        }
        Ok(())
    }
}

/// Returns the entries of the files with their digests, in any order.
fn digest_all(root: &Path, files: &[Unread], cores: usize) -> Result<Vec<Entry>, TreeError> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut buffer = vec![0; 256 * 1024];
        let mut entries = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let path = root.join(&file.path);
            match digest(&path, &mut buffer) {
                Ok(content) => {
                    let (path, mode) = (file.path.clone(), file.mode);
                    entries.push(Entry { path, mode, content: Some(content) });
                }
                Err(source) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(TreeError::Unreadable { path, source });
                }
            }
        }
        Ok(entries)
    };
    thread::scope(|scope| {
        // Where there can be no more threads this one does all the work.
        let helper = |_| thread::Builder::new().spawn_scoped(scope, work).ok();
        let helpers: Vec<_> = (1..cores).filter_map(helper).collect();
        let mut entries = work()?;
        for worker in helpers {
            match worker.join() {
                Ok(found) => entries.extend(found?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(entries)
    })
}

/// Returns the digest and the size of the file at `path`.
fn digest(path: &Path, buffer: &mut [u8]) -> io::Result<Content> {
    let mut file = File::open(path)?;
    // In the processor's own instructions where it has them, which pays for a quarter of a gigabyte.
    let mut hasher = Context::new(&SHA256);
    let mut size = 0;
    loop {
        let count = match file.read(buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..count).unwrap_or_default());
        size += count as u64;
    }
    let sha256 = hasher.finish().as_ref().try_into().map_err(io::Error::other)?;
    Ok(Content { sha256, size })
}

/// Returns the digest and the size of one file.
pub fn digest_file(path: &Path) -> Result<Content, TreeError> {
    digest(path, &mut vec![0; 256 * 1024])
        .map_err(|source| TreeError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn small() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("src/fmt")).unwrap();
        fs::write(tree.path().join("VERSION"), "go1.26.6\n").unwrap();
        fs::write(tree.path().join("src/fmt/print.go"), "package fmt\n").unwrap();
        for path in ["src", "src/fmt", "VERSION", "src/fmt/print.go"] {
            fs::set_permissions(tree.path().join(path), fs::Permissions::from_mode(0o755)).unwrap();
        }
        tree
    }

    #[test]
    fn one_core_and_all_of_them_read_the_same() {
        let tree = small();
        let seal = read(tree.path(), Links::Refuse, Cores::One).unwrap();
        let paths: Vec<_> = seal.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["VERSION", "src", "src/fmt", "src/fmt/print.go"]);
        assert_eq!(read(tree.path(), Links::Refuse, Cores::All).unwrap(), seal);
        assert_eq!(read(tree.path(), Links::Follow, Cores::All).unwrap(), seal);
    }

    #[test]
    fn what_no_release_holds_is_refused() {
        let refused = |make: &dyn Fn(&Path)| {
            let tree = small();
            make(tree.path());
            let error = read(tree.path(), Links::Refuse, Cores::All).unwrap_err().to_string();
            error.replace(tree.path().to_str().unwrap(), "TREE")
        };
        assert_eq!(
            refused(&|tree| symlink("VERSION", tree.join("link")).unwrap()),
            "TREE/link: a symbolic link, which no release holds"
        );
        assert_eq!(
            refused(&|tree| {
                nix::unistd::mkfifo(&tree.join("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
            }),
            "TREE/fifo: neither a file nor a directory"
        );
        assert_eq!(
            refused(&|tree| fs::write(tree.join("a\nb"), "").unwrap()),
            "TREE/a\nb: its name is not plain text"
        );
        let deep: PathBuf = (0..40).map(|_| "d").collect();
        assert!(
            refused(&|tree| fs::create_dir_all(tree.join(&deep)).unwrap())
                .ends_with(": the tree is too deep")
        );
    }

    #[test]
    fn followed_links_end() {
        let tree = small();
        symlink(tree.path().join("src"), tree.path().join("src/again")).unwrap();
        let error = read(tree.path(), Links::Follow, Cores::One).unwrap_err().to_string();
        assert!(error.ends_with(": links lead to a directory twice"), "{error}");
        // What they lead to counts like what lies there.
        let share = small();
        let split = tempfile::tempdir().unwrap();
        symlink(share.path().join("src"), split.path().join("src")).unwrap();
        fs::write(split.path().join("VERSION"), "go1.26.6\n").unwrap();
        let seal = read(split.path(), Links::Follow, Cores::One).unwrap();
        assert_eq!(seal.entries().len(), 4);
    }
}
