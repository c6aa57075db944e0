//! A binary and what was found, for people and for programs.
//!
//! Values in, text out. The JSON has the fields of `go version -m -json` and goenv's own: docs/reference.md, section
//! "inspect --json". The block for people has a label and its facts a line, then the findings with their cures.

use serde::Serialize;

use super::Binary;
use super::info::{BuildInfo, Module};
use crate::check::Finding;
use crate::check::format::Colour;
use crate::check::rules::Level;
use crate::ui::{self, safe};

/// A binary that was read and judged.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The path as it was given.
    pub file: String,
    /// The digest of the file, in hexadecimal.
    pub sha256: String,
    /// What it is.
    pub binary: Binary,
    /// The tier that it was judged by.
    pub tier: Option<String>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What the policy silenced, each with the reason.
    pub silenced: Vec<(Finding, String)>,
}

impl Inspected {
    /// Returns one that is not judged yet.
    pub fn new(file: String, sha256: String, binary: Binary) -> Self {
        Self { file, sha256, binary, tier: None, findings: Vec::new(), silenced: Vec::new() }
    }
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    info: &'a BuildInfo,
    file: &'a str,
    sha256: &'a str,
    format: &'static str,
    interpreter: Option<String>,
    needed: Vec<String>,
    pie: bool,
    r#static: bool,
    tier: Option<&'a str>,
    findings: Vec<Found<'a>>,
    silenced: Vec<Silenced<'a>>,
}

#[derive(Serialize)]
struct Silenced<'a> {
    id: &'static str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'static str,
    level: &'static str,
    message: &'a str,
    help: &'a str,
}

/// Returns the JSON of binaries: an array, one object each.
pub fn json(inspected: &[Inspected]) -> Vec<u8> {
    let outputs: Vec<Output<'_>> = inspected.iter().map(output).collect();
    ui::json(&outputs)
}

fn output(inspected: &Inspected) -> Output<'_> {
    let Inspected { file, sha256, binary, tier, findings, silenced } = inspected;
    let Binary { info, format, linkage } = binary;
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    Output {
        info,
        file,
        sha256,
        format: format.name(),
        interpreter: linkage.interpreter.as_ref().map(text),
        needed: linkage.needed.iter().map(text).collect(),
        pie: linkage.pie,
        r#static: linkage.is_static(),
        tier: tier.as_deref(),
        findings: findings.iter().map(found).collect(),
        silenced: silenced
            .iter()
            .map(|(finding, reason)| Silenced { id: finding.rule.id(), reason })
            .collect(),
    }
}

fn found(finding: &Finding) -> Found<'_> {
    let Finding { rule, message, help, .. } = finding;
    Found { id: rule.id(), level: finding.level().name(), message, help }
}

/// Returns the block for people.
pub fn text(inspected: &Inspected, colour: Colour) -> String {
    let Inspected { file, sha256, binary, tier, findings, silenced } = inspected;
    let mut text = format!("{}\n", colour.paint("1", &safe(file.as_bytes())));
    let mut lines = facts(binary);
    lines.push(("sha256", sha256.clone()));
    lines.extend(tier.clone().map(|tier| ("tier", tier)));
    for (label, fact) in lines {
        text += &format!("  {label:<10}{}\n", safe(fact.as_bytes()));
    }
    for finding in findings {
        let code = match finding.level() {
            Level::Error => "1;31",
            Level::Warning => "1;33",
        };
        let head = format!("{}[{}]", finding.level().name(), finding.rule.id());
        let (head, help) = (colour.paint(code, &head), colour.paint("36", "help:"));
        text += &format!("  {head}: {}\n    {help} {}\n", finding.message, finding.help);
    }
    for (finding, reason) in silenced {
        let id = finding.rule.id();
        text += &format!("  silenced[{id}]: {}\n", safe(reason.as_bytes()));
    }
    text
}

/// Returns what is known of a binary, a label and its facts a line.
fn facts(binary: &Binary) -> Vec<(&'static str, String)> {
    let Binary { info, format, linkage } = binary;
    let mut facts = vec![("go", info.go_version.clone())];
    if !info.path.is_empty() {
        facts.push(("main", info.path.clone()));
    }
    if !info.main.path.is_empty() {
        facts.push(("module", module(&info.main)));
    }
    if !info.deps.is_empty() {
        let replaced = info.deps.iter().filter(|module| module.replace.is_some()).count();
        let replaced = if replaced == 0 { String::new() } else { format!(", {replaced} replaced") };
        facts.push(("modules", format!("{}{replaced}", info.deps.len())));
    }
    facts.push(("platform", format!("{format}{}", platform(info))));
    let mut linked = match linkage.is_static() {
        true => "static".to_owned(),
        false => {
            let parts = linkage.interpreter.iter().chain(&linkage.needed);
            let parts: Vec<String> = parts.map(|part| safe(part)).collect();
            format!("dynamic: {}", parts.join(", "))
        }
    };
    linked += if linkage.pie { ", position independent" } else { "" };
    facts.push(("linked", linked));
    let built = built(info);
    if !built.is_empty() {
        facts.push(("built", built.join(", ")));
    }
    facts.extend(info.setting("DefaultGODEBUG").map(|value| ("godebug", value.to_owned())));
    facts.extend(commit(info).map(|commit| ("commit", commit)));
    facts
}

fn module(module: &Module) -> String {
    let replaced = module.replace.as_ref().map(|by| format!(" => {} {}", by.path, by.version));
    format!("{} {}{}", module.path, module.version, replaced.unwrap_or_default())
}

/// Returns ` linux/amd64 (GOAMD64=v1)`.
fn platform(info: &BuildInfo) -> String {
    let (Some(os), Some(arch)) = (info.setting("GOOS"), info.setting("GOARCH")) else {
        return String::new();
    };
    let level = info.settings.iter().find(|setting| {
        setting.key.starts_with("GO") && setting.key.get(2..) == Some(&arch.to_uppercase())
    });
    let level = level.map(|level| format!(" ({}={})", level.key, level.value));
    format!(" {os}/{arch}{}", level.unwrap_or_default())
}

/// Returns the settings that say how far the binary is from a plain static build.
fn built(info: &BuildInfo) -> Vec<String> {
    let mut built = Vec::new();
    match info.setting("CGO_ENABLED") {
        Some("0") => built.push("cgo off".to_owned()),
        Some("1") => built.push("cgo on".to_owned()),
        _ => {}
    }
    if !info.settings.is_empty() {
        let is_trimmed = info.setting("-trimpath") == Some("true");
        built.push(if is_trimmed { "trimmed" } else { "not trimmed" }.to_owned());
    }
    for key in [
        "-buildmode",
        "-compiler",
        "-ldflags",
        "-tags",
        "-race",
        "-cover",
        "GOEXPERIMENT",
        "GOFIPS140",
    ] {
        let usual = matches!(
            (key, info.setting(key)),
            ("-buildmode", Some("exe")) | ("-compiler", Some("gc"))
        );
        if let Some(value) = info.setting(key).filter(|_| !usual) {
            built.push(format!("{key}={value}"));
        }
    }
    built
}

/// Returns `git 9fceb02… 2026-11-22T06:43:00Z, clean`.
fn commit(info: &BuildInfo) -> Option<String> {
    let mut text = format!("{} {}", info.setting("vcs")?, info.setting("vcs.revision")?);
    if let Some(time) = info.setting("vcs.time") {
        text += &format!(" of {time}");
    }
    text += match info.setting("vcs.modified") {
        Some("true") => ", with uncommitted changes",
        Some("false") => ", clean",
        _ => "",
    };
    Some(text)
}
