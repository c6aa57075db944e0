//! Installs a release: from the configured mirrors, or from an archive on disk.
//!
//! The digest is known before the archive is opened: from the policy's pin, else from the mirror. What is unpacked is
//! checked and sealed under a temporary name and appears in the store whole, under one lock; a run that was killed
//! leaves temporary names only, which the next one removes, and a part that the next one continues. Nothing of the
//! new SDK is run. Never asks a source that nobody configured.

use std::io;
use std::path::{Path, PathBuf};

use super::archive::ArchiveError;
use super::download::{Client, DownloadError, copy};
use super::examine::{other_version, read_record};
use super::fetch::{Part, check_signature, feed, fetch, nearest, newest_of_line, said};
use super::mirror::{Feed, Listed, Mirror, archive_name};
use super::openpgp::SignatureError;
use super::pin::{Fit, Pin, Pins, fit};
use super::places::Places;
use super::publish::Unpacked;
use super::record::Record;
use super::store::{self, Health, StoreError, health, lock, sweep};
use super::tree::{Cores, TreeError, digest_file};
use crate::go::Version;
use crate::hex::hex;

/// What is to be installed, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The release, or a language version: then the newest release of its line that the mirror has.
    pub version: &'a Version,
    /// The policy's pins; empty where there are none.
    pub pins: &'a Pins,
    /// Where it may come from, in the order in which they are asked.
    pub mirrors: &'a [Mirror],
    /// The CA file that alone vouches for the mirrors.
    pub ca: Option<&'a Path>,
    /// The keyring by which Go's signature is required.
    pub keyring: Option<&'a Path>,
}

/// How far an installation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something that the user should know.
    Note(String),
    /// Bytes of the archive that were fetched, and how many there are.
    Fetch(u64, Option<u64>),
    /// Bytes of the archive that were unpacked, and how many there are.
    Unpack(u64, u64),
    /// Everything is read again to seal it.
    Seal,
}

/// What came of an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installed {
    /// It is new.
    New(Record),
    /// It was there, sealed and unaltered.
    Already(Record),
}

/// Why nothing was installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// No mirror has it.
    #[error("go{version} for {platform} is not at {mirrors}{}", near(nearest))]
    NoSuch {
        /// The version.
        version: Version,
        /// The platform.
        platform: String,
        /// Who was asked.
        mirrors: String,
        /// The nearest versions that the last of them lists.
        nearest: Vec<Version>,
    },
    /// Which release of a language is the newest, a mirror without a list does not say.
    #[error(
        "{mirror} has no list of releases (index.json), so a whole version has to be named, as {version}.1"
    )]
    NoList {
        /// The mirror.
        mirror: String,
        /// The language version.
        version: Version,
    },
    /// Nobody says what the archive's digest is.
    #[error("{mirror} says no sha256 of {name}, and none is pinned")]
    NoDigest {
        /// The mirror.
        mirror: String,
        /// The archive.
        name: String,
    },
    /// The mirror has no signature, and one is required.
    #[error("{mirror} has no signature of {name}, and one is required")]
    NoSignature {
        /// The mirror.
        mirror: String,
        /// The archive.
        name: String,
    },
    /// It is not what it was said to be.
    #[error("{name} is {found}, expected {expected} ({by}); nothing was kept")]
    Mismatch {
        /// What was looked at.
        name: String,
        /// Its hash.
        found: Pin,
        /// The hash that it should have.
        expected: Pin,
        /// Who says so.
        by: String,
    },
    /// It is here already, from elsewhere, and is not what it was.
    #[error("go{version} is adopted from {}, and was altered there", root.display())]
    Adopted {
        /// The version.
        version: Version,
        /// Its root.
        root: PathBuf,
    },
    /// A mirror failed.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The archive was refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The signature was refused.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

impl InstallError {
    /// Returns a command that mends it, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuch { nearest, .. } => {
                nearest.last().map(|version| format!("goenv sdk install {version}"))
            }
            Self::NoDigest { .. } => Some("goenv sdk add ARCHIVE --sha256 HEX".to_owned()),
            // Which says what changed, and what to do.
            Self::Adopted { version, .. } => Some(format!("goenv sdk verify {version}")),
            Self::Download(DownloadError::Unreachable { .. } | DownloadError::Status { .. }) => {
                Some("goenv sdk add ARCHIVE".to_owned())
            }
            _ => None,
        }
    }

    /// Returns whether a hash or signature is wrong, and not merely something missing.
    pub fn is_wrong(&self) -> bool {
        matches!(
            self,
            Self::Mismatch { .. }
                | Self::Signature(_)
                | Self::NoSignature { .. }
                | Self::Adopted { .. }
        )
    }
}

fn near(nearest: &[Version]) -> String {
    let names: Vec<_> = nearest.iter().map(ToString::to_string).collect();
    if names.is_empty() { String::new() } else { format!(" (nearest there: {})", names.join(", ")) }
}

/// Receives how far an installation is.
pub type Report<'a> = &'a mut dyn FnMut(Progress);

/// Installs a release from the first mirror that has it.
///
/// The next mirror is asked only where one does not answer or has no such release, and that is said; a wrong hash
/// ends it.
pub fn install(
    order: &Order<'_>,
    places: &Places,
    report: Report<'_>,
) -> Result<Installed, InstallError> {
    let client = Client::new(order.mirrors, order.ca)?;
    let _lock = start(places)?;
    if !order.version.is_language()
        && let Some(record) = already(order.version, order.pins, places)?
    {
        return Ok(Installed::Already(record));
    }
    let mut last: Option<InstallError> = None;
    for mirror in order.mirrors {
        if let Some(error) = &last {
            report(Progress::Note(format!("{error}; trying {mirror}")));
        }
        match from_mirror(order, mirror, &client, places, report) {
            Err(error @ (InstallError::NoSuch { .. } | InstallError::NoList { .. })) => {
                last = Some(error);
            }
            Err(InstallError::Download(error)) if error.is_the_mirrors() => {
                last = Some(error.into())
            }
            outcome => return outcome,
        }
    }
    let none = || InstallError::NoSuch {
        version: order.version.clone(),
        platform: places.platform.to_string(),
        mirrors: "any mirror, as none is configured".to_owned(),
        nearest: Vec::new(),
    };
    Err(last.unwrap_or_else(none))
}

/// Adopts a release archive that lies on the disk into the store.
pub fn add_archive(
    archive: &Path,
    expected: Option<&Pin>,
    places: &Places,
    report: Report<'_>,
) -> Result<Installed, InstallError> {
    let _lock = start(places)?;
    let part = Part::new(places, "added")?;
    let added = add_part(archive, expected, &part, places, report);
    part.discard();
    added
}

fn add_part(
    archive: &Path,
    expected: Option<&Pin>,
    part: &Part,
    places: &Places,
    report: Report<'_>,
) -> Result<Installed, InstallError> {
    let missing = || {
        InstallError::Download(DownloadError::File {
            what: "read",
            path: archive.to_owned(),
            source: io::Error::from(io::ErrorKind::NotFound),
        })
    };
    copy(archive, &part.path, &mut |done, total| report(Progress::Fetch(done, total)))?
        .ok_or_else(missing)?;
    let digest = hex(&digest_file(&part.path)?.sha256);
    let found = Pin::Archive(digest.clone());
    let name = archive.display().to_string();
    if let Some(expected @ Pin::Archive(_)) = expected
        && found != *expected
    {
        let (expected, by) = (expected.clone(), "as was said".to_owned());
        return Err(InstallError::Mismatch { name, found, expected, by });
    }
    let pinned: Vec<_> =
        expected.iter().map(|pin| (places.platform.to_string(), pin.to_string())).collect();
    let pins = Pins::read(&pinned).unwrap_or_default();
    let unpacked = Unpacked::new(&part.path, None, places, report)?;
    if let Some(record) = already(&unpacked.version, &pins, places)? {
        return Ok(Installed::Already(record));
    }
    let origin = std::path::absolute(archive).unwrap_or_else(|_| archive.to_owned());
    unpacked.publish(origin.display().to_string(), &digest, &pins, places, report)
}

/// Locks the store and removes what killed runs left.
fn start(places: &Places) -> Result<store::Lock, InstallError> {
    let lock = lock(places)?;
    sweep(places, &lock);
    Ok(lock)
}

/// Returns the record of a release that is in the store or adopted, unaltered and as pinned.
fn already(
    version: &Version,
    pins: &Pins,
    places: &Places,
) -> Result<Option<Record>, InstallError> {
    let Ok(record) = read_record(version, places) else { return Ok(None) };
    let adopted = record.root != places.stored(version);
    // A record of a tree that is gone, or holds another release now, keeps nobody from installing.
    if adopted && (!record.root.is_dir() || other_version(&record).is_some()) {
        return Ok(None);
    }
    let fits = pins.of(&places.platform).all(|pin| fit(&record, pin) == Fit::Fits);
    // Who holds the lock writes the record itself.
    let unaltered = health(&record, &places.clone().read_only(), Cores::All) == Health::Sealed;
    let (version, root) = (version.clone(), record.root.clone());
    match (fits, unaltered) {
        (true, true) => Ok(Some(record)),
        (_, false) if adopted => Err(InstallError::Adopted { version, root }),
        // What goenv unpacked itself it replaces, and of another's that is not as pinned it makes one of its own, which
        // takes over the record once it is whole.
        _ => Ok(None),
    }
}

/// Installs from one mirror.
fn from_mirror(
    order: &Order<'_>,
    mirror: &Mirror,
    client: &Client,
    places: &Places,
    report: Report<'_>,
) -> Result<Installed, InstallError> {
    let pinned = order.pins.archive(&places.platform);
    let feed = match pinned {
        Some(_) if !order.version.is_language() => None,
        _ => feed(mirror, client)?,
    };
    let no_such = |feed: Option<&Feed>| InstallError::NoSuch {
        version: order.version.clone(),
        platform: places.platform.to_string(),
        mirrors: mirror.to_string(),
        nearest: feed.map(|feed| nearest(feed, order.version, places)).unwrap_or_default(),
    };
    let version = if order.version.is_language() {
        let (mirror, version) = (mirror.to_string(), order.version.clone());
        let feed = feed.as_ref().ok_or(InstallError::NoList { mirror, version })?;
        newest_of_line(feed, order.version, places).ok_or_else(|| no_such(Some(feed)))?
    } else {
        order.version.clone()
    };
    if order.version.is_language()
        && let Some(record) = already(&version, order.pins, places)?
    {
        return Ok(Installed::Already(record));
    }
    let name = archive_name(&version, &places.platform);
    let (listed, by) = match pinned {
        Some(digits) => (Listed { sha256: digits.to_owned(), size: None }, "as pinned".to_owned()),
        None => match said(mirror, client, feed.as_ref(), &name)? {
            Some(listed) => (listed, format!("as {mirror} says")),
            None if feed.is_none() && client.has(mirror, &name)? => {
                return Err(InstallError::NoDigest { mirror: mirror.to_string(), name });
            }
            None => return Err(no_such(feed.as_ref())),
        },
    };
    let part = Part::new(places, &listed.sha256)?;
    let fetched = fetch(mirror, client, &name, &listed, &by, &part, report)?;
    if fetched.is_none() {
        part.discard();
        return Err(no_such(feed.as_ref()));
    }
    if let Some(keyring) = order.keyring {
        check_signature(mirror, client, &name, &part, keyring)?;
    }
    let unpacked = Unpacked::new(&part.path, Some(&version), places, report);
    // An archive with the right digest that is refused will be refused again.
    part.discard();
    unpacked?.publish(format!("{mirror}/{name}"), &listed.sha256, order.pins, places, report)
}
