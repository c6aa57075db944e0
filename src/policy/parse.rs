//! Commands: bytes of a policy → a tree with spans.
//!
//! In: a path, for errors, and bytes. Out: a program, or the first thing that is not part of the language with
//! its place, what it is and what to write instead. A recursive descent over bash's grammar; whatever bash
//! would run as a program or define as a function is refused here. Grammar: docs/language.md.

use std::path::Path;

use super::ast::{
    Argument, Assignment, Chain, Command, Join, List, Operation, Parameter, Part, Program,
    Redirection, Run, Step, Word,
};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::PolicyError;
use super::text::{Span, Text};
use super::vocabulary::{self, Builtin, NO_PROGRAM};
use super::word::Context;
use crate::env::is_identifier;

/// Returns the program that `bytes` spell; `path` is where they were read from.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Program, PolicyError> {
    let text = Text::new(path, bytes)?;
    if let Some(error) = text.mark() {
        return Err(error.beyond());
    }
    let mut parser = Parser::new(text.clone());
    let body = parser.list().and_then(|body| match parser.peek() {
        None => Ok(body),
        Some(_) => Err(parser.stray()),
    });
    // What is no slip of the fingers is for bash.
    let body = body.map_err(|error| if error.is_slip() { error.slip() } else { error.beyond() })?;
    Ok(Program { text, body })
}

impl Parser {
    /// Parses commands up to what cannot begin one: the end, `)`, `;;` or a word such as `fi`.
    pub(super) fn list(&mut self) -> Parsed<List> {
        let mut chains = Vec::new();
        loop {
            self.skip_lines();
            if self.at_end_of_list() {
                return Ok(List(chains));
            }
            chains.push(self.chain()?);
            self.skip_blanks();
            match self.peek() {
                Some(b';') if self.peek_second() == Some(b';') => return Ok(List(chains)),
                Some(b';') => drop(self.bump()),
                Some(b'\n') | None => {}
                Some(_) => return Ok(List(chains)),
            }
        }
    }

    fn at_end_of_list(&self) -> bool {
        const CLOSERS: [&[u8]; 8] =
            [b"then", b"elif", b"else", b"fi", b"esac", b"}", b"do", b"done"];
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => true,
            Some(_) => CLOSERS.iter().any(|word| self.at_word(word)),
        }
    }

    /// Returns the error about what ends a list and closes nothing.
    fn stray(&self) -> PolicyError {
        let word = self.ahead();
        if word.is_empty() {
            let found = self.peek().map(char::from).unwrap_or_default();
            return self.wrong_here(1, format!("`{found}` is not expected here")).slip();
        }
        let (message, hint) = vocabulary::unknown(&word);
        self.wrong_here(word.len(), message).hint(hint).slip()
    }

    fn chain(&mut self) -> Parsed<Chain> {
        let first = self.step()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let join = match (self.peek(), self.peek_second()) {
                (Some(b'&'), Some(b'&')) => Join::And,
                (Some(b'|'), Some(b'|')) => Join::Or,
                (Some(b'|'), _) => {
                    let message = "pipelines are not part of the policy language";
                    return Err(self.wrong_here(1, message).hint(NO_PROGRAM));
                }
                (Some(b'&'), _) => {
                    let message = "a policy starts nothing in the background";
                    return Err(self.wrong_here(1, message).hint(NO_PROGRAM));
                }
                _ => return Ok(Chain { first, rest }),
            };
            self.bump();
            self.bump();
            self.skip_lines();
            rest.push((join, self.step()?));
        }
    }

    fn step(&mut self) -> Parsed<Step> {
        self.skip_blanks();
        let start = self.here();
        self.pos = start;
        let mut negations = 0;
        while self.at_word(b"!") {
            self.bump();
            negations += 1;
            self.skip_blanks();
        }
        let mut redirections = Vec::new();
        let command = self.nested(|parser| parser.command(&mut redirections))?;
        let end = self.pos;
        loop {
            self.skip_blanks();
            match self.redirection()? {
                Some(redirection) => redirections.push(redirection),
                None => break,
            }
        }
        self.expect_end(&command)?;
        Ok(Step { negations, command, redirections, span: Span::new(start, end) })
    }

    /// Refuses what stands directly behind a command.
    fn expect_end(&self, command: &Command) -> Parsed<()> {
        match self.peek() {
            None | Some(b'\n' | b';' | b'&' | b'|' | b')') => Ok(()),
            Some(b'(') if matches!(command, Command::Run(_)) => {
                let message = "functions and arrays are not part of the policy language";
                let hint = "write the lines where they are used, or in a file for `source_env`";
                Err(self.wrong_here(1, message).hint(hint))
            }
            Some(_) => {
                let message = "the command should end here, with `;` or a new line";
                Err(self.wrong_here(self.ahead().len().max(1), message).slip())
            }
        }
    }

    fn command(&mut self, redirections: &mut Vec<Redirection>) -> Parsed<Command> {
        let start = self.here();
        match self.peek() {
            Some(b'(') => {
                let message = "subshells and arithmetic are not part of the policy language";
                return Err(self.wrong_here(1, message).hint("group commands with { …; }"));
            }
            None | Some(b'\n' | b';' | b'&' | b'|' | b')') => {
                return Err(self.wrong_here(1, "a command is expected here").slip());
            }
            Some(_) => {}
        }
        let word = self.ahead();
        match word.as_slice() {
            b"{" => {
                self.bump();
                let body = self.body(start, 1)?;
                self.expect_word(b"}", start, "{")?;
                Ok(Command::Group(body))
            }
            b"[[" => {
                self.eat_all(b"[[");
                let condition = self.condition()?;
                self.skip_blanks();
                match self.eat_word(b"]]") {
                    true => Ok(Command::Condition(Box::new(condition))),
                    false => Err(self.condition_not_closed(start)),
                }
            }
            b"if" => self.branches(start),
            b"case" => self.cases(start),
            _ => self.simple(redirections),
        }
    }

    /// Parses commands of which there must be one.
    fn body(&mut self, start: usize, width: usize) -> Parsed<List> {
        let body = self.list()?;
        if body.0.is_empty() {
            return Err(match self.peek() {
                None => self.unclosed(start, width, "this is not closed"),
                Some(_) => {
                    let width = self.ahead().len().max(1);
                    self.wrong_here(width, "a command is expected here").slip()
                }
            });
        }
        Ok(body)
    }

    fn expect_word(&mut self, word: &[u8], start: usize, opened: &str) -> Parsed<()> {
        if self.eat_word(word) {
            return Ok(());
        }
        let wanted = String::from_utf8_lossy(word);
        if self.peek().is_none() {
            let message = format!("`{opened}` is not closed: `{wanted}` is missing");
            return Err(self.unclosed(start, opened.len(), &message));
        }
        let width = self.ahead().len().max(1);
        let message = format!("`{wanted}` is expected here, for this `{opened}`");
        Err(self.wrong_here(width, message).slip())
    }

    fn branches(&mut self, start: usize) -> Parsed<Command> {
        self.eat_all(b"if");
        let mut arms = Vec::new();
        loop {
            let condition = self.body(start, 2)?;
            self.expect_word(b"then", start, "if")?;
            arms.push((condition, self.body(start, 2)?));
            if !self.eat_word(b"elif") {
                break;
            }
        }
        let otherwise = match self.eat_word(b"else") {
            true => Some(self.body(start, 2)?),
            false => None,
        };
        self.expect_word(b"fi", start, "if")?;
        Ok(Command::If { arms, otherwise })
    }

    fn cases(&mut self, start: usize) -> Parsed<Command> {
        self.eat_all(b"case");
        self.skip_blanks();
        if self.peek().is_none_or(is_meta) {
            return Err(self.wrong_here(1, "a word is expected after `case`"));
        }
        let subject = self.case_word(Context::Value)?;
        self.skip_lines();
        self.expect_word(b"in", start, "case")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.eat_word(b"esac") {
                return Ok(Command::Case { subject, arms });
            }
            if self.peek().is_none() {
                return Err(self.unclosed(start, 4, "`case` is not closed: `esac` is missing"));
            }
            let patterns = self.patterns()?;
            let body = self.list()?;
            arms.push((patterns, body));
            if self.eat_all(b";;") {
                if matches!(self.peek(), Some(b'&')) {
                    return Err(self.wrong_here(1, "an arm of `case` ends in `;;`"));
                }
            } else if self.peek() == Some(b';') {
                return Err(self.wrong_here(2, "an arm of `case` ends in `;;`"));
            } else if !self.at_word(b"esac") {
                self.expect_word(b"esac", start, "case")?;
            }
        }
    }

    /// Parses the subject or a pattern of `case`, in which bash forgets to take away what marks an empty quoted text in
    /// `${NAME-…}`.
    fn case_word(&mut self, context: Context) -> Parsed<Word> {
        let word = self.word(context)?;
        let quotes = |part: &Part| matches!(part, Part::Parameter(it) if quotes_in_fallback(it));
        if word.parts.iter().any(quotes) {
            let message = "quotes inside of an expansion confuse bash in `case`";
            let hint = "put the value into a variable first";
            return Err(self.text.error(word.span, message).hint(hint));
        }
        Ok(word)
    }

    fn patterns(&mut self) -> Parsed<Vec<Word>> {
        self.eat(b'(');
        let mut patterns = Vec::new();
        loop {
            self.skip_blanks();
            if self.peek().is_none_or(is_meta) {
                return Err(self.wrong_here(1, "a pattern is expected here"));
            }
            patterns.push(self.case_word(Context::Pattern)?);
            self.skip_blanks();
            match self.bump() {
                Some(b'|') => {}
                Some(b')') => return Ok(patterns),
                _ => {
                    self.pos = self.pos.saturating_sub(1);
                    return Err(self.wrong_here(1, "`)` is expected after the pattern"));
                }
            }
        }
    }

    fn simple(&mut self, redirections: &mut Vec<Redirection>) -> Parsed<Command> {
        let mut assignments: Vec<Assignment> = Vec::new();
        while let Some(assignment) = self.assignment(Context::Value)? {
            assignments.push(assignment);
            self.skip_blanks();
        }
        if !assignments.is_empty() {
            if self.peek().is_some_and(|byte| !is_meta(byte)) {
                let width = self.ahead().len();
                let message = "a variable cannot be set for one command only";
                let hint = "to export it, write `export NAME=value`; to quote a value with blanks, \
                            write NAME='a b'";
                return Err(self.wrong_here(width, message).hint(hint));
            }
            return Ok(Command::Assign(assignments));
        }
        self.run(redirections).map(Command::Run)
    }

    fn run(&mut self, redirections: &mut Vec<Redirection>) -> Parsed<Run> {
        let name = self.ahead();
        let start = self.here();
        if name.iter().any(|b| matches!(b, b'$' | b'`' | b'"' | b'\'' | b'\\')) {
            let message = "the name of a command must be written out, without quotes or expansions";
            let hint =
                "write `export NAME=value`, `PATH_add DIR` or another command of the language";
            return Err(self.wrong_here(name.len(), message).hint(hint));
        }
        self.eat_all(&name);
        let span = self.since(start);
        self.skip_blanks();
        let defines = self.peek() == Some(b'(');
        let Some(builtin) = vocabulary::builtin(&name).filter(|_| !defines) else {
            return Err(self.unknown(&name, span, defines));
        };
        let arguments = self.arguments(builtin, redirections)?;
        let arguments = self.check_bracket(builtin, arguments, span)?;
        Ok(Run { builtin, name: span, arguments })
    }

    /// Returns the error about a word that is no command, and behind which the parser stands.
    fn unknown(&self, name: &[u8], span: Span, defines: bool) -> PolicyError {
        let shown = String::from_utf8_lossy(name);
        match self.peek() {
            Some(b'=') if is_identifier(name) => {
                let hint = format!("did you mean `export {shown}=value`?");
                self.text.error(span, "no blanks stand around `=`").hint(hint)
            }
            Some(b'0'..=b'9') if matches!(name, b"go" | b"golang") => {
                let message = format!("`{shown}` is not a command of the policy language");
                self.text.error(span, message).hint("did you mean `use go`?")
            }
            _ => {
                let named: &[u8] = if defines { b"function" } else { name };
                let (message, hint) = vocabulary::unknown(named);
                self.text.error(span, message).hint(hint)
            }
        }
    }

    fn arguments(
        &mut self,
        builtin: Builtin,
        redirections: &mut Vec<Redirection>,
    ) -> Parsed<Vec<Argument>> {
        let context = match builtin {
            Builtin::WatchFile | Builtin::WatchDir => Context::Watched,
            _ => Context::Argument,
        };
        let mut arguments = Vec::new();
        loop {
            self.skip_blanks();
            let start = self.here();
            match self.redirection() {
                Ok(None) => {}
                Ok(Some(redirection)) => {
                    redirections.push(redirection);
                    continue;
                }
                Err(_) if self.is_use_go(builtin, &arguments) => return Err(self.range(start)),
                Err(error) => return Err(error),
            }
            if self.peek().is_none_or(is_meta) {
                return Ok(arguments);
            }
            if builtin == Builtin::Export
                && let Some(assignment) = self.assignment(Context::Declared)?
            {
                arguments.push(Argument::Assignment(assignment));
                continue;
            }
            arguments.push(Argument::Word(self.word(context)?));
        }
    }

    /// Takes the `]` off the arguments of `[`.
    fn check_bracket(
        &self,
        builtin: Builtin,
        mut arguments: Vec<Argument>,
        name: Span,
    ) -> Parsed<Vec<Argument>> {
        if builtin == Builtin::Bracket {
            let closed = match arguments.last() {
                Some(Argument::Word(word)) => self.text.slice(word.span) == b"]",
                _ => false,
            };
            if !closed {
                return Err(self.text.error(name, "`[` is not closed: ` ]` is missing").slip());
            }
            arguments.pop();
        }
        Ok(arguments)
    }
}

/// Returns whether something is quoted in the word of an expansion.
fn quotes_in_fallback(parameter: &Parameter) -> bool {
    let Operation::Fallback(_, _, word) = &parameter.operation else { return false };
    word.parts.iter().any(|part| match part {
        Part::Double(_) | Part::Literal(_) => true,
        Part::Parameter(nested) => quotes_in_fallback(nested),
        _ => false,
    })
}
