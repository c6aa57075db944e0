//! `$(go env NAME)`, answered as Go would: from the environment, the user's go/env file and `$GOROOT/go.env`.
//!
//! In: a name, the variables, the SDK of this policy. Out: the value, or an error where Go would have to be run
//! to know it. Order and defaults are those of cmd/go: docs/language.md.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::env::{Bytes, list};
use crate::go::host;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::Evaluator;
use crate::policy::text::Span;

/// Names whose value is what some layer says, and else empty.
const EMPTY_BY_DEFAULT: &[&str] = &["GOBIN", "GOFLAGS", "GOINSECURE", "GOPRIVATE"];

/// Flags that Go takes apart.
const FLAGS: &[&str] = &["CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS"];

/// Names whose value is what some layer says, and else a thing that only Go knows.
const WHERE_SET: &[&str] = &[
    "AR",
    "CC",
    "CXX",
    "FC",
    "GCCGO",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOAUTH",
    "GOCACHEPROG",
    "GODEBUG",
    "GOFIPS140",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GOPROXY",
    "GORISCV64",
    "GOSUMDB",
    "GOTMPDIR",
    "GOTOOLCHAIN",
    "GOVCS",
    "GOWASM",
    "PKG_CONFIG",
];

impl Evaluator<'_> {
    /// Returns what `go env NAME` prints.
    pub(super) fn go_env(&mut self, name: &[u8], span: Span) -> Result<Bytes, PolicyError> {
        let shown = String::from_utf8_lossy(name).into_owned();
        if self.wanted.sdk.is_none() {
            let path = self.value(b"PATH", span)?.unwrap_or_default();
            if self.host.program(b"go", &path).is_none() {
                let message = "`go env` needs a Go, and none is on PATH";
                return Err(self.text.error(span, message).hint("use go 1.26.6"));
            }
        }
        let gopath = self.gopath(span)?.unwrap_or_default();
        if list::entries(&gopath).any(|entry| !matches!(entry, [] | [b'/', ..])) {
            let message = "`go env` fails here: a path in GOPATH is not absolute";
            return Err(self.text.error(span, message).hint("export GOPATH=~/go"));
        }
        let answer = match shown.as_str() {
            "GOVERSION" => self.go_version(),
            "GOROOT" => self.goroot(),
            "GOTOOLDIR" => self.goroot().map(|root| {
                let host = format!("/pkg/tool/{}_{}", host::os(), host::arch());
                [root.as_slice(), host.as_bytes()].concat()
            }),
            "GOENV" => Some(self.user_file(span)?.unwrap_or_default()),
            "GOHOSTOS" => Some(host::os().into()),
            "GOHOSTARCH" => Some(host::arch().into()),
            "GOOS" => self.layered("GOOS", span)?.or_else(|| Some(host::os().into())),
            "GOARCH" => self.layered("GOARCH", span)?.or_else(|| Some(host::arch().into())),
            "GOEXE" => self.layered("GOOS", span)?.map_or(Some(Bytes::new()), |os| {
                Some(if os == b"windows" { b".exe".to_vec() } else { Bytes::new() })
            }),
            "GOPATH" => self.gopath(span)?,
            "GOMODCACHE" => self.gomodcache(span)?,
            "GOCACHE" => self.gocache(span)?,
            "CGO_ENABLED" => self.layered("CGO_ENABLED", span)?.filter(|v| v == b"0" || v == b"1"),
            "GONOPROXY" | "GONOSUMDB" => match self.layered(&shown, span)? {
                Some(value) => Some(value),
                None => Some(self.layered("GOPRIVATE", span)?.unwrap_or_default()),
            },
            known if EMPTY_BY_DEFAULT.contains(&known) => {
                Some(self.layered(known, span)?.unwrap_or_default())
            }
            flags if FLAGS.contains(&flags) => self.layered(flags, span)?.filter(|v| is_plain(v)),
            known if WHERE_SET.contains(&known) => self.layered(known, span)?,
            _ => None,
        };
        answer.ok_or_else(|| {
            let message = format!("only Go itself knows what `go env {shown}` prints here");
            self.text.error(span, message).hint("write the value out")
        })
    }

    /// Returns what the environment, the user's file or the SDK's file says; empty counts as unset.
    fn layered(&mut self, name: &str, span: Span) -> Result<Option<Bytes>, PolicyError> {
        if let Some(value) = self.exported(name.as_bytes()) {
            return Ok(Some(value.to_vec()));
        }
        // What the user's file sets to nothing the SDK's does not set again.
        if let Some(file) = self.user_file(span)?
            && let Some(value) = self.lines_of(&file, name, span)?.pop()
        {
            return Ok(Some(value).filter(|value| !value.is_empty()).or_else(|| nothing(name)));
        }
        match self.goroot() {
            Some(root) => {
                let file = [root.as_slice(), b"/go.env"].concat();
                let values = self.lines_of(&file, name, span)?;
                Ok(values.into_iter().next().filter(|value| !value.is_empty()))
            }
            // Another Go's file may set GOPROXY, GOSUMDB and GOTOOLCHAIN; GOPATH and the like it does not in practice.
            None => Ok(None),
        }
    }

    /// Returns the values of `name` in a go/env file, in order: `NAME=value` lines, to the byte.
    fn lines_of(&mut self, file: &[u8], name: &str, span: Span) -> Result<Vec<Bytes>, PolicyError> {
        let path = Path::new(OsStr::from_bytes(file)).to_path_buf();
        let data = self.host.data(&path).map_err(|refusal| self.refused(refusal, span))?;
        let data = data.unwrap_or_default();
        let lines = data.split(|byte| *byte == b'\n');
        let values =
            lines.filter_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        Ok(values.map(<[u8]>::to_vec).collect())
    }

    /// Returns the path of the user's go/env file, where there can be one.
    fn user_file(&self, span: Span) -> Result<Option<Bytes>, PolicyError> {
        if let Some(file) = self.exported(b"GOENV") {
            return match file {
                b"off" => Ok(None),
                [b'/', ..] => Ok(Some(file.to_vec())),
                _ => {
                    let message = "`go env` reads GOENV from where it runs: it is not absolute";
                    Err(self.text.error(span, message).hint("export GOENV=\"$PWD/go.env\""))
                }
            };
        }
        Ok(self.below("XDG_CONFIG_HOME", "/.config").map(|path| [&path, &b"/go/env"[..]].concat()))
    }

    /// Returns a directory of the user's as Go finds it: not where the variable holds a relative path.
    fn below(&self, variable: &str, of_home: &str) -> Option<Bytes> {
        if host::os() != "linux" {
            return None;
        }
        match self.exported(variable.as_bytes()) {
            Some(path) => Some(path.to_vec()).filter(|path| path.starts_with(b"/")),
            None => Some([self.exported(b"HOME")?, of_home.as_bytes()].concat()),
        }
    }

    /// Returns the value of an exported variable; empty counts as unset.
    fn exported(&self, name: &[u8]) -> Option<&[u8]> {
        self.scope.exported(name).filter(|value| !value.is_empty())
    }

    fn go_version(&self) -> Option<Bytes> {
        let (_, found) = self.wanted.sdk.as_ref()?;
        Some(format!("go{}", found.version).into_bytes())
    }

    fn goroot(&self) -> Option<Bytes> {
        let (_, found) = self.wanted.sdk.as_ref()?;
        Some(found.root.as_os_str().as_bytes().to_vec())
    }

    fn gopath(&mut self, span: Span) -> Result<Option<Bytes>, PolicyError> {
        if let Some(path) = self.layered("GOPATH", span)? {
            return Ok(Some(path));
        }
        let Some(path) = self.exported(b"HOME").map(|home| [home, b"/go"].concat()) else {
            return Ok(None);
        };
        // A GOPATH that is the GOROOT counts as none; a Go that is not ours may be just there.
        let known = self.goroot();
        Ok(match known {
            Some(root) if root == path => Some(Bytes::new()),
            _ => Some(path),
        })
    }

    fn gomodcache(&mut self, span: Span) -> Result<Option<Bytes>, PolicyError> {
        if let Some(path) = self.layered("GOMODCACHE", span)? {
            return Ok(Some(path));
        }
        let path = self.gopath(span)?.unwrap_or_default();
        let first = path.split(|byte| *byte == b':').next().unwrap_or_default();
        Ok((!first.is_empty()).then(|| [first, b"/pkg/mod"].concat()))
    }

    fn gocache(&mut self, span: Span) -> Result<Option<Bytes>, PolicyError> {
        let path = match self.layered("GOCACHE", span)? {
            Some(path) => Some(path),
            None if host::os() != "linux" => return Ok(None),
            None => self
                .below("XDG_CACHE_HOME", "/.cache")
                .map(|path| [&path, &b"/go-build"[..]].concat()),
        };
        Ok(Some(path.filter(|path| path.starts_with(b"/")).unwrap_or_else(|| b"off".to_vec())))
    }
}

/// Returns whether flags are words with single blanks between them: anything else Go takes apart and quotes anew.
fn is_plain(flags: &[u8]) -> bool {
    let mut words = flags.split(|byte| *byte == b' ');
    let is_word = |word: &[u8]| {
        !word.is_empty()
            && !word.iter().any(|byte| byte.is_ascii_whitespace() || b"'\"\\".contains(byte))
    };
    words.all(is_word)
}

/// Returns what a name is that the user's file sets to nothing: nothing, where that is not the default.
fn nothing(name: &str) -> Option<Bytes> {
    matches!(name, "GOPROXY" | "GOSUMDB" | "GOTOOLCHAIN").then(Bytes::new)
}
