//! Has bash evaluate a policy that was approved for bash: the approved bytes → what the policy wants.
//!
//! bash runs as a child, with the functions of hooks/envrc-stdlib.bash, without the user's startup files and without a
//! terminal's input. What it reads is said to it over a socket, out of memory: no text is opened a second time. It asks
//! back for every text that the policy sources, for what goenv's own commands mean, and says at last which environment
//! it has come to. Nothing that it says is trusted further than a native policy is: the same rules judge the outcome.
//! A policy that fails applies nothing. bash is a program and is not contained: docs/security.md.

mod dump;
mod interrupted;
mod message;
mod session;

use std::ffi::OsStr;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use session::Session;

use crate::env::{Bytes, Env};
use crate::error::{Error, Exit};
use crate::files;
use crate::host::Machine;
use crate::policy::{self, Wanted};
use crate::process::{self, Ended};
use crate::shell::posix::quote;
use crate::trust::record;
use crate::ui::safe_path;
use crate::world::World;

pub use dump::{EVALUATING, loaded, told};

/// The functions that a policy finds.
const STDLIB: &str = include_str!("../../hooks/envrc-stdlib.bash");

/// What scripts get besides.
const SCRIPTS: &str = include_str!("../../hooks/direnv-stdlib.bash");

/// The part of the functions that works without a goenv that evaluates a policy: from the one line on, up to the other.
const ALONE: (&str, &str) = ("# --- Names and paths ---\n", "# The functions of this file:");

/// Returns the functions for a script, which may read any file: it is not a policy. `$direnv` in them is `program`.
pub fn for_scripts(program: &Path) -> Bytes {
    let (_, functions) = STDLIB.split_once(ALONE.0).unwrap_or_default();
    let (functions, _) = functions.split_once(ALONE.1).unwrap_or_default();
    let library = include_str!("../../hooks/direnv-lib.sh");
    let (before, behind) = SCRIPTS.split_once("# FUNCTIONS\n").unwrap_or_default();
    let program = quote(program.as_os_str().as_bytes());
    let parts = [before.as_bytes(), functions.as_bytes(), library.as_bytes(), behind.as_bytes()];
    [&b"direnv="[..], &program, b"\n", &parts.concat()].concat()
}

/// Where bash is looked for: the system's places, never PATH, which a repository's directory may be on.
#[cfg(not(target_os = "macos"))]
const PLACES: &[&str] =
    &["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/run/current-system/sw/bin/bash"];
/// The system's own is of 2007 there.
#[cfg(target_os = "macos")]
const PLACES: &[&str] = &["/opt/homebrew/bin/bash", "/usr/local/bin/bash", "/bin/bash"];

/// The status of a program that a Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 128 + nix::libc::SIGINT;

/// A policy that was approved for bash, and what it is evaluated with.
pub struct Policy<'p, 'm> {
    /// Its path.
    pub path: &'p Path,
    /// The bytes that were approved.
    pub bytes: &'p [u8],
    /// The environment as it is outside.
    pub outside: &'p Env,
    /// Judges what one command of goenv's own wants, before bash has it.
    pub judge: &'p dyn Fn(&Wanted) -> Result<(), Error>,
    /// Answers what the policy asks.
    pub machine: &'p mut Machine<'m>,
    /// Where goenv runs.
    pub world: &'p World,
}

impl Policy<'_, '_> {
    /// Evaluates the policy at a prompt: one that a Ctrl-C ended does not run again by itself.
    ///
    /// # Errors
    /// If there is no bash, the policy fails or was interrupted, or somebody did not approve what it reads.
    pub fn apply(self) -> Result<Wanted, Error> {
        let Self { path, bytes, world, .. } = self;
        let stopped = || {
            let hint = "to have it run again: goenv reload";
            refused(path, "bash was interrupted", Some(hint))
        };
        if interrupted::take(path, bytes, world) {
            return Err(stopped());
        }
        let (wanted, ended) = self.run()?;
        if ended == Ended::Signal(nix::libc::SIGINT) || ended == Ended::Code(INTERRUPTED) {
            interrupted::note(path, bytes, world);
            return Err(stopped());
        }
        wanted
    }

    /// Evaluates the policy for somebody who looks at it.
    ///
    /// # Errors
    /// As those of [`Self::apply`].
    pub fn evaluate(self) -> Result<Wanted, Error> {
        self.run()?.0
    }

    /// Runs bash; returns what the policy wants, and how bash ended.
    fn run(self) -> Result<(Result<Wanted, Error>, Ended), Error> {
        let Self { path, world, .. } = self;
        let bash = program()?;
        let mut given = dump::given(self.outside);
        let name = record::path_name(path).into_bytes();
        let mut evaluating = given.get(dump::EVALUATING).unwrap_or_default().to_vec();
        if evaluating.split(|byte| *byte == b':').any(|one| one == name) {
            return Err(itself(path));
        }
        is_bash(&bash, path, self.bytes, &given)?;
        evaluating.push(b':');
        evaluating.extend(name);
        given.set(dump::EVALUATING, evaluating);
        // Else bash keeps the path that the user came by: a link, which may lead elsewhere tomorrow.
        let directory = path.parent().unwrap_or(path);
        given.set("PWD", directory.as_os_str().as_bytes());
        let mut session = Session::new(&bash, &given, self);
        let arguments = ["--noprofile", "--norc", "-c", STDLIB, "goenv"].map(OsStr::new);
        let program = world.program();
        let arguments = [&arguments[..], &[path.as_os_str(), program.as_os_str()]].concat();
        let hear = |said: &[u8]| session.hear(said);
        let ended = process::converse(&bash, &arguments, &given, directory, hear)?;
        Ok((session.end(ended), ended))
    }
}

/// Returns the error of a policy that runs in itself.
fn itself(path: &Path) -> Error {
    let name = dump::EVALUATING;
    let hint =
        format!("its bash, or a process that it left behind, is where this runs: {name} says so");
    refused(path, "it runs goenv for itself", Some(&hint))
}

/// Returns an error about a policy or a text that it reads.
fn refused(path: &Path, what: impl Display, hint: Option<&str>) -> Error {
    let message = format!("{}: {what}", safe_path(path));
    Error::Refused { message, hint: hint.map(str::to_owned), exit: Exit::Policy }
}

/// Returns where bash is.
fn program() -> Result<PathBuf, Error> {
    let found = PLACES.iter().map(Path::new).find(|path| files::is_program(path));
    found.map(Path::to_path_buf).ok_or_else(|| Error::Refused {
        message: format!("there is no bash here: none of {}", PLACES.join(", ")),
        hint: None,
        exit: Exit::Failed,
    })
}

/// Asks whether bash could read a text, without running any of it: for `allow`, before anybody approved it.
///
/// # Errors
/// If it could not, with the place.
pub fn check(path: &Path, bytes: &[u8], outside: &Env) -> Result<(), Error> {
    is_bash(&program()?, path, bytes, &dump::given(outside))
}

fn is_bash(bash: &Path, path: &Path, bytes: &[u8], env: &Env) -> Result<(), Error> {
    if let Some(error) = policy::unfit(path, bytes) {
        return Err(error.into());
    }
    // The message is read here, and not to be in another language.
    let mut env = env.clone();
    env.set("LC_ALL", "C");
    // -n: commands are read and not executed.
    let said = process::ask(bash, &["--noprofile", "--norc", "-O", "extglob", "-n"], &env, bytes)?;
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    // "/bin/bash: line 3: syntax error near unexpected token `fi'"
    let found = text.lines().find_map(|line| {
        let (_, rest) = line.split_once(": line ")?;
        let (number, message) = rest.split_once(": ")?;
        Some((number.parse().ok()?, message.to_owned()))
    });
    // What is wrong in [[ … ]] bash says and calls a success, though it reads no further; a here-document that nothing
    // ends is a warning.
    if said.code == Some(0) && found.is_none() {
        return Ok(());
    }
    let (line, message) = found.unwrap_or((1, text.trim().to_owned()));
    Err(policy::at_line(path, bytes, line, message).into())
}
