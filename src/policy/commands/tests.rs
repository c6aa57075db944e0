//! Tests: `[ … ]`, `test`, `[[ … ]]`, and the commands that look for a command.
//!
//! In: operands after expansion. Out: whether the test holds. What bash would complain about (an operand too many,
//! a word where a number is expected) is an error here.

use super::Outcome;
use crate::env::Bytes;
use crate::policy::ast::{Condition, Equality};
use crate::policy::condition::{BINARY, UNARY};
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator, Output};
use crate::policy::text::Span;
use crate::policy::{Kind, Look};

/// Which command asks; `[[` reads numbers as arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Single,
    Double,
}

impl Evaluator<'_> {
    /// Returns whether a `[[ … ]]` holds.
    pub(in crate::policy) fn condition(&mut self, test: &Condition) -> Result<bool, PolicyError> {
        match test {
            Condition::Group(inner) => self.condition(inner),
            Condition::Not(inner) => Ok(!self.condition(inner)?),
            Condition::And(left, right) => Ok(self.condition(left)? && self.condition(right)?),
            Condition::Or(left, right) => Ok(self.condition(left)? || self.condition(right)?),
            Condition::Unary(operator, word) => {
                let operand = self.text_of(word)?;
                self.unary(operator, &operand, word.span)
            }
            Condition::Binary(left, operator, right) => {
                let span = left.span.to(right.span);
                let (left, right) = (self.text_of(left)?, self.text_of(right)?);
                self.binary(&left, operator, &right, Reader::Double, span)
            }
            Condition::Matches(left, equality, pattern) => {
                let value = self.text_of(left)?;
                let matches = self.word_matches(&value, pattern)?;
                Ok(matches == (*equality == Equality::Equal))
            }
        }
    }

    /// `[ … ]` and `test …`: what an argument means depends on how many there are, as POSIX says.
    pub(super) fn test(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        Ok(match self.test_arguments(arguments, span)? {
            true => Answer::Yes,
            false => Answer::No("this test fails".to_owned()),
        })
    }

    fn test_arguments(&mut self, arguments: &[&[u8]], span: Span) -> Result<bool, PolicyError> {
        match arguments {
            [] => Ok(false),
            [word] => Ok(!word.is_empty()),
            [b"!", word] => Ok(word.is_empty()),
            [operator, operand] if UNARY.contains(operator) => self.unary(operator, operand, span),
            [_, b"-a" | b"-o", _] => Err(self.joined_tests(span)),
            [left, operator @ (b"=" | b"==" | b"!="), right] => {
                Ok((left == right) == (*operator != b"!="))
            }
            [left, operator, right] if BINARY.contains(operator) => {
                self.binary(left, operator, right, Reader::Single, span)
            }
            [b"!", rest @ ..] if rest.len() < 4 => Ok(!self.test_arguments(rest, span)?),
            [b"(", inner @ .., b")"] if inner.len() == 1 || inner.len() == 2 => {
                self.test_arguments(inner, span)
            }
            _ if arguments.iter().any(|a| matches!(*a, b"-a" | b"-o")) => {
                Err(self.joined_tests(span))
            }
            _ => Err(self
                .misused(span, "`[` cannot make sense of its operands")
                .hint("put expansions into double quotes: [ \"$NAME\" = value ]")),
        }
    }

    fn joined_tests(&self, span: Span) -> PolicyError {
        self.misused(span, "-a and -o in `[` are not part of the policy language")
            .hint("write [ … ] && [ … ], or [ … ] || [ … ]")
    }

    fn unary(&mut self, operator: &[u8], operand: &[u8], span: Span) -> Result<bool, PolicyError> {
        match operator {
            b"-n" => return Ok(!operand.is_empty()),
            b"-z" => return Ok(operand.is_empty()),
            b"-v" => {
                if !crate::env::is_identifier(operand) {
                    return Err(self.misused(span, "-v takes the name of a variable"));
                }
                return Ok(self.value(operand, span)?.is_some());
            }
            _ => {}
        }
        if operand.is_empty() {
            return Ok(false);
        }
        let path = self.resolve(operand);
        if matches!(operator, b"-h" | b"-L") {
            return Ok(self.host.link(&path).is_some());
        }
        let Some(look) = self.host.look(&path) else { return Ok(false) };
        Ok(match operator {
            b"-d" => look.kind == Kind::Directory,
            b"-e" => true,
            b"-f" => look.kind == Kind::File,
            b"-r" => look.access.read,
            b"-s" => look.size > 0,
            b"-w" => look.access.write,
            b"-x" => look.access.execute,
            _ => return Err(self.misused(span, "this is no test of the policy language")),
        })
    }

    fn binary(
        &mut self,
        left: &[u8],
        operator: &[u8],
        right: &[u8],
        reader: Reader,
        span: Span,
    ) -> Result<bool, PolicyError> {
        if matches!(operator, b"-nt" | b"-ot" | b"-ef") {
            return Ok(self.compare_files(left, operator, right));
        }
        let left = self.number(left, reader, span)?;
        let right = self.number(right, reader, span)?;
        Ok(match operator {
            b"-eq" => left == right,
            b"-ne" => left != right,
            b"-lt" => left < right,
            b"-le" => left <= right,
            b"-gt" => left > right,
            _ => left >= right,
        })
    }

    fn compare_files(&mut self, left: &[u8], operator: &[u8], right: &[u8]) -> bool {
        let mut paths = [left, right].map(|path| (!path.is_empty()).then(|| self.resolve(path)));
        if operator == b"-ef" {
            let real = paths.each_mut().map(|path| self.host.real_path(path.as_ref()?));
            let [left, right] = real;
            return left.is_some() && left == right;
        }
        let looks = paths.each_mut().map(|path| self.host.look(path.as_ref()?));
        let newer = |a: Option<Look>, b: Option<Look>| match (a, b) {
            (Some(a), Some(b)) => a.mtime > b.mtime,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let [left, right] = looks;
        if operator == b"-nt" { newer(left, right) } else { newer(right, left) }
    }

    fn number(&self, text: &[u8], reader: Reader, span: Span) -> Result<i64, PolicyError> {
        let shown = String::from_utf8_lossy(text);
        let (digits, sign) = match text {
            [b'-', digits @ ..] => (digits, "-"),
            [b'+', digits @ ..] => (digits, ""),
            digits => (digits, ""),
        };
        // `[[` takes a leading zero for octal and words for variables.
        let plain = !digits.is_empty()
            && digits.iter().all(u8::is_ascii_digit)
            && !(reader == Reader::Double && digits.len() > 1 && digits.starts_with(b"0"));
        let number = format!("{sign}{}", String::from_utf8_lossy(digits)).parse();
        match number {
            Ok(number) if plain => Ok(number),
            _ => Err(self.misused(span, format!("`{shown}` is not a whole number"))),
        }
    }

    /// `has NAME`: as `type NAME`, but what `type` would say goes nowhere, as in direnv.
    pub(super) fn has(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let out = std::mem::replace(&mut self.out, Output::Dropped);
        let answer = self.look_up(arguments, span);
        self.out = out;
        answer
    }

    /// `command -v NAME`, `type NAME`: whether there is such a command.
    pub(super) fn look_up(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let name = match arguments {
            [name] if !name.starts_with(b"-") => *name,
            _ => return Err(self.misused(span, "the name of one command is expected")),
        };
        if let Some(kind) = super::known::command(name) {
            return match kind {
                super::known::Known::Here => {
                    self.say(self.out, name.to_vec(), span)?;
                    Ok(Answer::Yes)
                }
                super::known::Known::SomeVersions => {
                    let shown = String::from_utf8_lossy(name);
                    let message =
                        format!("whether there is a `{shown}` depends on direnv's version");
                    Err(self.text.error(span, message))
                }
            };
        }
        self.find_program(name, span)
    }

    /// `which NAME`: whether there is such a program.
    pub(super) fn which(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        match arguments {
            [name] if !name.starts_with(b"-") => self.find_program(name, span),
            _ => Err(self.misused(span, "the name of one program is expected")),
        }
    }

    fn find_program(&mut self, name: &[u8], span: Span) -> Outcome {
        let missing = || Answer::No(format!("there is no {}", String::from_utf8_lossy(name)));
        let found: Option<Bytes> = if name.is_empty() {
            None
        } else if name.contains(&b'/') {
            let look = self.host.look(&self.resolve(name));
            look.filter(|l| l.kind == Kind::File && l.access.execute).map(|_| name.to_vec())
        } else {
            let path = self.value(b"PATH", span)?.unwrap_or_default();
            let program = self.host.program(name, &path);
            program.map(|path| std::os::unix::ffi::OsStringExt::into_vec(path.into_os_string()))
        };
        match found {
            Some(path) => {
                self.say(self.out, path, span)?;
                Ok(Answer::Yes)
            }
            None => Ok(missing()),
        }
    }
}
