//! Command substitutions: `$(…)` around a query that needs no process.
//!
//! In: a parser behind the `$`. Out: the query with its arguments, or an error that says which queries there are.

use super::ast::{Redirection, Substitution, Word};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::PolicyError;
use super::vocabulary::{self, Query};
use super::word::Context;

/// Whether the output of a command in `$(…)` is its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// It is.
    Wanted,
    /// It is not.
    Unused,
}

impl Parser {
    pub(super) fn substitution(&mut self, start: usize) -> Parsed<Substitution> {
        // Quotes begin afresh inside.
        let outer = (self.in_quoted_operand, self.in_assigned_operand);
        (self.in_quoted_operand, self.in_assigned_operand) = (false, false);
        let parsed = self.substitution_body(start);
        (self.in_quoted_operand, self.in_assigned_operand) = outer;
        parsed
    }

    fn substitution_body(&mut self, start: usize) -> Parsed<Substitution> {
        self.bump();
        if self.peek() == Some(b'(') {
            self.bump();
            return Err(self.arithmetic(start));
        }
        self.skip_lines();
        if self.peek() == Some(b'<') {
            self.bump();
            return Err(self
                .wrong(start, "redirections do not read files here")
                .hint("$(cat FILE)"));
        }
        let mut directory = None;
        if self.eat_word(b"cd") {
            directory = Some(self.query_arguments(Output::Unused)?);
            self.skip_blanks();
            if !self.eat_all(b"&&") && !self.eat(b';') && !self.eat(b'\n') {
                return Err(self.wrong_here(1, "`&& pwd)` should follow"));
            }
            self.skip_lines();
        }
        let from = self.here();
        let name = self.ahead();
        let query = match vocabulary::query(&name) {
            Some(query) if directory.is_none() || query == Query::Pwd => query,
            _ => return Err(self.not_a_query(&name, directory.is_some())),
        };
        self.eat_all(&name);
        if query == Query::GoEnv {
            self.skip_blanks();
            if !self.eat_word(b"env") {
                self.pos = from;
                return Err(self.not_a_query(&name, false));
            }
        }
        let arguments = self.query_arguments(Output::Wanted)?;
        self.skip_lines();
        if !self.eat(b')') {
            return Err(self.unfinished_query(start));
        }
        Ok(Substitution { directory, query, arguments, span: self.since(start) })
    }

    fn not_a_query(&self, name: &[u8], after_cd: bool) -> PolicyError {
        let shown = String::from_utf8_lossy(name);
        let message = match after_cd {
            true => "only `pwd` may follow `cd` in $(…)".to_owned(),
            false => format!("$({shown} …) would start a program or needs bash"),
        };
        let hint = "$(…) answers pwd, cd DIR && pwd, dirname, basename, realpath, readlink -f, \
                    expand_path, find_up, user_rel_path, semver_search, go env NAME, cat FILE; \
                    for anything else write the value into a file and read it: $(cat FILE)";
        self.wrong_here(name.len().max(1), message).hint(hint)
    }

    fn unfinished_query(&self, start: usize) -> PolicyError {
        match self.peek() {
            None => self.unclosed(start, 2, "this parenthesis is not closed"),
            Some(b'|') => self
                .wrong_here(1, "pipelines are not part of the policy language")
                .hint(vocabulary::READ_IT),
            Some(_) => {
                self.wrong_here(1, "only one command may stand in $(…)").hint(vocabulary::READ_IT)
            }
        }
    }

    /// Parses the arguments of a command in `$(…)`; its redirections hide messages that are never made.
    fn query_arguments(&mut self, output: Output) -> Parsed<Vec<Word>> {
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.here();
            if let Some(redirection) = self.redirection()? {
                if output == Output::Wanted && redirection != Redirection::ErrToNull {
                    let message = "only `2>/dev/null` may redirect the command that answers";
                    return Err(self.wrong(start, message));
                }
                continue;
            }
            match self.peek() {
                Some(byte) if !is_meta(byte) => arguments.push(self.word(Context::Argument)?),
                _ => return Ok(arguments),
            }
        }
    }
}
