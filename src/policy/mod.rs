//! The policy language: bytes of an `.envrc` → program with spans → the environment that it wants.
//!
//! Pure: parsing and evaluating do no I/O. What a policy asks of the machine (files, programs on PATH, SDKs) it
//! asks of a [`Host`], by value. Everything that is not understood is an error with its place, and nothing of the
//! file applies. The language is a strict subset of bash with direnv's vocabulary: docs/language.md.

mod ansi;
mod assign;
mod ast;
mod commands;
mod condition;
mod cursor;
mod dollar;
pub mod dotenv;
mod error;
mod evaluate;
mod expand;
pub(crate) mod limits;
mod names;
mod parse;
mod pattern;
mod print;
mod redirection;
mod scope;
mod single;
mod substitution;
mod survey;
mod text;
mod vocabulary;
mod word;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use ast::Program;
pub use error::PolicyError;
pub use evaluate::evaluate;
pub use limits::SURVEYED;
pub use parse::parse;
pub use single::{at_line, command, unfit};
pub use survey::survey;

use crate::env::{Bytes, Env};

/// The version of direnv whose language this is.
pub const DIRENV_VERSION: &str = "2.37.1";

/// Answers what a policy asks of the machine while it is evaluated.
///
/// The one implementation that touches the machine is `crate::host`; it also keeps the list of what was asked,
/// absence included, because everything that a policy asked is watched. Paths are absolute.
pub trait Host {
    /// Returns the bytes of a policy text that `source_env`, `source_up` or `source` names, `None` if there is none.
    /// Such a text is part of what is approved: the host refuses one that is not.
    fn policy_text(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal>;

    /// Returns the bytes of a data file (`dotenv`, `$(cat FILE)`), `None` if there is none.
    fn data(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal>;

    /// Returns what stands at `path`, symbolic links followed; `None` if nothing does.
    fn look(&mut self, path: &Path) -> Option<Look>;

    /// Returns the target of the symbolic link at `path`, `None` if there is no link.
    fn link(&mut self, path: &Path) -> Option<PathBuf>;

    /// Returns `path` without symbolic links, `None` if it does not exist.
    fn real_path(&mut self, path: &Path) -> Option<PathBuf>;

    /// Returns the names in the directory `path`, sorted; empty if there is none.
    fn names(&mut self, path: &Path) -> Vec<Bytes>;

    /// Returns the program `name` on the given value of PATH.
    fn program(&mut self, name: &[u8], path_value: &[u8]) -> Option<PathBuf>;

    /// Returns the SDK that a `use go` asks for.
    fn sdk(&mut self, wanted: &SdkWanted) -> Result<SdkFound, Refusal>;

    /// Notes that a change of `path` changes the outcome (`watch_file`).
    fn watch(&mut self, path: &Path);
}

/// Why the host would not answer, in words for the person who wrote the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
    /// A command or a line that mends it.
    pub hint: Option<String>,
    /// What it is about; it decides the exit code.
    pub cause: Cause,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// The policy's own text.
    #[default]
    Text,
    /// A slip of the fingers in it: bash could not read it either, or would read something else.
    Slip,
    /// What only bash could run.
    Beyond,
    /// A command that fetches from the network: that is refused where bash evaluates a policy, too.
    Download,
    /// A missing approval.
    Approval,
    /// Something that is not on this machine.
    Missing,
    /// Something that is not what it was pinned or sealed as.
    Altered,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its kind.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time in nanoseconds since 1970.
    pub mtime: i128,
    /// Whether this process may read, write and execute (or search) it.
    pub access: Access,
}

/// The kinds of file that tests tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A FIFO, socket or device.
    Other,
}

/// What this process may do with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// `test -r`.
    pub read: bool,
    /// `test -w`.
    pub write: bool,
    /// `test -x`.
    pub execute: bool,
}

/// The SDK that a `use go` line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkWanted {
    /// The version as written (`1.26.6`), or `None`: from go.work, go.mod, `.go-version` or `.tool-versions`.
    pub version: Option<String>,
    /// The pins as written, in order: (`linux/amd64`, `sha256:…` or `h1:…`).
    pub pins: Vec<(String, String)>,
    /// The directory whose version files decide where there is no version.
    pub directory: PathBuf,
}

/// The SDK that was found for a `use go` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkFound {
    /// Its version without the `go` prefix: `1.26.6`.
    pub version: String,
    /// Its root, the GOROOT: absolute, without symbolic links.
    pub root: PathBuf,
}

/// What a policy wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The whole environment as it is to be inside.
    pub env: Env,
    /// The SDK of the last `use go`, as asked for and as found.
    pub sdk: Option<(SdkWanted, SdkFound)>,
    /// What `echo` and `log_status` said, for stderr, in order.
    pub messages: Vec<Bytes>,
    /// For each variable that the policy touched: where, in order.
    pub origins: Vec<(Bytes, Place)>,
    /// The names that `.env` files set, which may be plain ones only, with the place of the `dotenv` command.
    pub dotenv: Vec<(Bytes, Place)>,
    /// The names whose values come from data files, by `$(cat FILE)` or a `.env` file, also by way of other variables:
    /// what stands there is no part of what was approved.
    pub from_data: BTreeSet<Bytes>,
    /// `lock NAME=VALUE` lines: names whose value no other layer may override.
    pub locks: Vec<(Bytes, Bytes)>,
    /// `allow_go`, `deny_go` and `promote` lines: parsed here, enforced by the rules.
    pub governance: Vec<Directive>,
}

/// A place in a policy text, for `why` and for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub path: PathBuf,
    /// Its line, from 1; 0 where the text alone is known.
    pub line: u32,
    /// Its column in bytes, from 1; 0 as the line.
    pub column: u32,
}

impl Place {
    /// Returns a whole text as a place.
    pub fn whole(path: &Path) -> Self {
        Self { path: path.to_path_buf(), line: 0, column: 0 }
    }

    /// Returns the line and the column, where they are known.
    pub fn known(&self) -> Option<(u32, u32)> {
        (self.line > 0).then_some((self.line, self.column))
    }

    /// Returns the text, by what it is `called`, and the line.
    pub fn shown(&self, called: &str) -> String {
        match self.known() {
            Some((line, _)) => format!("{called}:{line}"),
            None => called.to_owned(),
        }
    }
}

/// A governance line of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The command: `allow_go`, `deny_go` or `promote`.
    pub name: String,
    /// Its arguments after expansion.
    pub arguments: Vec<Bytes>,
    /// Where it stands.
    pub place: Place,
}
