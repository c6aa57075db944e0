//! What the gate found, in the form that a person, a program or a forge reads.
//!
//! A report and the facts that it is about go in, bytes go out. The same findings stand in every form; a secret's
//! line is shown in none. docs/gate.md, section "Formats".

mod github;
mod gitlab;
mod json;
mod sarif;
mod text;

use std::path::Path;

use super::facts::Facts;
use super::kind::Kind;
use super::lines::line;
use super::rules::Rule;
use super::{Finding, Report};
use crate::env::Bytes;

pub use text::{Colour, summary, unordered};

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people: lines with carets, and a cure for each finding
    #[default]
    Text,
    /// For programs: docs/gate.md
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A code quality report for GitLab
    Gitlab,
}

impl Form {
    /// Returns the report in this form.
    pub fn print(self, report: &Report, facts: &Facts, colour: Colour) -> Bytes {
        match self {
            Self::Text => text::print(report, facts, colour),
            Self::Json => json::print(report),
            Self::Sarif => sarif::print(report, facts),
            Self::Github => github::print(report),
            Self::Gitlab => gitlab::print(report),
        }
    }
}

/// Returns the line that a finding is about, where it may be shown.
fn source<'a>(finding: &Finding, facts: &'a Facts) -> Option<&'a [u8]> {
    let hidden = matches!(finding.rule, Rule::Secret | Rule::Password);
    let file = facts.file(&finding.path).filter(|_| !hidden)?;
    // Nobody knows which part of a line is the value where the line is no assignment.
    if file.kind == Kind::Dotenv && finding.rule == Rule::PolicyError {
        return None;
    }
    // Two findings may stand on one line: a secret stays hidden whatever else is said of it.
    let text = line(&file.bytes, finding.line);
    (!super::secrets::stands_in(text)).then_some(text)
}

/// Returns a path for machines: `/` between its parts, and nothing that a terminal acts on.
fn slashed(path: &Path) -> String {
    // The root itself, where it cannot be read.
    if path.as_os_str().is_empty() {
        return ".".to_owned();
    }
    path.to_string_lossy().into_owned()
}

/// Returns what stays the same when lines move: 32 hexadecimal digits of the rule, the file and the message.
fn fingerprint(finding: &Finding) -> String {
    let text = format!("{}\0{}\0{}", finding.rule.id(), slashed(&finding.path), finding.message);
    let digest = crate::hex::sha256_hex(text.as_bytes());
    digest.get(..32).unwrap_or(&digest).to_owned()
}
