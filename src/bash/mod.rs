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

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use message::{Flaw, Message, Reader, encode};

use crate::env::{Bytes, Diff, Env, is_identifier};
use crate::error::{Error, Exit};
use crate::files;
use crate::host::{self, Machine};
use crate::policy::{self, Host as _, Place, Refusal, Wanted, limits};
use crate::process::{self, Ended, Turn};
use crate::shell::posix::quote;
use crate::trust::header::Engine;
use crate::trust::record;
use crate::ui::{safe, safe_path};
use crate::world::{World, path_of};

pub use dump::{EVALUATING, loaded, told};

/// The functions that a policy finds.
const STDLIB: &str = include_str!("../../hooks/envrc-stdlib.bash");

/// What scripts get besides.
const SCRIPTS: &str = include_str!("../../hooks/direnv-stdlib.bash");

/// What of the functions needs no goenv that evaluates a policy begins with the one line, and ends before the other.
const ALONE: (&str, &str) = ("# --- Names and paths ---\n", "# The functions of this file:");

/// Returns the functions for a script of somebody's own, which reads what it likes: `$direnv` there is `program`.
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

/// Judges what one command of goenv's own wants, before bash has it.
pub type Judge<'j> = &'j dyn Fn(&Wanted) -> Result<(), Error>;

/// How many paths a policy may name to be watched, one by one.
const MOST_WATCHED: usize = 4096;

/// Evaluates a policy at a prompt, given the environment as it is outside; `machine` answers what it asks.
///
/// # Errors
/// If there is no bash, the policy fails or was interrupted, or somebody did not approve what it reads.
pub fn apply(
    path: &Path,
    bytes: &[u8],
    outside: &Env,
    judge: Judge<'_>,
    machine: &mut Machine<'_>,
    world: &World,
) -> Result<Wanted, Error> {
    if interrupted::take(path, bytes, world) {
        return Err(stopped(path));
    }
    let (wanted, ended) = run(path, bytes, outside, judge, machine, world)?;
    if ended == Ended::Signal(nix::libc::SIGINT) || ended == Ended::Code(INTERRUPTED) {
        interrupted::note(path, bytes, world);
        return Err(stopped(path));
    }
    wanted
}

fn stopped(path: &Path) -> Error {
    let message = format!("{}: bash was interrupted", safe_path(path));
    let hint = Some("to have it run again: goenv reload".to_owned());
    Error::Refused { message, hint, exit: Exit::Policy }
}

/// Evaluates a policy for somebody who looks at it, as [`apply`] does.
///
/// # Errors
/// As those of [`apply`].
pub fn evaluate(
    path: &Path,
    bytes: &[u8],
    outside: &Env,
    judge: Judge<'_>,
    machine: &mut Machine<'_>,
    world: &World,
) -> Result<Wanted, Error> {
    run(path, bytes, outside, judge, machine, world)?.0
}

/// Runs bash; returns what the policy wants, and how bash ended.
fn run(
    path: &Path,
    bytes: &[u8],
    outside: &Env,
    judge: Judge<'_>,
    machine: &mut Machine<'_>,
    world: &World,
) -> Result<(Result<Wanted, Error>, Ended), Error> {
    let bash = program()?;
    let mut given = dump::given(outside);
    let name = record::path_name(path).into_bytes();
    let mut evaluating = given.get(dump::EVALUATING).unwrap_or_default().to_vec();
    if evaluating.split(|byte| *byte == b':').any(|one| one == name) {
        return Err(itself(path));
    }
    is_bash(&bash, path, bytes, &given)?;
    evaluating.push(b':');
    evaluating.extend(name);
    given.set(dump::EVALUATING, evaluating);
    // Else bash keeps the path that the user came by: a link, which may lead elsewhere tomorrow.
    let directory = path.parent().unwrap_or(path);
    given.set("PWD", directory.as_os_str().as_bytes());
    let mut session = Session {
        bash: &bash,
        given: &given,
        policy: path,
        bytes,
        outside,
        judge,
        machine,
        reader: Reader::default(),
        env: Env::new(),
        wanted: Wanted::default(),
        given_last: BTreeMap::new(),
        texts: Vec::new(),
        failure: None,
        watched: 0,
        is_done: false,
    };
    let arguments = ["--noprofile", "--norc", "-c", STDLIB, "goenv"].map(OsStr::new);
    let program = world.program();
    let arguments = [&arguments[..], &[path.as_os_str(), program.as_os_str()]].concat();
    let ended = process::converse(&bash, &arguments, &given, directory, |said| session.hear(said))?;
    Ok((session.end(ended), ended))
}

/// Returns the error of a policy that runs in itself.
fn itself(path: &Path) -> Error {
    let (message, name) =
        (format!("{}: it runs goenv for itself", safe_path(path)), dump::EVALUATING);
    let hint =
        format!("its bash, or a process that it left behind, is where this runs: {name} says so");
    Error::Refused { message, hint: Some(hint), exit: Exit::Policy }
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

/// One conversation with bash.
struct Session<'s, 'm> {
    bash: &'s Path,
    /// The environment that it was started with.
    given: &'s Env,
    policy: &'s Path,
    bytes: &'s [u8],
    outside: &'s Env,
    judge: Judge<'s>,
    machine: &'s mut Machine<'m>,
    reader: Reader,
    /// What a program started by bash found when bash said so last.
    env: Env,
    wanted: Wanted,
    /// What a command of goenv's own gave a variable last.
    given_last: BTreeMap<Bytes, Option<Bytes>>,
    /// The texts that it was given, to show their lines.
    texts: Vec<(PathBuf, Bytes)>,
    /// What went wrong first.
    failure: Option<Error>,
    /// How many paths it had watched.
    watched: usize,
    is_done: bool,
}

/// What bash is answered.
enum Answer {
    Nothing,
    Fields(&'static str, Vec<Bytes>),
    End,
}

impl Session<'_, '_> {
    fn hear(&mut self, mut said: &[u8]) -> Turn {
        let mut answers = Vec::new();
        loop {
            let message = match self.reader.read(said) {
                Ok((Some(message), rest)) => {
                    said = rest;
                    message
                }
                Ok((None, _)) => return Turn::Say(answers),
                Err(flaw) => {
                    let what = match flaw {
                        Flaw::Large => "an environment beyond what goenv reads",
                        Flaw::Form => "what goenv does not understand",
                    };
                    self.fail(self.refused(format!("it says {what}")));
                    return Turn::Stop;
                }
            };
            match self.answer(&message) {
                Ok(Answer::Nothing) => {}
                Ok(Answer::Fields(word, fields)) => answers.extend(encode(word, &fields)),
                Ok(Answer::End) => {
                    self.is_done = true;
                    return Turn::Over;
                }
                Err(error) => {
                    self.fail(error);
                    answers.extend(encode("no", &[]));
                }
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    fn refused(&self, what: String) -> Error {
        let message = format!("{}: {what}", safe_path(self.policy));
        Error::Refused { message, hint: None, exit: Exit::Policy }
    }

    fn answer(&mut self, message: &Message) -> Result<Answer, Error> {
        match (message.word.as_slice(), message.fields.as_slice()) {
            (b"watch", [path]) => {
                self.watched += 1;
                if self.watched > MOST_WATCHED {
                    // Not an answer: bash waits for none here, and would not read thousands.
                    let what = format!("more than {MOST_WATCHED} paths are watched");
                    self.fail(self.refused(what));
                    return Ok(Answer::Nothing);
                }
                self.machine.watch(&path_of(path.as_slice()));
                Ok(Answer::Nothing)
            }
            (b"env", entries) => {
                self.env = dump::environment(entries);
                Ok(Answer::Nothing)
            }
            (b"native", [file, line, directory, command @ ..]) => {
                let place = place(file, line);
                let fields = self.native(command, &path_of(directory.as_slice()), &place)?;
                Ok(Answer::Fields("ok", fields))
            }
            (b"load", [file, line, dump]) => self.load(dump, &place(file, line)),
            (b"text", [file, line, directory, mode, path]) => {
                self.text(mode, &path_of(path.as_slice()), directory, &place(file, line))
            }
            (b"returned", [status, file, _]) => {
                let place = place(file, b"0");
                let hint = "where that means no failure, write: return 0";
                let (file, status) = (safe_path(&place.path), safe(status));
                self.fail(Error::Refused {
                    message: format!("{file}: it returned with status {status}"),
                    hint: Some(hint.to_owned()),
                    exit: Exit::Policy,
                });
                Ok(Answer::Nothing)
            }
            (b"fail", [status, file, line]) => {
                let error = self.failed(status, &place(file, line));
                self.fail(error);
                Ok(Answer::Nothing)
            }
            (b"end", []) => Ok(Answer::End),
            _ => Err(self.refused("it says what goenv does not understand".to_owned())),
        }
    }

    /// Evaluates one command of goenv's own language, and returns what it changes: `NAME=value`, or `NAME` alone.
    fn native(
        &mut self,
        command: &[Bytes],
        directory: &Path,
        place: &Place,
    ) -> Result<Vec<Bytes>, Error> {
        let evaluated = policy::command(command, directory)
            .and_then(|program| policy::evaluate(&program, &self.env, self.machine));
        let mut wanted = evaluated.map_err(|mut error| {
            // An error in a text that the command reads has its own place.
            if error.place.path == directory.join(".envrc") && error.place.line <= 1 {
                let shown = self.at(place, "");
                (error.place, error.source_line) = (shown.place, shown.source_line);
                error.width = shown.width;
            }
            Error::from(error)
        })?;
        wanted.dotenv.iter_mut().for_each(|(_, at)| *at = place.clone());
        // Not at the end: programs that the policy runs until then would have what nobody approved.
        (self.judge)(&wanted)?;
        let fields = changes(&self.env, &wanted.env);
        self.take_over(wanted, place);
        Ok(fields)
    }

    /// Returns what a dump changes that a program left behind, direnv's way to load another environment.
    fn load(&mut self, dump: &[u8], place: &Place) -> Result<Answer, Error> {
        let loaded = dump::loaded(dump.trim_ascii(), &self.env)
            .ok_or_else(|| Error::from(self.at(place, "what it dumped is no dump of direnv's")))?;
        let diff = Diff::between(&self.env, &loaded);
        for (name, value) in diff.steps() {
            self.given_last.insert(name.to_vec(), value.map(<[u8]>::to_vec));
            self.wanted.origins.push((name.to_vec(), place.clone()));
        }
        Ok(Answer::Fields("ok", changes(&self.env, &loaded)))
    }

    /// Keeps what a command asks for besides variables.
    fn take_over(&mut self, wanted: Wanted, place: &Place) {
        for (name, _) in &wanted.origins {
            self.given_last.insert(name.clone(), wanted.env.get(name).map(<[u8]>::to_vec));
        }
        let all = &mut self.wanted;
        all.sdk = wanted.sdk.or(all.sdk.take());
        all.messages.extend(wanted.messages);
        all.origins.extend(wanted.origins.into_iter().map(|(name, _)| (name, place.clone())));
        all.dotenv.extend(wanted.dotenv);
        all.from_data.extend(wanted.from_data);
        all.locks.extend(wanted.locks);
        all.governance.extend(wanted.governance.into_iter().map(|mut line| {
            line.place = place.clone();
            line
        }));
    }

    /// Returns a text for bash, or what it comes to where it was approved for goenv's own engine alone.
    fn text(
        &mut self,
        mode: &[u8],
        path: &Path,
        directory: &[u8],
        place: &Place,
    ) -> Result<Answer, Error> {
        if mode == b"policy" {
            if !self.texts.is_empty() || path != self.policy {
                return Err(self.refused("it asks for the policy again".to_owned()));
            }
            self.texts.push((path.to_path_buf(), self.bytes.to_vec()));
            return Ok(Answer::Fields("bash", vec![self.bytes.to_vec()]));
        }
        if self.texts.len() > limits::SOURCED_TEXTS {
            let message = format!("more than {} texts are sourced", limits::SOURCED_TEXTS);
            return Err(self.at(place, &message).into());
        }
        let found = self.machine.approved_text(path, Engine::Bash);
        let found = found.map_err(|refusal| self.unapproved(place, refusal))?;
        let Some((bytes, engine)) = found else { return Ok(Answer::Fields("missing", Vec::new())) };
        if engine == Engine::Bash {
            is_bash(self.bash, path, &bytes, self.given)?;
            self.texts.push((path.to_path_buf(), bytes.clone()));
            return Ok(Answer::Fields("bash", vec![bytes]));
        }
        // What was approved for one engine never reaches the other.
        let command = if mode == b"source" { "source" } else { "source_env" };
        // By the path that was approved: a link may lead elsewhere meanwhile.
        let physical = host::physical(path);
        let words = [command.into(), physical.as_os_str().as_bytes().to_vec()];
        let fields = self.native(&words, &path_of(directory), place)?;
        self.texts.push((path.to_path_buf(), Bytes::new()));
        Ok(Answer::Fields("native", fields))
    }

    fn unapproved(&self, place: &Place, refusal: Refusal) -> Error {
        let mut error = self.at(place, &refusal.message);
        (error.hint, error.cause) = (refusal.hint, refusal.cause);
        error.into()
    }

    /// Returns an error about a line of a text that bash was given.
    fn at(&self, place: &Place, message: &str) -> policy::PolicyError {
        let text = self.texts.iter().rev().find(|(path, _)| *path == place.path);
        let bytes = text.map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
        policy::at_line(&place.path, bytes, place.line, message)
    }

    /// Returns the error of a command that failed where nothing asks for its status, or of a whole text.
    fn failed(&self, status: &[u8], place: &Place) -> Error {
        let status = safe(status);
        if place.line > 0 {
            return self.at(place, &format!("this ended with status {status}")).into();
        }
        let message = format!("{} ended with status {status}", safe_path(&place.path));
        Error::Refused { message, hint: None, exit: Exit::Policy }
    }

    /// Returns what the policy wants, once bash has ended.
    fn end(self, ended: Ended) -> Result<Wanted, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match ended {
            Ended::Code(0) if self.is_done => {}
            Ended::Code(0) => {
                let why = "bash ended without saying what the environment is";
                let hint = "a policy cannot use exec, or a trap of its own on EXIT".to_owned();
                let message = format!("{}: {why}", safe_path(self.policy));
                return Err(Error::Refused { message, hint: Some(hint), exit: Exit::Policy });
            }
            Ended::Code(code) => return Err(self.refused(format!("bash ended with status {code}"))),
            Ended::Signal(signal) => {
                let name = nix::sys::signal::Signal::try_from(signal);
                let name = name.map_or_else(|_| signal.to_string(), |name| name.to_string());
                return Err(self.refused(format!("bash was ended by {name}")));
            }
        }
        let env = dump::inside(self.outside, &self.env).map_err(|what| self.refused(what))?;
        let mut wanted = Wanted { env, ..self.wanted };
        // Of what bash set itself it does not say the line, also where a command of goenv's had set the name before.
        let whole = Place::whole(self.policy);
        let diff = Diff::between(self.outside, &wanted.env);
        let is_bashs = |name: &[u8], value: Option<&[u8]>| {
            self.given_last.get(name).is_none_or(|given| given.as_deref() != value)
        };
        let steps = diff.steps().filter(|(name, value)| is_bashs(name, *value));
        wanted.origins.extend(steps.map(|(name, _)| (name.to_vec(), whole.clone())));
        Ok(wanted)
    }
}

/// Returns what makes one environment the other: `NAME=value`, or `NAME` alone of one that goes.
fn changes(from: &Env, to: &Env) -> Vec<Bytes> {
    let diff = Diff::between(from, to);
    let steps = diff.steps().filter(|(name, _)| is_identifier(name));
    let field = |(name, value): (&[u8], Option<&[u8]>)| match value {
        Some(value) => [name, b"=", value].concat(),
        None => name.to_vec(),
    };
    steps.map(field).collect()
}

/// Returns the place that bash says.
fn place(file: &[u8], line: &[u8]) -> Place {
    let line = std::str::from_utf8(line).ok().and_then(|line| line.parse().ok());
    Place { path: path_of(file), line: line.unwrap_or(0), column: 1 }
}
