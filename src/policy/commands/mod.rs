//! What each command of the vocabulary does.
//!
//! In: a command and its arguments after expansion. Out: success or a failure with its reason, and what it did to
//! the evaluator's variables. A wrong use is an error. Semantics: docs/language.md.

mod git;
mod go_env;
mod golang;
mod include;
mod known;
mod layout;
mod paths;
mod query;
mod report;
mod tests;
mod variables;
mod watch;

use super::DIRENV_VERSION;
use super::ast::{Argument, Run};
use super::error::PolicyError;
use super::evaluate::{Answer, End, Evaluator, Inclusion, Status};
use super::text::Span;
use super::vocabulary::{Builtin, NO_DOWNLOAD, NO_PROGRAM};
use crate::env::Bytes;
use include::Missing;
use variables::Strict;

/// What a command gives: an answer, or an error.
pub(super) type Outcome = Result<Answer, PolicyError>;

impl Evaluator<'_> {
    /// Returns the arguments of a command after expansion; some expand theirs by themselves.
    pub(super) fn expand_arguments(&mut self, run: &Run) -> Result<Vec<Bytes>, PolicyError> {
        let mut fields = Vec::new();
        if matches!(run.builtin, Builtin::Export | Builtin::WatchFile | Builtin::WatchDir) {
            return Ok(fields);
        }
        for argument in &run.arguments {
            if let Argument::Word(word) = argument {
                fields.extend(self.fields(word)?);
            }
        }
        Ok(fields)
    }

    /// Ends a text or the policy: `return`, `exit`.
    pub(super) fn leave(
        &mut self,
        builtin: Builtin,
        arguments: &[&[u8]],
        span: Span,
    ) -> Result<(End, Status), PolicyError> {
        let status = match arguments {
            [] => self.last_status(),
            [b"0"] => Status::Success,
            [code] if !code.is_empty() && code.iter().all(u8::is_ascii_digit) => Status::Failure,
            _ => return Err(self.text.error(span, "one number, the status, is expected")),
        };
        let end = if builtin == Builtin::Exit { End::Exit } else { End::Return };
        // direnv does not look at the status with which an .envrc returns, unless `set -e` is on.
        let seen = end == End::Exit || !arguments.is_empty() || self.options.errexit;
        if status == Status::Failure
            && seen
            && (end == End::Exit || self.included_by == Inclusion::Policy)
        {
            let message = "the policy ends here with a failure, so nothing of it applies";
            return Err(self.text.error(span, message).hint("to end it without one: return 0"));
        }
        Ok((end, status))
    }

    /// Runs a command.
    pub(super) fn builtin(&mut self, run: &Run, arguments: &[&[u8]], span: Span) -> Outcome {
        match run.builtin {
            Builtin::AllowGo => self.governance("allow_go", arguments, span),
            Builtin::Ask(query) => self.print_query(query, arguments, span),
            Builtin::Bracket | Builtin::Test => self.test(arguments, span),
            Builtin::Colon | Builtin::True => Ok(Answer::Yes),
            Builtin::CommandV => match arguments {
                [b"-v", name] => self.look_up(&[name], span),
                _ => Err(self.misused(span, "`command` is understood as `command -v NAME`")),
            },
            Builtin::DenyGo => self.governance("deny_go", arguments, span),
            Builtin::DirenvVersion => self.direnv_version(arguments, span),
            Builtin::Dotenv => self.dotenv(arguments, Missing::Fails, span),
            Builtin::DotenvIfExists => self.dotenv(arguments, Missing::IsFine, span),
            Builtin::Echo => self.echo(arguments, span),
            Builtin::EnvVarsRequired => self.env_vars_required(arguments, span),
            Builtin::Exit | Builtin::Return => Ok(Answer::Yes),
            Builtin::Export => self.export(run),
            Builtin::False => Ok(Answer::No("`false` fails".to_owned())),
            Builtin::Foreign => Err(self.foreign(run, span)),
            Builtin::Has => self.has(arguments, span),
            Builtin::Layout => self.layout(arguments, span),
            Builtin::LoadPrefix => self.load_prefix(arguments, span),
            Builtin::Lock => self.lock(arguments, span),
            Builtin::LogError | Builtin::LogStatus => self.log(arguments, span),
            Builtin::ManpathAdd => self.manpath_add(arguments, span),
            Builtin::OnGitBranch => self.on_git_branch(arguments, span),
            Builtin::PathAdd => self.path_add(b"PATH", arguments, span),
            Builtin::PathAddTo => self.path_add_to(arguments, span),
            Builtin::PathRm => self.path_rm(b"PATH", arguments, span),
            Builtin::PathRmFrom => self.path_rm_from(arguments, span),
            Builtin::Printf => self.printf(arguments, span),
            Builtin::Promote => self.governance("promote", arguments, span),
            Builtin::Set => self.set(arguments, span),
            Builtin::Source => self.source(arguments, span),
            Builtin::SourceEnv => self.source_env(arguments, span),
            Builtin::SourceEnvIfExists => self.source_env_if_exists(arguments, span),
            Builtin::SourceUp => self.source_up(arguments, Missing::Fails, span),
            Builtin::SourceUpIfExists => self.source_up(arguments, Missing::IsFine, span),
            Builtin::StrictEnv => self.strictness(arguments, Strict::Yes, span),
            Builtin::Target => self.target(arguments, span),
            Builtin::Type => self.look_up(arguments, span),
            Builtin::UnstrictEnv => self.strictness(arguments, Strict::No, span),
            Builtin::Unset => self.unset_all(arguments, span),
            Builtin::Use => self.use_tool(arguments, span),
            Builtin::WatchDir => self.watch_dir(run, span),
            Builtin::WatchFile => self.watch_file(run, span),
            Builtin::Which => self.which(arguments, span),
        }
    }

    /// Returns the error about a command that only bash can run, or nothing here runs.
    fn foreign(&self, run: &Run, span: Span) -> PolicyError {
        let name = String::from_utf8_lossy(self.text.slice(run.name)).into_owned();
        let wrong = |message: String| self.text.error(span, message);
        match name.as_str() {
            "source_url" => wrong(format!("`{name}`: {NO_DOWNLOAD}"))
                .hint("keep a copy that was reviewed in the project: source_env FILE")
                .download(),
            "fetchurl" => wrong(format!("`{name}`: {NO_DOWNLOAD}"))
                .hint("keep the file in the project")
                .download(),
            _ => wrong(format!("`{name}` needs bash")).hint(NO_PROGRAM).beyond(),
        }
    }

    /// `direnv_version VERSION`: is the language that of this direnv, or of a later one?
    fn direnv_version(&self, arguments: &[&[u8]], span: Span) -> Outcome {
        let numbers = |text: &str| {
            let mut numbers = [0_u32; 3];
            let mut parts = text.split('.');
            for slot in &mut numbers {
                if let Some(part) = parts.next() {
                    *slot = part.parse().ok()?;
                }
            }
            parts.next().is_none().then_some(numbers)
        };
        let usage = || self.misused(span, "`direnv_version` takes one version: 2.32.1");
        let [version] = arguments else { return Err(usage()) };
        let text = std::str::from_utf8(version).map_err(|_| usage())?;
        let wanted = numbers(text.strip_prefix('v').unwrap_or(text)).ok_or_else(usage)?;
        Ok(match Some(wanted) <= numbers(DIRENV_VERSION) {
            true => Answer::Yes,
            false => {
                Answer::No(format!("the policy wants direnv {text}; goenv speaks {DIRENV_VERSION}"))
            }
        })
    }

    /// Returns an error about a command's arguments.
    pub(super) fn misused(&self, span: Span, message: impl Into<String>) -> PolicyError {
        self.text.error(span, message)
    }
}
