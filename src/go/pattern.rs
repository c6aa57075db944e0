//! Sets of Go versions as `allow_go`, `deny_go` and a tier's `go` list write them.
//!
//! `1.26.6` is that release, `1.26.x` and `1.26.*` are every release of the line, `1.26.4+` is that release and
//! the later ones of its line, `>=1.26.4` is that release and everything after it. Betas and release candidates
//! are matched by their own name only: no range admits one by accident. `1.26.6-corp` is that build alone.

use std::fmt;

use super::version::{NotAVersion, Version};

/// A set of Go versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    set: Set,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Set {
    /// Exactly this version.
    One(Version),
    /// Every release of this language line: `1.26`.
    Line(String),
    /// This release and the later ones of its line.
    LineFrom(Version),
    /// This release and every later one.
    From(Version),
}

impl Pattern {
    /// Reads a pattern; `go` in front of the version is accepted.
    pub fn read(text: &str) -> Result<Self, NotAPattern> {
        let refuse = |_: NotAVersion| NotAPattern { found: text.chars().take(64).collect() };
        let set = if let Some(rest) = text.strip_prefix(">=") {
            Set::From(Version::read(rest).map_err(refuse)?)
        } else if let Some(rest) = text.strip_suffix('+') {
            Set::LineFrom(Version::read(rest).map_err(refuse)?)
        } else if let Some(rest) = text.strip_suffix(".x").or_else(|| text.strip_suffix(".*")) {
            let line = Version::read(rest).map_err(refuse)?;
            // 1.26.6.x is nothing, and neither is 1.26rc1.x.
            if line.language() != line.as_str() {
                return Err(refuse(NotAVersion { found: String::new() }));
            }
            Set::Line(line.language())
        } else {
            Set::One(Version::read(text).map_err(refuse)?)
        };
        Ok(Self { text: text.to_owned(), set })
    }

    /// Returns whether the set holds `version`; a language version (`1.26`) lies in no range.
    pub fn admits(&self, version: &Version) -> bool {
        let released = !version.is_language() && !version.is_prerelease();
        match &self.set {
            Set::One(one) => one.names(version),
            Set::Line(line) => released && version.language() == *line,
            Set::LineFrom(first) => {
                released && version.language() == first.language() && version >= first
            }
            Set::From(first) => released && version >= first,
        }
    }

    /// Returns a version of the line that the set speaks of: its first, or the one it names.
    pub fn bound(&self) -> Option<Version> {
        match &self.set {
            Set::One(bound) | Set::LineFrom(bound) | Set::From(bound) => Some(bound.clone()),
            Set::Line(line) => Version::parse(line),
        }
    }

    /// Returns the version, where the set is that one alone.
    pub fn version(&self) -> Option<&Version> {
        match &self.set {
            Set::One(version) => Some(version),
            _ => None,
        }
    }

    /// Returns the language version, where the set lies within one line.
    pub fn only_line(&self) -> Option<Version> {
        match &self.set {
            Set::One(version) | Set::LineFrom(version) => Version::parse(&version.language()),
            Set::Line(line) => Version::parse(line),
            Set::From(_) => None,
        }
    }

    /// Returns whether every version of `self` lies in `other`: what `promote` asks of two tiers.
    pub fn within(&self, other: &Self) -> bool {
        match (&self.set, &other.set) {
            (Set::One(one), Set::One(_)) => other.admits(one),
            (Set::One(one), _) => other.admits(one),
            (Set::Line(line), Set::Line(bound)) => line == bound,
            (Set::Line(line), Set::LineFrom(from)) => from.language() == *line && first_of(from),
            (Set::Line(line), Set::From(from)) => line_starts_at_or_after(line, from),
            (Set::LineFrom(first), Set::Line(line)) => first.language() == *line,
            (Set::LineFrom(first), Set::LineFrom(bound)) => {
                first.language() == bound.language() && first >= bound
            }
            (Set::LineFrom(first), Set::From(bound)) => first >= bound,
            (Set::From(first), Set::From(bound)) => first >= bound,
            (_, Set::One(_)) | (Set::From(_), _) => false,
        }
    }
}

/// Returns whether no release of the line comes before `version`.
fn first_of(version: &Version) -> bool {
    version.is_language() || version.is_prerelease() || version.patch() == "0"
}

/// Returns whether the first release of `line` is `from` or a later one.
fn line_starts_at_or_after(line: &str, from: &Version) -> bool {
    Version::parse(&format!("{line}.0")).is_some_and(|first| first >= *from)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What was found where a set of Go versions was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'")]
pub struct NotAPattern {
    /// What stood there, shortened.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::read(text).unwrap()
    }

    #[test]
    fn patterns_admit_what_they_say() {
        for (text, inside, outside) in [
            (
                "1.26.6",
                vec!["1.26.6", "go1.26.6", "1.26.6-corp"],
                vec!["1.26", "1.26.5", "1.26.7", "1.26rc1"],
            ),
            (
                "1.26.x",
                vec!["1.26.0", "1.26.6", "1.26.100"],
                vec!["1.26", "1.26rc1", "1.27.0", "1.25.9"],
            ),
            ("1.26.*", vec!["1.26.0", "1.26.6"], vec!["1.26rc1", "1.27.0"]),
            ("go1.26.x", vec!["1.26.0"], vec!["1.2.6"]),
            ("1.20.x", vec!["1.20", "1.20.14"], vec!["1.20rc1", "1.21.0"]),
            ("1.26.4+", vec!["1.26.4", "1.26.10"], vec!["1.26.3", "1.27.0", "1.26rc2"]),
            (">=1.26.4", vec!["1.26.4", "1.27.0", "1.100.0"], vec!["1.26.3", "1.27rc1", "1.28"]),
            ("1.27rc1", vec!["1.27rc1"], vec!["1.27rc2", "1.27.0"]),
            ("1.26.6-corp", vec!["1.26.6-corp"], vec!["1.26.6", "1.26.6-other", "1.26.7-corp"]),
        ] {
            for version in inside {
                assert!(pattern(text).admits(&Version::read(version).unwrap()), "{text} {version}");
            }
            for version in outside {
                assert!(
                    !pattern(text).admits(&Version::read(version).unwrap()),
                    "{text} {version}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "x",
            "1.x",
            "*",
            "1.26.6.x",
            "1.26rc1.x",
            "<1.26",
            ">1.26",
            "> =1.26",
            "1.26.4++",
            ">=",
            "+",
        ] {
            assert!(Pattern::read(text).is_err(), "{text}");
        }
        assert_eq!(
            Pattern::read("~1.26").unwrap_err().to_string(),
            "`~1.26` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'"
        );
    }

    #[test]
    fn a_set_lies_within_another_or_not() {
        for (inner, outer, expected) in [
            ("1.26.6", "1.26.6", true),
            ("1.26.6", "1.26.x", true),
            ("1.26.6", "1.26.4+", true),
            ("1.26.6", ">=1.26.0", true),
            ("1.26.3", "1.26.4+", false),
            ("1.26.x", "1.26.6", false),
            ("1.26.x", "1.26.*", true),
            ("1.26.x", "1.26.0+", true),
            ("1.26.x", "1.26.1+", false),
            ("1.26.x", ">=1.26.0", true),
            ("1.26.x", ">=1.26.1", false),
            ("1.27.x", ">=1.26.1", true),
            ("1.26.4+", "1.26.x", true),
            ("1.26.4+", "1.26.2+", true),
            ("1.26.4+", "1.26.5+", false),
            ("1.26.4+", ">=1.26.4", true),
            (">=1.26.4", ">=1.26.0", true),
            (">=1.26.4", "1.26.x", false),
            (">=1.26.4", "1.26.4", false),
            ("1.26.6", "1.26.6-corp", false),
            ("1.26.6-corp", "1.26.6", true),
        ] {
            assert_eq!(pattern(inner).within(&pattern(outer)), expected, "{inner} in {outer}");
        }
    }
}
