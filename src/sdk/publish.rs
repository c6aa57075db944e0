#![expect(clippy::disallowed_methods, reason = "putting a tree into the store is this file's work")]
//! From an archive to an SDK of the store: unpacked and sealed under a temporary name, then there at once.
//!
//! A tree that is not published goes away with its value, and after a kill by the next run's sweep. Whatever had the
//! place before (altered, unsealed, pinned otherwise) goes when the new one stands. Needs the store's lock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::archive::{identify, unpack};
use super::install::{InstallError, Installed, Progress, Report};
use super::pin::{Fit, Pins, fit};
use super::places::Places;
use super::record::Stamp;
use super::stamp;
use super::store::{self, Origin, StoreError, remove_any};
use super::tree::Links;
use crate::go::Version;

/// A tree that was unpacked and checked under a temporary name; removed again unless it is published.
pub(super) struct Unpacked {
    tree: Temporary,
    pub(super) version: Version,
}

/// A directory that is removed where it still has its temporary name.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = remove_any(&self.0);
    }
}

impl Unpacked {
    pub(super) fn new(
        archive: &Path,
        wanted: Option<&Version>,
        places: &Places,
        report: Report<'_>,
    ) -> Result<Self, InstallError> {
        let failed = store::about("create", &places.store);
        let directory =
            tempfile::Builder::new().prefix(".tmp-").tempdir_in(&places.store).map_err(failed)?;
        // Its directories become read-only, so removing it is work of ours.
        let tree = Temporary(directory.keep());
        let total = fs::metadata(archive).map_or(0, |metadata| metadata.len());
        unpack(archive, &tree.0, &mut |done| report(Progress::Unpack(done, total)))?;
        let version = identify(&tree.0, wanted, &places.platform)?;
        Ok(Self { tree, version })
    }

    /// Seals the tree and moves it to its place in the store.
    pub(super) fn publish(
        self,
        origin: String,
        archive_sha256: &str,
        pins: &Pins,
        places: &Places,
        report: Report<'_>,
    ) -> Result<Installed, InstallError> {
        report(Progress::Seal);
        let origin = Origin {
            version: self.version.clone(),
            platform: places.platform.clone(),
            origin,
            archive_sha256: Some(archive_sha256.to_owned()),
        };
        let (mut record, seal) = store::seal(&self.tree.0, Links::Refuse, &origin)?;
        for pin in pins.of(&places.platform) {
            if let Fit::Differs(found) = fit(&record, pin) {
                let (name, expected) = (format!("go{}", self.version), pin.clone());
                let by = "as pinned".to_owned();
                return Err(InstallError::Mismatch { name, found, expected, by });
            }
        }
        flush(&self.tree.0)?;
        let root = places.stored(&self.version);
        let target = root.clone();
        let failed = store::about("create", &target);
        // Whatever has the place is altered, unsealed or not as pinned; it goes when the new one stands and is known.
        let old = places.store.join(format!(".tmp-old-{}", self.version));
        if fs::symlink_metadata(&root).is_ok() {
            fs::rename(&root, &old).map_err(&failed)?;
        }
        fs::rename(&self.tree.0, &root).map_err(&failed)?;
        // Without stamps a prompt reads it all, and does not take it for the old one that was altered.
        let sealed = std::mem::take(&mut record.stamps);
        record.root = root;
        store::write(&record, &seal, places)?;
        let stamps = store::rest(&record.root)?;
        // Moving a directory changes that directory and nothing in it.
        let moved = |stamps: &[Stamp]| {
            stamps.iter().filter(|stamp| stamp.path != ".").cloned().collect::<Vec<_>>()
        };
        if moved(&stamps) != moved(&sealed) {
            let path = stamp::changed(&record.root, &sealed).unwrap_or_default();
            return Err(StoreError::Restless { root: record.root, path }.into());
        }
        record.stamps = stamps;
        store::write_record(&record, places)?;
        let _ = remove_any(&old);
        Ok(Installed::New(record))
    }
}

/// Has the tree written to the disk before it gets its name, so that a power cut leaves the whole tree or none.
fn flush(root: &Path) -> Result<(), InstallError> {
    let failed = store::about("write", root);
    let directory = File::open(root).map_err(&failed)?;
    #[cfg(target_os = "linux")]
    nix::unistd::syncfs(&directory).map_err(|error| failed(error.into()))?;
    directory.sync_all().map_err(&failed)?;
    Ok(())
}
