//! goenv's own commands: the SDK of a directory.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Outcome;
use crate::env::Bytes;
use crate::go::Version;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::scope::Exporting;
use crate::policy::text::Span;
use crate::policy::vocabulary::NO_PROGRAM;
use crate::policy::{Directive, SdkFound, SdkWanted};

const OWNED: &str = "`use go` sets GOROOT and GOTOOLCHAIN, and nothing else may in the same policy";

/// Returns the version in the name of a tool that is Go by another name: `golang`, `go1.26.6`.
fn meant(tool: &str) -> Option<String> {
    match tool.strip_prefix("golang").or_else(|| tool.strip_prefix("go"))? {
        "" => Some(String::new()),
        version => {
            Version::read(version.trim_start_matches(['@', '-', '='])).ok().map(|v| v.to_string())
        }
    }
}

impl Evaluator<'_> {
    /// `use go [VERSION] [OS/ARCH=HASH…]`
    pub(super) fn use_tool(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let shown: Vec<String> =
            arguments.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        match arguments.split_first() {
            Some((&b"go", _)) => self.use_go(shown.get(1..).unwrap_or_default(), span),
            Some(_) => {
                let tool = shown.first().map_or("", String::as_str);
                let message = format!("`use {tool}` is not part of the policy language");
                let rest = shown.get(1..).unwrap_or_default().join(" ");
                if let Some(meant) = meant(tool) {
                    let line = format!("use go {meant} {rest}");
                    let hint = format!("did you mean `{}`?", line.trim_end().replace("  ", " "));
                    return Err(self.text.error(span, message).hint(hint).slip());
                }
                let hint = match tool {
                    "nix" | "flake" | "guix" | "devenv" => NO_PROGRAM.to_owned(),
                    _ => {
                        "put the directory of the tool's programs on PATH: PATH_add DIR".to_owned()
                    }
                };
                Err(self.text.error(span, message).hint(hint).beyond())
            }
            None => Err(self.misused(span, "`use` takes the name of a tool: use go 1.26.6")),
        }
    }

    fn use_go(&mut self, arguments: &[String], span: Span) -> Outcome {
        if let Some((at, text, name)) = self.go_set.take() {
            return Err(text.error(at, format!("{name}: {OWNED}")).hint("remove this line"));
        }
        let (version, pins) = match arguments.split_first() {
            Some((first, rest)) if !first.contains('=') => (Some(first.clone()), rest),
            _ => (None, arguments),
        };
        let named = version.as_deref().unwrap_or("VERSION");
        let pins = pins.iter().map(|pin| self.pin(pin, named, span));
        let pins = pins.collect::<Result<_, _>>()?;
        let directory = Path::new(std::ffi::OsStr::from_bytes(&self.directory)).to_path_buf();
        let wanted = SdkWanted { version, pins, directory };
        let found = self.host.sdk(&wanted).map_err(|refusal| self.refused(refusal, span))?;
        let root = found.root.as_os_str().as_bytes().to_vec();
        let earlier = self.wanted.sdk.take();
        // Whatever chose the version, the SDK is one that was found, and its pins are written out.
        self.reads_data.set(false);
        self.assign(b"GOROOT", root.clone(), Exporting::Yes, span)?;
        self.assign(b"GOTOOLCHAIN", b"local".to_vec(), Exporting::Yes, span)?;
        self.go_set = None;
        let mut before = self.list_value(b"PATH", span)?;
        if let Some((_, earlier)) = earlier {
            before = self.without_bin_of(&earlier, before);
        }
        self.put_before(b"PATH", &[&bin(root.as_slice())], &before, span)?;
        self.wanted.sdk = Some((wanted, found));
        Ok(Answer::Yes)
    }

    /// Returns the entries of PATH without the one that an earlier `use go` put there; what stood there outside stays.
    fn without_bin_of(&self, sdk: &SdkFound, path: Bytes) -> Bytes {
        let bin = bin(sdk.root.as_os_str().as_bytes());
        let is_bin = |entry: &&[u8]| *entry == bin;
        let count = |path: &[u8]| path.split(|byte| *byte == b':').filter(is_bin).count();
        if count(&path) <= count(&self.outer_path) {
            return path;
        }
        let mut entries: Vec<_> = path.split(|byte| *byte == b':').collect();
        if let Some(first) = entries.iter().position(is_bin) {
            entries.remove(first);
        }
        entries.join(&b':')
    }

    fn pin(&self, text: &str, version: &str, span: Span) -> Result<(String, String), PolicyError> {
        let pin = text.split_once('=').filter(|(platform, hash)| {
            let platform = platform.split_once('/');
            let named = platform.is_some_and(|(os, arch)| is_name(os) && is_name(arch));
            named && (is_sha256(hash) || is_h1(hash))
        });
        match pin {
            Some((platform, hash)) => Ok((platform.to_owned(), hash.to_owned())),
            None => {
                let message =
                    format!("`{text}` is no pin: OS/ARCH=sha256:… or OS/ARCH=h1:… is expected");
                Err(self
                    .text
                    .error(span, message)
                    .hint(format!("to write pins: goenv pin {version}")))
            }
        }
    }

    /// Keeps `use go` the only one that sets GOROOT and GOTOOLCHAIN.
    pub(in crate::policy) fn note_go(
        &mut self,
        name: &[u8],
        span: Span,
    ) -> Result<(), PolicyError> {
        if !matches!(name, b"GOROOT" | b"GOTOOLCHAIN") {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(name).into_owned();
        if self.wanted.sdk.is_some() {
            return Err(self
                .text
                .error(span, format!("{shown}: {OWNED}"))
                .hint("remove this line"));
        }
        self.go_set.get_or_insert((span, self.text.clone(), shown));
        Ok(())
    }
}

fn bin(root: &[u8]) -> Bytes {
    [root, b"/bin"].concat()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Returns whether `text` is `sha256:` and 64 hexadecimal digits.
fn is_sha256(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether `text` is `h1:` and the base64 of 32 bytes.
fn is_h1(text: &str) -> bool {
    let digits = text.strip_prefix("h1:").unwrap_or_default();
    let base = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    digits.len() == 44 && digits.strip_suffix('=').is_some_and(|body| body.bytes().all(base))
}

/// The variables that `target` may set beside GOOS, GOARCH and CGO_ENABLED.
const TARGET_KEYS: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_FFLAGS",
    "CGO_LDFLAGS",
    "CXX",
    "FC",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOMIPS",
    "GOMIPS64",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
    "PKG_CONFIG",
];

impl Evaluator<'_> {
    /// `target OS/ARCH [cgo=0|1] [KEY=VALUE…]`
    pub(super) fn target(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let usage = "`target` takes OS/ARCH, cgo=0 or cgo=1, and settings such as GOAMD64=v3";
        let Some((platform, settings)) = arguments.split_first() else {
            return Err(self.misused(span, usage).hint("target linux/arm64 cgo=0"));
        };
        let platform = String::from_utf8_lossy(platform).into_owned();
        let Some((os, arch)) =
            platform.split_once('/').filter(|(os, arch)| is_name(os) && is_name(arch))
        else {
            let message = format!("`{platform}` is no platform: OS/ARCH is expected");
            return Err(self.misused(span, message).hint("target linux/arm64 cgo=0"));
        };
        let mut pairs = vec![("GOOS".to_owned(), os.into()), ("GOARCH".to_owned(), arch.into())];
        for setting in settings {
            pairs.push(self.target_setting(setting, span)?);
        }
        for (name, value) in pairs {
            self.assign(name.as_bytes(), value, Exporting::Yes, span)?;
        }
        Ok(Answer::Yes)
    }

    fn target_setting(&self, setting: &[u8], span: Span) -> Result<(String, Vec<u8>), PolicyError> {
        match setting {
            b"cgo=0" => return Ok(("CGO_ENABLED".to_owned(), b"0".to_vec())),
            b"cgo=1" => return Ok(("CGO_ENABLED".to_owned(), b"1".to_vec())),
            _ => {}
        }
        let known = TARGET_KEYS.iter().find_map(|key| {
            let value = setting.strip_prefix(key.as_bytes())?.strip_prefix(b"=")?;
            Some(((*key).to_owned(), value.to_vec()))
        });
        known.ok_or_else(|| {
            let shown = String::from_utf8_lossy(setting);
            let message = format!("`{shown}` is no setting of `target`");
            self.misused(span, message).hint(format!("cgo=0 cgo=1 {}", TARGET_KEYS.join(" ")))
        })
    }

    /// `allow_go`, `deny_go`, `promote`: noted here, enforced by the rules.
    pub(super) fn governance(&mut self, name: &str, arguments: &[&[u8]], span: Span) -> Outcome {
        let (least, usage) = match name {
            "allow_go" => (2, "allow_go prod 1.26.6"),
            "deny_go" => (1, "deny_go 1.26.0 'the reason'"),
            _ => (2, "promote dev staging prod"),
        };
        if arguments.len() < least {
            let message = format!("`{name}` takes more words");
            return Err(self.misused(span, message).hint(usage));
        }
        let arguments = arguments.iter().map(|argument| argument.to_vec()).collect();
        let place = self.place(span);
        self.wanted.governance.push(Directive { name: name.to_owned(), arguments, place });
        Ok(Answer::Yes)
    }
}
