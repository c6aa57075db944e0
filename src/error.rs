//! What can go wrong, in words, with its cure and its exit code: one table.
//!
//! The modules below have small errors of their own, which become one of these. A text is lower case, has no full
//! stop, names the file or the variable and says what was found; a hint is a command that works when pasted. One
//! text for each error. Exit codes: docs/reference.md, section "Exit codes".

use std::path::PathBuf;

use crate::files::FileProblem;
use crate::policy::{Cause, PolicyError};
use crate::shell::quote_argument;
use crate::trust::Trust;
use crate::ui::{safe, safe_path};

/// The exit codes of every command; `exec` passes on its child's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed, or findings.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Not trusted: nothing was evaluated.
    Untrusted = 3,
    /// A signature or a digest is wrong.
    Forged = 4,
    /// The policy has an error.
    Policy = 5,
    /// The command of `exec` cannot be executed, as shells and env(1) have it.
    NotExecutable = 126,
    /// There is no such command for `exec`.
    NotFound = 127,
}

/// Everything that ends a command early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A policy that may not apply.
    #[error("{path} is {state}: {reason}", path = safe_path(.0), state = .1.state.name(), reason = .1.reason)]
    Untrusted(PathBuf, Box<Trust>),
    /// The rules cannot be read, so nothing is trusted.
    #[error("{0}")]
    Rules(String),
    /// A policy, or what it is judged by, that may not be read.
    #[error("{0}")]
    UnsafePolicy(FileProblem),
    /// Nothing of the user can be kept or looked up.
    #[error("HOME is unset or no absolute path, so goenv has no place for its files")]
    NoHome,
    /// There is no policy where one is needed.
    #[error("there is no .envrc in {path} or above it", path = safe_path(.0))]
    NoPolicy(PathBuf),
    /// The current directory is gone.
    #[error("the current directory was deleted")]
    NoDirectory,
    /// A policy with an error.
    #[error("{0}")]
    Policy(Box<PolicyError>),
    /// A file could not be read or written.
    #[error("{0}")]
    File(#[from] FileProblem),
    /// A program could not be run.
    #[error("{program}: {reason}")]
    Run {
        /// The program as it was asked for.
        program: String,
        /// Why.
        reason: String,
    },
    /// The command of `exec` is there and cannot be executed.
    #[error("{program}: {reason}")]
    NotExecutable {
        /// The program as it was asked for.
        program: String,
        /// Why.
        reason: String,
    },
    /// The command of `exec` is not there.
    #[error("{program}: {reason}")]
    NotFound {
        /// The program as it was asked for.
        program: String,
        /// Where it is not.
        reason: String,
    },
    /// Anything a command found wrong in its own words.
    #[error("{message}")]
    Refused {
        /// What is wrong.
        message: String,
        /// What mends it.
        hint: Option<String>,
        /// The code.
        exit: Exit,
    },
    /// stdout could not be written.
    #[error("stdout: {}", crate::files::said(.0))]
    Output(#[from] std::io::Error),
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        Self::Policy(Box::new(error))
    }
}

impl Error {
    /// Returns an error of a command that failed, in its own words and without a cure.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: None, exit: Exit::Failed }
    }

    /// Returns what mends it: a command that works when pasted, or what to do instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Untrusted(_, trust) => trust.hint.clone(),
            Self::UnsafePolicy(problem) | Self::File(problem) => problem.hint(),
            Self::NoHome => Some("set it to your home directory".to_owned()),
            Self::NoPolicy(directory) => {
                Some(format!("write one with: goenv edit {}", quote_argument(directory)))
            }
            Self::Refused { hint, .. } => hint.clone(),
            Self::Rules(_)
            | Self::NoDirectory
            | Self::Policy(_)
            | Self::Run { .. }
            | Self::NotExecutable { .. }
            | Self::NotFound { .. }
            | Self::Output(_) => None,
        }
    }

    /// Returns the error with the hint of its verdict, or of its policy, made another.
    pub fn with_hint(mut self, change: impl Fn(&str) -> String) -> Self {
        let hint = match &mut self {
            Self::Untrusted(_, trust) => &mut trust.hint,
            Self::Policy(error) => &mut error.hint,
            _ => return self,
        };
        *hint = hint.as_deref().map(change);
        self
    }

    /// Returns the error as that of a command that decides about no policy: it failed, and nothing was refused.
    pub fn as_failure(self) -> Self {
        Self::Refused { message: self.to_string(), hint: self.hint(), exit: Exit::Failed }
    }

    /// Returns the code that the process ends with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Untrusted(_, trust) if trust.code == Exit::Forged as u8 => Exit::Forged,
            Self::Untrusted(..) | Self::Rules(_) | Self::UnsafePolicy(_) | Self::NoHome => {
                Exit::Untrusted
            }
            Self::Policy(error) => match error.cause {
                Cause::Text | Cause::Slip | Cause::Beyond | Cause::Download => Exit::Policy,
                Cause::Approval => Exit::Untrusted,
                Cause::Missing => Exit::Failed,
                Cause::Altered => Exit::Forged,
            },
            Self::Refused { exit, .. } => *exit,
            Self::NotExecutable { .. } => Exit::NotExecutable,
            Self::NotFound { .. } => Exit::NotFound,
            Self::NoPolicy(_)
            | Self::NoDirectory
            | Self::File(_)
            | Self::Run { .. }
            | Self::Output(_) => Exit::Failed,
        }
    }

    /// Returns what is wrong, in one line, and what mends it.
    pub fn parts(&self) -> (String, Option<String>) {
        match self {
            Self::Policy(error) => {
                let hint = error.hint.as_ref().map(|hint| safe(hint.as_bytes()));
                (error.sentence(), hint)
            }
            _ => (self.to_string(), self.hint()),
        }
    }

    /// Returns the whole text: one line with the cure at its end, or the several lines of a policy's error.
    pub fn text(&self) -> String {
        match (self, self.hint()) {
            (Self::Policy(error), _) => error.to_string(),
            (_, Some(hint)) => format!("{self}; {hint}"),
            (_, None) => self.to_string(),
        }
    }
}
