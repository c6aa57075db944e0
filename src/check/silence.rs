//! Exceptions: what a policy silences below it, for a while and for a reason.
//!
//! `#goenv-ignore: GOENV402 until 2027-01-31 the vendor's library needs it` silences one rule for the files that the
//! policy governs; a path behind the id limits it to a file or a directory. Without a reason and an end there is no
//! exception, a past end is a finding, and what guards the policy itself cannot be silenced. docs/gate.md.

use std::path::PathBuf;

use super::facts::{Facts, Policy, normal};
use super::lines::{column, lines};
use super::rules::{self, Rule};
use super::standing::Standings;
use super::{Finding, Report};
use crate::trust::date;

/// The most exceptions of one policy.
const MOST: usize = 200;

const MARK: &str = "#goenv-ignore:";

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    rule: Rule,
    /// Where it holds, relative to the root.
    below: PathBuf,
    until: i64,
    date: String,
    reason: String,
    line: u32,
    column: u32,
}

/// Sorts findings into those that count and those that a policy silences.
pub fn apply(findings: Vec<Finding>, facts: &Facts, standings: &Standings<'_>) -> Report {
    let mut report = Report::default();
    let mut exceptions = Vec::new();
    for policy in &facts.policies {
        for read in of_policy(policy) {
            match read {
                Err(finding) => report.findings.push(finding),
                Ok(exception) if exception.until <= standings.now => {
                    let id = exception.rule.id();
                    let message = format!("the exception for {id} ended on {}", exception.date);
                    let finding = Finding::new(Rule::Expired, &policy.path, message);
                    let finding =
                        finding.at(exception.line, exception.column, exception.date.len());
                    report.findings.push(
                        finding.help("Mend the finding and remove the line, or set a later date"),
                    );
                }
                Ok(exception) => exceptions.push(exception),
            }
        }
    }
    report.findings.retain(|finding| facts.is_judged(&finding.path));
    for finding in findings {
        let silent = exceptions.iter().find(|exception| {
            exception.rule == finding.rule && finding.path.starts_with(&exception.below)
        });
        match silent {
            Some(exception) => report.silenced.push((finding, exception.reason.clone())),
            None => report.findings.push(finding),
        }
    }
    report.findings.sort_by(|a, b| {
        let place =
            |finding: &Finding| (finding.path.clone(), finding.line, finding.column, finding.rule);
        place(a).cmp(&place(b))
    });
    report
}

fn of_policy(policy: &Policy) -> Vec<Result<Exception, Finding>> {
    let marked = lines(&policy.bytes).filter_map(|(number, line)| {
        let text = String::from_utf8_lossy(line).into_owned();
        let start = text.len() - text.trim_start().len();
        let rest = text.trim_start().strip_prefix(MARK)?.to_owned();
        Some((number, start, rest))
    });
    marked.take(MOST).map(|(number, start, rest)| read(policy, number, start, &rest)).collect()
}

fn read(policy: &Policy, line: u32, start: usize, rest: &str) -> Result<Exception, Finding> {
    let refuse = |message: String| {
        let finding = Finding::new(Rule::PolicyError, &policy.path, message);
        let help = "Write for example: #goenv-ignore: GOENV402 until 2027-01-31 the reason";
        finding.at(line, column(start), MARK.len() + rest.len()).help(help)
    };
    let mut words = rest.split_ascii_whitespace();
    let id = words.next().unwrap_or_default();
    let Some(entry) = rules::named(id) else {
        return Err(refuse(format!("`{id}` is no rule of the gate")));
    };
    if !entry.rule.may_be_silenced() {
        return Err(refuse(format!("{} cannot be silenced", entry.id)));
    }
    let mut below = policy.directory().to_path_buf();
    let mut word = words.next();
    if let Some(path) = word.filter(|word| *word != "until") {
        let joined = policy.directory().join(path.trim_end_matches('/'));
        below = normal(&joined)
            .filter(|path| path.starts_with(policy.directory()))
            .ok_or_else(|| refuse(format!("`{path}` is not below the policy")))?;
        word = words.next();
    }
    if word != Some("until") {
        return Err(refuse("an exception needs `until DATE` after the id".to_owned()));
    }
    let text = words.next().unwrap_or_default();
    let until = date::parse(text)
        .ok_or_else(|| refuse(format!("`{text}` is not a date like 2027-01-31")))?;
    let reason: Vec<&str> = words.collect();
    if reason.is_empty() {
        return Err(refuse("an exception needs a reason after its date".to_owned()));
    }
    let at = rest.find(text).unwrap_or_default();
    let column = column(start + MARK.len() + at);
    let (date, reason) = (text.to_owned(), reason.join(" "));
    Ok(Exception { rule: entry.rule, below, until, date, reason, line, column })
}
