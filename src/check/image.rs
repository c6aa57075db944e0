//! The Go that an image, a CI step or a linter names, and how it stands to the policy.

use super::standing::Standing;
use crate::go::Version;

/// What names a Go outside of the policy's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// Exactly this release.
    Release(Version),
    /// Whichever release of this line is newest.
    Line(Version),
    /// Whichever release is newest: `latest`, `stable`, `alpine`.
    Newest(String),
    /// What whoever builds gives a variable that has no default.
    Given(String),
}

/// Returns the Go in the reference of an image of Go, and whether a digest fixes it; `None` for other images.
pub fn of_image(reference: &str) -> Option<(Named, bool)> {
    let (name, digest) = match reference.split_once('@') {
        Some((name, _)) => (name, true),
        None => (reference, false),
    };
    let last = name.rsplit('/').next()?;
    let (image, tag) = last.split_once(':').unwrap_or((last, ""));
    let is_go = image == "golang" || name.starts_with("cimg/go:");
    is_go.then(|| (of_tag(tag), digest))
}

/// Reads a tag: a version, and behind a hyphen the system below it.
fn of_tag(tag: &str) -> Named {
    let version = tag.split('-').next().unwrap_or_default();
    match of_version(version) {
        Some(named) => named,
        None => Named::Newest(if tag.is_empty() { "latest".to_owned() } else { tag.to_owned() }),
    }
}

/// Returns the reference of an image of Go with another release in it: from the same place and on the same system.
///
/// A digest is left out, since it is the other image's.
pub fn with_release(reference: &str, release: &str) -> String {
    let name = reference.split('@').next().unwrap_or(reference);
    // A colon before the last slash is a registry's port.
    let (place, last) = name.rsplit_once('/').map_or(("", name), |(place, last)| (place, last));
    let slash = if place.is_empty() { "" } else { "/" };
    let (image, tag) = last.split_once(':').unwrap_or((last, ""));
    let (first, rest) =
        tag.split_once('-').map_or((tag, None), |(first, rest)| (first, Some(rest)));
    let is_version = first.starts_with(|c: char| c.is_ascii_digit());
    let system = match rest {
        _ if first == "latest" => None,
        rest if is_version || first.is_empty() => rest,
        _ => Some(tag),
    };
    let system = system.map_or_else(String::new, |system| format!("-{system}"));
    format!("{place}{slash}{image}:{release}{system}")
}

/// Reads a version as CI files write it: `1.26.6`, `1.26`, `1.26.x`, `^1.26`, `>=1.26.0`, `stable`.
pub fn of_setup(text: &str) -> Option<Named> {
    let text = text.trim();
    if matches!(text, "stable" | "oldstable" | "latest" | "*" | "x") {
        return Some(Named::Newest(text.to_owned()));
    }
    let bare = text.trim_start_matches(['^', '~', '=']);
    if let Some(least) = text.strip_prefix(">=").or_else(|| text.strip_prefix('>')) {
        return Version::read(least.trim()).ok().map(|_| Named::Newest(text.to_owned()));
    }
    if bare != text {
        let version = Version::read(bare).ok()?;
        return Version::parse(&version.language()).map(Named::Line);
    }
    of_version(bare)
}

fn of_version(text: &str) -> Option<Named> {
    let line = text.strip_suffix(".x").or_else(|| text.strip_suffix(".*"));
    if let Some(line) = line {
        return Version::read(line).ok().map(Named::Line);
    }
    let version = Version::read(text).ok()?;
    // `1.20` is a release to Go and a line to everything else.
    let is_line = version.language() == version.as_str();
    Some(if is_line { Named::Line(version) } else { Named::Release(version) })
}

impl Named {
    /// Returns the version, where it says one.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Release(version) | Self::Line(version) => Some(version),
            Self::Newest(_) | Self::Given(_) => None,
        }
    }

    /// Returns what is wrong with it under a policy; a digest fixes which release a moving tag is.
    pub fn judge(&self, is_fixed: bool, standing: &Standing<'_>) -> Option<String> {
        match self {
            Self::Release(version) => standing.exact(version),
            Self::Line(line) => standing.line(line).or_else(|| {
                let moving = format!("{line} is whichever Go {line} is newest");
                match &standing.pin {
                    _ if is_fixed => None,
                    Some(pin) if pin.is_language() => None,
                    Some(pin) => Some(format!("{moving}, and the policy pins go{pin}")),
                    None => {
                        let newest = Version::parse(&format!("{}.999", line.language()))?;
                        let no = standing.admitted.admit(&newest).err()?;
                        matches!(no, super::tiers::NotAdmitted::Unlisted { .. }).then(|| {
                            let (tier, listed) = (standing.tier_name(), standing.admitted.listed());
                            format!("{moving}, and tier {tier} admits {listed}")
                        })
                    }
                }
            }),
            Self::Newest(word) => {
                open(format!("`{word}` is whichever Go is newest"), is_fixed, standing)
            }
            Self::Given(name) => open(format!("`{name}` has no default here"), is_fixed, standing),
        }
    }
}

/// Returns what is wrong with a name that leaves the release open, where something decides about it.
fn open(what: String, is_fixed: bool, standing: &Standing<'_>) -> Option<String> {
    if is_fixed || !standing.is_decided() {
        return None;
    }
    Some(match &standing.pin {
        Some(pin) => format!("{what}, and the policy pins go{pin}"),
        None => {
            let (tier, listed) = (standing.tier_name(), standing.admitted.listed());
            format!("{what}, and tier {tier} admits {listed}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(named: Option<Named>) -> String {
        match named {
            None => "none".to_owned(),
            Some(Named::Release(version)) => format!("release {version}"),
            Some(Named::Line(version)) => format!("line {version}"),
            Some(Named::Newest(word) | Named::Given(word)) => format!("newest {word}"),
        }
    }

    #[test]
    fn images_of_go_name_a_go() {
        for (image, expected) in [
            ("golang:1.26.6", "release 1.26.6"),
            ("golang:1.26.6-alpine3.22", "release 1.26.6"),
            ("docker.io/library/golang:1.26", "line 1.26"),
            ("mirror.example:5000/golang:1.26rc1-bookworm", "release 1.26rc1"),
            ("golang", "newest latest"),
            ("golang:alpine", "newest alpine"),
            ("golang@sha256:00", "newest latest"),
            ("cimg/go:1.26.6", "release 1.26.6"),
            ("golangci/golangci-lint:v2", "none"),
            ("alpine:3.22", "none"),
        ] {
            assert_eq!(shown(of_image(image).map(|(named, _)| named)), expected, "{image}");
        }
        assert!(of_image("golang:1.26@sha256:00").unwrap().1);
    }

    #[test]
    fn another_release_keeps_the_rest_of_the_image() {
        for (image, expected) in [
            ("golang:1.25-alpine", "golang:1.26.6-alpine"),
            ("golang:1.25.5-alpine3.22", "golang:1.26.6-alpine3.22"),
            ("golang:1.25", "golang:1.26.6"),
            ("golang", "golang:1.26.6"),
            ("golang:latest", "golang:1.26.6"),
            ("golang:-alpine", "golang:1.26.6-alpine"),
            ("golang:alpine", "golang:1.26.6-alpine"),
            ("golang:windowsservercore-ltsc2025", "golang:1.26.6-windowsservercore-ltsc2025"),
            ("golang:1.25-bookworm@sha256:00", "golang:1.26.6-bookworm"),
            ("golang@sha256:00", "golang:1.26.6"),
            ("mirror.example:5000/library/golang:1", "mirror.example:5000/library/golang:1.26.6"),
            ("cimg/go:1.25.5-node", "cimg/go:1.26.6-node"),
        ] {
            assert_eq!(with_release(image, "1.26.6"), expected, "{image}");
        }
    }

    #[test]
    fn ci_files_name_a_go() {
        for (text, expected) in [
            ("1.26.6", "release 1.26.6"),
            ("1.26", "line 1.26"),
            ("1.20", "line 1.20"),
            ("1.26.x", "line 1.26"),
            ("^1.26.1", "line 1.26"),
            ("~1.26", "line 1.26"),
            (">=1.26.0", "newest >=1.26.0"),
            ("stable", "newest stable"),
            ("1.27.0-rc.1", "release 1.27.0-rc.1"),
            ("${{ matrix.go }}", "none"),
            ("", "none"),
        ] {
            assert_eq!(shown(of_setup(text)), expected, "{text}");
        }
    }
}
