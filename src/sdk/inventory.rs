//! Every SDK that is here, with what goenv knows of it: the rows of `sdk list`.
//!
//! What the places hold, and what records name that lies elsewhere or is gone. The fields of the JSON are stable:
//! docs/reference.md, section "SDKs".

use std::path::Path;

use serde::Serialize;

use super::examine::{Reason, examine, read_record};
use super::list::{Look, list, recorded};
use super::places::{Places, Source};
use super::record::Record;
use super::store::health;
use super::tree::Cores;
use crate::go::Version;

/// One SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its version: `1.26.6`.
    pub version: String,
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
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
pub fn inventory(places: &Places, current: Option<&Path>) -> Vec<Row> {
    let listed = list(places, Look::Glance);
    let records: Vec<Record> =
        recorded(places).iter().filter_map(|version| read_record(version, places).ok()).collect();
    let mut rows: Vec<(Version, usize, Row)> = Vec::new();
    for (source, version, root) in listed.found {
        let record = records.iter().find(|record| record.root == root);
        let state = record.map_or("unsealed", |record| health(record, places, Cores::All).name());
        let source =
            if record.is_some() && source != Source::Store { Source::Adopted } else { source };
        rows.push((
            version.clone(),
            rows.len(),
            row(&version, &root, source, state, record, places, current),
        ));
    }
    for record in &records {
        let Ok(version) = Version::read(&record.version) else { continue };
        let root = &record.root;
        if rows.iter().any(|(_, _, row)| Path::new(&row.root) == root) {
            continue;
        }
        let state = match examine(root, Some(&version), places.user) {
            Ok(_) => health(record, places, Cores::All).name(),
            Err(Reason::Absent) => "missing",
            Err(_) => "altered",
        };
        let source = if *root == places.stored(&version) { Source::Store } else { Source::Adopted };
        rows.push((
            version.clone(),
            rows.len(),
            row(&version, root, source, state, Some(record), places, current),
        ));
    }
    rows.sort_by(|(left, i, _), (right, j, _)| left.cmp(right).then(i.cmp(j)));
    rows.into_iter().map(|(_, _, row)| row).collect()
}

fn row(
    version: &Version,
    root: &Path,
    source: Source,
    state: &'static str,
    record: Option<&Record>,
    places: &Places,
    current: Option<&Path>,
) -> Row {
    Row {
        version: version.to_string(),
        os: places.platform.os.clone(),
        arch: places.platform.arch.clone(),
        root: root.to_string_lossy().into_owned(),
        source: source.name(),
        state,
        h1: record.map(|record| record.h1.clone()),
        archive_sha256: record.and_then(|record| record.archive_sha256.clone()),
        current: current == Some(root),
    }
}
