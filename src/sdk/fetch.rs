#![expect(clippy::disallowed_methods, reason = "keeping what was fetched is this file's work")]
//! Asks a mirror: what it lists, the archive itself, its signature.
//!
//! The archive goes into a part of a file that is named by its digest and outlives a run that was killed, so that the
//! next one continues it; only a whole one with the right digest counts. Nothing is unpacked here.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::download::{Client, DownloadError, LIST_LIMIT};
use super::install::{InstallError, Progress, Report};
use super::mirror::{Feed, Listed, Mirror, archive_name, sha256_file};
use super::pin::Pin;
use super::places::{Places, Platform};
use super::tree::digest_file;
use super::{openpgp, store};
use crate::go::Version;
use crate::hex::hex;

/// Returns the mirror's list, `None` where it has none.
pub(super) fn feed(mirror: &Mirror, client: &Client) -> Result<Option<Feed>, InstallError> {
    let read = |name| -> Result<Option<Feed>, InstallError> {
        match client.small(mirror, name, LIST_LIMIT) {
            // An object store says so of what it does not have; of what it has too, the archive's digest will show.
            Err(DownloadError::Status { status: 403, .. }) => Ok(None),
            bytes => Ok(bytes?.and_then(|bytes| Feed::read(&bytes))),
        }
    };
    match read("index.json")? {
        Some(feed) => Ok(Some(feed)),
        None => read("?mode=json&include=all"),
    }
}

/// Returns what a mirror says of the archive of a release, `None` where it says nothing.
pub fn listed(
    mirror: &Mirror,
    client: &Client,
    version: &Version,
    platform: &Platform,
) -> Result<Option<Listed>, InstallError> {
    let feed = feed(mirror, client)?;
    said(mirror, client, feed.as_ref(), &archive_name(version, platform))
}

/// As [`listed`], with the mirror's list at hand; a list without the archive says that it is not there.
pub(super) fn said(
    mirror: &Mirror,
    client: &Client,
    feed: Option<&Feed>,
    name: &str,
) -> Result<Option<Listed>, InstallError> {
    match feed {
        Some(feed) => Ok(feed.archive(name)),
        None => {
            let bytes = client.small(mirror, &format!("{name}.sha256"), 4096)?;
            Ok(bytes.and_then(|bytes| sha256_file(&bytes)))
        }
    }
}

/// Returns the releases in a list that there are for this platform.
fn releases(feed: &Feed, places: &Places) -> Vec<Version> {
    let mut versions = feed.versions();
    versions.retain(|version| feed.archive(&archive_name(version, &places.platform)).is_some());
    versions
}

pub(super) fn newest_of_line(feed: &Feed, line: &Version, places: &Places) -> Option<Version> {
    releases(feed, places)
        .into_iter()
        .rev()
        .find(|version| version.language() == line.as_str() && !version.is_prerelease())
}

pub(super) fn nearest(feed: &Feed, version: &Version, places: &Places) -> Vec<Version> {
    super::find::nearest(version, &releases(feed, places), |_| true).into_iter().cloned().collect()
}

/// Fetches the archive and compares its digest; one that was continued and is wrong is fetched anew, once.
pub(super) fn fetch(
    mirror: &Mirror,
    client: &Client,
    name: &str,
    listed: &Listed,
    by: &str,
    part: &Part,
    report: Report<'_>,
) -> Result<Option<()>, InstallError> {
    loop {
        let continued = fs::symlink_metadata(&part.path).is_ok();
        let fetched = client.archive(mirror, name, &part.path, &mut |done, total| {
            report(Progress::Fetch(done, total.or(listed.size)));
        });
        match fetched {
            Ok(None) => return Ok(None),
            Ok(Some(())) => {}
            Err(error @ DownloadError::File { what: "write", .. }) => {
                // A full disk: a part of an archive is no use to anybody.
                part.discard();
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        let digest = hex(&digest_file(&part.path)?.sha256);
        if digest == listed.sha256 {
            return Ok(Some(()));
        }
        part.discard();
        if !continued {
            return Err(InstallError::Mismatch {
                name: format!("{mirror}/{name}"),
                found: Pin::Archive(digest),
                expected: Pin::Archive(listed.sha256.clone()),
                by: by.to_owned(),
            });
        }
    }
}

pub(super) fn check_signature(
    mirror: &Mirror,
    client: &Client,
    name: &str,
    part: &Part,
    keyring: &Path,
) -> Result<(), InstallError> {
    let Some(bytes) = client.small(mirror, &format!("{name}.asc"), 64 * 1024)? else {
        part.discard();
        return Err(InstallError::NoSignature {
            mirror: mirror.to_string(),
            name: name.to_owned(),
        });
    };
    let signature = part.path.with_extension("asc");
    fs::write(&signature, bytes).map_err(store::about("write", &signature))?;
    let checked = openpgp::check(&part.path, &signature, keyring);
    let _ = fs::remove_file(&signature);
    if checked.is_err() {
        part.discard();
    }
    Ok(checked?)
}

/// The file that an archive is fetched into, which outlives a run that was killed.
pub(super) struct Part {
    pub(super) path: PathBuf,
}

impl Part {
    pub(super) fn new(places: &Places, name: &str) -> Result<Self, InstallError> {
        let directory = places.store.join(".download");
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory);
        made.map_err(store::about("create", &directory))?;
        Ok(Self { path: directory.join(format!("{name}.part")) })
    }

    pub(super) fn discard(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
