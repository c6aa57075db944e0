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
    text: String,
    number: Box<Number>,
}

/// The parts that decide the order; numbers as decimal text without leading zeros, empty where absent.
#[derive(Clone, Debug)]
struct Number {
    major: String,
    minor: String,
    patch: String,
    kind: String,
    pre: String,
}

impl Version {
    /// Returns the version that `text` (without `go` in front) spells in Go's grammar, or `None`.
    pub fn parse(text: &str) -> Option<Self> {
        Number::parse(text).map(|number| Self { text: text.to_owned(), number: Box::new(number) })
    }

    /// Returns the version in a toolchain's name: `go1.26.6`, `go1.26.6-corp`, `go1.26.6 X:jsonv2`.
    pub fn from_toolchain(name: &str) -> Option<Self> {
        if name.contains(['/', '\\']) {
            return None;
        }
        let text = name.strip_prefix("go")?;
        let bare = text.split([' ', '\t', '-']).next()?;
        Number::parse(bare).map(|number| Self { text: text.to_owned(), number: Box::new(number) })
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
        let known = matches!(number.kind.as_str(), "" | "beta" | "rc");
        let counted = number.kind.is_empty() || !matches!(number.pre.as_str(), "" | "0");
        let plain_suffix = suffix.is_none_or(|suffix| {
            !suffix.is_empty() && suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        });
        if !(dotted && known && counted && plain_suffix) {
            return Err(refuse());
        }
        Ok(Self { text: plain.to_owned(), number: Box::new(number) })
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
        let Number { major, minor, .. } = &*self.number;
        if minor.is_empty() || (major == "1" && minor == "0") {
            major.clone()
        } else {
            format!("{major}.{minor}")
        }
    }

    /// Returns whether this names a language (`1.26`) and not a release (`1.26.0`, `1.20`).
    pub fn is_language(&self) -> bool {
        self.number.patch.is_empty() && self.number.kind.is_empty() && self.number.pre.is_empty()
    }

    /// Returns whether this is a beta or a release candidate.
    pub fn is_prerelease(&self) -> bool {
        !self.number.kind.is_empty()
    }

    /// Returns the releases before and after this one on its line.
    pub fn neighbours(&self) -> Vec<Self> {
        let Ok(patch) = self.number.patch.parse::<u32>() else { return Vec::new() };
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
        &self.number.patch
    }
}

impl Number {
    fn parse(text: &str) -> Option<Self> {
        let (major, rest) = cut_number(text)?;
        let mut number = Self {
            major,
            minor: String::new(),
            patch: String::new(),
            kind: String::new(),
            pre: String::new(),
        };
        if rest.is_empty() {
            // "1" is 1.0.0.
            number.minor = "0".to_owned();
            number.patch = "0".to_owned();
            return Some(number);
        }
        let (minor, rest) = cut_number(rest.strip_prefix('.')?)?;
        number.minor = minor;
        if rest.is_empty() {
            // Until 1.20 the first release of a line had no patch level; since 1.21 that spelling is the language.
            if compare_numbers(&number.minor, "21") == Ordering::Less {
                number.patch = "0".to_owned();
            }
            return Some(number);
        }
        if let Some(rest) = rest.strip_prefix('.') {
            let (patch, rest) = cut_number(rest)?;
            number.patch = patch;
            // A patch release has no betas.
            return rest.is_empty().then_some(number);
        }
        let letters = rest.bytes().take_while(|b| !b.is_ascii_digit()).count();
        let (kind, pre) = rest.split_at_checked(letters)?;
        if !kind.bytes().all(|b| b.is_ascii_lowercase()) {
            return None;
        }
        number.kind = kind.to_owned();
        if !pre.is_empty() {
            let (pre, rest) = cut_number(pre)?;
            if !rest.is_empty() {
                return None;
            }
            number.pre = pre;
        }
        Some(number)
    }
}

/// Cuts a decimal number without leading zeros off the front.
fn cut_number(text: &str) -> Option<(String, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let zero_led = number.starts_with('0') && number.len() > 1;
    (digits > 0 && !zero_led).then(|| (number.to_owned(), rest))
}

/// Compares decimal numbers of any length; an absent one is the smallest.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (&self.number, &other.number);
        compare_numbers(&left.major, &right.major)
            .then_with(|| compare_numbers(&left.minor, &right.minor))
            .then_with(|| compare_numbers(&left.patch, &right.patch))
            .then_with(|| left.kind.cmp(&right.kind))
            .then_with(|| compare_numbers(&left.pre, &right.pre))
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
