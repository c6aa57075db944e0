//! The record beside an SDK: what it is, where it came from, and how its files stood when it was sealed.
//!
//! One JSON file in the store, `go1.26.6.linux-amd64.json`; the manifest of every file stands in the seal of the same
//! name. Bytes in, a record out, and the other way; a record never names anything but an absolute root. Format:
//! docs/security.md, section "SDKs".

use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

use super::places::Platform;
use crate::go::Version;

/// The most that is read of a record.
pub const RECORD_LIMIT: u64 = 64 * 1024;

/// What goenv knows of one SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its version: `1.26.6`.
    pub version: String,
    /// GOOS.
    pub os: String,
    /// GOARCH.
    pub arch: String,
    /// Its root: absolute, without symbolic links.
    pub root: PathBuf,
    /// Where it came from: an address, an archive's path, or the directory that was adopted.
    pub origin: String,
    /// The digest of the archive that goenv unpacked, in hex; none for an adopted tree.
    pub archive_sha256: Option<String>,
    /// The tree's hash as Go computes it: `h1:…`.
    pub h1: String,
    /// When it was sealed, in seconds since 1970.
    pub sealed: u64,
    /// How many files the seal lists.
    pub files: u64,
    /// How many bytes they hold.
    pub bytes: u64,
    /// The digest of the seal, in hex.
    pub seal: String,
    /// How the files that the prompt looks at stood.
    pub stamps: Vec<Stamp>,
}

/// How one file stood: what `stat` said of it. In a record it is an array, its fields in this order: the prompt reads
/// twenty of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Stamp {
    /// The path below the root.
    pub path: String,
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Size in bytes.
    pub size: u64,
    /// Type, permissions and special bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Modification time in nanoseconds since 1970.
    pub mtime: i64,
    /// Change time in nanoseconds since 1970, which nobody can set back.
    pub ctime: i64,
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { path, dev, ino, size, mode, uid, mtime, ctime } = self;
        (path, dev, ino, size, mode, uid, mtime, ctime).serialize(serializer)
    }
}

impl Record {
    /// Reads the record of `version` for `platform`.
    pub fn read(bytes: &[u8], version: &Version, platform: &Platform) -> Result<Self, NotARecord> {
        let record: Self =
            serde_json::from_slice(bytes).map_err(|error| NotARecord(error.to_string()))?;
        let names = (record.version.as_str(), record.os.as_str(), record.arch.as_str());
        if names != (version.as_str(), platform.os.as_str(), platform.arch.as_str()) {
            return Err(NotARecord(format!(
                "it is of go{} for {}/{}",
                record.version, record.os, record.arch
            )));
        }
        if !record.root.is_absolute() {
            return Err(NotARecord("its root is not absolute".to_owned()));
        }
        Ok(record)
    }

    /// Returns the bytes that stand in the file.
    pub fn bytes(&self) -> Vec<u8> {
        // A record holds text and numbers alone, so nothing of it can fail to be written.
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotARecord(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            version: "1.26.6".to_owned(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
            root: "/usr/local/go".into(),
            origin: "/usr/local/go".to_owned(),
            archive_sha256: None,
            h1: "h1:k9O6pMp/NDJBrp1CKSYBpOK82Y56wlXOEdnls6TY690=".to_owned(),
            sealed: 1_795_000_000,
            files: 11_532,
            bytes: 215_000_000,
            seal: "00".repeat(32),
            stamps: vec![Stamp {
                path: "VERSION".to_owned(),
                dev: 1,
                ino: 2,
                size: 35,
                mode: 0o100_444,
                uid: 0,
                mtime: 1_795_000_000_000_000_000,
                ctime: -1,
            }],
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let version = Version::read("1.26.6").unwrap();
        let platform = Platform { os: "linux".to_owned(), arch: "amd64".to_owned() };
        assert_eq!(Record::read(&record().bytes(), &version, &platform), Ok(record()));
        let text = String::from_utf8(record().bytes()).unwrap();
        let stamp = r#"["VERSION",1,2,35,33060,0,1795000000000000000,-1]"#;
        assert!(text.contains(stamp), "{text}");
        // As records were written first.
        let named = r#"{"path":"VERSION","dev":1,"ino":2,"size":35,"mode":33060,"uid":0,
            "mtime":1795000000000000000,"ctime":-1}"#;
        let named = text.replace(stamp, named);
        assert_eq!(Record::read(named.as_bytes(), &version, &platform), Ok(record()));
        let other = Version::read("1.26.5").unwrap();
        assert_eq!(
            Record::read(&record().bytes(), &other, &platform).unwrap_err().to_string(),
            "it is of go1.26.6 for linux/amd64"
        );
        let relative = Record { root: "go".into(), ..record() };
        assert_eq!(
            Record::read(&relative.bytes(), &version, &platform).unwrap_err().to_string(),
            "its root is not absolute"
        );
        assert!(Record::read(b"{}", &version, &platform).is_err());
        assert!(Record::read(b"", &version, &platform).is_err());
    }
}
