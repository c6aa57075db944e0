//! Which toolchain plain `go` would run: the go command's own choice, computed without running it.
//!
//! Inputs by value: GOTOOLCHAIN as [`setting`] resolves it, the version of the go that PATH finds, and the one
//! go.work or go.mod that counts. Follows `cmd/go/internal/toolchain.Select`; what a member module of a workspace
//! asks for beyond that is the module loader's business and shows in [`refusal`].

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::modfile::{self, ModFile};
use super::version::Version;
use crate::env::Env;

/// The module file that counts in a directory: go.work if there is one, else the nearest go.mod.
#[derive(Clone, Copy, Debug)]
pub struct Counting<'a> {
    /// Which of the two it is.
    pub kind: ModFile,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// What plain `go` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// It runs itself.
    Local,
    /// It runs the toolchain of that name, from PATH or, unless that is all it may do, from a download.
    Switch {
        /// The name looked for: `go1.26.6`.
        name: String,
        /// Where it may come from.
        from: From,
        /// What asked for it.
        because: Because,
    },
}

/// Where a toolchain may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// PATH alone.
    Path,
    /// PATH, then a download.
    PathOrDownload,
}

/// What asked for a toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// GOTOOLCHAIN.
    Setting,
    /// The `go` line.
    GoLine,
    /// The `toolchain` line.
    ToolchainLine,
}

/// Why the go command refuses to start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// GOTOOLCHAIN is none of Go's forms.
    #[error(
        "invalid GOTOOLCHAIN `{0}`: expected local, auto, path, go1.26.6, or one of these with +auto or +path"
    )]
    Setting(String),
    /// The toolchain line names none.
    #[error("invalid toolchain `{name}` in {file}: expected one like go1.26.6, or default")]
    Line {
        /// The name.
        name: String,
        /// The file's name.
        file: &'static str,
    },
}

/// Computes what the go command of version `local` (a toolchain name: `go1.26.6`) does under `gotoolchain`.
pub fn select(
    gotoolchain: &str,
    local: &str,
    file: Option<Counting<'_>>,
) -> Result<Selection, Invalid> {
    if gotoolchain.is_empty() {
        return Ok(Selection::Local);
    }
    let invalid = || Invalid::Setting(gotoolchain.to_owned());
    let (minimum, mode) = match gotoolchain {
        "auto" | "path" => ("local", Some(gotoolchain)),
        _ => match gotoolchain.split_once('+') {
            Some((minimum, mode @ ("auto" | "path"))) => (minimum, Some(mode)),
            Some(_) => return Err(invalid()),
            None => (gotoolchain, None),
        },
    };
    let mut because = Because::Setting;
    let mut name = if minimum == "local" { local } else { minimum }.to_owned();
    // A development build of Go has no version that compares; it is then the lowest.
    let mut version = Version::from_toolchain(&name);
    if version.is_none() && minimum != "local" {
        return Err(invalid());
    }
    if let (Some(file), Some(_)) = (file, mode) {
        raise(&mut name, &mut version, &mut because, file)?;
    }
    if name == local {
        return Ok(Selection::Local);
    }
    if !name.starts_with("go1") && !name.contains("-go1") {
        return Err(Invalid::Setting(name));
    }
    let from = if mode == Some("path") { From::Path } else { From::PathOrDownload };
    Ok(Selection::Switch { name, from, because })
}

/// Raises the choice to what the file's lines ask for.
fn raise(
    name: &mut String,
    version: &mut Option<Version>,
    because: &mut Because,
    file: Counting<'_>,
) -> Result<(), Invalid> {
    let value = |key| modfile::lookup(file.bytes, key).map(|word| word.text).unwrap_or_default();
    let (go, toolchain) = (value("go"), value("toolchain"));
    if toolchain == "default" {
        return Ok(());
    }
    if !toolchain.is_empty() {
        let Some(wanted) = Version::from_toolchain(&toolchain) else {
            return Err(Invalid::Line { name: toolchain, file: file.kind.name() });
        };
        if version.as_ref().is_none_or(|least| wanted > *least) {
            (*name, *version, *because) = (toolchain, Some(wanted), Because::ToolchainLine);
        }
    }
    let Some(wanted) = Version::parse(&go) else { return Ok(()) };
    if version.as_ref().is_none_or(|least| wanted > *least) {
        // From 1.21 on a language version is no toolchain: the first release of its line is meant.
        let patch = if wanted.is_language() { ".0" } else { "" };
        *name = format!("go{go}{patch}");
        (*version, *because) = (Some(wanted), Because::GoLine);
    }
    Ok(())
}

/// Returns the refusal of the module loader where `local` may not be replaced: its words for a `go` line too new.
pub fn refusal(local: &Version, gotoolchain: &str, file: Counting<'_>) -> Option<String> {
    // A Go before 1.21 knows no minimum and goes on until something does not compile.
    let strict_since = Version::parse("1.21")?;
    if *local < strict_since {
        return None;
    }
    let go = modfile::lookup(file.bytes, "go")?;
    let wanted = Version::parse(&go.text)?;
    (wanted > *local).then(|| {
        format!(
            "{} requires go >= {} (running go {local}; GOTOOLCHAIN={gotoolchain})",
            file.kind.name(),
            go.text
        )
    })
}

/// Where a setting of the go command comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The environment.
    Environment,
    /// The user's file, written by `go env -w`.
    UserFile,
    /// `go.env` in the SDK.
    Sdk,
}

/// Returns the value of `name` that the go command uses, and the layer that sets it.
///
/// An empty variable counts for nothing; an empty line of a file counts. Built-in defaults are not known here.
pub fn setting(
    name: &str,
    variable: Option<&[u8]>,
    user_file: Option<&[u8]>,
    go_env: Option<&[u8]>,
) -> Option<(String, Layer)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    if let Some(value) = variable.filter(|value| !value.is_empty()) {
        return Some((text(value), Layer::Environment));
    }
    // What one line has set, a later one of the SDK's file does not set again.
    let by_user = user_file.and_then(|file| values(file, name).next_back());
    let by_sdk = || go_env.and_then(|file| values(file, name).next());
    match by_user {
        Some(value) => Some((text(value), Layer::UserFile)),
        None => by_sdk().map(|value| (text(value), Layer::Sdk)),
    }
}

/// Returns the file of `go env -w`: GOENV, unless that is `off`, or go/env in the user's configuration.
pub fn user_file(env: &Env) -> Option<PathBuf> {
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    match env.get("GOENV").unwrap_or_default() {
        b"off" => None,
        b"" => {
            let set = |name: &str| env.get(name).filter(|value| !value.is_empty()).map(path);
            let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
            Some(config?.join("go/env"))
        }
        file => Some(path(file)),
    }
}

/// Returns the values of `name` in a go/env file, in order: `KEY=VALUE`, no quotes.
fn values<'a>(file: &'a [u8], name: &str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    file.split(|byte| *byte == b'\n')
        .filter(|line| line.first().is_some_and(u8::is_ascii_uppercase))
        .filter_map(move |line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(file: &str, gotoolchain: &str, local: &str) -> String {
        let file = Counting { kind: ModFile::Mod, bytes: file.as_bytes() };
        match select(gotoolchain, local, Some(file)) {
            Ok(Selection::Local) => local.to_owned(),
            Ok(Selection::Switch { name, .. }) => name,
            Err(invalid) => invalid.to_string(),
        }
    }

    #[test]
    fn the_choice_is_gos() {
        let bad_setting = |text: &str| {
            format!(
                "invalid GOTOOLCHAIN `{text}`: expected local, auto, path, go1.26.6, or one of these with +auto or +path"
            )
        };
        let bad_line = |name: &str| {
            format!("invalid toolchain `{name}` in go.mod: expected one like go1.26.6, or default")
        };
        for (file, gotoolchain, local, expected) in [
            ("go 1.21", "path", "go1.22.10", "go1.22.10".to_owned()),
            ("go 1.24", "path", "go1.22.10", "go1.24.0".to_owned()),
            ("go 1.24.11", "path", "go1.22.10", "go1.24.11".to_owned()),
            ("go 1.21\ntoolchain go1.26.6", "path", "go1.22.10", "go1.26.6".to_owned()),
            ("go 1.26.6\ntoolchain go1.24.11", "path", "go1.22.10", "go1.26.6".to_owned()),
            ("go 1.21\ntoolchain default", "go1.24.11+path", "go1.22.10", "go1.24.11".to_owned()),
            ("toolchain none", "path", "go1.22.10", bad_line("none")),
            ("toolchain 1.22.10", "path", "go1.21.13", bad_line("1.22.10")),
            ("toolchain go1.22.10-corp", "path", "go1.21.13", "go1.22.10-corp".to_owned()),
            ("toolchain go1.99-/run.sh", "path", "go1.21.13", bad_line("go1.99-/run.sh")),
            ("go 1.27.3", "go1.24.11+path", "go1.22.10", "go1.27.3".to_owned()),
            ("go 1.27.3", "go1.21.13", "go1.27.3", "go1.21.13".to_owned()),
            ("go 1.27.3", "local", "go1.21.13", "go1.21.13".to_owned()),
            ("go 1.27.3", "", "go1.21.13", "go1.21.13".to_owned()),
            ("go 1.022", "path", "go1.22.10", "go1.22.10".to_owned()),
            ("go 1.20", "path", "go1.19.8", "go1.20".to_owned()),
            ("go 1.24.11", "local+auto", "go1.22.10", "go1.24.11".to_owned()),
            ("go 1.24.11", "auto", "go1.24.11", "go1.24.11".to_owned()),
            ("go 1.24.11", "auto", "go1.24.11-corp", "go1.24.11-corp".to_owned()),
            ("", "off", "go1.22.10", bad_setting("off")),
            ("", "1.22.10", "go1.22.10", bad_setting("1.22.10")),
            ("", "go1.24.11+later", "go1.22.10", bad_setting("go1.24.11+later")),
            ("", "local+", "go1.22.10", bad_setting("local+")),
            ("", "go2.0.0", "go1.22.10", bad_setting("go2.0.0")),
            ("", "go1.x", "go1.22.10", bad_setting("go1.x")),
            // A development build is older than everything.
            ("go 1.21", "local+auto", "devel +1a2b", "go1.21.0".to_owned()),
            ("", "local", "devel +1a2b", "devel +1a2b".to_owned()),
        ] {
            assert_eq!(
                choice(file, gotoolchain, local),
                expected,
                "{file:?} {gotoolchain} {local}"
            );
        }
    }

    #[test]
    fn the_choice_says_where_it_comes_from() {
        let choice = |gotoolchain, file: &'static str| {
            let file = Counting { kind: ModFile::Mod, bytes: file.as_bytes() };
            match select(gotoolchain, "go1.22.10", Some(file)).unwrap() {
                Selection::Local => None,
                Selection::Switch { name, from, because } => Some((name, from, because)),
            }
        };
        let go = |patch: &str| format!("go1.26.{patch}");
        for (gotoolchain, file, expected) in [
            ("auto", "go 1.26.6", Some((go("6"), From::PathOrDownload, Because::GoLine))),
            ("path", "go 1.26.6", Some((go("6"), From::Path, Because::GoLine))),
            ("go1.26.6+path", "go 1.26.6", Some((go("6"), From::Path, Because::Setting))),
            ("go1.26.6+auto", "", Some((go("6"), From::PathOrDownload, Because::Setting))),
            ("go1.26.6", "go 1.26.7", Some((go("6"), From::PathOrDownload, Because::Setting))),
            (
                "path",
                "go 1.26.6\ntoolchain go1.26.6",
                Some((go("6"), From::Path, Because::ToolchainLine)),
            ),
            ("auto", "go 1.22.10", None),
            ("auto", "toolchain go1.22.10-x", None),
        ] {
            assert_eq!(choice(gotoolchain, file), expected, "{gotoolchain} {file:?}");
        }
    }

    #[test]
    fn a_module_too_new_is_refused_in_gos_words() {
        let local = Version::read("1.22.10").unwrap();
        let file = |bytes| Counting { kind: ModFile::Mod, bytes };
        assert_eq!(
            refusal(&local, "local", file(b"go 1.24.0\n")).unwrap(),
            "go.mod requires go >= 1.24.0 (running go 1.22.10; GOTOOLCHAIN=local)"
        );
        assert_eq!(refusal(&local, "local", file(b"go 1.22\ntoolchain go1.26.6\n")), None);
        assert_eq!(refusal(&local, "local", file(b"go 1.22.10\n")), None);
        let first = Version::read("1.21").unwrap();
        assert!(refusal(&first, "local", file(b"go 1.24.0\n")).is_some());
        let old = Version::read("1.19.8").unwrap();
        assert_eq!(refusal(&old, "local", file(b"go 1.24.0\n")), None);
    }

    #[test]
    fn a_setting_has_layers() {
        let user = Some(&b"# c\nGOTOOLCHAIN=go1.24.11\nGOPROXY=\nGOTOOLCHAIN=local\n"[..]);
        let sdk = Some(&b"GOTOOLCHAIN=auto\nGOPROXY=x\nGOSUMDB=s\nGOSUMDB=t\n"[..]);
        let of = |name, variable| setting(name, variable, user, sdk);
        let some = |text: &str, layer| Some((text.to_owned(), layer));
        assert_eq!(of("GOTOOLCHAIN", Some(&b"path"[..])), some("path", Layer::Environment));
        assert_eq!(of("GOTOOLCHAIN", Some(&b""[..])), some("local", Layer::UserFile));
        assert_eq!(of("GOTOOLCHAIN", None), some("local", Layer::UserFile));
        assert_eq!(of("GOPROXY", None), some("", Layer::UserFile));
        assert_eq!(of("GOSUMDB", None), some("s", Layer::Sdk));
        assert_eq!(of("GONOSUMDB", None), None);
        assert_eq!(of("PROXY", None), None);
    }
}
