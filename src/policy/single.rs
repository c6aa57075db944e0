//! Parts of the policy language for texts that bash evaluates: whether a text is fit, one command by itself, errors.
//!
//! In: bytes, words and line numbers. Out: programs and errors as those of native policies. Pure.

use std::path::Path;

use super::ast::Program;
use super::error::PolicyError;
use super::parse::parse;
use super::text::Text;
use super::{Cause, Place};
use crate::env::Bytes;
use crate::shell::posix::quote;

/// Returns what makes a text unfit to be evaluated by anything: its size, its line ends, its encoding.
pub fn unfit(path: &Path, bytes: &[u8]) -> Option<PolicyError> {
    Text::new(path, bytes).err()
}

/// Returns one command, given by its words, as a program of a text in `directory`.
///
/// # Errors
/// If a word cannot be written down, or the command is none of the language.
pub fn command(words: &[Bytes], directory: &Path) -> Result<Program, PolicyError> {
    let mut line = Bytes::new();
    for (number, word) in words.iter().enumerate() {
        if number == 0 {
            line.extend_from_slice(word);
        } else {
            line.push(b' ');
            line.extend(quote(word));
        }
    }
    line.push(b'\n');
    parse(&directory.join(".envrc"), &line)
}

/// Returns an error about a whole line of a text.
pub fn at_line(path: &Path, bytes: &[u8], line: u32, message: impl Into<String>) -> PolicyError {
    let number = (line as usize).saturating_sub(1);
    let text = bytes.split(|byte| *byte == b'\n').nth(number).unwrap_or_default();
    let indent = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let column = u32::try_from(indent + 1).unwrap_or(u32::MAX);
    PolicyError {
        place: Place { path: path.to_path_buf(), line, column },
        source_line: Some(text.to_vec()).filter(|text| !text.is_empty()),
        width: text.trim_ascii().len(),
        message: message.into(),
        hint: None,
        cause: Cause::Text,
    }
}
