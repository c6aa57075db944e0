//! A policy text: its bytes, and where in it something stands.
//!
//! In: a path and bytes from outside. Out: a text that is UTF-8, without NUL, byte order mark and carriage
//! returns, and below the size limit; spans into it; the place and the line of a span. Never reads a file.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::error::PolicyError;
use super::{Cause, Place, limits};
use crate::env::Bytes;
use crate::shell::quote_path;

/// A range of bytes in one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The offset of its first byte.
    pub(super) start: u32,
    /// The offset after its last byte.
    pub(super) end: u32,
}

impl Span {
    /// Returns the span from `start` up to `end`; texts are far below 4 GiB.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let clip = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clip(start), end: clip(end) }
    }

    /// Returns the span from the start of this one to the end of `other`.
    pub(super) fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A policy text that was found fit to be parsed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// Where it was read from.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) bytes: Bytes,
    /// The offset at which each line begins: every variable that is set asks for its place.
    lines: Vec<usize>,
}

impl Text {
    /// Returns the text, or what makes it unfit: its size, its line ends, its encoding.
    pub(super) fn new(path: &Path, bytes: &[u8]) -> Result<Rc<Self>, PolicyError> {
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        let text = Rc::new(Self { path: path.to_path_buf(), bytes: bytes.to_vec(), lines });
        match text.flaw() {
            Some((at, width, message, hint)) => {
                Err(text.error(Span::new(at, at + width), message).hint(hint))
            }
            None => Ok(text),
        }
    }

    fn flaw(&self) -> Option<(usize, usize, String, String)> {
        let flaw = |at, width, message: &str, hint: &str| {
            Some((at, width, message.to_owned(), hint.to_owned()))
        };
        let file = || quote_path(&self.path);
        if self.bytes.len() > limits::POLICY {
            let found = self.bytes.len();
            let message = format!("the policy has {found} bytes, more than {}", limits::POLICY);
            return Some((0, 0, message, "split it with `source_env`".to_owned()));
        }
        if self.bytes.starts_with(b"\xef\xbb\xbf") {
            let hint = format!("remove it: sed -i '1s/^\\xEF\\xBB\\xBF//' {}", file());
            return flaw(0, 3, "the file begins with a byte order mark", &hint);
        }
        if let Some(at) = self.bytes.iter().position(|byte| *byte == 0) {
            return flaw(at, 1, "the file contains a NUL byte", "is this a text file?");
        }
        if let Some(at) = self.bytes.iter().position(|byte| *byte == b'\r') {
            let hint = format!("convert the file: sed -i 's/\\r$//' {}", file());
            return flaw(at, 1, "the line ends in a carriage return (Windows line ends)", &hint);
        }
        let error = std::str::from_utf8(&self.bytes).err()?;
        let hint = "save the file as UTF-8, or write the byte as $'\\xNN'";
        flaw(error.valid_up_to(), 1, "the file is not UTF-8", hint)
    }

    /// Returns the error about a byte that bash marks others with, and does not always keep.
    pub(super) fn mark(&self) -> Option<PolicyError> {
        let (at, byte) = self.bytes.iter().enumerate().find(|(_, byte)| is_mark(byte))?;
        let message = format!("the byte {byte:02x} has a meaning of its own to bash");
        let error = self.error(Span::new(at, at + 1), message);
        Some(error.hint(format!("leave it out, or write it as $'\\x{byte:02x}'")))
    }

    /// Returns the place of a span: line and column, both from 1.
    pub(super) fn place(&self, span: Span) -> Place {
        let at = span.start as usize;
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { path: self.path.clone(), line: count(line), column: count(at - start + 1) }
    }

    /// Returns the error `message` about a span.
    pub(super) fn error(&self, span: Span, message: impl Into<String>) -> PolicyError {
        let place = self.place(span);
        let start = (span.start as usize + 1).saturating_sub(place.column as usize);
        let line = self.bytes.get(start..).unwrap_or_default();
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        // A span over several lines is underlined to the end of its first.
        let room = line.len().saturating_sub(place.column as usize - 1);
        let width = (span.end.saturating_sub(span.start) as usize).min(room);
        PolicyError {
            place,
            source_line: Some(line.to_vec()),
            width,
            message: message.into(),
            hint: None,
            cause: Cause::Text,
        }
    }

    /// Returns the bytes of a span.
    pub(super) fn slice(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// Returns whether bash marks other bytes with this one (`CTLESC` and `CTLNUL` in its source).
pub(super) fn is_mark(byte: &u8) -> bool {
    matches!(byte, 0x01 | 0x7f)
}
