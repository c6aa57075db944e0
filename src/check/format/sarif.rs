//! SARIF 2.1.0, for code scanning: every rule, the findings, and those that a policy silenced, as suppressed.

use serde_json::{Value, json};

use super::super::facts::Facts;
use super::super::lines::line;
use super::super::rules::{ENTRIES, Entry};
use super::super::{Finding, Report};
use super::fingerprint;
use crate::env::Bytes;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn print(report: &Report, facts: &Facts) -> Bytes {
    let plain = report.findings.iter().map(|finding| result(finding, facts, None));
    let silenced =
        report.silenced.iter().map(|(finding, reason)| result(finding, facts, Some(reason)));
    let results: Vec<Value> = plain.chain(silenced).collect();
    let rules: Vec<Value> = ENTRIES.iter().map(rule).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "goenv",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "the root of the repository"}}},
            "results": results,
        }],
    });
    crate::ui::json(&log)
}

fn rule(entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "name": format!("{:?}", entry.rule),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.why},
        "help": {"text": entry.cure},
        "helpUri": format!("{}/blob/main/docs/gate.md#{}", env!("CARGO_PKG_REPOSITORY"), entry.id.to_lowercase()),
        "defaultConfiguration": {"level": entry.level.name()},
    })
}

fn result(finding: &Finding, facts: &Facts, reason: Option<&str>) -> Value {
    let index = ENTRIES.iter().position(|entry| entry.rule == finding.rule).unwrap_or_default();
    let column = character(finding, facts);
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": index,
        "level": finding.level().name(),
        "message": {"text": linkless(&format!("{}. {}", finding.message, finding.help))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(finding), "uriBaseId": "SRCROOT"},
            "region": {"startLine": finding.line, "startColumn": column},
        }}],
        "partialFingerprints": {"goenv/v1": fingerprint(finding)},
    });
    if let (Some(reason), Some(object)) = (reason, result.as_object_mut()) {
        let suppression = json!([{"kind": "inSource", "justification": reason}]);
        object.insert("suppressions".to_owned(), suppression);
    }
    result
}

/// Returns a message in which nothing is a link: `[words](address)` is one, and names are anybody's.
fn linkless(text: &str) -> String {
    if !text.contains("](") {
        return text.to_owned();
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// Returns the column in characters, from 1.
fn character(finding: &Finding, facts: &Facts) -> usize {
    let bytes = facts.file(&finding.path).map(|file| line(&file.bytes, finding.line));
    let before = bytes.and_then(|line| line.get(..(finding.column as usize).saturating_sub(1)));
    let count = |before: &[u8]| String::from_utf8_lossy(before).chars().count();
    before.map_or(finding.column as usize, |before| count(before) + 1)
}

/// Returns the path as a relative reference: everything but unreserved characters and `/` is percent-encoded.
fn uri(finding: &Finding) -> String {
    let mut text = String::new();
    for byte in finding.path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
