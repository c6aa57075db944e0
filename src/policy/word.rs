//! Words: quoting, tildes, and where expansions stand in them.
//!
//! In: a parser at the first byte of a word. Out: the word's parts, or an error where bash would do what the
//! language leaves out (globs, braces, backquotes). Expansions themselves are in `dollar.rs`.

use super::ast::{Assignment, Mode, Part, Word};
use super::cursor::{Parsed, Parser, is_meta};
use super::text::Span;
use crate::env::Bytes;

/// Where a word stands, which decides what bash does with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// An argument: split, and globs and braces would be expanded.
    Argument,
    /// An argument of `watch_file`, where globs are.
    Watched,
    /// The value after `export NAME=`: braces would be expanded.
    Declared,
    /// The value after `NAME=`, or an operand of `[[` and `case`: nothing is split or expanded to names.
    Value,
    /// A pattern of `[[` or `case`.
    Pattern,
}

/// Where a `~` stands for the home directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tildes {
    /// At the start of the word.
    Start,
    /// Also after each `:`.
    AfterColons,
    /// At the start of the word in `${NAME-word}`.
    Operand,
}

/// What was seen of a word that bash would expand to several.
#[derive(Default)]
struct Suspicion {
    glob: Option<usize>,
    bracket: Option<usize>,
    brace: Option<usize>,
    separator: bool,
    braces: Option<usize>,
    dollar: Option<usize>,
}

impl Suspicion {
    fn note(&mut self, at: usize, byte: u8, before: Option<u8>) {
        match byte {
            b'*' | b'?' => self.glob = self.glob.or(Some(at)),
            b'[' => self.bracket = self.bracket.or(Some(at)),
            b']' => self.glob = self.glob.or(self.bracket),
            b'{' if self.brace.is_none() => self.brace = Some(at),
            b',' if self.brace.is_some() => self.separator = true,
            b'.' if self.brace.is_some() && before == Some(b'.') => self.separator = true,
            b'}' if self.separator => self.braces = self.brace,
            _ => {}
        }
    }
}

impl Parser {
    /// Parses a word.
    pub(super) fn word(&mut self, context: Context) -> Parsed<Word> {
        let start = self.here();
        self.pos = start;
        let mut word = Word::default();
        let mut tildes = Tildes::Start;
        if matches!(context, Context::Argument | Context::Watched)
            && let Some((name, mode)) = self.eat_target()
        {
            // bash expands tildes in an argument that looks like an assignment.
            tildes = Tildes::AfterColons;
            push_bare(&mut word.parts, &name);
            push_bare(&mut word.parts, if mode == Mode::Set { b"=" } else { b"+=" });
        }
        self.parts(start, context, tildes, word)
    }

    /// Parses `NAME=value` or `NAME+=value`, or returns `None` where something else comes.
    pub(super) fn assignment(&mut self, context: Context) -> Parsed<Option<Assignment>> {
        let start = self.here();
        let Some((name, mode)) = self.eat_target() else { return Ok(None) };
        if self.peek() == Some(b'(') {
            return Err(self.wrong_here(1, "arrays are not part of the policy language"));
        }
        let from = self.here();
        self.pos = from;
        let value = self.parts(from, context, Tildes::AfterColons, Word::default())?;
        Ok(Some(Assignment { name, mode, value, span: self.since(start) }))
    }

    /// Takes `NAME=` or `NAME+=` if it comes next.
    fn eat_target(&mut self) -> Option<(Bytes, Mode)> {
        let start = self.pos;
        let name = self.eat_name();
        let mode = if self.eat(b'=') {
            Mode::Set
        } else if self.eat_all(b"+=") {
            Mode::Append
        } else {
            self.pos = start;
            return None;
        };
        if name.is_empty() {
            self.pos = start;
            return None;
        }
        Some((name, mode))
    }

    /// Takes the name of a variable; empty if none comes next.
    pub(super) fn eat_name(&mut self) -> Bytes {
        let mut name = Bytes::new();
        if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return name;
        }
        loop {
            // Joined lines may part a name.
            let here = self.here();
            let letters = self.stretch(here, is_name);
            if letters.is_empty() {
                return name;
            }
            name.extend_from_slice(letters);
            self.pos = here + letters.len();
        }
    }

    fn parts(
        &mut self,
        start: usize,
        context: Context,
        tildes: Tildes,
        mut word: Word,
    ) -> Parsed<Word> {
        let from = self.here();
        let mut seen = Suspicion::default();
        let mut last = None;
        while let Some(byte) = self.peek() {
            let at = self.here();
            let first = at == from;
            // Most of a word is letters, which stand for themselves.
            let plain = self.stretch(at, |byte| is_name(byte) || matches!(byte, b'/' | b'-'));
            if let Some(end) = plain.last() {
                push_bare(&mut word.parts, plain);
                (last, self.pos) = (Some(*end), at + plain.len());
                continue;
            }
            let bare = match byte {
                b'~' if first || (tildes == Tildes::AfterColons && last == Some(b':')) => {
                    self.tilde(&mut word.parts, tildes)?
                }
                byte if is_meta(byte) => break,
                _ => self.part(&mut word.parts)?,
            };
            if byte == b'$' && self.pos == at + 1 {
                seen.dollar = seen.dollar.or(Some(at));
            }
            if bare == Bare::Yes {
                seen.note(at, byte, last);
                last = Some(byte);
            } else {
                last = None;
            }
        }
        word.span = self.since(start);
        self.refuse_suspect(&seen, context, &word.parts)?;
        Ok(word)
    }

    fn refuse_suspect(&self, seen: &Suspicion, context: Context, parts: &[Part]) -> Parsed<()> {
        let here = |at| Span::new(at, self.pos);
        if let (Some(at), Context::Argument) = (seen.glob, context) {
            let message = "globs are not part of the policy language";
            let hint = "quote it if it stands for itself, or write the names out";
            return Err(self.text.error(here(at), message).hint(hint));
        }
        let expands = matches!(context, Context::Argument | Context::Watched | Context::Declared);
        if let (Some(at), true) = (seen.braces, expands) {
            let message = "brace expansion is not part of the policy language";
            let hint = "quote the value: 'NAME={\"a\": 1, \"b\": 2}'";
            return Err(self.text.error(here(at), message).hint(hint));
        }
        if self.peek() == Some(b'(')
            && self.pos > 0
            && matches!(self.raw(self.pos - 1), Some(b'?' | b'*' | b'+' | b'@' | b'!'))
        {
            let message = "extended patterns are not part of the policy language";
            return Err(self.wrong_here(1, message).hint("write one pattern for each case: a|b)"));
        }
        let is_split = |part: &Part| matches!(part, Part::Parameter(_) | Part::Substitution(_));
        if let (Some(at), Context::Argument | Context::Watched) = (seen.dollar, context)
            && parts.iter().any(is_split)
        {
            let message = "a bare `$` keeps bash from splitting this word";
            return Err(self.text.error(Span::new(at, at + 1), message).hint("write \\$"));
        }
        Ok(())
    }

    /// Parses one part outside of double quotes.
    pub(super) fn part(&mut self, parts: &mut Vec<Part>) -> Parsed<Bare> {
        let start = self.here();
        match self.bump() {
            Some(b'\\') => {
                let Some(byte) = self.raw(self.pos) else {
                    return Err(self.wrong(start, "a backslash ends the file"));
                };
                self.pos += 1;
                push_literal(parts, &[byte]);
                // The whole of a character beyond ASCII is quoted.
                while let Some(byte @ 0x80..=0xbf) = self.raw(self.pos).filter(|_| byte >= 0xc0) {
                    self.pos += 1;
                    push_literal(parts, &[byte]);
                }
            }
            Some(b'\'') => {
                let text = self.single_quoted(start)?;
                let is_strange = |byte: &u8| matches!(byte, b'"' | b'$' | b'`');
                if self.in_quoted_operand
                    && let Some((at, byte)) = text.iter().enumerate().find(|(_, it)| is_strange(it))
                {
                    // To the double quotes around, these mean what they mean in them.
                    return Err(self.misread(start + 1 + at, *byte));
                }
                push_literal(parts, &text);
            }
            Some(b'"') => {
                let inside = self.nested(|parser| parser.double_quoted(start))?;
                parts.push(Part::Double(inside));
            }
            Some(b'$') => self.dollar(start, parts, Quotes::Outside)?,
            Some(b'`') => return Err(self.backquote(start)),
            Some(byte) => {
                push_bare(parts, &[byte]);
                return Ok(Bare::Yes);
            }
            None => {}
        }
        Ok(Bare::No)
    }

    fn tilde(&mut self, parts: &mut Vec<Part>, tildes: Tildes) -> Parsed<Bare> {
        let start = self.here();
        self.bump();
        match self.peek() {
            Some(b':') if tildes == Tildes::AfterColons => {}
            None | Some(b'/') => {}
            Some(b'}') if tildes == Tildes::Operand => {}
            Some(byte) if is_meta(byte) && tildes != Tildes::Operand => {}
            Some(b'"' | b'\'' | b'$' | b'\\' | b'`') => {
                push_bare(parts, b"~");
                return Ok(Bare::Yes);
            }
            Some(_) => return Err(self.strange_tilde(start)),
        }
        parts.push(Part::Tilde(self.since(start)));
        Ok(Bare::No)
    }

    fn strange_tilde(&mut self, start: usize) -> super::error::PolicyError {
        while self.peek().is_some_and(|byte| !is_meta(byte) && !matches!(byte, b'/' | b'}')) {
            self.bump();
        }
        self.wrong(
            start,
            "only `~` itself, for your home directory, is part of the policy language",
        )
        .hint("write the directory out, or quote a `~` that stands for itself")
    }

    /// Parses a `~` at the start of the operand of `${NAME-…}`.
    pub(super) fn operand_tilde(&mut self, parts: &mut Vec<Part>) -> Parsed<()> {
        self.tilde(parts, Tildes::Operand).map(drop)
    }

    fn single_quoted(&mut self, start: usize) -> Parsed<Bytes> {
        let from = self.pos;
        let rest = self.text.bytes.get(from..).unwrap_or_default();
        let Some(length) = rest.iter().position(|byte| *byte == b'\'') else {
            return Err(self.unclosed(start, 1, "this single quote is not closed"));
        };
        let text = rest.get(..length).unwrap_or_default().to_vec();
        self.pos = from + length + 1;
        Ok(text)
    }

    fn double_quoted(&mut self, start: usize) -> Parsed<Vec<Part>> {
        if self.in_assigned_operand {
            return Err(self.misread(start, b'"'));
        }
        let mut parts = Vec::new();
        loop {
            let at = self.here();
            match self.bump() {
                None => return Err(self.unclosed(start, 1, "this double quote is not closed")),
                Some(b'"') => return Ok(parts),
                Some(b'$') => self.dollar(at, &mut parts, Quotes::Inside)?,
                Some(b'`') => return Err(self.backquote(at)),
                Some(byte @ (b'\'' | b'{' | b'\\')) if self.in_quoted_operand => {
                    return Err(self.misread(at, byte));
                }
                Some(b'\\') => match self.raw(self.pos) {
                    Some(byte @ (b'$' | b'`' | b'"' | b'\\')) => {
                        self.pos += 1;
                        push_literal(&mut parts, &[byte]);
                    }
                    _ => push_literal(&mut parts, b"\\"),
                },
                Some(byte) => push_literal(&mut parts, &[byte]),
            }
        }
    }

    pub(super) fn unclosed(
        &self,
        start: usize,
        width: usize,
        message: &str,
    ) -> super::error::PolicyError {
        self.text.error(Span::new(start, start + width), message).slip()
    }

    pub(super) fn backquote(&self, start: usize) -> super::error::PolicyError {
        let message = "backquotes are not part of the policy language";
        self.text
            .error(Span::new(start, start + 1), message)
            .hint("write $(…) where the policy language has it: $(pwd), $(dirname …), $(cat FILE)")
    }
}

/// Whether an expansion stands inside double quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// It stands inside.
    Inside,
    /// It stands outside.
    Outside,
}

/// Whether a part was a character standing for itself, unquoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// It was.
    Yes,
    /// It was something else.
    No,
}

/// Returns whether `byte` stands in names.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Adds unquoted characters.
pub(super) fn push_bare(parts: &mut Vec<Part>, bytes: &[u8]) {
    match parts.last_mut() {
        Some(Part::Bare(text)) => text.extend_from_slice(bytes),
        _ => parts.push(Part::Bare(bytes.to_vec())),
    }
}

/// Adds quoted characters.
pub(super) fn push_literal(parts: &mut Vec<Part>, bytes: &[u8]) {
    match parts.last_mut() {
        Some(Part::Literal(text)) => text.extend_from_slice(bytes),
        _ => parts.push(Part::Literal(bytes.to_vec())),
    }
}
