//! Which lines of Go still get security fixes: a table with its date, which config.toml can replace.
//!
//! The Go project supports the two newest lines. A line newer than the table is taken for supported: the table is
//! then the older one.

use crate::go::Version;

/// The day on which the table was true.
pub const AS_OF: &str = "2026-11-01";

/// The supported lines on that day.
const SUPPORTED: &[&str] = &["1.26", "1.27"];

/// The supported lines of Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supported {
    lines: Vec<Version>,
    /// Who says so, for messages: `as of 2026-11-01`.
    pub source: String,
}

impl Supported {
    /// Returns the table that goenv ships.
    pub fn shipped() -> Self {
        let lines = SUPPORTED.iter().filter_map(|line| Version::parse(line)).collect();
        Self { lines, source: format!("as of {AS_OF}") }
    }

    /// Returns the table that config.toml gives, or where it gives none the one that goenv ships.
    ///
    /// # Errors
    /// If one of them is not a line of Go.
    pub fn of(lines: &[String]) -> Result<Self, String> {
        if lines.is_empty() {
            return Ok(Self::shipped());
        }
        let read = |text: &String| {
            let line = Version::parse(text).filter(|line| line.language() == *text);
            line.ok_or_else(|| {
                format!("`{text}` is not a line of Go like 1.26 (config.toml, [go] supported)")
            })
        };
        let lines = lines.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { lines, source: "by config.toml".to_owned() })
    }

    /// Returns whether the line of `version` no longer gets fixes.
    pub fn ended(&self, version: &Version) -> bool {
        let Some(line) = Version::parse(&version.language()) else { return false };
        self.lines.iter().min().is_some_and(|oldest| line < *oldest)
    }

    /// Returns the lines for a message: `1.26 and 1.27`.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.lines.iter().map(ToString::to_string).collect();
        names.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_the_lines_without_fixes() {
        let shipped = Supported::shipped();
        for (version, ended) in [
            ("1.20.14", true),
            ("1.24.11", true),
            ("1.25rc1", true),
            ("1.25", true),
            ("1.26.0", false),
            ("1.27.3", false),
            ("1.28.0", false),
        ] {
            assert_eq!(shipped.ended(&Version::read(version).unwrap()), ended, "{version}");
        }
        let configured = Supported::of(&["1.24".into(), "1.25".into()]).unwrap();
        assert!(!configured.ended(&Version::read("1.24.11").unwrap()));
        assert_eq!(configured.names(), "1.24 and 1.25");
        assert_eq!(
            Supported::of(&["1.24.3".into()]).unwrap_err(),
            "`1.24.3` is not a line of Go like 1.26 (config.toml, [go] supported)"
        );
    }
}
