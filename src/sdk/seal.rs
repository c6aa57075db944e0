//! The seal of an SDK: every file and directory of its tree, with digest, mode and size.
//!
//! One line each, `sha256 mode size path`, sorted by path; a directory has `-` for digest and size. The seal says
//! what the tree was; comparing it with what the tree is names each difference. Pure: `tree.rs` reads trees,
//! `store.rs` keeps seals. Format: docs/security.md, section "SDKs".

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use super::dirhash;
use super::places::Platform;
use crate::go::Version;
use crate::hex::{Sha256, hex, sha256_hex, unhex};

/// The first line of a seal.
const HEADER: &str = "goenv seal 1\n";

/// The most that is read of a seal: a release has 12,000 files of 100 bytes a line.
pub const SEAL_LIMIT: u64 = 32 * 1024 * 1024;

/// What stands at one path of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path below the root.
    pub path: String,
    /// Its permission bits; with the type of a symbolic link where one stands for it.
    pub mode: u32,
    /// The content of a file; nothing for a directory.
    pub content: Option<Content>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its digest.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
}

/// Every entry of a tree, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    entries: Vec<Entry>,
}

impl Seal {
    /// Returns the seal of these entries.
    pub fn new(mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Self { entries }
    }

    /// Returns the entries, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the number of files and of their bytes.
    pub fn size(&self) -> (u64, u64) {
        self.files().fold((0, 0), |(files, bytes), (_, content)| (files + 1, bytes + content.size))
    }

    /// Returns the tree's hash as Go computes it.
    pub fn h1(&self, version: &Version, platform: &Platform) -> String {
        let files = self.files().map(|(path, content)| (path, &content.sha256));
        dirhash::h1(version, platform, files)
    }

    fn files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.entries.iter().filter_map(|entry| Some((entry.path.as_str(), entry.content.as_ref()?)))
    }

    /// Returns the text of the seal.
    pub fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for Entry { path, mode, content } in &self.entries {
            // Writing to a string cannot fail.
            let _ = match content {
                Some(Content { sha256, size }) => {
                    writeln!(text, "{} {mode:04o} {size} {path}", hex(sha256))
                }
                None => writeln!(text, "- {mode:04o} - {path}"),
            };
        }
        text
    }

    /// Returns the digest of the text, in hex, by which a record holds its seal.
    pub fn digest(text: &str) -> String {
        sha256_hex(text.as_bytes())
    }

    /// Reads a seal.
    pub fn read(text: &str) -> Option<Self> {
        let mut entries: Vec<Entry> = Vec::new();
        for line in text.strip_prefix(HEADER)?.lines() {
            let mut fields = line.splitn(4, ' ');
            let (digest, mode) = (fields.next()?, fields.next()?);
            let (size, path) = (fields.next()?, fields.next()?);
            let mode = u32::from_str_radix(mode, 8).ok()?;
            let content = match (digest, size) {
                ("-", "-") => None,
                _ => Some(Content { sha256: unhex(digest)?, size: size.parse().ok()? }),
            };
            if entries.last().is_some_and(|last| last.path.as_str() >= path) {
                return None;
            }
            entries.push(Entry { path: path.to_owned(), mode, content });
        }
        Some(Self { entries })
    }

    /// Returns how the tree that is differs from the tree that was, sorted by path.
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        let mut add = |entry: &Entry, change| {
            differences.push(Difference { path: entry.path.clone(), change });
        };
        let (mut was, mut is) = (self.entries.iter().peekable(), now.entries.iter().peekable());
        loop {
            let order = match (was.peek(), is.peek()) {
                (None, None) => return differences,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(old), Some(new)) => old.path.cmp(&new.path),
            };
            match order {
                Ordering::Less => was.next().into_iter().for_each(|old| add(old, Change::Removed)),
                Ordering::Greater => is.next().into_iter().for_each(|new| add(new, Change::Added)),
                Ordering::Equal => {
                    let (Some(old), Some(new)) = (was.next(), is.next()) else {
                        return differences;
                    };
                    if old.content.is_some() != new.content.is_some() {
                        add(new, Change::Kind);
                    } else if old.content != new.content {
                        add(new, Change::Content);
                    } else if old.mode != new.mode {
                        add(new, Change::Mode(old.mode, new.mode));
                    }
                }
            }
        }
    }
}

/// One way in which a tree differs from its seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The path below the root.
    pub path: String,
    /// What changed.
    pub change: Change,
}

/// What can change at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// A file became a directory or the other way.
    Kind,
    /// It holds something else.
    Content,
    /// Its permissions were the first and are the second.
    Mode(u32, u32),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.change {
            Change::Added => write!(f, "{path} was added"),
            Change::Removed => write!(f, "{path} was removed"),
            Change::Kind => write!(f, "{path} is another kind of file"),
            Change::Content => write!(f, "the content of {path} changed"),
            Change::Mode(old, new) => {
                write!(f, "the mode of {path} changed from {old:04o} to {new:04o}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::sha256;

    fn file(path: &str, mode: u32, text: &str) -> Entry {
        let content = Content { sha256: sha256(text.as_bytes()), size: text.len() as u64 };
        Entry { path: path.to_owned(), mode, content: Some(content) }
    }

    fn directory(path: &str) -> Entry {
        Entry { path: path.to_owned(), mode: 0o555, content: None }
    }

    fn tree() -> Vec<Entry> {
        vec![
            file("VERSION", 0o444, "go1.26.6\n"),
            directory("bin"),
            file("bin/go", 0o555, "program"),
            file("a name with spaces", 0o444, ""),
        ]
    }

    #[test]
    fn a_seal_comes_back_as_it_was_written() {
        let seal = Seal::new(tree());
        let text = seal.text();
        assert_eq!(
            text,
            "goenv seal 1\n\
             bec17a8f8b9f5ce3b0c9f1c1f5d7f2f2 0444 9 VERSION\n"
                .replace("bec17a8f8b9f5ce3b0c9f1c1f5d7f2f2", &sha256_hex(b"go1.26.6\n"))
                + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0444 0 a name with spaces\n"
                + "- 0555 - bin\n"
                + &format!("{} 0555 7 bin/go\n", sha256_hex(b"program"))
        );
        assert_eq!(Seal::read(&text), Some(seal));
        assert_eq!(Seal::new(tree()).size(), (3, 16));
    }

    #[test]
    fn what_is_no_seal_is_none() {
        let text = Seal::new(tree()).text();
        for broken in [
            String::new(),
            text.replace("seal 1", "seal 2"),
            text.replace(" 0444", ""),
            text.replace("0555", "rwx"),
            text.replace("- 0555 -", "- 0555 1"),
            text.replace("VERSION", "zzz"),
            text.clone() + "x\n",
        ] {
            assert_eq!(Seal::read(&broken), None, "{broken}");
        }
    }

    #[test]
    fn every_difference_has_a_name() {
        let was = Seal::new(tree());
        let changed = |change: &dyn Fn(&mut Vec<Entry>)| {
            let mut entries = tree();
            change(&mut entries);
            let differences = was.differences(&Seal::new(entries));
            differences.iter().map(Difference::to_string).collect::<Vec<_>>()
        };
        assert_eq!(changed(&|_| {}), Vec::<String>::new());
        assert_eq!(changed(&|tree| tree.push(file("bin/x", 0o555, ""))), ["bin/x was added"]);
        assert_eq!(
            changed(&|tree| tree.truncate(2)),
            ["a name with spaces was removed", "bin/go was removed"]
        );
        assert_eq!(
            changed(&|tree| tree[2] = file("bin/go", 0o555, "Program")),
            ["the content of bin/go changed"]
        );
        assert_eq!(
            changed(&|tree| tree[2].mode = 0o755),
            ["the mode of bin/go changed from 0555 to 0755"]
        );
        assert_eq!(changed(&|tree| tree[2].content = None), ["bin/go is another kind of file"]);
    }
}
