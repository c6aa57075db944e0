//! The form for programs. Fields may be added; none is renamed: docs/gate.md, section "Formats".

use serde::Serialize;

use super::super::rules::Level;
use super::super::{Finding, Report};
use super::slashed;
use crate::env::Bytes;

#[derive(Serialize)]
struct Output {
    findings: Vec<Found>,
    errors: usize,
    warnings: usize,
    silenced: usize,
    files: usize,
    unevaluated: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    id: &'static str,
    level: &'static str,
    message: String,
    path: String,
    line: u32,
    column: u32,
    help: String,
}

pub(super) fn print(report: &Report) -> Bytes {
    let output = Output {
        findings: report.findings.iter().map(found).collect(),
        errors: report.count(Level::Error),
        warnings: report.count(Level::Warning),
        silenced: report.silenced.len(),
        files: report.files,
        unevaluated: report.unevaluated.iter().map(|path| slashed(path)).collect(),
    };
    crate::ui::json(&output)
}

fn found(finding: &Finding) -> Found {
    Found {
        id: finding.rule.id(),
        level: finding.level().name(),
        message: finding.message.clone(),
        path: slashed(&finding.path),
        line: finding.line,
        column: finding.column,
        help: finding.help.clone(),
    }
}
