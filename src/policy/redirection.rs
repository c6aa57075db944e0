//! Redirections of messages, and what is taken for one by mistake: `use go >=1.26`.
//!
//! In: the bytes behind a word. Out: a redirection, nothing where something else comes, or what is wrong with it. A
//! policy writes no files and reads none this way. Grammar: docs/language.md.

use super::ast::{Argument, Redirection};
use super::cursor::{Parsed, Parser};
use super::error::PolicyError;
use super::vocabulary::Builtin;
use crate::go::Version;

impl Parser {
    /// Parses a redirection, or returns `None` where something else comes.
    pub(super) fn redirection(&mut self) -> Parsed<Option<Redirection>> {
        let start = self.here();
        let from = self.pos;
        let both = self.eat_all(b"&>");
        let descriptor = match self.peek() {
            _ if both => None,
            Some(digit @ b'0'..=b'9') if matches!(self.peek_second(), Some(b'>' | b'<')) => {
                self.bump();
                Some(digit)
            }
            _ => None,
        };
        if self.peek() == Some(b'<') {
            self.bump();
            let message = "input is not part of the policy language";
            return Err(self.wrong(start, message).hint("to read a file: $(cat FILE)"));
        }
        if !both && !self.eat(b'>') {
            self.pos = from;
            return Ok(None);
        }
        let duplicate = !both && self.eat(b'&');
        self.skip_blanks();
        let target = self.ahead();
        self.eat_all(&target);
        let found = match (both, descriptor, duplicate, target.as_slice()) {
            (true, _, _, b"/dev/null") => Redirection::BothToNull,
            (false, None | Some(b'1'), false, b"/dev/null") => Redirection::OutToNull,
            (false, Some(b'2'), false, b"/dev/null") => Redirection::ErrToNull,
            (false, None | Some(b'1'), true, b"2") => Redirection::OutToErr,
            (false, Some(b'2'), true, b"1") => Redirection::ErrToOut,
            _ => {
                let message = "only messages can be redirected, and only to /dev/null or to &2";
                return Err(self.wrong(start, message).hint("a policy writes no files"));
            }
        };
        Ok(Some(found))
    }
    /// Returns whether `use go` is all that there is of the command.
    pub(super) fn is_use_go(&self, builtin: Builtin, arguments: &[Argument]) -> bool {
        let [Argument::Word(word)] = arguments else { return false };
        builtin == Builtin::Use && self.text.slice(word.span) == b"go"
    }

    /// Returns the error for the range that begins at `start`, which the shell takes for a redirection.
    pub(super) fn range(&mut self, start: usize) -> PolicyError {
        let rest = self.ahead();
        self.eat_all(&rest);
        let range = String::from_utf8_lossy(self.text.slice(self.since(start))).into_owned();
        // What stands behind `<` is what is not wanted.
        let version = Version::read(range.trim_start_matches(['>', '=', ' ', '\t']));
        let version = version.map_or("1.26.6".to_owned(), |version| version.to_string());
        let message = "`use go` takes a release or a language version, not a range";
        self.wrong(start, message).hint(format!("use go {version}")).slip()
    }
}
