//! Shell patterns: `*`, `?`, `[…]` and escaped characters.
//!
//! In: a pattern in which quoted characters are escaped, and a value. Out: whether it matches, or where. All
//! positions are followed at once, so that no pattern takes more than its length times the value's. What depends
//! on the locale (single characters beyond ASCII) is refused. Extended patterns are not part of the language.

/// A pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Element>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Element {
    Byte(u8),
    Any,
    Run,
    /// The bytes that it matches.
    Class(Vec<bool>),
}

const LOCALE: &str =
    "`?` and `[…]` match characters, and beyond ASCII what a character is depends on the locale";

impl Pattern {
    /// Returns the pattern that `text` spells, or why it is not part of the language.
    pub(super) fn new(text: &[u8]) -> Result<Self, String> {
        let mut elements = Vec::new();
        let mut rest = text;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match (byte, after.first()) {
                (b'\\', Some(escaped)) => {
                    elements.push(Element::Byte(*escaped));
                    rest = after.get(1..).unwrap_or_default();
                }
                (b'?' | b'*' | b'+' | b'@' | b'!', Some(b'(')) => {
                    return Err("extended patterns are not part of the policy language".to_owned());
                }
                (b'*', _) => elements.push(Element::Run),
                (b'?', _) => elements.push(Element::Any),
                (b'[', _) => match class(after)? {
                    Some((bytes, behind)) => {
                        elements.push(Element::Class(bytes));
                        rest = behind;
                    }
                    None => elements.push(Element::Byte(b'[')),
                },
                _ => elements.push(Element::Byte(*byte)),
            }
        }
        Ok(Self(elements))
    }

    /// Returns the pattern that matches one or more times what this one matches, one after the other.
    pub(super) fn matches_repeated(&self, value: &[u8]) -> Result<bool, String> {
        self.check_locale(value)?;
        let ends = self.run(value, value.len(), Start::AfterEachMatch);
        Ok(ends.last() == Some(&value.len()))
    }

    /// Returns how many steps a match against `length` bytes takes.
    pub(super) fn cost(&self, length: usize) -> usize {
        (self.0.len() + 1).saturating_mul(length + 1)
    }

    /// Returns whether the pattern matches the whole value.
    pub(super) fn matches(&self, value: &[u8]) -> Result<bool, String> {
        self.check_locale(value)?;
        Ok(self.run(value, value.len(), Start::Once).last() == Some(&value.len()))
    }

    /// Returns the lengths of the prefixes that match, shortest first.
    pub(super) fn prefixes(&self, value: &[u8]) -> Result<Vec<usize>, String> {
        self.check_locale(value)?;
        Ok(self.run(value, 0, Start::Once))
    }

    /// Returns the offsets at which matching suffixes begin, longest suffix first.
    pub(super) fn suffixes(&self, value: &[u8]) -> Result<Vec<usize>, String> {
        self.check_locale(value)?;
        let backwards = Self(self.0.iter().rev().cloned().collect());
        let value: Vec<u8> = value.iter().rev().copied().collect();
        let lengths = backwards.run(&value, 0, Start::Once);
        Ok(lengths.iter().rev().map(|length| value.len() - length).collect())
    }

    fn check_locale(&self, value: &[u8]) -> Result<(), String> {
        let single = self.0.iter().any(|e| matches!(e, Element::Any | Element::Class(_)));
        match single && !value.is_ascii() {
            true => Err(LOCALE.to_owned()),
            false => Ok(()),
        }
    }

    /// Returns the lengths from `least` on of the prefixes that match.
    fn run(&self, value: &[u8], least: usize, start: Start) -> Vec<usize> {
        let end = self.0.len();
        let mut lengths = Vec::new();
        let mut now = vec![false; end + 1];
        let mut next = vec![false; end + 1];
        self.enter(&mut now, 0);
        for length in 0..=value.len() {
            if now.last() == Some(&true) {
                if length >= least {
                    lengths.push(length);
                }
                if start == Start::AfterEachMatch {
                    self.enter(&mut now, 0);
                }
            }
            let Some(byte) = value.get(length) else { break };
            next.fill(false);
            for (at, element) in self.0.iter().enumerate() {
                if now.get(at) != Some(&true) {
                    continue;
                }
                match element {
                    Element::Run => self.enter(&mut next, at),
                    element if element.takes(*byte) => self.enter(&mut next, at + 1),
                    _ => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        lengths
    }

    /// Marks position `at`, and those that are reached from it without taking a byte.
    fn enter(&self, marks: &mut [bool], mut at: usize) {
        while let Some(mark) = marks.get_mut(at) {
            *mark = true;
            if self.0.get(at) != Some(&Element::Run) {
                return;
            }
            at += 1;
        }
    }
}

/// Where matching may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Once,
    AfterEachMatch,
}

impl Element {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::Any => true,
            Self::Run => false,
            Self::Class(bytes) => bytes.get(usize::from(byte)) == Some(&true),
        }
    }
}

/// The bytes that a `[…]` matches, and what follows it.
type Class<'a> = (Vec<bool>, &'a [u8]);

/// Returns the bytes that `[…` matches and what follows it, or `None` where it is not closed.
fn class(text: &[u8]) -> Result<Option<Class<'_>>, String> {
    let negated = matches!(text.first(), Some(b'!' | b'^'));
    let mut rest = text.get(usize::from(negated)..).unwrap_or_default();
    let mut bytes = vec![negated; 256];
    let mut first = true;
    loop {
        if rest.first() == Some(&b']') && !first {
            return Ok(Some((bytes, rest.get(1..).unwrap_or_default())));
        }
        first = false;
        if let [b'[', kind @ (b':' | b'=' | b'.'), ..] = rest {
            let Some((name, after)) = named(rest, *kind) else { return Ok(None) };
            rest = after;
            let member = member_test(*kind, name)?;
            for byte in (0..=127_u8).filter(member) {
                mark(&mut bytes, byte, !negated);
            }
            continue;
        }
        let Some((low, after)) = single(rest) else { return Ok(None) };
        rest = after;
        let mut high = low;
        if let Some((b'-', after)) = rest.split_first()
            && after.first().is_some_and(|byte| *byte != b']')
        {
            let Some((last, after)) = single(after) else { return Ok(None) };
            (high, rest) = (last, after);
        }
        if !low.is_ascii() || !high.is_ascii() || low > high || (low != high && high == b'[') {
            return Err("this `[…]` means something else in another locale or shell".to_owned());
        }
        for byte in low..=high {
            mark(&mut bytes, byte, !negated);
        }
    }
}

fn mark(bytes: &mut [bool], byte: u8, value: bool) {
    if let Some(slot) = bytes.get_mut(usize::from(byte)) {
        *slot = value;
    }
}

fn single(text: &[u8]) -> Option<(u8, &[u8])> {
    match text {
        [b'\\', byte, rest @ ..] | [byte, rest @ ..] => Some((*byte, rest)),
        [] => None,
    }
}

fn named(text: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let inside = text.get(2..)?;
    let length = inside.windows(2).position(|pair| pair == [kind, b']'])?;
    Some((inside.get(..length)?, inside.get(length + 2..)?))
}

fn member_test(kind: u8, name: &[u8]) -> Result<fn(&u8) -> bool, String> {
    Ok(match (kind, name) {
        (b':', b"alpha") => u8::is_ascii_alphabetic,
        (b':', b"digit") => u8::is_ascii_digit,
        (b':', b"alnum") => u8::is_ascii_alphanumeric,
        (b':', b"upper") => u8::is_ascii_uppercase,
        (b':', b"lower") => u8::is_ascii_lowercase,
        (b':', b"punct") => u8::is_ascii_punctuation,
        (b':', b"xdigit") => u8::is_ascii_hexdigit,
        (b':', b"space") => |byte| matches!(byte, b' ' | b'\t'..=b'\r'),
        (b':', b"blank") => |byte| matches!(byte, b' ' | b'\t'),
        _ => return Err("this class of characters is not part of the policy language".to_owned()),
    })
}
