//! The tests between `[[` and `]]`.
//!
//! In: a parser behind `[[`. Out: the test as a tree. Bash's precedence: `!` binds tightest, then `&&`, then `||`.
//! Nothing is split here, and the right side of `==` is a pattern.

use super::ast::{Condition, Equality, Word};
use super::cursor::{Parsed, Parser};
use super::error::PolicyError;
use super::word::Context;

/// The tests of one operand, of a file or a string.
pub(super) const UNARY: &[&[u8]] =
    &[b"-d", b"-e", b"-f", b"-h", b"-L", b"-n", b"-r", b"-s", b"-v", b"-w", b"-x", b"-z"];

/// The comparisons of two operands, `==` and `!=` aside.
pub(super) const BINARY: &[&[u8]] =
    &[b"-ef", b"-eq", b"-ge", b"-gt", b"-le", b"-lt", b"-ne", b"-nt", b"-ot"];

impl Parser {
    /// Parses a test with its `||`.
    pub(super) fn condition(&mut self) -> Parsed<Condition> {
        let mut left = self.conjunction()?;
        loop {
            self.skip_lines();
            if !self.eat_all(b"||") {
                return Ok(left);
            }
            let right = self.conjunction()?;
            left = Condition::Or(Box::new(left), Box::new(right));
        }
    }

    fn conjunction(&mut self) -> Parsed<Condition> {
        let mut left = self.primary()?;
        loop {
            self.skip_lines();
            if !self.eat_all(b"&&") {
                return Ok(left);
            }
            let right = self.primary()?;
            left = Condition::And(Box::new(left), Box::new(right));
        }
    }

    fn primary(&mut self) -> Parsed<Condition> {
        self.skip_lines();
        if self.at_word(b"!") {
            self.bump();
            let inner = self.nested(Self::primary)?;
            return Ok(Condition::Not(Box::new(inner)));
        }
        let start = self.here();
        if self.eat(b'(') {
            let inner = self.nested(Self::condition)?;
            self.skip_lines();
            if !self.eat(b')') {
                return Err(self.unclosed(start, 1, "this parenthesis is not closed"));
            }
            return Ok(Condition::Group(Box::new(inner)));
        }
        let operator = self.ahead();
        if UNARY.contains(&operator.as_slice()) {
            return self.unary(operator);
        }
        if let [b'-', letter] = operator.as_slice()
            && letter.is_ascii_alphabetic()
        {
            // bash takes it for a test of the word behind it, whatever that is.
            let message = "this is no test of the policy language";
            return Err(self.wrong_here(2, message).hint("put it into quotes if it is a text"));
        }
        self.comparison()
    }

    fn unary(&mut self, operator: Vec<u8>) -> Parsed<Condition> {
        let start = self.here();
        self.eat_all(&operator);
        let operand = self.operand_of(start)?;
        Ok(Condition::Unary(operator, operand))
    }

    fn comparison(&mut self) -> Parsed<Condition> {
        let start = self.here();
        let left = self.operand_of(start)?;
        self.skip_blanks();
        let operator = self.ahead();
        let equality = match operator.as_slice() {
            b"==" | b"=" => Some(Equality::Equal),
            b"!=" => Some(Equality::Different),
            _ => None,
        };
        if let Some(equality) = equality {
            self.eat_all(&operator);
            self.skip_blanks();
            let pattern = self.pattern_of(start)?;
            return Ok(Condition::Matches(left, equality, pattern));
        }
        if BINARY.contains(&operator.as_slice()) {
            self.eat_all(&operator);
            let right = self.operand_of(start)?;
            return Ok(Condition::Binary(left, operator, right));
        }
        // A word alone is a test for text in it, if bash learns that on the same line.
        let alone = matches!(self.peek(), Some(b'&' | b'|' | b')')) || operator == b"]]";
        let plain = !self.text.slice(left.span).starts_with(b"-");
        match alone && plain {
            true => Ok(Condition::Unary(b"-n".to_vec(), left)),
            false => Err(self.unfit_operator(&operator)),
        }
    }

    /// Returns the error about what follows an operand.
    fn unfit_operator(&self, operator: &[u8]) -> PolicyError {
        let here = self.wrong_here(operator.len().max(1), "this is no test of the policy language");
        match (operator, self.peek()) {
            (b"=~", _) => self
                .wrong_here(2, "regular expressions are not part of the policy language")
                .hint("compare with a pattern: [[ $NAME == v1.* ]]"),
            ([], Some(b'\n')) => {
                self.wrong_here(1, "bash wants the rest of this test on the same line")
            }
            ([], Some(b'<' | b'>')) => self
                .wrong_here(1, "the order of texts depends on the locale")
                .hint("compare numbers: [[ $A -lt $B ]]"),
            _ => here.hint("== != -eq -ne -lt -le -gt -ge -nt -ot -ef"),
        }
    }

    fn operand_of(&mut self, start: usize) -> Parsed<Word> {
        self.skip_blanks();
        self.expect_operand(start)?;
        self.word(Context::Value)
    }

    fn pattern_of(&mut self, start: usize) -> Parsed<Word> {
        self.expect_operand(start)?;
        self.word(Context::Pattern)
    }

    fn expect_operand(&self, start: usize) -> Parsed<()> {
        let ahead = self.ahead();
        if ahead.is_empty() || ahead == b"]]" {
            return Err(self.wrong(start, "a word is missing in this test"));
        }
        Ok(())
    }

    /// Returns the error about a `[[` whose `]]` does not follow.
    pub(super) fn condition_not_closed(&self, start: usize) -> PolicyError {
        match self.peek() {
            None | Some(b'\n' | b';') => {
                self.unclosed(start, 2, "`[[` is not closed: ` ]]` is missing")
            }
            Some(_) => self.wrong_here(self.ahead().len().max(1), "` ]]` is expected here"),
        }
    }
}
