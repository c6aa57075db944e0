//! Rules for `.go-version` and `.tool-versions`: who follows them builds with the policy's Go.

use super::Finding;
use super::facts::{Facts, File};
use super::kind::Kind;
use super::lines;
use super::rules::Rule;
use super::standing::Standings;
use crate::go::modfile::Problem;
use crate::go::{Version, versionfile};

/// Checks every version file.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in &facts.files {
        let read = match file.kind {
            Kind::GoVersion => versionfile::go_version(&file.bytes),
            Kind::ToolVersions => versionfile::tool_versions(&file.bytes),
            _ => continue,
        };
        match read {
            Ok(None) => {}
            Ok(Some((version, word))) => {
                let at = |rule: Rule, message: String| {
                    let finding = Finding::new(rule, &file.path, message);
                    finding.at(word.line, word.column, word.text.len())
                };
                let standing = standings.of(&file.path);
                let wrong = if version.is_language() {
                    standing.line(&version)
                } else {
                    standing.exact(&version)
                };
                findings.extend(wrong.map(|message| at(Rule::VersionFile, message)));
                findings.extend(standings.ended(&version).map(|message| {
                    let here = match file.kind {
                        Kind::ToolVersions => "golang VERSION",
                        _ => "VERSION",
                    };
                    let help = standings.supports(standing, here, facts);
                    at(Rule::EndOfLife, message).help(help)
                }));
            }
            Err(problem) => findings.extend(no_version(file, &problem, standings)),
        }
    }
}

/// Returns what is wrong with a word that is no version: asdf's other forms are only wrong beside a policy's Go.
fn no_version(file: &File, problem: &Problem, standings: &Standings<'_>) -> Option<Finding> {
    let line = lines::line(&file.bytes, problem.line);
    let rest = line.get((problem.column as usize).saturating_sub(1)..).unwrap_or_default();
    let end = rest.iter().position(|byte| b" \t#".contains(byte)).unwrap_or(rest.len());
    let word = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
    let at = |rule: Rule, message: String| {
        let finding = Finding::new(rule, &file.path, message);
        finding.at(problem.line, problem.column, end)
    };
    let (before, after) = word.split_once(':').unwrap_or((&word, ""));
    if let (Ok(version), false) = (Version::read(before), after.is_empty()) {
        let message = format!("a hash after the version {version}, which no tool checks");
        return Some(at(Rule::HashedVersion, message));
    }
    if matches!(before, "latest" | "system" | "ref" | "path" | "sub") {
        let standing = standings.of(&file.path);
        let pin = standing.pin.as_ref();
        return standing.is_decided().then(|| match pin {
            Some(pin) => at(Rule::VersionFile, format!("`{word}` is not the pinned go{pin}")),
            None => at(Rule::VersionFile, format!("`{word}` names no admitted release")),
        });
    }
    Some(at(Rule::Syntax, problem.message.clone()))
}
