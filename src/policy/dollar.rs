//! Expansions: `$NAME` and `${NAME…}`.
//!
//! In: a parser behind a `$`. Out: a part of a word, or an error that says what to write instead. What an
//! expansion gives is `expand.rs`'s business.

use super::ast::{Absent, Fallback, Operation, Parameter, Part, Trim, Word};
use super::cursor::{Parsed, Parser};
use super::error::PolicyError;
use super::text::Span;
use super::vocabulary::{self};
use super::word::{Quotes, push_literal};

/// How the word in `${NAME…word}` is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    /// As an unquoted word, up to the brace.
    Plain,
    /// As text inside double quotes.
    Quoted,
    /// As a pattern inside double quotes: quotes count in it.
    QuotedPattern,
}

impl Parser {
    /// Parses what follows a `$` at `start`.
    pub(super) fn dollar(
        &mut self,
        start: usize,
        parts: &mut Vec<Part>,
        quotes: Quotes,
    ) -> Parsed<()> {
        match self.peek() {
            Some(b'{') => {
                let part = self.nested(|parser| parser.braced(start, quotes))?;
                parts.push(part);
            }
            Some(b'(') => {
                let part = self.nested(|parser| parser.substitution(start))?;
                parts.push(Part::Substitution(Box::new(part)));
            }
            Some(b'\'') if quotes == Quotes::Outside => {
                self.bump();
                let text = self.ansi_quoted(start)?;
                push_literal(parts, &text);
            }
            Some(b'"') if quotes == Quotes::Outside => {
                self.bump();
                return Err(self
                    .wrong(start, "translated strings are not part of the policy language")
                    .hint("leave out the `$` before the quote"));
            }
            Some(b'[') => {
                self.bump();
                return Err(self.arithmetic(start));
            }
            Some(byte) if is_special(byte) => {
                self.bump();
                return Err(self.special(start));
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.eat_name();
                let span = self.since(start);
                let parameter = Parameter { name, operation: Operation::Value, span };
                parts.push(Part::Parameter(Box::new(parameter)));
            }
            _ if self.in_quoted_operand && quotes == Quotes::Inside => {
                return Err(self.misread(start, b'$'));
            }
            _ => push_literal(parts, b"$"),
        }
        Ok(())
    }

    pub(super) fn arithmetic(&self, start: usize) -> PolicyError {
        self.wrong(start, "arithmetic is not part of the policy language")
            .hint("write the number out")
    }

    fn special(&self, start: usize) -> PolicyError {
        self.wrong(start, "special parameters are not part of the policy language")
            .hint("a policy has no arguments; its file is ${BASH_SOURCE[0]}, its directory $PWD")
    }

    fn braced(&mut self, start: usize, quotes: Quotes) -> Parsed<Part> {
        self.bump();
        let unfit = match self.peek() {
            Some(b'#') => Some("the length of a value is not part of the policy language"),
            Some(b'!') => Some("indirect expansion is not part of the policy language"),
            _ => None,
        };
        if let Some(message) = unfit {
            self.bump();
            self.eat_name();
            return Err(self.wrong(start, message).hint(vocabulary::READ_IT));
        }
        let name = self.eat_name();
        if name.is_empty() {
            let special = self.bump().is_some_and(is_special);
            return Err(match special {
                true => self.special(start),
                false => self.wrong(start, "a variable's name should follow `${`"),
            });
        }
        if self.peek() == Some(b'[') && !(name == b"BASH_SOURCE" && self.eat_all(b"[0]")) {
            self.bump();
            return Err(self.wrong(start, "arrays are not part of the policy language"));
        }
        let operation = self.operation(start, quotes)?;
        Ok(Part::Parameter(Box::new(Parameter { name, operation, span: self.since(start) })))
    }

    fn operation(&mut self, start: usize, quotes: Quotes) -> Parsed<Operation> {
        let absent = match self.eat(b':') {
            true => Absent::UnsetOrEmpty,
            false => Absent::Unset,
        };
        let operator = self.bump();
        let fallback = match operator {
            Some(b'-') => Some(Fallback::Use),
            Some(b'+') => Some(Fallback::Instead),
            Some(b'?') => Some(Fallback::Fail),
            Some(b'=') => Some(Fallback::Assign),
            _ => None,
        };
        if let Some(fallback) = fallback {
            let mode = match quotes {
                Quotes::Inside => Operand::Quoted,
                Quotes::Outside => Operand::Plain,
            };
            let outer = self.in_assigned_operand;
            self.in_assigned_operand |= fallback == Fallback::Assign && mode == Operand::Quoted;
            let word = self.operand(start, mode);
            self.in_assigned_operand = outer;
            return Ok(Operation::Fallback(fallback, absent, word?));
        }
        if absent == Absent::UnsetOrEmpty {
            return Err(self.unfit_operation(start, "cutting a value by position"));
        }
        let trim = match operator {
            Some(b'}') => return Ok(Operation::Value),
            Some(b'#') if self.eat(b'#') => Trim::LongestPrefix,
            Some(b'#') => Trim::ShortestPrefix,
            Some(b'%') if self.eat(b'%') => Trim::LongestSuffix,
            Some(b'%') => Trim::ShortestSuffix,
            Some(b'/') => return Err(self.unfit_operation(start, "replacing in a value")),
            Some(b'^' | b',' | b'~') => return Err(self.unfit_operation(start, "changing case")),
            Some(b'@') => return Err(self.unfit_operation(start, "transforming a value")),
            None => return Err(self.unclosed(start, 2, "this brace is not closed")),
            Some(_) => return Err(self.wrong(start, "this is no expansion of a variable")),
        };
        let mode = match quotes {
            Quotes::Inside => Operand::QuotedPattern,
            Quotes::Outside => Operand::Plain,
        };
        Ok(Operation::Trim(trim, self.operand(start, mode)?))
    }

    fn unfit_operation(&self, start: usize, what: &str) -> PolicyError {
        let hint = "${NAME} has :- - :+ + :? ? := = # ## % %%";
        self.wrong(start, format!("{what} is not part of the policy language")).hint(hint)
    }

    fn operand(&mut self, start: usize, mode: Operand) -> Parsed<Word> {
        let outer = std::mem::replace(&mut self.in_quoted_operand, mode != Operand::Plain);
        let word = self.operand_word(start, mode);
        self.in_quoted_operand = outer;
        word
    }

    fn operand_word(&mut self, start: usize, mode: Operand) -> Parsed<Word> {
        let from = self.here();
        self.pos = from;
        let mut word = Word::default();
        let parts = &mut word.parts;
        if self.peek() == Some(b'~') && mode != Operand::Quoted {
            self.operand_tilde(parts)?;
        }
        loop {
            let at = self.here();
            // What was read before, which joined lines may part from what comes.
            let last = self.raw(self.pos.wrapping_sub(1));
            match (self.peek(), mode) {
                (None, _) => return Err(self.unclosed(start, 2, "this brace is not closed")),
                (Some(b'}'), _) => break,
                (Some(b'{'), _) => return Err(self.misread(at, b'{')),
                (Some(b'\''), Operand::Quoted) => return Err(self.misread(at, b'\'')),
                (Some(byte), Operand::Quoted) if byte != b'"' && byte != b'`' => {
                    self.bump();
                    self.quoted_byte(at, byte, parts)?;
                }
                (Some(b'$'), Operand::Plain | Operand::QuotedPattern) => {
                    self.bump();
                    self.refuse_dollar_quote(at)?;
                    let quotes = match mode {
                        Operand::Plain => Quotes::Outside,
                        _ => Quotes::Inside,
                    };
                    self.dollar(at, parts, quotes)?;
                    // bash reads the word of an expansion in a pattern as if no quotes were around.
                    if mode == Operand::QuotedPattern
                        && let Some(Part::Parameter(nested)) = parts.last()
                        && matches!(nested.operation, Operation::Fallback(..))
                    {
                        return Err(self.misread(at, b'$'));
                    }
                }
                (Some(b'('), _) if matches!(last, Some(b'<' | b'>')) => {
                    let message = "process substitution is not part of the policy language";
                    return Err(self.wrong_here(1, message).hint(vocabulary::READ_IT));
                }
                (Some(b'~'), _) if at > from && last == Some(b':') => {
                    let message = "a `~` after a `:` is not understood here";
                    return Err(self.wrong_here(1, message).hint("write $HOME"));
                }
                (Some(b'"'), Operand::Quoted) => {
                    // bash loses text that stands beside quotes here.
                    self.part(parts)?;
                    if at != from || self.peek() != Some(b'}') {
                        return Err(self.misread(at, b'"'));
                    }
                }
                _ => drop(self.part(parts)?),
            }
        }
        word.span = self.since(from);
        self.bump();
        Ok(word)
    }

    /// Returns the error about a character that bash's lexer and its expansion take differently there.
    pub(super) fn misread(&self, at: usize, byte: u8) -> PolicyError {
        let message = format!("a `{}` inside of this expansion confuses bash", char::from(byte));
        self.text.error(Span::new(at, at + 1), message).hint("put the value into a variable first")
    }

    /// Refuses `$'…'` and `$"…"` where versions of bash disagree about them.
    fn refuse_dollar_quote(&self, at: usize) -> Parsed<()> {
        match self.peek() {
            Some(b'\'' | b'"') => {
                let message = "a `$` before a quote is not understood inside of ${…}";
                let error = self.text.error(Span::new(at, at + 2), message);
                Err(error.hint("put the value into a variable first"))
            }
            _ => Ok(()),
        }
    }

    fn quoted_byte(&mut self, at: usize, byte: u8, parts: &mut Vec<Part>) -> Parsed<()> {
        match byte {
            b'$' => {
                self.refuse_dollar_quote(at)?;
                return self.dollar(at, parts, Quotes::Inside);
            }
            b'\\' => match self.raw(self.pos) {
                Some(next @ (b'$' | b'`' | b'"' | b'\\' | b'}')) => {
                    self.pos += 1;
                    push_literal(parts, &[next]);
                }
                _ => push_literal(parts, b"\\"),
            },
            _ => push_literal(parts, &[byte]),
        }
        Ok(())
    }
}

/// Returns whether `$` before `byte` is one of bash's special parameters.
fn is_special(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!')
}
