//! What bash says and asks while it evaluates a policy, and what it is answered.
//!
//! In: messages, one after the other. Out: answers, and at the end what the policy wants. Any program that the policy runs
//! could be the one that speaks, so nothing is taken on trust: every text that is asked for has to be approved, and what a
//! command of goenv's own wants is judged before bash gets it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::message::{Flaw, Message, Reader, encode};
use super::{Policy, dump, is_bash, refused};
use crate::env::{Bytes, Diff, Env, is_identifier};
use crate::error::{Error, Exit};
use crate::host;
use crate::policy::{self, Host as _, Place, Refusal, Wanted, limits};
use crate::process::{Ended, Turn};
use crate::trust::header::Engine;
use crate::ui::{safe, safe_path};
use crate::world::path_of;

/// How many paths a policy may name to be watched, one by one.
const MOST_WATCHED: usize = 4096;

/// One conversation with bash.
pub(super) struct Session<'s, 'm> {
    bash: &'s Path,
    /// The environment that it was started with.
    given: &'s Env,
    policy: Policy<'s, 'm>,
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

impl<'s, 'm> Session<'s, 'm> {
    /// Returns a conversation that has not begun, with this `bash` in the environment `given`.
    pub(super) fn new(bash: &'s Path, given: &'s Env, policy: Policy<'s, 'm>) -> Self {
        Self {
            bash,
            given,
            policy,
            reader: Reader::default(),
            env: Env::new(),
            wanted: Wanted::default(),
            given_last: BTreeMap::new(),
            texts: Vec::new(),
            failure: None,
            watched: 0,
            is_done: false,
        }
    }

    /// Hears what bash says next, and returns what to do then.
    pub(super) fn hear(&mut self, mut said: &[u8]) -> Turn {
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
                    self.fail(self.refused(format_args!("it says {what}")));
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

    fn refused(&self, what: impl Display) -> Error {
        refused(self.policy.path, what, None)
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
                self.policy.machine.watch(&path_of(path.as_slice()));
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
                let what = format!("it returned with status {}", safe(status));
                let hint = "where that means no failure, write: return 0";
                self.fail(refused(&path_of(file.as_slice()), what, Some(hint)));
                Ok(Answer::Nothing)
            }
            (b"fail", [status, file, line]) => {
                let error = self.failed(status, &place(file, line));
                self.fail(error);
                Ok(Answer::Nothing)
            }
            (b"end", []) => Ok(Answer::End),
            _ => Err(self.refused("it says what goenv does not understand")),
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
            .and_then(|program| policy::evaluate(&program, &self.env, self.policy.machine));
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
        (self.policy.judge)(&wanted)?;
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
            if !self.texts.is_empty() || path != self.policy.path {
                return Err(self.refused("it asks for the policy again"));
            }
            self.texts.push((path.to_path_buf(), self.policy.bytes.to_vec()));
            return Ok(Answer::Fields("bash", vec![self.policy.bytes.to_vec()]));
        }
        if self.texts.len() > limits::SOURCED_TEXTS {
            let message = format!("more than {} texts are sourced", limits::SOURCED_TEXTS);
            return Err(self.at(place, &message).into());
        }
        let found = self.policy.machine.approved_text(path, Engine::Bash);
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
    pub(super) fn end(self, ended: Ended) -> Result<Wanted, Error> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        match ended {
            Ended::Code(0) if self.is_done => {}
            Ended::Code(0) => {
                let why = "bash ended without saying what the environment is";
                let hint = "a policy cannot use exec, or a trap of its own on EXIT";
                return Err(refused(self.policy.path, why, Some(hint)));
            }
            Ended::Code(code) => return Err(self.refused(format!("bash ended with status {code}"))),
            Ended::Signal(signal) => {
                let name = nix::sys::signal::Signal::try_from(signal);
                let name = name.map_or_else(|_| signal.to_string(), |name| name.to_string());
                return Err(self.refused(format!("bash was ended by {name}")));
            }
        }
        let env =
            dump::inside(self.policy.outside, &self.env).map_err(|what| self.refused(what))?;
        let mut wanted = Wanted { env, ..self.wanted };
        // Of what bash set itself it does not say the line, also where a command of goenv's had set the name before.
        let whole = Place::whole(self.policy.path);
        let diff = Diff::between(self.policy.outside, &wanted.env);
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
