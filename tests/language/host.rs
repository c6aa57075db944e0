//! A host over real directories, for tests: what production answers, without its checks of trust.

use std::collections::BTreeSet;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use goenv::env::Bytes;
use goenv::policy::{Access, Cause, Host, Kind, Look, Refusal, SdkFound, SdkWanted};

/// Answers from the file system; SDKs are directories `go<VERSION>` in `sdks`.
#[derive(Default)]
pub(crate) struct RealHost {
    pub(crate) sdks: PathBuf,
    pub(crate) watched: BTreeSet<PathBuf>,
}

impl Host for RealHost {
    fn policy_text(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        Ok(std::fs::read(path).ok())
    }

    fn data(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        Ok(std::fs::read(path).ok())
    }

    fn look(&mut self, path: &Path) -> Option<Look> {
        let metadata = std::fs::metadata(path).ok()?;
        let kind = match metadata.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Directory,
            _ => Kind::Other,
        };
        // The tests run as root, for whom all is readable, and executable what anyone may execute.
        let execute = kind == Kind::Directory || metadata.permissions().mode() & 0o111 != 0;
        let mtime =
            i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        let access = Access { read: true, write: true, execute };
        Some(Look { kind, size: metadata.len(), mtime, access })
    }

    fn link(&mut self, path: &Path) -> Option<PathBuf> {
        std::fs::read_link(path).ok()
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(path).ok()
    }

    fn names(&mut self, path: &Path) -> Vec<Bytes> {
        let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut names: Vec<Bytes> = entries.map(|e| e.file_name().into_vec()).collect();
        names.sort();
        names
    }

    fn program(&mut self, name: &[u8], path_value: &[u8]) -> Option<PathBuf> {
        let directories = path_value.split(|byte| *byte == b':');
        let mut candidates = directories
            .map(|directory| Path::new(std::ffi::OsStr::from_bytes(directory)))
            .map(|directory| directory.join(std::ffi::OsStr::from_bytes(name)));
        candidates.find(|path| {
            self.look(path).is_some_and(|look| look.kind == Kind::File && look.access.execute)
        })
    }

    fn sdk(&mut self, wanted: &SdkWanted) -> Result<SdkFound, Refusal> {
        let version = wanted.version.clone().unwrap_or_default();
        let root = self.sdks.join(format!("go{version}.linux-amd64"));
        match root.is_dir() {
            true => Ok(SdkFound { version, root }),
            false => Err(Refusal {
                message: format!("Go {version} is not installed"),
                hint: Some(format!("goenv sdk install {version}")),
                cause: Cause::Text,
            }),
        }
    }

    fn watch(&mut self, path: &Path) {
        self.watched.insert(path.to_path_buf());
    }
}
