//! What a repository holds that the gate has rules for: files by value, and policies as they were read.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::kind::Kind;
use crate::env::Env;
use crate::policy::{PolicyError, Wanted};
use crate::trust::flaw::Flaw;
use crate::trust::header::{Engine, Header, Tier};

/// Whether findings of a file count, or the file is only there because others are judged by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// They count.
    Yes,
    /// It is context.
    Context,
}

/// A file and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, relative to the root of the repository.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Whether its findings count.
    pub judged: Judged,
}

/// What the signatures beside a policy are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// None is required and none is there.
    NotAsked,
    /// They hold.
    Hold,
    /// One is required, and none is there or it is for another tier.
    Missing(String),
    /// They do not approve the policy.
    Fail {
        /// Why.
        reason: String,
        /// Whether they do not even match the bytes.
        is_forged: bool,
        /// What mends it, where it is not the signers.
        hint: Option<String>,
    },
}

/// How much of a policy was evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The lines of goenv's own commands: its header leaves the rest to bash.
    OwnLines,
}

/// A policy as the gate read it.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its `.envrc`, relative to the root.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Its header.
    pub header: Result<Option<Header>, Flaw>,
    /// What it wants when it is evaluated.
    pub wanted: Result<Wanted, PolicyError>,
    /// How much of it was.
    pub extent: Extent,
    /// Whether its signatures hold.
    pub signatures: Signatures,
    /// The tier that it has to be signed for, where `goenv sign` alone would take another.
    pub sign_for: Option<Tier>,
    /// The bytes that were committed before.
    pub committed: Option<Vec<u8>>,
    /// Texts of the repository that it reads, relative to the root. For a signed policy, each of them has to be signed by
    /// itself, for the policy's tier: with each the reason why it does not count, worded to follow its path.
    pub sourced: Vec<(PathBuf, Option<String>)>,
}

impl Policy {
    /// Returns the directory that it governs.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Returns its header, where it has a sound one.
    pub fn sound_header(&self) -> Option<&Header> {
        self.header.as_ref().ok()?.as_ref()
    }

    /// Returns whether its header leaves it to bash.
    pub fn is_for_bash(&self) -> bool {
        self.sound_header().is_some_and(|header| header.engine == Some(Engine::Bash))
    }

    /// Returns whether it is to apply by signature.
    pub fn is_signed(&self) -> bool {
        self.signatures != Signatures::NotAsked
    }

    /// Returns what it wants, where it could be evaluated.
    pub fn evaluated(&self) -> Option<&Wanted> {
        self.wanted.as_ref().ok()
    }
}

/// Everything that was gathered.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The absolute path of the repository's root.
    pub root: PathBuf,
    /// The current directory relative to the root; `None` where it lies elsewhere.
    pub here: Option<PathBuf>,
    /// The environment that policies are evaluated in.
    pub outside: Env,
    /// The files, in the order of their paths.
    pub files: Vec<File>,
    /// The policies, in the order of their paths.
    pub policies: Vec<Policy>,
    /// What could not be read, and why.
    pub unread: Vec<(PathBuf, String)>,
    /// Where each file stands in the list.
    places: BTreeMap<PathBuf, usize>,
}

impl Facts {
    /// Returns the facts of these files.
    pub fn new(root: PathBuf, mut files: Vec<File>, unread: Vec<(PathBuf, String)>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        let places = files.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        Self { root, here: None, outside: Env::new(), files, policies: Vec::new(), unread, places }
    }

    /// Returns the file at this path.
    pub fn file(&self, path: &Path) -> Option<&File> {
        self.files.get(*self.places.get(path)?)
    }

    /// Returns the files of this kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.kind == kind)
    }

    /// Returns a path relative to the root; one that lies elsewhere as it is.
    pub fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }

    /// Returns a path of the repository as it is shown: from the current directory, or from the root where that lies
    /// elsewhere.
    pub fn shown(&self, path: &Path) -> PathBuf {
        let path = from_here(path, self.here.as_deref().unwrap_or(Path::new("")));
        if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
    }

    /// Returns a path of the repository as a word of a command that is pasted in the current directory.
    pub fn pasted(&self, path: &Path) -> String {
        let path = match &self.here {
            Some(here) => from_here(path, here),
            None if path.as_os_str().is_empty() => self.root.clone(),
            None => self.root.join(path),
        };
        crate::shell::quote_argument(&path)
    }

    /// Returns a hint about the policy at `path` that means it where check was run.
    pub fn aimed(&self, hint: &str, path: &Path) -> String {
        let directory = path.parent().unwrap_or(Path::new(""));
        let is_here = self.here.as_deref() == Some(directory);
        let elsewhere = (!is_here).then(|| self.pasted(directory));
        crate::ui::aimed(hint, &self.pasted(path), elsewhere.as_deref())
    }

    /// Returns whether findings at this path count; what could not be read counts.
    pub fn is_judged(&self, path: &Path) -> bool {
        self.file(path).is_none_or(|file| file.judged == Judged::Yes)
    }
}

/// Returns a path of the repository as it is named in the directory `here`, both relative to the root.
pub fn from_here(path: &Path, here: &Path) -> PathBuf {
    let shared = path.components().zip(here.components()).take_while(|(a, b)| a == b).count();
    let up = here.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

/// Returns a relative path without `.` and `..`; `None` where it leaves its root.
pub fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => normal.push(part),
            Component::CurDir => {}
            Component::ParentDir if normal.pop() => {}
            _ => return None,
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_from_the_current_directory() {
        for (path, here, expected) in [
            ("a/go.mod", "", "a/go.mod"),
            ("a/go.mod", "a", "go.mod"),
            ("a/go.mod", "a/b", "../go.mod"),
            ("a/go.mod", "c/d", "../../a/go.mod"),
            ("go.mod", "ab", "../go.mod"),
        ] {
            assert_eq!(from_here(Path::new(path), Path::new(here)), Path::new(expected));
        }
    }
}
