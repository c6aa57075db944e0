//! Mirrors: where release archives come from, and what a mirror says of them.
//!
//! A mirror is an https address or a directory that holds `go1.26.6.linux-amd64.tar.gz`, beside it `.sha256` (bare
//! hex) and `.asc`, and as `index.json`, or in answer to `?mode=json&include=all`, the list in go.dev's shape. Pure:
//! texts in, addresses and digests out. An address from a mirror's list is never followed: names are our own.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::places::Platform;
use crate::go::Version;
use crate::hex::unhex;

/// The mirror that is used where nobody names any.
pub const DEFAULT: &str = "https://go.dev/dl";

/// A place from which releases are installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// An https address without a trailing slash.
    Web(String),
    /// A directory.
    Directory(PathBuf),
}

impl Mirror {
    /// Reads `https://host/path` or `file:///path`.
    pub fn read(text: &str) -> Result<Self, NotAMirror> {
        let refuse = |what| Err(NotAMirror { found: text.to_owned(), what });
        if text.bytes().any(|byte| !(0x21..0x7f).contains(&byte)) {
            return refuse("it holds blanks or characters that are not ASCII");
        }
        if let Some(path) = text.strip_prefix("file://") {
            return if path.starts_with('/') {
                Ok(Self::Directory(PathBuf::from(path)))
            } else {
                refuse("a file: mirror is an absolute path: file:///srv/go")
            };
        }
        let Some(rest) = text.strip_prefix("https://") else {
            return refuse("expected https://host/path or file:///path");
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.contains('@') {
            return refuse("expected a host and no user name in the address");
        }
        if rest.contains(['?', '#']) {
            return refuse("expected an address without `?` and `#`");
        }
        Ok(Self::Web(text.trim_end_matches('/').to_owned()))
    }

    /// Returns the host and port of a web mirror.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Web(base) => host_of(base),
            Self::Directory(_) => None,
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Web(base) => f.write_str(base),
            Self::Directory(path) => write!(f, "file://{}", path.display()),
        }
    }
}

/// Returns the host and port in an https address.
pub fn host_of(address: &str) -> Option<&str> {
    address.strip_prefix("https://")?.split(['/', '?', '#']).next().filter(|host| !host.is_empty())
}

/// Returns the name of the archive of a release.
pub fn archive_name(version: &Version, platform: &Platform) -> String {
    // Go names the architecture arm, its releases armv6l.
    let arch = if platform.arch == "arm" { "armv6l" } else { &platform.arch };
    format!("go{version}.{}-{arch}.tar.gz", platform.os)
}

/// What a mirror says of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The digest, in lower-case hex.
    pub sha256: String,
    /// The size in bytes, where it is known.
    pub size: Option<u64>,
}

/// The list of releases in go.dev's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed(Vec<Release>);

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Release {
    version: String,
    #[serde(default)]
    files: Vec<ReleaseFile>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct ReleaseFile {
    filename: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    size: u64,
}

impl Feed {
    /// Reads the list; go.dev answers with a page where it has none, so what is no list is `None`.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    /// Returns what the list says of an archive.
    pub fn archive(&self, name: &str) -> Option<Listed> {
        let file =
            self.0.iter().flat_map(|release| &release.files).find(|file| file.filename == name)?;
        unhex(&file.sha256)?;
        let size = Some(file.size).filter(|size| *size > 0);
        Some(Listed { sha256: file.sha256.to_ascii_lowercase(), size })
    }

    /// Returns the versions that the list holds, in their order.
    pub fn versions(&self) -> Vec<Version> {
        let read = |release: &Release| Version::read(&release.version).ok();
        let mut versions: Vec<_> = self.0.iter().filter_map(read).collect();
        versions.sort();
        versions
    }
}

/// Reads a `.sha256` file: 64 hexadecimal digits, and nothing that looks like a page.
pub fn sha256_file(bytes: &[u8]) -> Option<Listed> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    // Some mirrors append the name, as sha256sum prints it.
    let digits = text.split_ascii_whitespace().next()?;
    unhex(digits)?;
    Some(Listed { sha256: digits.to_ascii_lowercase(), size: None })
}

/// What was found where a mirror was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a mirror: {what}")]
pub struct NotAMirror {
    /// What stood there.
    pub found: String,
    /// What is wrong.
    pub what: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_https_or_a_directory() {
        let web = |text: &str| Mirror::read(text).unwrap().to_string();
        assert_eq!(web("https://mirror.bank.example/go/"), "https://mirror.bank.example/go");
        assert_eq!(web("https://localhost:8443"), "https://localhost:8443");
        assert_eq!(Mirror::read("file:///srv/go").unwrap(), Mirror::Directory("/srv/go".into()));
        assert_eq!(Mirror::read("https://h:8443/x").unwrap().host(), Some("h:8443"));
        for (text, what) in [
            ("http://mirror.bank.example/go", "expected https://host/path or file:///path"),
            ("ftp://x", "expected https://host/path or file:///path"),
            ("/srv/go", "expected https://host/path or file:///path"),
            ("file://srv/go", "a file: mirror is an absolute path: file:///srv/go"),
            ("https://", "expected a host and no user name in the address"),
            ("https:///go", "expected a host and no user name in the address"),
            ("https://user:pass@host/go", "expected a host and no user name in the address"),
            ("https://host/go?x=y", "expected an address without `?` and `#`"),
            ("https://host/a b", "it holds blanks or characters that are not ASCII"),
        ] {
            assert_eq!(
                Mirror::read(text).unwrap_err().to_string(),
                format!("`{text}` is not a mirror: {what}")
            );
        }
    }

    #[test]
    fn archives_are_named_as_releases_are() {
        let version = Version::read("1.26.6").unwrap();
        let name = |platform| archive_name(&version, &Platform::parse(platform).unwrap());
        assert_eq!(name("linux/amd64"), "go1.26.6.linux-amd64.tar.gz");
        assert_eq!(name("linux/arm"), "go1.26.6.linux-armv6l.tar.gz");
    }

    #[test]
    fn the_list_has_go_devs_shape() {
        let digest = "AB".repeat(32);
        let text = format!(
            r#"[{{"version":"go1.26.6","stable":true,"files":[
                {{"filename":"go1.26.6.src.tar.gz","os":"","arch":"","version":"go1.26.6","sha256":"{digest}","size":1,"kind":"source"}},
                {{"filename":"go1.26.6.linux-amd64.tar.gz","os":"linux","arch":"amd64","version":"go1.26.6","sha256":"{digest}","size":70000000,"kind":"archive"}},
                {{"filename":"broken","sha256":"x","size":1}}]}},
                {{"version":"go1.25.3","stable":true}}]"#
        );
        let feed = Feed::read(text.as_bytes()).unwrap();
        let listed = Listed { sha256: digest.to_lowercase(), size: Some(70_000_000) };
        assert_eq!(feed.archive("go1.26.6.linux-amd64.tar.gz"), Some(listed));
        assert_eq!(feed.archive("go1.26.7.linux-amd64.tar.gz"), None);
        assert_eq!(feed.archive("broken"), None);
        let versions: Vec<_> = feed.versions().iter().map(ToString::to_string).collect();
        assert_eq!(versions, ["1.25.3", "1.26.6"]);
        for text in ["", "<html>", "{}", "[1]", "null"] {
            assert_eq!(Feed::read(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_sha256_file_is_bare_hex() {
        let digest = "ab".repeat(32);
        let listed = Some(Listed { sha256: digest.clone(), size: None });
        assert_eq!(sha256_file(digest.as_bytes()), listed);
        assert_eq!(
            sha256_file(format!("{digest}  go1.26.6.linux-amd64.tar.gz\n").as_bytes()),
            listed
        );
        // What go.dev answers to an address that it does not know, with status 200.
        assert_eq!(sha256_file(b"<!DOCTYPE html>\n<html><head>"), None);
        assert_eq!(sha256_file(b""), None);
    }
}
