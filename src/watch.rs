//! The paths whose change changes a decision, each with what stood there when the decision was made.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Metadata;
use std::path::Path;
use std::time::Duration;

use crate::env::state::{Stamp, Watch};
use crate::files::{self, Checked, FileProblem, Text};

/// The watched paths of one decision; absence is watched too.
#[derive(Debug)]
pub struct Watched {
    now: Duration,
    /// By the text of the path: comparing its components takes longer.
    stamps: BTreeMap<OsString, Stamp>,
    checked: Checked,
}

impl Watched {
    /// Returns an empty list for a decision that is made at `now`.
    pub fn new(now: Duration) -> Self {
        Self { now, stamps: BTreeMap::new(), checked: Checked::default() }
    }

    /// Watches a path as it stands now, unless it is watched already.
    pub fn add(&mut self, path: &Path) {
        if path.is_absolute() && !self.stamps.contains_key(path.as_os_str()) {
            self.stamps.insert(path.into(), files::fresh_stamp(path, self.now));
        }
    }

    /// Watches a path at which nothing was found just now.
    pub fn miss(&mut self, path: &Path) {
        self.stamps.entry(path.into()).or_insert(Stamp::ABSENT);
    }

    /// Watches a path as it was seen just now, which is no link.
    pub fn note(&mut self, path: &Path, metadata: &Metadata) {
        let stamp = files::stamp_of(metadata, self.now);
        self.stamps.entry(path.into()).or_insert(stamp);
    }

    /// Watches a path as it stands now, and returns what stands there.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn look(&mut self, path: &Path) -> Result<Option<Metadata>, FileProblem> {
        let looked = files::look_for(path);
        let found = looked.as_ref().ok().and_then(Option::as_ref);
        let stamp = found.map_or(Stamp::ABSENT, |it| files::stamp_of(it, self.now));
        self.stamps.insert(path.into(), stamp);
        looked
    }

    /// Returns whether a program stands at a path, and watches it.
    pub fn program(&mut self, path: &Path) -> bool {
        match files::look_at(path) {
            None => {
                self.miss(path);
                false
            }
            Some(metadata) if metadata.is_symlink() => {
                self.add(path);
                files::is_program(path)
            }
            Some(metadata) => {
                self.note(path, &metadata);
                files::can_run(&metadata)
            }
        }
    }

    /// Looks at a file whose being there decides something, and watches it; `None` where there is none.
    ///
    /// # Errors
    /// If the system does not say, or others could put another in its place.
    pub fn look_checked(&mut self, path: &Path, uid: u32) -> Result<Option<Metadata>, FileProblem> {
        let metadata = self.look(path)?;
        if metadata.is_some() {
            self.checked.ancestors(path, uid)?;
        }
        Ok(metadata)
    }

    /// Checks that only `uid` and root can put files into a directory, without another look at those above files that were
    /// read.
    ///
    /// # Errors
    /// If somebody else can.
    pub fn check_place(&self, directory: &Path, uid: u32) -> Result<(), FileProblem> {
        self.checked.place(directory, uid)
    }

    /// Reads a file that decides something and watches it as it was read; `None` where there is none.
    ///
    /// # Errors
    /// If it may not be read; it is watched all the same.
    pub fn read(&mut self, path: &Path, limit: u64, uid: u32) -> Result<Option<Text>, FileProblem> {
        let read = files::read_checked(path, limit, uid, self.now, &mut self.checked);
        match &read {
            Ok(Some(text)) => {
                self.stamps.insert(path.into(), text.stamp);
            }
            Ok(None) => {
                self.stamps.insert(path.into(), Stamp::ABSENT);
            }
            Err(_) => self.add(path),
        }
        read
    }

    /// Reads such a file in pieces and watches it as it was read; returns whether there is one.
    ///
    /// # Errors
    /// If it may not be read; it is watched all the same.
    pub fn scan(
        &mut self,
        path: &Path,
        limit: u64,
        uid: u32,
        see: impl FnMut(&[u8]),
    ) -> Result<bool, FileProblem> {
        let read = files::scan_checked(path, limit, uid, self.now, &mut self.checked, see);
        match &read {
            Ok(Some(stamp)) => {
                self.stamps.insert(path.into(), *stamp);
            }
            Ok(None) => {
                self.stamps.insert(path.into(), Stamp::ABSENT);
            }
            Err(_) => self.add(path),
        }
        Ok(read?.is_some())
    }

    /// Returns the list in the order of the paths.
    pub fn list(self) -> Vec<Watch> {
        self.stamps.into_iter().map(|(path, stamp)| Watch { path: path.into(), stamp }).collect()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files to a scratch directory")]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_directory_is_checked_once_for_each_user() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path().canonicalize().unwrap().join("shared");
        fs::create_dir(&directory).unwrap();
        for name in ["a", "b"] {
            fs::write(directory.join(name), name).unwrap();
        }
        let mode =
            |mode| fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).unwrap();
        let uid = nix::unistd::geteuid().as_raw();
        let mut watched = Watched::new(Duration::from_secs(1_800_000_000));
        assert!(watched.read(&directory.join("a"), 10, uid).unwrap().is_some());
        mode(0o777);
        assert!(watched.read(&directory.join("b"), 10, uid).unwrap().is_some());
        let other = watched.read(&directory.join("b"), 10, uid + 1).unwrap_err();
        let is_said = match uid {
            0 => matches!(other, FileProblem::Writable(ref path, 0o777) if *path == directory),
            _ => matches!(other, FileProblem::Foreign(..)),
        };
        assert!(is_said, "{other}");
        let mut next = Watched::new(Duration::from_secs(1_800_000_000));
        let refused = next.read(&directory.join("b"), 10, uid).unwrap_err();
        assert!(matches!(refused, FileProblem::Writable(path, 0o777) if path == directory));
    }
}
