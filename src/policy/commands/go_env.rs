//! `$(go env NAME)`, answered as Go would: from the environment, the user's go/env file and `$GOROOT/go.env`.
//!
//! In: a name, the variables, the SDK of this policy. Out: the value, or an error where Go would have to be run
//! to know it. Order and defaults are those of cmd/go: docs/language.md.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::env::Bytes;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::Evaluator;
use crate::policy::text::Span;

/// Names whose value is what some layer says, and else empty.
const EMPTY_BY_DEFAULT: &[&str] = &["GOBIN", "GOFLAGS", "GOINSECURE", "GOPRIVATE"];

/// Names whose value is what some layer says, and else a thing that only Go knows.
const WHERE_SET: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_ENABLED",
    "CGO_FFLAGS",
    "CGO_LDFLAGS",
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
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GOPROXY",
    "GORISCV64",
    "GOSUMDB",
    "GOTELEMETRYDIR",
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
        let answer = match shown.as_str() {
            "GOVERSION" => self.go_version(),
            "GOROOT" => self.goroot(),
            "GOTOOLDIR" => self.goroot().map(|root| {
                let host = format!("/pkg/tool/{}_{}", host_os(), host_arch());
                [root.as_slice(), host.as_bytes()].concat()
            }),
            "GOENV" => self.user_file(),
            "GOHOSTOS" => Some(host_os().into()),
            "GOHOSTARCH" => Some(host_arch().into()),
            "GOOS" => self.layered("GOOS", span)?.or_else(|| Some(host_os().into())),
            "GOARCH" => self.layered("GOARCH", span)?.or_else(|| Some(host_arch().into())),
            "GOEXE" => self.layered("GOOS", span)?.map_or(Some(Bytes::new()), |os| {
                Some(if os == b"windows" { b".exe".to_vec() } else { Bytes::new() })
            }),
            "GOPATH" => self.gopath(span)?,
            "GOMODCACHE" => self.gomodcache(span)?,
            "GOCACHE" => self.layered("GOCACHE", span)?.or_else(|| self.gocache()),
            "GONOPROXY" | "GONOSUMDB" => match self.layered(&shown, span)? {
                Some(value) => Some(value),
                None => Some(self.layered("GOPRIVATE", span)?.unwrap_or_default()),
            },
            known if EMPTY_BY_DEFAULT.contains(&known) => {
                Some(self.layered(known, span)?.unwrap_or_default())
            }
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
        let outer = self.scope.exported(name.as_bytes()).filter(|value| !value.is_empty());
        if let Some(value) = outer {
            return Ok(Some(value.to_vec()));
        }
        let mut files = Vec::new();
        files.extend(self.user_file().filter(|file| file != b"off"));
        match self.goroot() {
            Some(root) => files.push([root.as_slice(), b"/go.env"].concat()),
            // Another Go's file may set any of these; GOPATH and the like it does not in practice.
            None if matches!(name, "GOPROXY" | "GOSUMDB" | "GOTOOLCHAIN") => return Ok(None),
            None => {}
        }
        for file in files {
            let path = Path::new(OsStr::from_bytes(&file)).to_path_buf();
            let data = self.host.data(&path).map_err(|refusal| self.refused(refusal, span))?;
            if let Some(value) = data.and_then(|data| line_of(&data, name)) {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Returns the path of the user's go/env file, or `off`.
    fn user_file(&self) -> Option<Bytes> {
        let exported = |name: &[u8]| self.scope.exported(name).filter(|value| !value.is_empty());
        if let Some(file) = exported(b"GOENV") {
            return Some(file.to_vec());
        }
        if host_os() != "linux" {
            return None;
        }
        if let Some(directory) = exported(b"XDG_CONFIG_HOME") {
            return Some([directory, b"/go/env"].concat());
        }
        exported(b"HOME").map(|home| [home, b"/.config/go/env"].concat())
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
        let home = self.scope.exported(b"HOME").filter(|home| !home.is_empty());
        let Some(path) = home.map(|home| [home, b"/go"].concat()) else { return Ok(None) };
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

    fn gocache(&self) -> Option<Bytes> {
        if host_os() != "linux" {
            return None;
        }
        let exported = |name: &[u8]| self.scope.exported(name).filter(|value| !value.is_empty());
        match exported(b"XDG_CACHE_HOME") {
            Some(directory) => Some([directory, b"/go-build"].concat()),
            None => exported(b"HOME").map(|home| [home, b"/.cache/go-build"].concat()),
        }
    }
}

/// Returns the value of `name` in a go/env file: `NAME=value` lines, the last one counts.
fn line_of(data: &[u8], name: &str) -> Option<Bytes> {
    let lines = data.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut values =
        lines.filter_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    values.next_back().map(<[u8]>::to_vec).filter(|value| !value.is_empty())
}

fn host_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn host_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
