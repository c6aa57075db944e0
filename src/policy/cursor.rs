//! Walks over a text byte by byte, as bash's lexer does outside of single quotes.
//!
//! A backslash before a line end joins the lines wherever it stands; here it is skipped, so that nothing else has
//! to know about it. Comments and blanks are skipped here too.

use std::rc::Rc;

use super::error::PolicyError;
use super::limits;
use super::text::{Span, Text};
use crate::env::Bytes;

/// The parser's position in one text.
pub(super) struct Parser {
    /// The text.
    pub(super) text: Rc<Text>,
    /// The offset of the next byte.
    pub(super) pos: usize,
    /// Whether this is inside the word of a quoted `${NAME-word}` or `${NAME#word}`.
    pub(super) in_quoted_operand: bool,
    /// Whether this is inside the word of a quoted `${NAME=word}`.
    pub(super) in_assigned_operand: bool,
    /// How deep the construct being parsed is nested.
    depth: usize,
}

/// What a step of the parser gives.
pub(super) type Parsed<T> = Result<T, PolicyError>;

impl Parser {
    pub(super) fn new(text: Rc<Text>) -> Self {
        Self { text, pos: 0, in_quoted_operand: false, in_assigned_operand: false, depth: 0 }
    }

    /// Returns the byte at `offset`, joined lines not being looked at.
    pub(super) fn raw(&self, offset: usize) -> Option<u8> {
        self.text.bytes.get(offset).copied()
    }

    /// Returns the bytes from `offset` on for which `holds`.
    pub(super) fn stretch(&self, offset: usize, holds: impl Fn(u8) -> bool) -> &[u8] {
        let rest = self.text.bytes.get(offset..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| holds(**byte)).count();
        rest.get(..length).unwrap_or_default()
    }

    /// Returns `offset`, or where the line goes on if lines are joined there.
    fn joined(&self, mut offset: usize) -> usize {
        while self.raw(offset) == Some(b'\\') && self.raw(offset + 1) == Some(b'\n') {
            offset += 2;
        }
        offset
    }

    /// Returns the offset of the next byte that means something.
    pub(super) fn here(&self) -> usize {
        self.joined(self.pos)
    }

    /// Returns the next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.raw(self.here())
    }

    /// Returns the byte after the next one.
    pub(super) fn peek_second(&self) -> Option<u8> {
        self.raw(self.joined(self.here() + 1))
    }

    /// Takes the next byte.
    pub(super) fn bump(&mut self) -> Option<u8> {
        let here = self.here();
        let byte = self.raw(here)?;
        self.pos = here + 1;
        Some(byte)
    }

    /// Takes the next byte if it is `byte`.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.bump();
        }
        found
    }

    /// Takes `bytes` if they come next.
    pub(super) fn eat_all(&mut self, bytes: &[u8]) -> bool {
        let start = self.pos;
        let found = bytes.iter().all(|byte| self.eat(*byte));
        if !found {
            self.pos = start;
        }
        found
    }

    /// Skips blanks, and a comment if one begins here.
    pub(super) fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.bump();
        }
        let here = self.here();
        // `#` begins a comment only where a word could begin.
        let fresh = here == 0 || self.raw(here - 1).is_some_and(|b| is_meta(b) || b == b'`');
        if self.raw(here) == Some(b'#') && fresh {
            self.pos = here;
            while self.raw(self.pos).is_some_and(|byte| byte != b'\n') {
                self.pos += 1;
            }
        }
    }

    /// Skips blanks, comments and line ends.
    pub(super) fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if !self.eat(b'\n') {
                return;
            }
        }
    }

    /// Returns the bytes up to the next one that ends a word, quotes and all.
    pub(super) fn ahead(&self) -> Bytes {
        let mut offset = self.here();
        let mut word = Bytes::new();
        while let Some(byte) = self.raw(offset).filter(|byte| !is_meta(*byte)) {
            word.push(byte);
            offset = self.joined(offset + 1);
        }
        word
    }

    /// Returns whether the reserved word `word` comes next.
    pub(super) fn at_word(&self, word: &[u8]) -> bool {
        let mut offset = self.here();
        for byte in word {
            if self.raw(offset) != Some(*byte) {
                return false;
            }
            offset = self.joined(offset + 1);
        }
        self.raw(offset).is_none_or(is_meta)
    }

    /// Takes the reserved word `word` if it comes next.
    pub(super) fn eat_word(&mut self, word: &[u8]) -> bool {
        self.at_word(word) && self.eat_all(word)
    }

    /// Returns the span from `start` to here.
    pub(super) fn since(&self, start: usize) -> Span {
        Span::new(start, self.pos)
    }

    /// Returns an error about what was read since `start`.
    pub(super) fn wrong(&self, start: usize, message: impl Into<String>) -> PolicyError {
        self.text.error(self.since(start), message)
    }

    /// Returns an error about `width` bytes that come next.
    pub(super) fn wrong_here(&self, width: usize, message: impl Into<String>) -> PolicyError {
        let here = self.here();
        self.text.error(Span::new(here, here + width), message)
    }

    /// Parses something nested, unless it is nested too deep.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= limits::NESTING {
            let message = format!("this is nested more than {} levels deep", limits::NESTING);
            return Err(self.wrong_here(1, message));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }
}

/// Returns whether `byte` ends a word.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}
