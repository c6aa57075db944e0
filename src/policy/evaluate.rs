//! The evaluator: a program and the environment as it is outside → what the policy wants.
//!
//! An interpreter over the tree. Asks the host for files, programs and SDKs by value and does no I/O. A command
//! that fails where nothing asks for its status is an error, as under `set -e`; an error means that nothing of the
//! policy applies. Commands are in `commands/`; docs/language.md says what each means.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::ast::{Chain, Command, Join, List, Program, Redirection, Run, Step, Word};
use super::error::PolicyError;
use super::scope::Scope;
use super::text::{Span, Text};
use super::vocabulary::Builtin;
use super::{Host, Place, Refusal, Wanted, limits};
use crate::env::{Bytes, Env};

/// Returns what `program` wants, given the environment as it is outside; `host` answers what it asks.
pub fn evaluate(
    program: &Program,
    outside: &Env,
    host: &mut dyn Host,
) -> Result<Wanted, PolicyError> {
    let mut evaluator = Evaluator::new(program, outside, host);
    evaluator.text_body(program)?;
    Ok(evaluator.finish())
}

/// Whether a command succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Status 0.
    Success,
    /// Any other.
    Failure,
}

impl From<bool> for Status {
    fn from(success: bool) -> Self {
        if success { Self::Success } else { Self::Failure }
    }
}

/// What a command answers: success, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It succeeded.
    Yes,
    /// It failed, and says why.
    No(String),
    /// It read a text that ended the policy: `exit 0`.
    Exit,
}

/// Whether what follows a command still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It does.
    Open,
    /// `return` ended this text.
    Return,
    /// `exit` ended the policy.
    Exit,
}

/// Whether something asks for a command's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Something does.
    Yes,
    /// Nothing does.
    No,
}

/// Whether something of a command's output is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// It goes to stderr.
    Shown,
    /// It goes to `/dev/null`.
    Dropped,
}

/// What read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inclusion {
    /// It is a policy, or `source_env` or `source_up` read it, which hide its status.
    Policy,
    /// `source` read it.
    Source,
}

/// What `set` turned on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) allexport: bool,
    pub(super) errexit: bool,
    pub(super) nounset: bool,
}

/// The state of one evaluation.
pub(super) struct Evaluator<'h> {
    pub(super) host: &'h mut dyn Host,
    pub(super) scope: Scope,
    pub(super) wanted: Wanted,
    pub(super) options: Options,
    /// The text that is being evaluated.
    pub(super) text: Rc<Text>,
    /// `$PWD`: the directory of the text that was loaded last.
    pub(super) directory: Bytes,
    /// `${BASH_SOURCE[0]}`: the text as it was named.
    pub(super) source_name: Bytes,
    /// PATH as it is outside.
    pub(super) outer_path: Bytes,
    /// Whether the command that runs has read data, of a file or of a variable that holds such.
    pub(super) reads_data: Cell<bool>,
    /// Variables that direnv's functions overwrite.
    pub(super) spoilt: BTreeSet<Bytes>,
    /// Variables that are local to direnv's functions that are running.
    pub(super) shadowed: Vec<&'static str>,
    /// Where GOROOT or GOTOOLCHAIN was set other than by `use go`.
    pub(super) go_set: Option<(Span, Rc<Text>, String)>,
    pub(super) out: Output,
    pub(super) err: Output,
    pub(super) level: usize,
    pub(super) sourced: usize,
    /// What read the text that is being evaluated.
    pub(super) included_by: Inclusion,
    /// Why the last query in `$(…)` failed, if it did.
    pub(super) failed_query: Option<String>,
    /// Whether the arguments of a query in `$(…)` are being expanded.
    pub(super) in_query: bool,
    /// Whether a failing query is asked for its status.
    pub(super) tolerant: bool,
    last: Status,
    work: usize,
    said: usize,
}

impl<'h> Evaluator<'h> {
    fn new(program: &Program, outside: &Env, host: &'h mut dyn Host) -> Self {
        let path = &program.text.path;
        let directory = path.parent().unwrap_or(Path::new("/"));
        let file = path.file_name().unwrap_or(OsStr::new(".envrc"));
        Self {
            host,
            scope: Scope::new(outside),
            wanted: Wanted::default(),
            options: Options::default(),
            text: program.text.clone(),
            directory: directory.as_os_str().as_bytes().to_vec(),
            source_name: [b"./", file.as_bytes()].concat(),
            outer_path: outside.get(b"PATH").unwrap_or_default().to_vec(),
            reads_data: Cell::new(false),
            spoilt: BTreeSet::new(),
            shadowed: Vec::new(),
            go_set: None,
            out: Output::Shown,
            err: Output::Shown,
            level: 1,
            sourced: 0,
            included_by: Inclusion::Policy,
            failed_query: None,
            in_query: false,
            tolerant: false,
            last: Status::Success,
            work: 0,
            said: 0,
        }
    }

    fn finish(self) -> Wanted {
        Wanted { env: self.scope.environment(), ..self.wanted }
    }

    /// Runs a text; returns how it ended, and the status of its last command.
    pub(super) fn text_body(&mut self, program: &Program) -> Result<(End, Status), PolicyError> {
        let (end, status) = self.list_asked(&program.body, Asked::No)?;
        let last = program.body.0.last();
        if let (Status::Failure, true, Some(chain)) = (status, self.options.errexit, last) {
            // The test in it is asked for its status, the text is not.
            let message = "the last command fails, which ends the policy under `set -e`";
            return Err(self.text.error(chain.first.span, message).hint("end it with: … || true"));
        }
        Ok((end, status))
    }

    /// Runs commands of which the last may be asked for its status.
    fn list_asked(&mut self, list: &List, asked: Asked) -> Result<(End, Status), PolicyError> {
        let mut status = Status::Success;
        for (at, chain) in list.0.iter().enumerate() {
            let last = at + 1 == list.0.len();
            let end;
            (end, status) = self.chain(chain, if last { asked } else { Asked::No })?;
            self.last = status;
            if end != End::Open {
                return Ok((end, status));
            }
        }
        Ok((End::Open, status))
    }

    fn chain(&mut self, chain: &Chain, asked: Asked) -> Result<(End, Status), PolicyError> {
        let asked_if = |more: bool| if more { Asked::Yes } else { asked };
        let (mut end, mut status) = self.step(&chain.first, asked_if(!chain.rest.is_empty()))?;
        for (at, (join, step)) in chain.rest.iter().enumerate() {
            if end != End::Open {
                break;
            }
            self.last = status;
            let wanted = if *join == Join::And { Status::Success } else { Status::Failure };
            if status == wanted {
                (end, status) = self.step(step, asked_if(at + 1 < chain.rest.len()))?;
            }
        }
        Ok((end, status))
    }

    fn step(&mut self, step: &Step, asked: Asked) -> Result<(End, Status), PolicyError> {
        self.spend(1, step.span)?;
        let (out, err) = (self.out, self.err);
        for redirection in &step.redirections {
            self.redirect(*redirection);
        }
        let asked = if step.negations > 0 { Asked::Yes } else { asked };
        let (end, status) = self.command(&step.command, step.span, asked)?;
        (self.out, self.err) = (out, err);
        let negated = step.negations % 2 == 1 && end == End::Open;
        let status = if negated { Status::from(status == Status::Failure) } else { status };
        Ok((end, status))
    }

    fn redirect(&mut self, redirection: Redirection) {
        match redirection {
            Redirection::OutToNull => self.out = Output::Dropped,
            Redirection::ErrToNull => self.err = Output::Dropped,
            Redirection::BothToNull => (self.out, self.err) = (Output::Dropped, Output::Dropped),
            Redirection::OutToErr => self.out = self.err,
            Redirection::ErrToOut => self.err = self.out,
        }
    }

    fn command(
        &mut self,
        command: &Command,
        span: Span,
        asked: Asked,
    ) -> Result<(End, Status), PolicyError> {
        self.reads_data.set(false);
        match command {
            Command::Assign(assignments) => {
                let answer = self.assignments(assignments, asked)?;
                self.settle(answer, span, asked)
            }
            Command::Run(run) => self.run(run, span, asked),
            Command::Condition(condition) => {
                let answer = match self.condition(condition)? {
                    true => Answer::Yes,
                    false => Answer::No("this test fails".to_owned()),
                };
                self.settle(answer, span, asked)
            }
            Command::Group(list) => self.list_asked(list, asked),
            Command::If { arms, otherwise } => {
                for (condition, body) in arms {
                    let (end, status) = self.list_asked(condition, Asked::Yes)?;
                    if end != End::Open {
                        return Ok((end, status));
                    }
                    if status == Status::Success {
                        return self.list_asked(body, asked);
                    }
                }
                match otherwise {
                    Some(body) => self.list_asked(body, asked),
                    None => Ok((End::Open, Status::Success)),
                }
            }
            Command::Case { subject, arms } => self.case(subject, arms, asked),
        }
    }

    fn case(
        &mut self,
        subject: &Word,
        arms: &[(Vec<Word>, List)],
        asked: Asked,
    ) -> Result<(End, Status), PolicyError> {
        let value = self.text_of(subject)?;
        for (patterns, body) in arms {
            for word in patterns {
                if self.word_matches(&value, word)? {
                    return self.list_asked(body, asked);
                }
            }
        }
        Ok((End::Open, Status::Success))
    }

    /// Returns whether the pattern that `word` stands for matches `value`.
    pub(super) fn word_matches(&mut self, value: &[u8], word: &Word) -> Result<bool, PolicyError> {
        let pattern = self.pattern_of(word)?;
        self.spend(pattern.cost(value.len()), word.span)?;
        pattern.matches(value).map_err(|message| self.text.error(word.span, message))
    }

    fn run(&mut self, run: &Run, span: Span, asked: Asked) -> Result<(End, Status), PolicyError> {
        let arguments = self.expand_arguments(run)?;
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        if matches!(run.builtin, Builtin::Exit | Builtin::Return) {
            return self.leave(run.builtin, &arguments, span);
        }
        let answer = self.builtin(run, &arguments, span)?;
        self.settle(answer, span, asked)
    }

    /// Returns the status of an answer, or an error where it is a failure that nothing asks for.
    fn settle(
        &mut self,
        answer: Answer,
        span: Span,
        asked: Asked,
    ) -> Result<(End, Status), PolicyError> {
        match (answer, asked) {
            (Answer::Yes, _) => Ok((End::Open, Status::Success)),
            (Answer::Exit, _) => Ok((End::Exit, Status::Success)),
            (Answer::No(_), Asked::Yes) => Ok((End::Open, Status::Failure)),
            (Answer::No(why), Asked::No) => {
                let hint = hint_for(self.text.slice(span), &why);
                Err(self.text.error(span, why).hint(hint))
            }
        }
    }

    /// Returns the status of the command before.
    pub(super) fn last_status(&self) -> Status {
        self.last
    }

    /// Returns the path that `path` names, seen from the policy's directory.
    pub(super) fn resolve(&self, path: &[u8]) -> PathBuf {
        Path::new(OsStr::from_bytes(&self.directory)).join(OsStr::from_bytes(path))
    }

    /// Returns the error that a host's refusal is at `span`.
    pub(super) fn refused(&self, refusal: Refusal, span: Span) -> PolicyError {
        let Refusal { message, hint, cause } = refusal;
        PolicyError { hint, cause, ..self.text.error(span, message) }
    }

    /// Returns the place of a span in the text being evaluated.
    pub(super) fn place(&self, span: Span) -> Place {
        self.text.place(span)
    }

    /// Counts work, and refuses a policy that would go on for ever.
    pub(super) fn spend(&mut self, amount: usize, span: Span) -> Result<(), PolicyError> {
        self.work = self.work.saturating_add(amount);
        if self.work > limits::WORK {
            let message = "the policy expands to more than its limit of 16 MiB";
            return Err(self.text.error(span, message));
        }
        Ok(())
    }

    /// Adds a message for stderr.
    pub(super) fn say(
        &mut self,
        output: Output,
        message: Bytes,
        span: Span,
    ) -> Result<(), PolicyError> {
        if output == Output::Dropped {
            return Ok(());
        }
        self.said = self.said.saturating_add(message.len() + 1);
        if self.said > limits::MESSAGES {
            return Err(self.text.error(span, "the messages are longer than their limit of 1 MiB"));
        }
        self.wanted.messages.push(message);
        Ok(())
    }
}

/// Returns what to do about the command `line`, which failed: mostly what may be written where that is fine.
fn hint_for(line: &[u8], why: &str) -> String {
    let shown = String::from_utf8_lossy(line);
    match shown.split_once(char::is_whitespace).map_or(&*shown, |(name, _)| name) {
        name @ ("dotenv" | "source_env" | "source_up") if !shown.contains('\n') => {
            format!(
                "if it may be missing: {}",
                shown.replacen(name, &format!("{name}_if_exists"), 1)
            )
        }
        "env_vars_required" => {
            let missing = why.rsplit_once(": ").map_or(why, |(_, names)| names);
            format!("set {missing} outside, or above this line")
        }
        _ => "a failing command ends the policy; where failing is fine: … || true".to_owned(),
    }
}
