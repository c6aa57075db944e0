//! Setting, exporting and unsetting variables while a policy is evaluated.
//!
//! Every change of a variable goes through here: what may not be set is refused, and where it was set is noted.

use super::ast::{Assignment, Mode};
use super::error::PolicyError;
use super::evaluate::{Answer, Asked, Evaluator};
use super::names;
use super::scope::Exporting;
use super::text::Span;
use crate::env::{Bytes, is_identifier};

impl Evaluator<'_> {
    /// Runs a command of assignments alone.
    pub(super) fn assignments(
        &mut self,
        assignments: &[Assignment],
        asked: Asked,
    ) -> Result<Answer, PolicyError> {
        // The status of an assignment is that of the last substitution in it.
        self.failed_query = None;
        self.tolerant = asked == Asked::Yes;
        for Assignment { name, mode, value, span } in assignments {
            let text = self.text_of(value)?;
            let text = self.appended(name, *mode, text, *span)?;
            self.assign(name, text, Exporting::AsBefore, *span)?;
        }
        self.tolerant = false;
        Ok(self.failed_query.take().map_or(Answer::Yes, Answer::No))
    }

    /// Returns what a variable holds after `text` is set or appended.
    pub(super) fn appended(
        &mut self,
        name: &[u8],
        mode: Mode,
        text: Bytes,
        span: Span,
    ) -> Result<Bytes, PolicyError> {
        if mode == Mode::Set {
            return Ok(text);
        }
        let mut value = self.value(name, span)?.unwrap_or_default();
        value.extend_from_slice(&text);
        Ok(value)
    }

    /// Sets a variable.
    pub(super) fn assign(
        &mut self,
        name: &[u8],
        value: Bytes,
        exporting: Exporting,
        span: Span,
    ) -> Result<(), PolicyError> {
        self.expect_settable(name, span)?;
        self.note_go(name, span)?;
        let exporting = if self.options.allexport { Exporting::Yes } else { exporting };
        self.spend(value.len() + 1, span)?;
        self.scope.set(name, value, exporting).map_err(|why| self.text.error(span, why))?;
        match self.reads_data.get() {
            true => drop(self.wanted.from_data.insert(name.to_vec())),
            false => drop(self.wanted.from_data.remove(name)),
        }
        self.touch(name, span);
        Ok(())
    }

    /// Marks a variable for export.
    pub(super) fn mark_exported(&mut self, name: &[u8], span: Span) -> Result<(), PolicyError> {
        self.expect_settable(name, span)?;
        self.scope.export(name).map_err(|why| self.text.error(span, why))?;
        self.touch(name, span);
        Ok(())
    }

    /// Unsets a variable.
    pub(super) fn unset(&mut self, name: &[u8], span: Span) -> Result<(), PolicyError> {
        self.expect_settable(name, span)?;
        if matches!(name, b"PATH" | b"HOME") {
            let shown = String::from_utf8_lossy(name);
            let message = format!("{shown} cannot be unset: no shell works without it");
            return Err(self.text.error(span, message));
        }
        self.note_go(name, span)?;
        self.scope.unset(name).map_err(|why| self.text.error(span, why))?;
        self.touch(name, span);
        Ok(())
    }

    fn touch(&mut self, name: &[u8], span: Span) {
        self.wanted.origins.push((name.to_vec(), self.text.place(span)));
    }

    fn expect_settable(&self, name: &[u8], span: Span) -> Result<(), PolicyError> {
        let shown = String::from_utf8_lossy(name);
        if !is_identifier(name) {
            let message = format!("`{shown}` is no name of a variable");
            let hint = "names are letters, digits and `_`, and begin with no digit";
            return Err(self.text.error(span, message).hint(hint));
        }
        if let Some(message) = names::unsettable(&shown) {
            return Err(self.text.error(span, message).hint("use another name"));
        }
        if self.shadowed.contains(&&*shown) || self.spoilt.contains(name) {
            let message = format!("{shown} belongs to one of direnv's functions here");
            return Err(self.text.error(span, message).hint("use another name"));
        }
        Ok(())
    }
}
