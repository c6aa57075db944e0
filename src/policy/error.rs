//! What is wrong with a policy, where, and what to write instead.
//!
//! In: a place with its line, a message and a hint. Out: text with a caret, safe for a terminal: names and values out
//! of the policy are in it.

use std::fmt;
use std::path::Path;

use super::{Cause, Place};
use crate::env::Bytes;
use crate::ui::{Excerpt, Room, safe, safe_path};

/// How much of a long line is shown.
const SHOWN: Room = Room { before: 60, after: 60 };

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
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns the error as one about a slip of the fingers, which nobody wants bash to run.
    pub(super) fn slip(mut self) -> Self {
        self.cause = Cause::Slip;
        self
    }

    /// Returns whether it is about a slip of the fingers.
    pub(super) fn is_slip(&self) -> bool {
        let means_another = |hint: &String| hint.starts_with("did you mean");
        self.cause == Cause::Slip || self.hint.as_ref().is_some_and(means_another)
    }

    /// Returns the error as one about what only bash could run.
    pub(super) fn beyond(mut self) -> Self {
        self.cause = Cause::Beyond;
        self
    }

    /// Returns the error as one about a command that fetches from the network.
    pub(super) fn download(mut self) -> Self {
        self.cause = Cause::Download;
        self
    }

    /// Returns the error with the other way to have the policy applied, which is to have bash run it.
    pub fn or_by_bash(mut self) -> Self {
        let way = "to have bash run it: goenv allow --bash";
        self.hint = Some(match self.hint.take() {
            Some(hint) => format!("{hint}; {way}"),
            None => way.to_owned(),
        });
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
            let Excerpt { text: shown, before, carets } =
                Excerpt::of(source, self.place.column, self.width, SHOWN);
            text += &format!("\n  {number} | {shown}\n  {margin} | {}", " ".repeat(before));
            text += &"^".repeat(carets);
        }
        if let Some(hint) = &self.hint {
            text += "\nhint: ";
            text += &safe(hint.as_bytes());
        }
        text
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Path::new("")))
    }
}

impl std::error::Error for PolicyError {}
