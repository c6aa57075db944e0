#![expect(
    clippy::disallowed_methods,
    reason = "asking how the files of an SDK stand is this file's work"
)]
//! The cheap check of an SDK: how the files that run and steer it stand, by `stat` alone.
//!
//! VERSION, go.env, what lies in `bin` and `pkg/tool`, and the directories themselves, so that an added file shows.
//! Size and modification time can be put back, the change time cannot. A stamp is worth something only if it was
//! taken when the file had rested for longer than the clock's granularity; [`rested`] says so.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::fstatat;

use super::record::Stamp;

/// To look at what lies in a directory it need not be readable.
#[cfg(target_os = "linux")]
const ROOT_FLAGS: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY);
#[cfg(not(target_os = "linux"))]
const ROOT_FLAGS: OFlag = OFlag::O_DIRECTORY;

/// The most files that are stamped; a release has 12 to 25.
const LIMIT: usize = 256;

/// How long a file must have rested, in nanoseconds, where the file system keeps fractions of a second.
const FINE_REST: i64 = 50_000_000;

/// How long a file must have rested where it keeps whole seconds.
const COARSE_REST: i64 = 2_000_000_000;

/// Takes the stamps of the SDK at `root`, sorted by path.
pub fn take(root: &Path) -> io::Result<Vec<Stamp>> {
    let mut paths: Vec<String> =
        [".", "VERSION", "bin", "pkg", "pkg/tool", "src"].map(str::to_owned).into();
    // Go has a go.env since 1.21.
    if fs::symlink_metadata(root.join("go.env")).is_ok() {
        paths.push("go.env".to_owned());
    }
    paths.extend(below(root, "bin")?);
    for tools in below(root, "pkg/tool")? {
        paths.extend(below(root, &tools)?);
        paths.push(tools);
    }
    paths.sort();
    let root = open(root)?;
    paths.into_iter().map(|path| stamp(&root, path)).collect()
}

fn below(root: &Path, directory: &str) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(root.join(directory))? {
        let name = entry?.file_name().into_string();
        let name = name.map_err(|_| io::Error::other("a name is not plain text"))?;
        if paths.len() == LIMIT {
            return Err(io::Error::other("too many files"));
        }
        paths.push(format!("{directory}/{name}"));
    }
    Ok(paths)
}

fn stamp(root: &File, path: String) -> io::Result<Stamp> {
    let (dev, ino, size, mode, uid, mtime, ctime) = status(root, &path)?;
    Ok(Stamp { path, dev, ino, size, mode, uid, mtime, ctime })
}

/// Returns whether a file stands as it stood.
fn stands(root: &File, was: &Stamp) -> bool {
    let Stamp { path, dev, ino, size, mode, uid, mtime, ctime } = was;
    let was = (*dev, *ino, *size, *mode, *uid, *mtime, *ctime);
    status(root, path).is_ok_and(|now| now == was)
}

/// What a stamp holds of a file, in the order of its fields.
type Status = (u64, u64, u64, u32, u32, i64, i64);

fn status(root: &File, path: &str) -> io::Result<Status> {
    // What a link leads to is what runs, so that is what is stamped.
    let found = fstatat(root, path, AtFlags::empty())?;
    let size = u64::try_from(found.st_size).unwrap_or_default();
    let time = |seconds: i64, nanoseconds: i64| {
        seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
    };
    let mtime = time(found.st_mtime, found.st_mtime_nsec);
    let ctime = time(found.st_ctime, found.st_ctime_nsec);
    Ok((found.st_dev, found.st_ino, size, found.st_mode, found.st_uid, mtime, ctime))
}

/// Opens the root, so that what lies below it is asked for by a short path.
fn open(root: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(ROOT_FLAGS.bits()).open(root)
}

/// Returns the first path that does not stand as it stood, `None` if all do.
pub fn changed(root: &Path, stamps: &[Stamp]) -> Option<String> {
    // A record without stamps proves nothing.
    if stamps.is_empty() {
        return Some(".".to_owned());
    }
    let Ok(root) = open(root) else { return Some(".".to_owned()) };
    stamps.iter().find(|was| !stands(&root, was)).map(|was| was.path.clone())
}

/// Returns whether every file had rested by `now` (nanoseconds since 1970), so that a later change shows.
pub fn rested(stamps: &[Stamp], now: i64) -> bool {
    stamps.iter().all(|stamp| {
        let rest = if stamp.ctime % 1_000_000_000 == 0 { COARSE_REST } else { FINE_REST };
        stamp.ctime.saturating_add(rest) <= now
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn small() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        let root = tree.path();
        for directory in ["bin", "pkg/tool/linux_amd64", "src"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for file in ["VERSION", "go.env", "bin/go", "pkg/tool/linux_amd64/compile"] {
            fs::write(root.join(file), file).unwrap();
        }
        tree
    }

    #[test]
    fn the_files_that_run_and_steer_are_stamped() {
        let tree = small();
        let stamps = take(tree.path()).unwrap();
        let paths: Vec<_> = stamps.iter().map(|stamp| stamp.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                ".",
                "VERSION",
                "bin",
                "bin/go",
                "go.env",
                "pkg",
                "pkg/tool",
                "pkg/tool/linux_amd64",
                "pkg/tool/linux_amd64/compile",
                "src",
            ]
        );
        assert_eq!(changed(tree.path(), &stamps), None);
        assert_eq!(changed(tree.path(), &[]).as_deref(), Some("."));
    }

    #[test]
    fn each_change_shows() {
        let shown = |change: &dyn Fn(&Path)| {
            let tree = small();
            let stamps = take(tree.path()).unwrap();
            // Later than the tick in which the files were written.
            std::thread::sleep(std::time::Duration::from_millis(20));
            change(tree.path());
            changed(tree.path(), &stamps)
        };
        let mode = |path: &str, mode| {
            let path = path.to_owned();
            move |root: &Path| {
                fs::set_permissions(root.join(&path), fs::Permissions::from_mode(mode)).unwrap();
            }
        };
        assert_eq!(shown(&|_| {}), None);
        assert_eq!(
            shown(&|root| fs::write(root.join("bin/x"), "").unwrap()).as_deref(),
            Some("bin")
        );
        assert_eq!(shown(&|root| fs::write(root.join("x"), "").unwrap()).as_deref(), Some("."));
        assert_eq!(shown(&mode("bin/go", 0o700)).as_deref(), Some("bin/go"));
        let put_back = |root: &Path| {
            let file = root.join("bin/go");
            let was = fs::metadata(&file).unwrap().modified().unwrap();
            fs::write(&file, "bin/Go").unwrap();
            fs::File::options().write(true).open(&file).unwrap().set_modified(was).unwrap();
        };
        assert_eq!(shown(&put_back).as_deref(), Some("bin/go"));
        assert_eq!(
            shown(&|root| fs::remove_file(root.join("go.env")).unwrap()).as_deref(),
            Some(".")
        );
    }

    #[test]
    fn a_fresh_file_has_not_rested() {
        let stamp = |ctime| Stamp {
            path: String::new(),
            dev: 0,
            ino: 0,
            size: 0,
            mode: 0,
            uid: 0,
            mtime: 0,
            ctime,
        };
        let (second, odd) = (5_000_000_000, 5_000_000_001);
        assert!(!rested(&[stamp(odd)], odd + FINE_REST - 1));
        assert!(rested(&[stamp(odd)], odd + FINE_REST));
        assert!(!rested(&[stamp(odd), stamp(second)], second + COARSE_REST - 1));
        assert!(rested(&[stamp(odd), stamp(second)], second + COARSE_REST));
    }
}
