//! Finds the SDK of a version among the places where one may lie, and says what was looked at.
//!
//! For one version every place has one candidate, so finding costs the same with one SDK or a thousand; `examine.rs`
//! judges a candidate. Never runs anything, never writes. Directories are listed only to answer for a language
//! version (`1.26`: the newest release of that line) or for a version that is not here; even then names come first,
//! and only what could be the answer is examined.

use std::path::{Path, PathBuf};

use super::examine::{Examined, Reason, Seen, examine, examine_real, read_record_at};
use super::list::{sort, versions};
use super::places::{Places, Source};
use super::record::Record;
use super::stamp;
use crate::go::Version;

/// The most versions that are said to be here instead.
const NEAR: usize = 3;

/// How the files of an SDK stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As they stood when it was sealed, so that what was found of it then still holds.
    AsSealed,
    /// Otherwise, or nobody recorded it.
    Unknown,
}

/// An SDK that is here.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its version.
    pub version: Version,
    /// Its root, the GOROOT: absolute, without symbolic links.
    pub root: PathBuf,
    /// Who put it there.
    pub source: Source,
    /// What goenv recorded of it; none for a tree that was merely found.
    pub record: Option<Record>,
    /// How its files stand to the record.
    pub standing: Standing,
    /// Files of it whose change matters to the prompt, as they stood.
    pub seen: Vec<Seen>,
    /// Paths that would win over it if they changed.
    pub before: Vec<PathBuf>,
    /// Paths that would win over it if they appeared: nothing was there when it was looked for.
    pub absent: Vec<PathBuf>,
}

impl Found {
    fn unrecorded(
        sdk: Examined,
        source: Source,
        before: Vec<PathBuf>,
        absent: Vec<PathBuf>,
    ) -> Self {
        let Examined { version, root, seen } = sdk;
        let (record, standing) = (None, Standing::Unknown);
        Self { version, root, source, record, standing, seen, before, absent }
    }
}

/// Finds the SDK for `version`: that release, or for a language version (`1.26`) the newest release of its line.
pub fn find(version: &Version, places: &Places) -> Result<Found, Box<Missing>> {
    if version.is_language() {
        return newest_of_line(version, places);
    }
    release(version, places).map_err(|NotFound { looked_at, watch }| {
        Missing::new(version, looked_at, &versions(places), watch, places)
    })
}

/// A release that is nowhere.
struct NotFound {
    /// The candidates, and why each is not it.
    looked_at: Vec<(PathBuf, Reason)>,
    /// Paths whose change or appearance could bring it.
    watch: Vec<PathBuf>,
}

/// Finds one release.
fn release(version: &Version, places: &Places) -> Result<Found, NotFound> {
    let mut looked_at = Vec::new();
    let (mut before, mut absent) = (Vec::new(), Vec::new());
    let recorded = places.record(version.as_str());
    match read_record_at(&recorded, version, places) {
        Ok((record, metadata)) => match examine_recorded(&record, version, places.user) {
            Ok((mut sdk, standing)) => {
                let stored = record.root == places.stored(version);
                let source = if stored { Source::Store } else { Source::Adopted };
                // Whoever looks closer at an SDK that does not stand as it stood writes what it finds there.
                let metadata = (standing == Standing::AsSealed).then_some(metadata);
                sdk.seen.push((recorded, metadata));
                let found = Found::unrecorded(sdk, source, before, absent);
                return Ok(Found { record: Some(record), standing, ..found });
            }
            Err(reason) => {
                before.push(recorded);
                looked_at.push((record.root, reason));
            }
        },
        Err(Reason::Absent) => absent.push(recorded),
        Err(reason) => {
            before.push(recorded.clone());
            looked_at.push((recorded, reason));
        }
    }
    let stored = std::iter::once((Source::Store, places.stored(version)));
    for (source, root) in stored.chain(places.candidates(version)) {
        match examine(&root, Some(version), places.user) {
            Ok(sdk) => return Ok(Found::unrecorded(sdk, source, before, absent)),
            Err(reason) => {
                let place = if reason == Reason::Absent { &mut absent } else { &mut before };
                place.push(root.join("VERSION"));
                looked_at.push((root, reason));
            }
        }
    }
    before.append(&mut absent);
    Err(NotFound { looked_at, watch: before })
}

/// Examines an SDK that was recorded. It was examined when it was sealed: where no file of it changed since, neither
/// its mode nor its owner, there is nothing to look at again.
fn examine_recorded(
    record: &Record,
    version: &Version,
    user: u32,
) -> Result<(Examined, Standing), Reason> {
    // The root in a record has no symbolic links.
    let root = record.root.clone();
    if stamp::changed(&root, &record.stamps).is_none() {
        return Ok((Examined::unseen(version.clone(), root), Standing::AsSealed));
    }
    examine_real(root, Some(version), user).map(|sdk| (sdk, Standing::Unknown))
}

fn newest_of_line(line: &Version, places: &Places) -> Result<Found, Box<Missing>> {
    let here = versions(places);
    let fits = |version: &&Version| version.language() == line.as_str() && !version.is_prerelease();
    // A newer release may appear in any of them.
    let mut watch: Vec<_> = places.directories().map(Path::to_owned).collect();
    let mut refused = Vec::new();
    for newest in here.iter().rev().filter(fits) {
        match release(newest, places) {
            Ok(mut found) => {
                found.before.append(&mut watch);
                return Ok(found);
            }
            Err(NotFound { looked_at, .. }) => {
                let there = looked_at.into_iter().filter(|(_, reason)| *reason != Reason::Absent);
                for (root, reason) in there {
                    watch.extend([root.join("VERSION"), root.join("bin/go")]);
                    refused.push((root, reason));
                }
            }
        }
    }
    Err(Missing::new(line, refused, &here, watch, places))
}

/// How much a list of versions holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that are here.
    All,
    /// The nearest.
    Nearest,
}

/// The answer for an SDK that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The version that is wanted.
    pub version: Version,
    /// The candidates, and why each is not it.
    pub looked_at: Vec<(PathBuf, Reason)>,
    /// The nearest versions that are here, in their order.
    pub here: Vec<Version>,
    /// Whether those are all.
    pub extent: Extent,
    /// Paths whose change or appearance could bring it.
    pub watch: Vec<PathBuf>,
}

impl Missing {
    /// Returns the answer; `named` are the versions that are here by their names, of which the nearest are examined.
    fn new(
        version: &Version,
        looked_at: Vec<(PathBuf, Reason)>,
        named: &[Version],
        watch: Vec<PathBuf>,
        places: &Places,
    ) -> Box<Self> {
        // What a candidate turned out to be is here, whatever its name says.
        let found: Vec<_> = looked_at
            .iter()
            .filter_map(|(_, reason)| match reason {
                Reason::OtherVersion(found) => Some(found.clone()),
                _ => None,
            })
            .collect();
        let mut named = [named, found.as_slice()].concat();
        sort(&mut named);
        let is_here = |version: &Version| {
            found.iter().any(|found| found.as_str() == version.as_str())
                || release(version, places).is_ok()
        };
        let near = nearest(version, &named, is_here);
        let is_near = |version: &Version| near.iter().any(|near| near.as_str() == version.as_str());
        let is_more = named.iter().any(|version| !is_near(version) && is_here(version));
        let extent = if is_more { Extent::Nearest } else { Extent::All };
        let here = near.into_iter().cloned().collect();
        Box::new(Self { version: version.clone(), looked_at, here, extent, watch })
    }

    /// Returns what to say: the version, what stood in its place, and the nearest that are here.
    pub fn message(&self) -> String {
        let refused = self
            .looked_at
            .iter()
            .find(|(_, reason)| !matches!(reason, Reason::Absent | Reason::OtherVersion(_)));
        if let Some((root, reason)) = refused {
            return format!("go{} at {} is not used: {reason}", self.version, root.display());
        }
        match self.here.as_slice() {
            [] => format!("go{} is not installed, and no other Go is", self.version),
            near => {
                let near: Vec<_> = near.iter().map(ToString::to_string).collect();
                let here = match self.extent {
                    Extent::All => "here",
                    Extent::Nearest => "nearest here",
                };
                format!("go{} is not installed ({here}: {})", self.version, near.join(", "))
            }
        }
    }

    /// Returns the command that mends it.
    pub fn hint(&self) -> String {
        format!("goenv sdk install {}", self.version)
    }
}

/// Returns at most three of the versions `named` that are here: those of the same line first, then the nearest above
/// and below. No more are asked for than it takes.
pub(super) fn nearest<'a>(
    wanted: &Version,
    named: &'a [Version],
    is_here: impl Fn(&Version) -> bool,
) -> Vec<&'a Version> {
    let line = wanted.language();
    let here = |version: &&Version| is_here(version);
    let of_line = named.iter().rev().filter(|version| version.language() == line);
    let mut near: Vec<_> = of_line.filter(here).take(NEAR).collect();
    if near.len() < NEAR {
        let above = named.iter().filter(|version| *version > wanted).find(here);
        let below = named.iter().rev().filter(|version| *version < wanted).find(here);
        for version in [above, below].into_iter().flatten() {
            if !near.iter().any(|known| known.as_str() == version.as_str()) {
                near.push(version);
            }
        }
    }
    near.truncate(NEAR);
    near.sort();
    near
}

#[cfg(test)]
mod tests;
