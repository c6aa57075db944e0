//! A large file that is only data, read at any place without holding it in memory.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{FileProblem, open_data, scan, unchanged};

/// A regular file, open for reading.
#[derive(Debug)]
pub struct Data {
    path: PathBuf,
    file: File,
    before: Metadata,
    limit: u64,
}

impl Data {
    /// Opens a file: bounded, not blocking, links followed. `None` where there is none.
    ///
    /// # Errors
    /// If it is no regular file, is larger than `limit`, or cannot be opened.
    pub fn open(path: &Path, limit: u64) -> Result<Option<Self>, FileProblem> {
        let Some((file, before)) = open_data(path)? else { return Ok(None) };
        if before.size() > limit {
            return Err(FileProblem::TooLarge(path.to_path_buf(), limit));
        }
        Ok(Some(Self { path: path.to_path_buf(), file, before, limit }))
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.before.size()
    }

    /// Reads bytes at a place: fewer than the buffer has room for at the end of the file.
    ///
    /// # Errors
    /// If the system says no.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// Reads all of it in pieces, and makes sure that it is what was opened.
    ///
    /// # Errors
    /// If the system says no, or the file changed since it was opened.
    pub fn scan(&self, see: impl FnMut(&[u8])) -> Result<(), FileProblem> {
        scan(&self.path, &self.file, &self.before, self.limit, see)?;
        unchanged(&self.path, &self.file, &self.before).map(drop)
    }
}
