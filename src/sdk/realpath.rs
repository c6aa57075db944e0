#![expect(clippy::disallowed_methods, reason = "following symbolic links is this file's work")]
//! Finds where paths really are: one directory, or many entries of few directories.
//!
//! What realpath(3) does by asking for each part of each path; here a directory is resolved once, and an entry costs
//! two calls. The answer is the same, and where a link is not a plain one, it is realpath's own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most links, one leading to another, that are followed one by one.
#[cfg(target_os = "linux")]
const LINKS: usize = 8;

/// Returns the path of a directory without symbolic links; an error where there is none.
///
/// For one path: the kernel says at once whether it has links, and most often a root has at most one, at its end.
/// Asking for each of the directories above it takes many times as long.
#[cfg(target_os = "linux")]
pub(super) fn directory(at: &Path) -> io::Result<PathBuf> {
    use std::path::Component;

    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, ResolveFlag, openat2};

    let how = OpenHow::new()
        .flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
        .resolve(ResolveFlag::RESOLVE_NO_SYMLINKS);
    // Collected, a path has no `.` and no double slashes.
    let mut path: PathBuf = at.components().collect();
    for _ in 0..LINKS {
        if path.components().any(|part| part == Component::ParentDir) {
            break;
        }
        match openat2(AT_FDCWD, &path, how) {
            Ok(_) => return Ok(path),
            Err(Errno::ELOOP) => {}
            Err(Errno::ENOSYS | Errno::EPERM) => break,
            Err(error) => return Err(error.into()),
        }
        // A link above the root is left to the walk through all of them.
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(&path).join(target).components().collect();
    }
    fs::canonicalize(at.join("."))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn directory(at: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(at.join("."))
}

/// The directories that were resolved.
#[derive(Debug, Default)]
pub(super) struct RealPaths {
    directories: BTreeMap<PathBuf, PathBuf>,
}

impl RealPaths {
    /// Returns `path` without symbolic links.
    pub(super) fn of(&mut self, path: &Path) -> io::Result<PathBuf> {
        let Some(entry) = self.entry(path)? else { return fs::canonicalize(path) };
        let target = match fs::read_link(&entry) {
            Ok(target) => target,
            // It is there and is no link.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(entry),
            Err(error) => return Err(error),
        };
        let target = entry.parent().unwrap_or(Path::new("/")).join(target);
        match self.entry(&target)? {
            Some(real) if !fs::symlink_metadata(&real)?.is_symlink() => Ok(real),
            // A link to a link.
            _ => fs::canonicalize(entry),
        }
    }

    /// Returns the path of an entry in its real directory; nothing where the last part is no plain name.
    fn entry(&mut self, path: &Path) -> io::Result<Option<PathBuf>> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        // `x/.` has the name `x`, and asks for a directory.
        if !path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes()) {
            return Ok(None);
        }
        if let Some(real) = self.directories.get(directory) {
            return Ok(Some(real.join(name)));
        }
        let real = fs::canonicalize(directory)?;
        self.directories.insert(directory.to_owned(), real.clone());
        Ok(Some(real.join(name)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn it_is_what_realpath_says() {
        let base = tempfile::tempdir().unwrap();
        let at = |path: &str| base.path().join(path);
        for directory in ["real/a", "real/b/c", "here"] {
            fs::create_dir_all(at(directory)).unwrap();
        }
        fs::write(at("file"), "").unwrap();
        for (link, target) in [
            ("here/absolute", at("real/a").to_str().unwrap()),
            ("here/relative", "../real/b"),
            ("here/below", "../real/b/c"),
            ("here/slash", "../real/a/"),
            ("here/dot", "../real/a/."),
            ("here/up", "../real/b/.."),
            ("here/again", "relative"),
            ("here/through", "relative/c"),
            ("here/gone", "../real/gone"),
            ("here/round", "round"),
            ("here/file", "../file"),
            ("here/no-directory", "../file/"),
            ("there", "here"),
            ("real/gate", "."),
            ("here/gated", "../real/gate/gate/a"),
        ] {
            symlink(target, at(link)).unwrap();
        }
        let mut real = RealPaths::default();
        for name in [
            "absolute",
            "relative",
            "below",
            "slash",
            "dot",
            "up",
            "again",
            "through",
            "gone",
            "round",
            "file",
            "no-directory",
            "gated",
            "missing",
            "relative/c",
            "again/c",
            "gone/x",
            "file/x",
            "..",
            ".",
            "absolute/",
            "file/",
        ] {
            for base in ["here", "there"] {
                let path = at(base).join(name);
                let (ours, theirs) = (real.of(&path), fs::canonicalize(&path));
                assert_eq!(ours.is_ok(), theirs.is_ok(), "{name}: {ours:?}, {theirs:?}");
                assert_eq!(ours.ok(), theirs.as_ref().ok().cloned(), "{name}");
                let (one, is_one) =
                    (super::directory(&path), theirs.is_ok_and(|path| path.is_dir()));
                assert_eq!(one.ok(), fs::canonicalize(&path).ok().filter(|_| is_one), "{name}");
            }
        }
        assert_eq!(real.of(Path::new("/")).unwrap(), Path::new("/"));
    }
}
