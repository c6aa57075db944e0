//! Commands that set, export and unset variables.

use super::Outcome;
use super::known;
use crate::env::{Bytes, is_identifier};
use crate::policy::ast::{Argument, Mode, Run};
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::scope::Exporting;
use crate::policy::text::Span;

/// An argument of `export` after expansion.
struct Export {
    name: Bytes,
    value: Option<(Mode, Bytes)>,
    span: Span,
}

impl Evaluator<'_> {
    /// `export NAME=value NAME`: every value is expanded before the first is set, as in bash.
    pub(super) fn export(&mut self, run: &Run) -> Outcome {
        let mut exports = Vec::with_capacity(run.arguments.len());
        for argument in &run.arguments {
            match argument {
                Argument::Assignment(assignment) => {
                    let text = self.text_of(&assignment.value)?;
                    let value = Some((assignment.mode, text));
                    let name = assignment.name.clone();
                    exports.push(Export { name, value, span: assignment.span });
                }
                Argument::Word(word) => {
                    for field in self.fields(word)? {
                        exports.push(self.exported_field(&field, word.span)?);
                    }
                }
            }
        }
        for Export { name, value, span } in exports {
            match value {
                Some((mode, text)) => {
                    let text = self.appended(&name, mode, text, span)?;
                    self.assign(&name, text, Exporting::Yes, span)?;
                }
                None => self.mark_exported(&name, span)?,
            }
        }
        Ok(Answer::Yes)
    }

    fn exported_field(&self, field: &[u8], span: Span) -> Result<Export, PolicyError> {
        if field.starts_with(b"-") {
            return Err(self.misused(span, "`export` has no options in the policy language"));
        }
        let Some(at) = field.iter().position(|byte| *byte == b'=') else {
            if !is_identifier(field) {
                let message =
                    format!("`{}` is no name of a variable", String::from_utf8_lossy(field));
                let hint = "names are letters, digits and `_`, and begin with no digit; a value with blanks is quoted: \
                            NAME='a b'";
                return Err(self.text.error(span, message).hint(hint));
            }
            return Ok(Export { name: field.to_vec(), value: None, span });
        };
        if at == 0 {
            let hint =
                "write `export NAME=value`: no blanks stand around `=`, and no `$` before the name";
            return Err(self.text.error(span, "there is no name before `=`").hint(hint));
        }
        let (name, value) = field.split_at(at);
        let (name, mode) = match name.strip_suffix(b"+") {
            Some(name) => (name, Mode::Append),
            None => (name, Mode::Set),
        };
        let value = value.get(1..).unwrap_or_default().to_vec();
        Ok(Export { name: name.to_vec(), value: Some((mode, value)), span })
    }

    /// `unset NAME…`
    pub(super) fn unset_all(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let (names, only_variables) = match arguments {
            [b"-v", names @ ..] => (names, true),
            names => (names, false),
        };
        for name in names {
            if name.starts_with(b"-") {
                return Err(self.misused(span, "`unset` takes names of variables"));
            }
            let set = self.scope.get(name).is_some();
            if !only_variables && !set && known::is_function(name) {
                let name = String::from_utf8_lossy(name);
                let message =
                    format!("without a variable {name}, this takes direnv's function away");
                return Err(self.text.error(span, message).hint(format!("write unset -v {name}")));
            }
            self.unset(name, span)?;
        }
        Ok(Answer::Yes)
    }
}

impl Evaluator<'_> {
    /// `set -a`, `set +a`, `set -e`, `set -u`, `set -o pipefail` and combinations.
    pub(super) fn set(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let mut rest = arguments.iter();
        if arguments.is_empty() {
            return Err(self.unknown_option(span));
        }
        while let Some(argument) = rest.next() {
            let on = match argument.first() {
                Some(b'-') => true,
                Some(b'+') => false,
                _ => return Err(self.unknown_option(span).hint("write `export NAME=value`")),
            };
            let letters = argument.get(1..).unwrap_or_default();
            if letters.is_empty() {
                return Err(self.unknown_option(span));
            }
            for letter in letters {
                let known = match letter {
                    b'o' => rest.next().is_some_and(|name| self.set_option(name, on)),
                    b'a' => self.set_option(b"allexport", on),
                    b'e' => self.set_option(b"errexit", on),
                    b'u' => self.set_option(b"nounset", on),
                    _ => false,
                };
                if !known {
                    return Err(self.unknown_option(span));
                }
            }
        }
        Ok(Answer::Yes)
    }

    fn set_option(&mut self, name: &[u8], on: bool) -> bool {
        match name {
            b"allexport" => self.options.allexport = on,
            b"errexit" => self.options.errexit = on,
            b"nounset" => self.options.nounset = on,
            b"pipefail" => {}
            _ => return false,
        }
        true
    }

    fn unknown_option(&self, span: Span) -> PolicyError {
        self.misused(span, "`set` is understood with -a, -e, -u and -o pipefail, and with +")
    }

    /// `strict_env`, `unstrict_env`: around one command they would do nothing that the language has.
    pub(super) fn strictness(
        &mut self,
        arguments: &[&[u8]],
        strict: Strict,
        span: Span,
    ) -> Outcome {
        if !arguments.is_empty() {
            let message = "a command after this is not part of the policy language";
            let hint = "write `strict_env` on a line of its own";
            return Err(self.misused(span, message).hint(hint));
        }
        self.options.errexit = strict == Strict::Yes;
        self.options.nounset = strict == Strict::Yes;
        Ok(Answer::Yes)
    }

    /// `env_vars_required NAME…`
    pub(super) fn env_vars_required(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        self.expect_program("env", span)?;
        let mut missing = Vec::new();
        for name in arguments {
            let shown = String::from_utf8_lossy(name).into_owned();
            let local = matches!(*name, b"environment" | b"ret" | b"var");
            if local || !is_identifier(name) {
                return Err(self.misused(span, format!("`{shown}` cannot be asked for here")));
            }
            let value = self.value(name, span)?.unwrap_or_default();
            if value.is_empty() {
                missing.push(shown);
            } else if self.scope.exported(name).is_none() {
                // direnv looks for `NAME=` anywhere in the environment, and may find it elsewhere.
                let message = format!("{shown} is set but not exported");
                return Err(self.text.error(span, message).hint(format!("export {shown}")));
            }
        }
        // direnv's function leaves the last name in `var`.
        if let Some(last) = arguments.last() {
            self.assign(b"var", last.to_vec(), Exporting::AsBefore, span)?;
        }
        Ok(match missing.is_empty() {
            true => Answer::Yes,
            false => {
                Answer::No(format!("the policy wants these to be set: {}", missing.join(", ")))
            }
        })
    }

    /// `lock NAME=VALUE…`: exports, and notes that nothing else may set it.
    pub(super) fn lock(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        if arguments.is_empty() {
            return Err(self.misused(span, "`lock` takes NAME=VALUE"));
        }
        for argument in arguments {
            let Some(at) = argument.iter().position(|byte| *byte == b'=') else {
                let shown = String::from_utf8_lossy(argument);
                let message = format!("`lock` takes NAME=VALUE, not `{shown}`");
                return Err(self
                    .misused(span, message)
                    .hint("put a value with blanks into quotes"));
            };
            let (name, value) = argument.split_at(at);
            let value = value.get(1..).unwrap_or_default().to_vec();
            self.assign(name, value.clone(), Exporting::Yes, span)?;
            self.wanted.locks.push((name.to_vec(), value));
        }
        Ok(Answer::Yes)
    }
}

/// Whether strictness is turned on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strict {
    /// `strict_env`
    Yes,
    /// `unstrict_env`
    No,
}
