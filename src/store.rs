//! Allow and deny records on disk: where they are, whether they are there, writing and removing them.
//!
//! A record is found by one look at one path, however many there are. A record counts only if it is a regular
//! file of the user's own; the directories are made for the user alone. What is in a record: `trust/record.rs`.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::files::{self, FileProblem};
use crate::trust::header::Engine;
use crate::trust::record::{self, Record};
use crate::world::World;

/// The largest record that is read: a policy and what it sources.
const RECORD_LIMIT: u64 = 32 * files::POLICY_LIMIT;

/// The records of one user.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    uid: u32,
}

impl Store {
    /// Returns the store below goenv's data directory.
    pub fn new(data: &Path, uid: u32) -> Self {
        Self { root: data.to_path_buf(), uid }
    }

    /// Returns the store of the user of this world.
    ///
    /// # Errors
    /// If there is no home to keep anything in.
    pub fn of(world: &World) -> Result<Self, Error> {
        let data = world.dirs.data.as_deref().ok_or(Error::NoHome)?;
        Ok(Self::new(data, world.uid))
    }

    /// Returns where the approval of exactly these bytes at this path, for this engine, is kept.
    pub fn allow_path(&self, policy: &Path, bytes: &[u8], engine: Engine) -> PathBuf {
        self.allow_directory(policy).join(record::content_name(policy, bytes, engine))
    }

    fn allow_directory(&self, policy: &Path) -> PathBuf {
        self.root.join("allow").join(record::path_name(policy))
    }

    /// Returns where the block of this path is kept.
    pub fn deny_path(&self, policy: &Path) -> PathBuf {
        self.deny_directory().join(record::path_name(policy))
    }

    /// Returns where all blocks are kept.
    pub fn deny_directory(&self) -> PathBuf {
        self.root.join("deny")
    }

    /// Returns whether this path is blocked.
    pub fn is_denied(&self, policy: &Path) -> bool {
        self.counts(files::look_at(&self.deny_path(policy)).as_ref())
    }

    /// Returns whether what stands at a record's path is a record of this user's.
    pub fn counts(&self, found: Option<&Metadata>) -> bool {
        found.is_some_and(|metadata| files::is_own(metadata, self.uid))
    }

    /// Reads the approval of exactly these bytes at this path, for this engine.
    pub fn record(
        &self,
        policy: &Path,
        bytes: &[u8],
        engine: Engine,
        now: Duration,
    ) -> Result<Option<Record>, FileProblem> {
        let record = self.read(&self.allow_path(policy, bytes, engine), now)?;
        Ok(record.filter(|record| record.engine == engine))
    }

    /// Reads the latest approval of any bytes at this path, to show what changed since.
    pub fn latest(&self, policy: &Path, now: Duration) -> Option<Record> {
        let newest = records(&self.allow_directory(policy)).max_by_key(|path| {
            files::look_at(path).and_then(|metadata| metadata.modified().ok())
        })?;
        self.read(&newest, now).ok()?
    }

    fn read(&self, path: &Path, now: Duration) -> Result<Option<Record>, FileProblem> {
        let text = files::read_guarded(path, RECORD_LIMIT, self.uid, now)?;
        Ok(text.and_then(|text| Record::decode(&text.bytes)))
    }

    /// Keeps an approval; one of the same bytes for the other engine ends, and a block of the same path.
    pub fn allow(&self, record: &Record) -> Result<(), FileProblem> {
        let (policy, other) = (&record.policy, record.engine.other());
        let path = self.allow_path(&policy.path, &policy.bytes, record.engine);
        files::write_private(&path, &record.encode())?;
        files::remove(&self.allow_path(&policy.path, &policy.bytes, other))?;
        files::remove(&self.deny_path(&policy.path))?;
        Ok(())
    }

    /// Blocks a path; approvals of it stay, and count again when the block ends.
    pub fn deny(&self, policy: &Path) -> Result<(), FileProblem> {
        use std::os::unix::ffi::OsStrExt;
        files::write_private(&self.deny_path(policy), policy.as_os_str().as_bytes())
    }

    /// Returns the paths of which any bytes were allowed.
    pub fn policies(&self, now: Duration) -> Result<Vec<PathBuf>, FileProblem> {
        let mut paths = Vec::new();
        for directory in files::listed(&self.root.join("allow"))? {
            // Every record there is of the same path; one that is damaged says nothing.
            for path in records(&directory) {
                if let Some(record) = self.read(&path, now)? {
                    paths.push(record.policy.path);
                    break;
                }
            }
        }
        Ok(paths)
    }

    /// Removes the approvals of files that are gone, and returns how many records that were.
    pub fn prune(&self, now: Duration) -> Result<usize, FileProblem> {
        let mut removed = 0;
        for directory in files::listed(&self.root.join("allow"))? {
            for path in records(&directory) {
                let record = self.read(&path, now)?;
                let is_gone =
                    record.is_none_or(|record| files::look_at(&record.policy.path).is_none());
                if is_gone && files::remove(&path)? {
                    removed += 1;
                }
            }
            files::remove_empty_directory(&directory);
        }
        Ok(removed)
    }
}

/// Returns the records in a directory, without files that are only just being written.
fn records(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let is_record = |path: &PathBuf| {
        path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b"."))
    };
    files::list(directory).into_iter().filter(is_record)
}
