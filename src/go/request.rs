//! What the version files of a directory ask for, and the one version that satisfies them.
//!
//! A `go` or `toolchain` line is a minimum; `.go-version` and `.tool-versions` name a version exactly. The choice is
//! the exact one, else the higher of the two lines. Files that no one version satisfies are a [`Conflict`], which
//! names them by file and line. Pure: `sdk/requested.rs` reads the files.

use std::fmt;
use std::path::PathBuf;

use super::version::Version;

/// What kind of line asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The `go` line of go.work.
    WorkGo,
    /// The `toolchain` line of go.work.
    WorkToolchain,
    /// The `go` line of go.mod.
    ModGo,
    /// The `toolchain` line of go.mod.
    ModToolchain,
    /// `.go-version`.
    GoVersion,
    /// `.tool-versions`.
    ToolVersions,
}

impl Kind {
    /// Returns the name that `status --json` gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WorkGo => "go.work go",
            Self::WorkToolchain => "go.work toolchain",
            Self::ModGo => "go.mod go",
            Self::ModToolchain => "go.mod toolchain",
            Self::GoVersion => ".go-version",
            Self::ToolVersions => ".tool-versions",
        }
    }

    /// Returns whether the line names a version exactly and not a minimum.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::GoVersion | Self::ToolVersions)
    }

    fn is_toolchain(self) -> bool {
        matches!(self, Self::WorkToolchain | Self::ModToolchain)
    }
}

/// One line that asks for a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
    /// What kind of line it is.
    pub kind: Kind,
    /// The version.
    pub version: Version,
}

impl Request {
    /// Returns whether `version` is what this line asks for.
    pub fn admits(&self, version: &Version) -> bool {
        if self.kind.is_exact() {
            // 1.26 in such a file is any release of the line.
            let line = self.version.is_language() && version.language() == self.version.as_str();
            line || *version == self.version
        } else {
            *version >= self.version
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, version) = (self.file.display(), self.line, &self.version);
        match self.kind {
            Kind::GoVersion | Kind::ToolVersions => write!(f, "{file}:{line} asks for {version}"),
            Kind::WorkGo | Kind::ModGo => write!(f, "{file}:{line} requires go >= {version}"),
            Kind::WorkToolchain | Kind::ModToolchain => {
                write!(f, "{file}:{line} suggests toolchain go{version}")
            }
        }
    }
}

/// Two lines that no one version satisfies.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{first}, and {second}")]
pub struct Conflict {
    /// The line that would have won.
    pub first: Request,
    /// The line that it does not satisfy.
    pub second: Request,
}

/// Returns the version that satisfies every request and the line that it is from; `None` where nothing asks.
pub fn choose(requests: &[Request]) -> Result<Option<&Request>, Box<Conflict>> {
    let exact = requests.iter().find(|request| request.kind.is_exact());
    let toolchain = requests.iter().filter(|request| request.kind.is_toolchain());
    let go =
        requests.iter().filter(|request| !request.kind.is_exact() && !request.kind.is_toolchain());
    // Where both lines say the same, the toolchain line is the one that names a release.
    let highest = go.chain(toolchain).max_by(|a, b| a.version.cmp(&b.version));
    let Some(chosen) = exact.or(highest) else { return Ok(None) };
    match conflicts(&chosen.version, requests).into_iter().next() {
        None => Ok(Some(chosen)),
        Some(other) => Err(Box::new(Conflict { first: chosen.clone(), second: other.clone() })),
    }
}

/// Returns the requests that `version` does not satisfy.
pub fn conflicts<'a>(version: &Version, requests: &'a [Request]) -> Vec<&'a Request> {
    // A language version stands for the newest release of its line, so it satisfies any minimum of that line.
    let same_line = |request: &&Request| {
        version.is_language() && request.version.language() == version.as_str()
    };
    requests.iter().filter(|request| !request.admits(version) && !same_line(request)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str) -> Request {
        let (name, version) = line.rsplit_once(' ').unwrap();
        let kind = [
            Kind::WorkGo,
            Kind::WorkToolchain,
            Kind::ModGo,
            Kind::ModToolchain,
            Kind::GoVersion,
            Kind::ToolVersions,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
        .unwrap();
        let file = PathBuf::from("/p").join(name.split(' ').next().unwrap());
        Request { file, line: 3, column: 1, kind, version: Version::read(version).unwrap() }
    }

    #[test]
    fn the_choice_satisfies_every_line() {
        for (lines, expected) in [
            (vec![], "none"),
            (vec!["go.mod go 1.24"], "1.24"),
            (vec!["go.mod go 1.24.11"], "1.24.11"),
            (vec!["go.mod go 1.24", "go.mod toolchain 1.26.6"], "1.26.6"),
            (vec!["go.mod go 1.26.6", "go.mod toolchain 1.26.6"], "1.26.6"),
            (vec!["go.mod go 1.26.6", "go.mod toolchain 1.24.11"], "1.26.6"),
            (vec!["go.mod go 1.24", ".go-version 1.26.6"], "1.26.6"),
            (vec!["go.mod go 1.24", "go.mod toolchain 1.26.4", ".go-version 1.26.6"], "1.26.6"),
            (vec![".go-version 1.26.6", ".tool-versions 1.26.6"], "1.26.6"),
            (vec!["go.mod go 1.26.4", ".go-version 1.26"], "1.26"),
            (vec![".go-version 1.26.6", ".tool-versions 1.26"], "1.26.6"),
            (
                vec!["go.mod go 1.26.7", ".go-version 1.26.6"],
                "/p/.go-version:3 asks for 1.26.6, and /p/go.mod:3 requires go >= 1.26.7",
            ),
            (
                vec!["go.work go 1.24", "go.work toolchain 1.26.7", ".tool-versions 1.26.6"],
                "/p/.tool-versions:3 asks for 1.26.6, and /p/go.work:3 suggests toolchain go1.26.7",
            ),
            (
                vec![".go-version 1.26.6", ".tool-versions 1.26.5"],
                "/p/.go-version:3 asks for 1.26.6, and /p/.tool-versions:3 asks for 1.26.5",
            ),
            (
                vec!["go.mod go 1.27", ".go-version 1.26"],
                "/p/.go-version:3 asks for 1.26, and /p/go.mod:3 requires go >= 1.27",
            ),
        ] {
            let requests: Vec<_> = lines.iter().map(|line| request(line)).collect();
            let text = match choose(&requests) {
                Ok(None) => "none".to_owned(),
                Ok(Some(chosen)) => chosen.version.to_string(),
                Err(conflict) => conflict.to_string(),
            };
            assert_eq!(text, expected, "{lines:?}");
        }
    }

    /// The line of a toolchain names a release where that of a language names none.
    #[test]
    fn of_equal_lines_the_toolchain_is_chosen() {
        for lines in [
            ["go.mod toolchain 1.26.6", "go.mod go 1.26.6"],
            ["go.mod go 1.26.6", "go.mod toolchain 1.26.6"],
            ["go.work go 1.26.6", "go.work toolchain 1.26.6"],
        ] {
            let chosen = choose(&lines.map(request)).unwrap().unwrap().kind;
            assert!(matches!(chosen, Kind::ModToolchain | Kind::WorkToolchain), "{lines:?}");
        }
    }

    #[test]
    fn a_line_of_go_is_any_of_its_releases_and_no_other() {
        for (asked, version, expected) in [
            (".go-version 1.26", "1.26.6", true),
            (".go-version 1.26", "1.26rc1", true),
            (".go-version 1.26", "1.25.9", false),
            (".go-version 1.26", "1.27.0", false),
            (".go-version 1.26.6", "1.26.6", true),
            (".go-version 1.26.6", "1.26.7", false),
            ("go.mod go 1.26.6", "1.26.7", true),
            ("go.mod go 1.26.6", "1.26.5", false),
        ] {
            let version = Version::read(version).unwrap();
            assert_eq!(request(asked).admits(&version), expected, "{asked} {version}");
        }
    }

    #[test]
    fn a_pin_has_conflicts_with_the_lines_it_does_not_satisfy() {
        let requests = [request("go.mod go 1.26.7"), request(".go-version 1.26.6")];
        let pin = Version::read("1.26.6").unwrap();
        assert_eq!(conflicts(&pin, &requests), [&requests[0]]);
    }
}
