//! Go versions: their grammar and their order, which are Go's own and not those of semantic versioning.
//!
//! `1.21` names a language and sorts before `1.21rc1`, which sorts before `1.21.0`; before 1.21 a missing patch is
//! zero, so `1.20` and `1.20.0` are equal. Numbers are compared as decimal text and cannot overflow. The rules are
//! those of Go's `internal/gover` and `go/version`; [`Version::read`] is the one closed grammar for a version that
//! comes from outside and may become part of a path or of an address.

use std::cmp::Ordering;
use std::fmt;

/// The longest version that is read from outside; the longest ever released is `1.26rc10`-like.
const LONGEST: usize = 64;

/// A Go version such as `1.26.6`, `1.22rc1` or the language version `1.21`.
///
/// Compares as Go compares: a suffix (`1.26.6-corp`) counts for nothing, a missing patch before 1.21 is zero.
#[derive(Clone, Debug)]
pub struct Version {
    text: Box<str>,
    number: Number,
}

/// The parts that decide the order, as places in the text: listing a thousand SDKs copies none of them.
#[derive(Clone, Copy, Debug, Default)]
struct Number {
    major: Part,
    minor: Part,
    patch: Part,
    kind: Part,
    pre: Part,
}

/// One part of a version: a decimal number without leading zeros, or letters.
#[derive(Clone, Copy, Debug, Default)]
enum Part {
    /// It is not there.
    #[default]
    Absent,
    /// It is not written and means zero.
    Zero,
    /// It stands between these bytes; what is longer than they can say is no version.
    At(u8, u8),
}

impl Part {
    /// Returns what it says in the text that it is of, empty where it is absent.
    fn of(self, text: &str) -> &str {
        std::str::from_utf8(self.bytes(text)).unwrap_or_default()
    }

    fn bytes(self, text: &str) -> &[u8] {
        match self {
            Self::Absent => b"",
            Self::Zero => b"0",
            Self::At(from, to) => {
                text.as_bytes().get(usize::from(from)..usize::from(to)).unwrap_or_default()
            }
        }
    }
}

impl Version {
    /// Returns the version that `text` (without `go` in front) spells in Go's grammar, or `None`.
    pub fn parse(text: &str) -> Option<Self> {
        Number::parse(text).map(|number| Self { text: text.into(), number })
    }

    /// Returns the version in a toolchain's name: `go1.26.6`, `go1.26.6-corp`, `go1.26.6 X:jsonv2`.
    pub fn from_toolchain(name: &str) -> Option<Self> {
        if name.contains(['/', '\\']) {
            return None;
        }
        let text = name.strip_prefix("go")?;
        let bare = text.split([' ', '\t', '-']).next()?;
        Number::parse(bare).map(|number| Self { text: text.into(), number })
    }

    /// Reads a version from outside: `1.26.6`, `go1.26.6`, `1.26rc1`, `1.26`, `1.26.6-corp`, and nothing else.
    ///
    /// What passes holds letters, digits, dots and at most one hyphen with something behind it, so it can be one
    /// component of a path and never `..`.
    pub fn read(text: &str) -> Result<Self, NotAVersion> {
        let refuse = || NotAVersion { found: text.chars().take(LONGEST).collect() };
        if text.len() > LONGEST {
            return Err(refuse());
        }
        let plain = text.strip_prefix("go").unwrap_or(text);
        let (bare, suffix) = match plain.split_once('-') {
            Some((bare, suffix)) => (bare, Some(suffix)),
            None => (plain, None),
        };
        let number = Number::parse(bare).ok_or_else(refuse)?;
        let dotted = bare.contains('.');
        let (kind, pre) = (number.kind.of(bare), number.pre.of(bare));
        let known = matches!(kind, "" | "beta" | "rc");
        let counted = kind.is_empty() || !matches!(pre, "" | "0");
        let plain_suffix = suffix.is_none_or(|suffix| {
            !suffix.is_empty() && suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        });
        if !(dotted && known && counted && plain_suffix) {
            return Err(refuse());
        }
        Ok(Self { text: plain.into(), number })
    }

    /// Returns the text without `go` in front, suffix included: `1.26.6`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the toolchain's name: `go1.26.6`.
    pub fn toolchain(&self) -> String {
        format!("go{}", self.text)
    }

    /// Returns the language version: `1.26` of `1.26.6`, `1` of `1.0.3`.
    pub fn language(&self) -> String {
        let (major, minor) = (self.part(|number| number.major), self.part(|number| number.minor));
        if minor.is_empty() || (major == "1" && minor == "0") {
            major.to_owned()
        } else {
            format!("{major}.{minor}")
        }
    }

    /// Returns whether this names a language (`1.26`) and not a release (`1.26.0`, `1.20`) or somebody's build of one.
    pub fn is_language(&self) -> bool {
        let Number { patch, kind, pre, .. } = self.number;
        let is_whole = matches!((patch, kind, pre), (Part::Absent, Part::Absent, Part::Absent));
        is_whole && self.build().is_empty()
    }

    /// Returns whose build this is, `corp` of `1.26.6-corp`; empty for Go's own. With what experiments Go was built
    /// (`1.26.6-X:jsonv2`, `1.26.6 X:jsonv2`) makes it nobody else's.
    fn build(&self) -> &str {
        let name = self.text.split([' ', '\t']).next().unwrap_or_default();
        let build = name.split_once('-').map_or("", |(_, build)| build);
        let own = |build: &str| build.starts_with("X:");
        if own(build) { "" } else { build.split_once("-X:").map_or(build, |(build, _)| build) }
    }

    /// Returns the release that this is a build of, as a `go` line names it: `1.26.6` of `1.26.6-corp`.
    pub fn release(&self) -> &str {
        self.text.split([' ', '\t', '-']).next().unwrap_or_default()
    }

    /// Returns whether whoever names this may mean `other`: the same release and, where this is somebody's build of it,
    /// no other build.
    pub fn names(&self, other: &Self) -> bool {
        self == other && (self.build().is_empty() || self.build() == other.build())
    }

    /// Returns whether this is a beta or a release candidate.
    pub fn is_prerelease(&self) -> bool {
        !matches!(self.number.kind, Part::Absent)
    }

    /// Returns the releases before and after this one on its line.
    pub fn neighbours(&self) -> Vec<Self> {
        let Ok(patch) = self.patch().parse::<u32>() else { return Vec::new() };
        let around = [patch.checked_sub(1), patch.checked_add(1)];
        let language = self.language();
        around
            .into_iter()
            .flatten()
            .filter_map(|patch| Self::parse(&format!("{language}.{patch}")))
            .collect()
    }

    /// Returns the patch level, empty where there is none.
    pub(super) fn patch(&self) -> &str {
        self.part(|number| number.patch)
    }

    fn part(&self, which: impl Fn(Number) -> Part) -> &str {
        which(self.number).of(&self.text)
    }
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest { text, at: 0 };
        let mut number = Self { major: rest.number()?, ..Self::default() };
        if rest.is_empty() {
            // "1" is 1.0.0.
            (number.minor, number.patch) = (Part::Zero, Part::Zero);
            return Some(number);
        }
        rest.dot()?;
        number.minor = rest.number()?;
        if rest.is_empty() {
            // Until 1.20 the first release of a line had no patch level; since 1.21 that spelling is the language.
            if compare_numbers(number.minor.bytes(text), b"21") == Ordering::Less {
                number.patch = Part::Zero;
            }
            return Some(number);
        }
        if rest.dot().is_some() {
            number.patch = rest.number()?;
            // A patch release has no betas.
            return rest.is_empty().then_some(number);
        }
        number.kind = rest.take(|byte| !byte.is_ascii_digit())?;
        if !number.kind.bytes(text).iter().all(u8::is_ascii_lowercase) {
            return None;
        }
        if !rest.is_empty() {
            number.pre = rest.number()?;
        }
        rest.is_empty().then_some(number)
    }
}

/// What of a text is still to be read.
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl Rest<'_> {
    fn is_empty(&self) -> bool {
        self.at == self.text.len()
    }

    fn dot(&mut self) -> Option<()> {
        (self.text.as_bytes().get(self.at) == Some(&b'.')).then(|| self.at += 1)
    }

    /// Takes a decimal number without leading zeros.
    fn number(&mut self) -> Option<Part> {
        let part = self.take(|byte| byte.is_ascii_digit())?;
        match part.bytes(self.text) {
            [] | [b'0', _, ..] => None,
            _ => Some(part),
        }
    }

    /// Takes the bytes that `fit`.
    fn take(&mut self, fit: impl Fn(u8) -> bool) -> Option<Part> {
        let from = self.at;
        let count = self.text.as_bytes().get(from..)?.iter().take_while(|byte| fit(**byte)).count();
        self.at += count;
        Some(Part::At(u8::try_from(from).ok()?, u8::try_from(self.at).ok()?))
    }
}

/// Compares decimal numbers of any length; an absent one is the smallest.
fn compare_numbers(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (&self.number, &other.number);
        let numbers = |left: Part, right: Part| {
            compare_numbers(left.bytes(&self.text), right.bytes(&other.text))
        };
        numbers(left.major, right.major)
            .then_with(|| numbers(left.minor, right.minor))
            .then_with(|| numbers(left.patch, right.patch))
            .then_with(|| left.kind.bytes(&self.text).cmp(right.kind.bytes(&other.text)))
            .then_with(|| numbers(left.pre, right.pre))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What was found where a Go version was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1")]
pub struct NotAVersion {
    /// What stood there, shortened.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_build_is_every_build_s_and_one_with_it_that_one_s() {
        for (name, other, expected) in [
            ("go1.26.6", "go1.26.6", true),
            ("go1.26.6", "go1.26.6-corp", true),
            ("go1.26.6-corp", "go1.26.6-corp", true),
            ("go1.26.6-corp", "go1.26.6", false),
            ("go1.26.6-corp", "go1.26.6-corp.2", false),
            ("go1.26.6-corp", "go1.26.7-corp", false),
            ("go1.26.6-corp", "go1.26.6-corp-X:jsonv2", true),
            ("go1.26.6-corp", "go1.26.6-corp X:jsonv2", true),
            ("go1.26.6-corp", "go1.26.6-X:corp", false),
            ("go1.26.6-X:jsonv2", "go1.26.6", true),
            ("go1.20", "go1.20.0", true),
        ] {
            let [named, asked] = [name, other].map(|name| Version::from_toolchain(name).unwrap());
            assert_eq!(named.names(&asked), expected, "{name} {other}");
        }
        assert!(Version::read("1.27").unwrap().is_language());
        assert!(!Version::read("1.27-devel").unwrap().is_language());
    }

    #[test]
    fn the_order_is_gos() {
        // Each group is equal within itself and less than the next.
        let groups: &[&[&str]] = &[
            &["1", "1.0", "1.0.0"],
            &["1.9"],
            &["1.20rc1"],
            &["1.20", "1.20.0"],
            &["1.20.14"],
            &["1.21"],
            &["1.21beta1"],
            &["1.21pre3"],
            &["1.21rc1"],
            &["1.21rc2"],
            &["1.21.0"],
            &["1.21.13"],
            &["1.22"],
            &["1.22.0"],
            &["1.100.0"],
            &["1.99999999999"],
            &["2"],
        ];
        // 1.20rc1 has no patch, so it sorts below 1.20, whose patch is zero.
        for (i, left) in groups.iter().enumerate() {
            for (j, right) in groups.iter().enumerate() {
                for (x, y) in left.iter().flat_map(|x| right.iter().map(move |y| (x, y))) {
                    let (vx, vy) = (Version::parse(x).unwrap(), Version::parse(y).unwrap());
                    assert_eq!(vx.cmp(&vy), i.cmp(&j), "{x} and {y}");
                }
            }
        }
    }

    #[test]
    fn suffixes_count_for_nothing() {
        let plain = Version::from_toolchain("go1.21.0").unwrap();
        for name in ["go1.21.0-corp", "go1.21.0 X:jsonv2", "go1.21.0\tx"] {
            assert_eq!(Version::from_toolchain(name).unwrap(), plain, "{name}");
        }
        assert_eq!(Version::from_toolchain("go1.21-fips"), Version::parse("1.21"));
    }

    #[test]
    fn what_go_does_not_take_is_no_version() {
        for text in [
            "",
            "go1.21",
            "1.21.x",
            "01.21",
            "1.021",
            "1.21.0rc1",
            "1.9.2rc2",
            "v1.21",
            "1.",
            "1.21.",
            "1.21rc",
            "1.21RC1",
            "1.21rc01",
            "1.21.1.1",
            " 1.21",
            "1.21 ",
            "1.21r c1",
            "1.21é1",
            "1,21",
            "-1",
            "1.-1",
        ] {
            // A kind without a number is Go's grammar all the same.
            let expected = text == "1.21rc";
            assert_eq!(Version::parse(text).is_some(), expected, "{text}");
        }
        for name in [
            "1.21",
            "go",
            "gopher1.21",
            "go1.21/x",
            "go1.99-/run.sh",
            "go1.99-\\x",
            "go1.21.x",
            "default",
        ] {
            assert_eq!(Version::from_toolchain(name), None, "{name}");
        }
    }

    #[test]
    fn languages_are_told_from_releases() {
        for (text, language, is_language) in [
            ("1", "1", false),
            ("1.0.3", "1", false),
            ("1.20", "1.20", false),
            ("1.20.0", "1.20", false),
            ("1.21", "1.21", true),
            ("1.21rc1", "1.21", false),
            ("1.21.13", "1.21", false),
            ("2", "2.0", false),
        ] {
            let version = Version::parse(text).unwrap();
            assert_eq!(version.language(), language, "{text}");
            assert_eq!(version.is_language(), is_language, "{text}");
        }
    }

    #[test]
    fn the_grammar_for_outside_is_closed() {
        for (text, expected) in [
            ("1.26.6", "1.26.6"),
            ("go1.26.6", "1.26.6"),
            ("1.26", "1.26"),
            ("1.22rc1", "1.22rc1"),
            ("go1.21beta2", "1.21beta2"),
            ("1.22.10-corp.2", "1.22.10-corp.2"),
        ] {
            assert_eq!(Version::read(text).unwrap().as_str(), expected);
        }
        let long = format!("1.{}", "9".repeat(70));
        assert!(Version::parse(&long).is_some());
        assert!(Version::parse(&format!("1.{}", "9".repeat(300))).is_none());
        for text in [
            "",
            "1",
            "go",
            "latest",
            "system",
            "v1.26.6",
            "1.26.x",
            "1.26.*",
            "1.26.6-",
            "1.26.6-a/b",
            "1.26.6/../x",
            "../1.26.6",
            "1.26.6-..-x",
            "1.26.6\n",
            "1.26.6 ",
            "1.22pre1",
            "1.22rc",
            "1.22rc0",
            "gogo1.26",
            "1.26.6\0",
            "１.26",
            long.as_str(),
        ] {
            assert!(Version::read(text).is_err(), "{text}");
        }
        assert_eq!(
            Version::read("latest").unwrap_err().to_string(),
            "`latest` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1"
        );
    }
}
