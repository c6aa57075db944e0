//! Expansion: a word → the fields, the text or the pattern that it stands for.
//!
//! In: a word and the evaluator's variables. Out: what bash would make of it. An unquoted expansion in an argument
//! is split at blanks, tabs and line ends (IFS cannot be set); where bash would then look for file names, the word
//! is refused. Never reads a file by itself.

use super::ast::{Absent, Fallback, Operation, Parameter, Part, Trim, Word};
use super::error::PolicyError;
use super::evaluate::Evaluator;
use super::names;
use super::pattern::Pattern;
use super::scope::Exporting;
use super::text::Span;
use super::word::Quotes;
use crate::env::Bytes;

/// A field of an argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Its text.
    pub(super) text: Bytes,
    /// The text as a pattern: quoted characters are escaped.
    pub(super) pattern: Bytes,
}

/// Where expanded text goes.
enum Sink {
    /// Into fields: those before, and the one that was begun.
    Fields(Vec<Field>, Option<Field>),
    /// Into one text, quotes being nothing special.
    Text(Bytes),
    /// Into a pattern: quoted characters are escaped.
    Pattern(Bytes),
}

impl Sink {
    fn quoted(&mut self, bytes: &[u8]) {
        match self {
            Self::Text(text) => text.extend_from_slice(bytes),
            Self::Pattern(text) => escape(text, bytes),
            Self::Fields(_, open) => {
                let field = open.get_or_insert_default();
                field.text.extend_from_slice(bytes);
                escape(&mut field.pattern, bytes);
            }
        }
    }

    fn unquoted(&mut self, bytes: &[u8]) {
        match self {
            Self::Text(text) | Self::Pattern(text) => text.extend_from_slice(bytes),
            Self::Fields(closed, open) => {
                for byte in bytes {
                    if matches!(byte, b' ' | b'\t' | b'\n') {
                        closed.extend(open.take());
                    } else {
                        let field = open.get_or_insert_default();
                        field.text.push(*byte);
                        field.pattern.push(*byte);
                    }
                }
            }
        }
    }

    fn put(&mut self, bytes: &[u8], quotes: Quotes) {
        match quotes {
            Quotes::Inside => self.quoted(bytes),
            Quotes::Outside => self.unquoted(bytes),
        }
    }
}

fn escape(pattern: &mut Bytes, bytes: &[u8]) {
    for byte in bytes {
        pattern.extend_from_slice(&[b'\\', *byte]);
    }
}

impl Evaluator<'_> {
    /// Returns the fields of an argument.
    pub(super) fn fields(&mut self, word: &Word) -> Result<Vec<Bytes>, PolicyError> {
        let mut texts = Vec::new();
        for field in self.raw_fields(word)? {
            if looks_like_glob(&field.pattern) {
                let shown = String::from_utf8_lossy(&field.text).into_owned();
                let message = format!("bash would take `{shown}` for a glob and look for files");
                return Err(self.text.error(word.span, message).hint("put it into double quotes"));
            }
            texts.push(field.text);
        }
        Ok(texts)
    }

    /// Returns the fields of an argument whose globs are still to be looked at.
    pub(super) fn raw_fields(&mut self, word: &Word) -> Result<Vec<Field>, PolicyError> {
        let mut sink = Sink::Fields(Vec::new(), None);
        self.feed(&word.parts, Quotes::Outside, &mut sink)?;
        let Sink::Fields(mut fields, open) = sink else { return Ok(Vec::new()) };
        fields.extend(open);
        Ok(fields)
    }

    /// Returns the text of a word that is not split.
    pub(super) fn text_of(&mut self, word: &Word) -> Result<Bytes, PolicyError> {
        let mut sink = Sink::Text(Bytes::new());
        self.feed(&word.parts, Quotes::Outside, &mut sink)?;
        let Sink::Text(text) = sink else { return Ok(Bytes::new()) };
        Ok(text)
    }

    /// Returns the pattern that a word stands for.
    pub(super) fn pattern_of(&mut self, word: &Word) -> Result<Pattern, PolicyError> {
        let mut sink = Sink::Pattern(Bytes::new());
        self.feed(&word.parts, Quotes::Outside, &mut sink)?;
        let Sink::Pattern(text) = sink else { return Ok(Pattern::default()) };
        self.spend(text.len(), word.span)?;
        Pattern::new(&text).map_err(|message| self.text.error(word.span, message))
    }

    fn feed(&mut self, parts: &[Part], quotes: Quotes, sink: &mut Sink) -> Result<(), PolicyError> {
        for part in parts {
            match part {
                Part::Bare(text) => sink.put(text, quotes),
                Part::Literal(text) => sink.quoted(text),
                Part::Double(inside) => {
                    sink.quoted(b"");
                    self.feed(inside, Quotes::Inside, sink)?;
                }
                Part::Tilde(span) => {
                    let home = self.home(*span)?;
                    self.spend(home.len(), *span)?;
                    sink.quoted(&home);
                }
                Part::Parameter(parameter) => self.parameter(parameter, quotes, sink)?,
                Part::Substitution(substitution) => {
                    let output = self.substitute(substitution)?;
                    self.spend(output.len(), substitution.span)?;
                    sink.put(&output, quotes);
                }
            }
        }
        Ok(())
    }

    /// Returns the home directory, as `~` stands for it.
    pub(super) fn home(&self, span: Span) -> Result<Bytes, PolicyError> {
        let home = self.scope.get(b"HOME").map(<[u8]>::to_vec);
        home.ok_or_else(|| self.text.error(span, "HOME is not set, so `~` has no meaning"))
    }

    fn parameter(
        &mut self,
        parameter: &Parameter,
        quotes: Quotes,
        sink: &mut Sink,
    ) -> Result<(), PolicyError> {
        let value = self.value(&parameter.name, parameter.span)?;
        let text = match &parameter.operation {
            Operation::Value => self.expect_set(parameter, value)?,
            Operation::Trim(trim, word) => {
                let value = self.expect_set(parameter, value)?;
                // Of nothing nothing is cut off, and bash does not even look at the pattern.
                if value.is_empty() {
                    value
                } else {
                    let pattern = self.pattern_of(word)?;
                    self.spend(pattern.cost(value.len()), parameter.span)?;
                    self.trim(*trim, &value, &pattern, parameter.span)?
                }
            }
            Operation::Fallback(fallback, absent, word) => {
                let present = value.filter(|v| *absent == Absent::Unset || !v.is_empty());
                match (fallback, present) {
                    (Fallback::Instead, None) => Bytes::new(),
                    (Fallback::Instead, Some(_)) | (Fallback::Use, None) => {
                        self.spend(1, parameter.span)?;
                        return self.feed(&word.parts, quotes, sink);
                    }
                    (Fallback::Fail, None) => return Err(self.demanded(parameter, word)?),
                    (Fallback::Assign, None) if self.in_query => {
                        let message = "a variable that is set inside $(…) is lost after it";
                        let hint = "write :- instead of :=";
                        return Err(self.text.error(parameter.span, message).hint(hint));
                    }
                    (Fallback::Assign, None) => {
                        let text = self.text_of(word)?;
                        self.assign(
                            &parameter.name,
                            text.clone(),
                            Exporting::AsBefore,
                            parameter.span,
                        )?;
                        text
                    }
                    (_, Some(value)) => value,
                }
            }
        };
        self.spend(text.len() + 1, parameter.span)?;
        sink.put(&text, quotes);
        Ok(())
    }

    fn expect_set(
        &self,
        parameter: &Parameter,
        value: Option<Bytes>,
    ) -> Result<Bytes, PolicyError> {
        if value.is_none() && self.options.nounset {
            let name = String::from_utf8_lossy(&parameter.name);
            let message = format!("{name} is not set, and `set -u` asks for that");
            let hint = format!("write ${{{name}:-}} where it may be missing");
            return Err(self.text.error(parameter.span, message).hint(hint));
        }
        Ok(value.unwrap_or_default())
    }

    fn demanded(&mut self, parameter: &Parameter, word: &Word) -> Result<PolicyError, PolicyError> {
        let text = self.text_of(word)?;
        let name = String::from_utf8_lossy(&parameter.name).into_owned();
        let text = String::from_utf8_lossy(&text).into_owned();
        let message = match text.is_empty() {
            true => format!("{name} is not set or empty"),
            false => format!("{name}: {text}"),
        };
        Ok(self.text.error(parameter.span, message))
    }

    /// Returns the value of a variable, or why it has none that bash would agree with.
    pub(super) fn value(&self, name: &[u8], span: Span) -> Result<Option<Bytes>, PolicyError> {
        let shown = String::from_utf8_lossy(name);
        match &*shown {
            "PWD" => return Ok(Some(self.directory.clone())),
            "BASH_SOURCE" => return Ok(Some(self.source_name.clone())),
            _ => {}
        }
        let value = self.scope.get(name);
        if name == b"PATH" && value.is_none() {
            let hint = "set it outside, as to /usr/local/bin:/usr/bin:/bin";
            return Err(self.text.error(span, "PATH is not set").hint(hint));
        }
        if self.wanted.from_data.contains(name) {
            self.reads_data.set(true);
        }
        if let Some(message) = names::unreadable(&shown, value.is_some()) {
            let hint = "write the value out, or leave the line to the shell's own files";
            return Err(self.text.error(span, message).hint(hint));
        }
        if self.spoilt.contains(name) {
            let message = format!("${shown} was overwritten by one of direnv's functions");
            return Err(self.text.error(span, message).hint("use another name"));
        }
        Ok(value.map(<[u8]>::to_vec))
    }

    fn trim(
        &self,
        trim: Trim,
        value: &[u8],
        pattern: &Pattern,
        span: Span,
    ) -> Result<Bytes, PolicyError> {
        let refuse = |message| self.text.error(span, message);
        let kept = match trim {
            Trim::ShortestPrefix | Trim::LongestPrefix => {
                let lengths = pattern.prefixes(value).map_err(refuse)?;
                let cut = match trim {
                    Trim::ShortestPrefix => lengths.first(),
                    _ => lengths.last(),
                };
                value.get(cut.copied().unwrap_or(0)..)
            }
            Trim::ShortestSuffix | Trim::LongestSuffix => {
                let starts = pattern.suffixes(value).map_err(refuse)?;
                let cut = match trim {
                    Trim::ShortestSuffix => starts.last(),
                    _ => starts.first(),
                };
                value.get(..cut.copied().unwrap_or(value.len()))
            }
        };
        Ok(kept.unwrap_or_default().to_vec())
    }
}

/// Returns whether bash, with extended patterns, would look for files that `pattern` names.
pub(super) fn looks_like_glob(pattern: &[u8]) -> bool {
    let mut bytes = pattern.iter();
    let mut bracket = false;
    let mut before = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'*' | b'?' => return true,
            b'[' => bracket = true,
            b']' if bracket => return true,
            // bash takes a parenthesis behind a slash for that of an extended pattern.
            b'(' if matches!(before, b'+' | b'@' | b'!' | b'/') => return true,
            _ => {}
        }
        before = if *byte == b'\\' { 0 } else { *byte };
    }
    false
}
