//! Whether a tier admits a binary.
//!
//! A binary and what holds in a directory go in, findings come out, by the rules GOENV501 to GOENV507 and GOENV402 of
//! the gate. Which Go built it matters in every tier that says which Go may run; the rest matters in production,
//! where what is not recorded counts as not done. docs/gate.md, section "Binaries".

use std::path::Path;

use super::Binary;
use super::image::until_nul;
use super::layout::Format;
use crate::check::Finding;
use crate::check::rules::Rule;
use crate::check::standing::{Standing, Standings};
use crate::go::Version;
use crate::ui::safe;

/// GODEBUG settings that switch a protection off, and what they bring back.
const WEAK: &[(&str, &str, &str)] = &[
    ("execerrdot", "0", "programs run from the current directory"),
    ("httpcookiemaxnum", "0", "any number of cookies"),
    ("httplaxcontentlength", "1", "invalid Content-Length"),
    ("rsa1024min", "0", "short RSA keys"),
    ("tls10server", "1", "TLS 1.0"),
    ("tls3des", "1", "3DES in TLS"),
    ("tlsmlkem", "0", "no post-quantum key exchange"),
    ("tlsrsakex", "1", "TLS without forward secrecy"),
    ("tlssha1", "1", "SHA-1 in TLS"),
    ("tlsunsafeekm", "1", "unsafe keying material in TLS"),
    ("urlmaxqueryparams", "0", "any number of query parameters"),
    ("x509negativeserial", "1", "invalid certificates"),
    ("x509sha1", "1", "SHA-1 certificates"),
    ("x509usepolicies", "0", "certificate policies unchecked"),
];

/// Systems with ELF on which every program is loaded and linked to the system's library.
const DYNAMIC: &[&str] = &["android", "illumos", "openbsd", "solaris"];

/// Returns what keeps a binary out of the tier, in the order of the rules.
pub fn judge(
    binary: &Binary,
    path: &Path,
    standing: &Standing<'_>,
    standings: &Standings<'_>,
) -> Vec<Finding> {
    let judge = Judge { binary, path, standing };
    let mut findings = judge.toolchain(standings);
    if standing.admitted.is_production() {
        let rest = [judge.linkage(), judge.build(), judge.godebug()];
        findings.extend(rest.into_iter().flatten());
    }
    findings.sort_by_key(|finding| finding.rule);
    findings
}

struct Judge<'a> {
    binary: &'a Binary,
    path: &'a Path,
    standing: &'a Standing<'a>,
}

impl Judge<'_> {
    fn finding(&self, rule: Rule, message: impl Into<String>) -> Finding {
        Finding::new(rule, self.path, message)
    }

    fn setting(&self, key: &str) -> Option<&str> {
        self.binary.info.setting(key)
    }

    /// Which Go built it.
    fn toolchain(&self, standings: &Standings<'_>) -> Vec<Finding> {
        let name = &self.binary.info.go_version;
        let admitted = &self.standing.admitted;
        let Some(version) = Version::from_toolchain(name) else {
            // A development tree is no release, so no list can hold it.
            let is_open = !self.standing.is_decided() && !admitted.is_limited();
            if is_open && !admitted.is_production() {
                return Vec::new();
            }
            let message =
                format!("built with `{}`, which is no release of Go", safe(name.as_bytes()));
            return vec![self.finding(Rule::BuiltWith, message)];
        };
        // Lists say what may run; without one the policy's own Go does.
        let wrong = match admitted.admit(&version) {
            Err(no) => Some(format!("go{version} {no}")),
            Ok(()) if admitted.is_listed() => None,
            Ok(()) => self.standing.exact(&version),
        };
        let wrong = wrong.map(|wrong| self.finding(Rule::BuiltWith, safe(wrong.as_bytes())));
        let old = standings.ended(&version).map(|old| {
            self.finding(Rule::EndOfLife, old).help("Build it again with a supported release")
        });
        wrong.into_iter().chain(old).collect()
    }

    /// Whether the policy asks for cgo: then the C library is asked for too.
    fn wants_cgo(&self) -> bool {
        let wanted = self.standing.policy.and_then(|policy| policy.evaluated());
        wanted.is_some_and(|wanted| {
            let sets_it = wanted.origins.iter().any(|(name, _)| name == b"CGO_ENABLED");
            sets_it && wanted.env.get("CGO_ENABLED") == Some(b"1")
        })
    }

    /// What it needs beside itself.
    fn linkage(&self) -> Vec<Finding> {
        let linkage = &self.binary.linkage;
        let system = self.setting("GOOS").unwrap_or_default();
        let can_be_static = self.binary.format == Format::Elf && !DYNAMIC.contains(&system);
        if !can_be_static || self.wants_cgo() {
            return Vec::new();
        }
        let mut findings = Vec::new();
        if let Some(loader) = &linkage.interpreter {
            let message = format!("is loaded by {}", safe(until_nul(loader)));
            findings.push(self.finding(Rule::Loader, message));
        }
        if !linkage.needed.is_empty() {
            let names: Vec<String> = linkage.needed.iter().map(|name| safe(name)).collect();
            findings.push(self.finding(Rule::Libraries, format!("needs {}", names.join(", "))));
        }
        findings
    }

    /// How it was built.
    fn build(&self) -> Vec<Finding> {
        let tier = self.standing.tier_name();
        let mut findings = Vec::new();
        let cgo = match self.setting("CGO_ENABLED") {
            Some("0") => None,
            Some("1") => Some(format!("built with cgo, which tier {tier} does without")),
            _ => Some("does not record whether it was built with cgo".to_owned()),
        };
        if let Some(message) = cgo.filter(|_| !self.wants_cgo()) {
            findings.push(self.finding(Rule::Cgo, message));
        }
        if self.setting("-trimpath") != Some("true") {
            let message = "built without -trimpath, so it holds paths of the machine that built it";
            findings.push(self.finding(Rule::Untrimmed, message));
        }
        let is_dirty = self.setting("vcs.modified") == Some("true")
            || self.binary.info.main.version.ends_with("+dirty");
        if is_dirty {
            let message = match self.setting("vcs.revision") {
                Some(revision) => {
                    let revision = safe(revision.as_bytes());
                    format!("built from {revision} with changes that were not committed")
                }
                None => "built with changes that were not committed".to_owned(),
            };
            findings.push(self.finding(Rule::Dirty, message));
        }
        findings
    }

    /// Which protections its defaults switch off.
    fn godebug(&self) -> Vec<Finding> {
        let settings = self.setting("DefaultGODEBUG").unwrap_or_default();
        let weak = settings.split(',').filter_map(|setting| setting.split_once('='));
        let weak = weak.filter_map(|(name, value)| {
            let found = WEAK.iter().find(|(weak, bad, _)| *weak == name && *bad == value);
            found.map(|(_, _, what)| format!("{name}={value} ({what})"))
        });
        let weak: Vec<String> = weak.collect();
        if weak.is_empty() {
            return Vec::new();
        }
        vec![self.finding(Rule::Godebug, format!("its defaults are {}", weak.join(", ")))]
    }
}

#[cfg(test)]
mod tests;
