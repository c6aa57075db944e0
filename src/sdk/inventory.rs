//! Every SDK that is here, with what goenv knows of it: the rows of `sdk list`.
//!
//! What the places hold, and what records name that lies elsewhere or is gone. The fields of the JSON are stable:
//! docs/reference.md, section "SDKs".

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::examine::{Reason, examine, read_record};
use super::list::{Listed, list, recorded};
use super::places::{Places, Source};
use super::realpath;
use super::record::Record;
use super::store::health;
use super::tree::Cores;
use crate::go::Version;

/// One SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row<'a> {
    /// Its version: `1.26.6`.
    #[serde(serialize_with = "as_text")]
    pub version: Version,
    /// GOOS.
    pub os: &'a str,
    /// GOARCH.
    pub arch: &'a str,
    /// Its root.
    pub root: String,
    /// Who put it there.
    pub source: &'static str,
    /// `sealed`, `unsealed`, `altered` or `missing`.
    pub state: &'static str,
    /// The tree's hash, where it is sealed.
    pub h1: Option<String>,
    /// The archive's digest, where goenv unpacked it.
    pub archive_sha256: Option<String>,
    /// Whether this shell uses it.
    pub current: bool,
}

/// Returns the rows, sorted by version; `current` is the root that this shell uses.
pub fn inventory<'a>(places: &'a Places, current: Option<&Path>) -> Vec<Row<'a>> {
    let listed = list(places);
    let records: Vec<Record> =
        recorded(places).iter().filter_map(|version| read_record(version, places).ok()).collect();
    // There is one record of a version.
    let of_version: BTreeMap<&str, &Record> =
        records.iter().map(|record| (record.version.as_str(), record)).collect();
    let mut unlisted = of_version.clone();
    // Paths are compared part by part, which takes its time; those of SDKs are plain, so this one is made so.
    let current: Option<PathBuf> = current.map(|current| current.components().collect());
    let current = current.as_deref().map(Path::as_os_str);
    let store = linked(places);
    let mut rows = Vec::with_capacity(listed.len() + records.len());
    for Listed { source, version, mut root, .. } in listed {
        // What the store has is named as whoever uses it names it.
        if let Some(rest) = store.as_ref().and_then(|store| root.strip_prefix(store).ok()) {
            root = places.store.join(rest);
        }
        // A root may have been sealed as one version and hold another now: a record is of both.
        let record = of_version.get(version.as_str()).copied();
        let record = record.filter(|record| record.root.as_os_str() == root.as_os_str());
        if record.is_some() {
            unlisted.remove(version.as_str());
        }
        let state = record.map_or("unsealed", |record| health(record, places, Cores::All).name());
        let source =
            if record.is_some() && source != Source::Store { Source::Adopted } else { source };
        rows.push(row(version, root, source, state, record, places, current));
    }
    let is_sorted = unlisted.is_empty();
    for record in unlisted.into_values() {
        let (root, Ok(version)) = (&record.root, Version::read(&record.version)) else { continue };
        let state = match examine(root, Some(&version), places.user) {
            Ok(_) => health(record, places, Cores::All).name(),
            Err(Reason::Absent | Reason::OtherVersion(_)) => "missing",
            Err(_) => "altered",
        };
        // Whoever uses the root uses what is there.
        let current = current.filter(|_| state != "missing");
        let source = if *root == places.stored(&version) { Source::Store } else { Source::Adopted };
        rows.push(row(version, root.clone(), source, state, Some(record), places, current));
    }
    if !is_sorted {
        rows.sort_by(|left, right| left.version.cmp(&right.version));
    }
    rows
}

/// Returns the path of the store without symbolic links, where it has some: a home may lie elsewhere.
fn linked(places: &Places) -> Option<PathBuf> {
    realpath::directory(&places.store).ok().filter(|real| *real != places.store)
}

fn row<'a>(
    version: Version,
    root: PathBuf,
    source: Source,
    state: &'static str,
    record: Option<&Record>,
    places: &'a Places,
    current: Option<&OsStr>,
) -> Row<'a> {
    Row {
        version,
        os: &places.platform.os,
        arch: &places.platform.arch,
        source: source.name(),
        state,
        h1: record.map(|record| record.h1.clone()),
        archive_sha256: record.and_then(|record| record.archive_sha256.clone()),
        current: current == Some(root.as_os_str()),
        root: text(root),
    }
}

/// Returns a path as text, which costs nothing where it is.
fn text(path: PathBuf) -> String {
    let text = path.into_os_string().into_string();
    text.unwrap_or_else(|path| path.to_string_lossy().into_owned())
}

fn as_text<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(version.as_str())
}
