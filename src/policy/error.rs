//! What is wrong with a policy, where, and what to write instead.
//!
//! In: a place with its line, a message and a hint. Out: text with a caret, safe for a terminal: names and values out
//! of the policy are in it.

use std::fmt;
use std::path::Path;

use super::{Cause, Place};
use crate::env::Bytes;
use crate::ui::{columns, safe, safe_path};

/// How many columns of a long line are shown before and after the caret.
const BEFORE: usize = 60;
const AFTER: usize = 60;

/// An error in a policy; nothing of the policy applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// Where.
    pub place: Place,
    /// The text of that line; none where it may hold a secret, as the lines of `.env` files do.
    pub source_line: Option<Bytes>,
    /// How many bytes of the line the caret underlines.
    pub width: usize,
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
    /// What to write or to run instead.
    pub hint: Option<String>,
    /// What it is about; it decides the exit code.
    pub cause: Cause,
}

impl PolicyError {
    /// Returns the error with a hint.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the place and the message, in one line.
    pub fn sentence(&self) -> String {
        self.sentence_from(Path::new(""))
    }

    fn sentence_from(&self, directory: &Path) -> String {
        let path = self.place.path.strip_prefix(directory).unwrap_or(&self.place.path);
        let Place { line, column, .. } = &self.place;
        format!("{}:{line}:{column}: {}", safe_path(path), safe(self.message.as_bytes()))
    }

    /// Returns the message, the line with its caret, and the hint; paths are shown relative to `directory`.
    pub fn render(&self, directory: &Path) -> String {
        let mut text = self.sentence_from(directory);
        if let Some(source) = &self.source_line {
            let number = self.place.line.to_string();
            let margin = " ".repeat(number.len());
            let (shown, before, carets) = self.shown_line(source);
            text += &format!("\n  {number} | {shown}\n  {margin} | {}", " ".repeat(before));
            text += &"^".repeat(carets);
        }
        if let Some(hint) = &self.hint {
            text += "\nhint: ";
            text += &safe(hint.as_bytes());
        }
        text
    }

    /// Returns the line as shown, the columns before the caret, and how many carets there are.
    fn shown_line(&self, source: &[u8]) -> (String, usize, usize) {
        let at = (self.place.column as usize).saturating_sub(1);
        let cut = |start: usize, end: usize| source.get(start..end).unwrap_or_default();
        let end = source.len();
        let start = at.min(end);
        let middle = start.saturating_add(self.width).min(end);
        let mut before = columns(cut(0, start));
        let marked = columns(cut(start, middle));
        let mut after = columns(cut(middle, end));
        if before.len() > BEFORE {
            before.drain(..before.len() - BEFORE);
            before.insert(0, '…');
        }
        let carets = marked.len().clamp(1, AFTER);
        if marked.len() + after.len() > AFTER {
            after.truncate(AFTER.saturating_sub(marked.len()));
            after.push('…');
        }
        let width = before.len();
        before.extend(marked.into_iter().take(AFTER));
        before.extend(after);
        (before.into_iter().collect::<String>().trim_end().to_owned(), width, carets)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Path::new("")))
    }
}

impl std::error::Error for PolicyError {}
