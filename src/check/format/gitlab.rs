//! GitLab's code quality report: an array of issues.

use serde_json::{Value, json};

use super::super::rules::Level;
use super::super::{Finding, Report};
use super::{fingerprint, slashed};
use crate::env::Bytes;

pub(super) fn print(report: &Report) -> Bytes {
    let mut seen = std::collections::BTreeMap::new();
    let mut issues = Vec::new();
    for finding in &report.findings {
        // GitLab takes issues of one fingerprint for the same: equal ones of a file are counted through.
        let print = fingerprint(finding);
        let again = seen.entry(print.clone()).and_modify(|count| *count += 1).or_insert(0_u32);
        let print = if *again == 0 { print } else { format!("{print}-{again}") };
        issues.push(issue(finding, print));
    }
    crate::ui::json(&issues)
}

fn issue(finding: &Finding, fingerprint: String) -> Value {
    let severity = match finding.level() {
        Level::Error => "major",
        Level::Warning => "minor",
    };
    json!({
        "description": format!("{}: {}", finding.message, finding.help),
        "check_name": finding.rule.id(),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": slashed(&finding.path), "lines": {"begin": finding.line}},
    })
}
