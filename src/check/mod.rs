//! The gate: whether what a repository asks of Go is what its policy and the organisation admit.
//!
//! Facts go in, findings come out: [`gather`] reads files from the work tree or from git's index, [`facts`] is what
//! they hold, each family of rules is a file of pure functions, and [`mod@format`] prints what was found. The same rules
//! and the same verdicts at a terminal, in a git hook and in CI; nothing of the repository is run. docs/gate.md.

pub mod bash;
pub mod ci;
pub mod docker;
pub mod envrc;
pub mod eol;
pub mod evaluate;
pub mod facts;
pub mod format;
pub mod gather;
pub mod image;
pub mod kind;
pub mod lines;
pub mod modules;
pub mod policies;
pub mod rules;
pub mod secrets;
pub mod settings;
pub mod signed;
pub mod silence;
pub mod standing;
pub mod tiers;
pub mod versionfiles;
pub mod words;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use facts::{Extent, Facts, Judged};
use rules::{Level, Rule};
use standing::Standings;

/// Something that keeps the gate shut, or is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub rule: Rule,
    /// What was found and what was expected: lower case, no full stop.
    pub message: String,
    /// The file, relative to the root of the repository.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: u32,
    /// Its column in bytes, from 1.
    pub column: u32,
    /// How many bytes it covers.
    pub width: u32,
    /// What mends it.
    pub help: String,
    /// Whether it says that the signatures of a policy do not approve it.
    pub is_untrusted: bool,
}

impl Finding {
    /// Returns a finding at the beginning of a file, with the rule's own cure.
    pub fn new(rule: Rule, path: &Path, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            path: path.to_path_buf(),
            line: 1,
            column: 1,
            width: 1,
            help: rule.entry().cure.to_owned(),
            is_untrusted: matches!(rule, Rule::Signature | Rule::Signer | Rule::Serial),
        }
    }

    /// Returns the finding at a place.
    pub fn at(mut self, line: u32, column: u32, width: usize) -> Self {
        self.line = line;
        self.column = column;
        self.width = u32::try_from(width).unwrap_or(u32::MAX).max(1);
        self
    }

    /// Returns the finding with a cure of its own.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Returns the finding as one that says, where `is_so`, that the signatures of a policy do not approve it.
    pub fn untrusted(mut self, is_so: bool) -> Self {
        self.is_untrusted |= is_so;
        self
    }

    /// Returns its level.
    pub fn level(&self) -> Level {
        self.rule.entry().level
    }
}

/// What the gate found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What counts, in the order of the files.
    pub findings: Vec<Finding>,
    /// What a policy silenced, each with the reason.
    pub silenced: Vec<(Finding, String)>,
    /// The policies of which only bash could say what they want.
    pub unevaluated: Vec<PathBuf>,
    /// How many files were checked.
    pub files: usize,
}

impl Report {
    /// Returns how many findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level() == level).count()
    }

    /// Returns whether a policy's signature does not hold.
    pub fn is_untrusted(&self) -> bool {
        self.findings.iter().any(|finding| finding.is_untrusted)
    }
}

/// The most findings of one file that are worth saying.
const MOST_OF_A_FILE: usize = 100;

/// Keeps the first findings of each file, errors before warnings, so that none hides behind a flood of others.
fn bound(findings: &mut Vec<Finding>) {
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for level in [Level::Error, Level::Warning] {
        findings.retain(|finding| {
            let count = counts.entry(finding.path.clone()).or_default();
            let counted = finding.level() == level;
            *count += usize::from(counted);
            !counted || *count <= MOST_OF_A_FILE
        });
    }
}

/// Drops the finding that a line of Go has ended where an error says of the same word that it has to change.
///
/// Only after exceptions are applied: an exception for that error does not cover a Go without fixes.
fn once(findings: &mut Vec<Finding>) {
    let place = |finding: &Finding| (finding.path.clone(), finding.line, finding.column);
    let named: BTreeSet<_> = findings
        .iter()
        .filter(|finding| matches!(finding.rule, Rule::VersionFile | Rule::Image))
        .map(place)
        .collect();
    findings.retain(|finding| finding.rule != Rule::EndOfLife || !named.contains(&place(finding)));
}

/// Checks the facts against the rules.
pub fn check(facts: &Facts, standings: &Standings<'_>) -> Report {
    let mut findings = Vec::new();
    for (path, why) in &facts.unread {
        findings.push(Finding::new(Rule::Unread, path, why.clone()));
    }
    policies::check(facts, standings, &mut findings);
    modules::check(facts, standings, &mut findings);
    versionfiles::check(facts, standings, &mut findings);
    docker::check(facts, standings, &mut findings);
    ci::check(facts, standings, &mut findings);
    settings::check(facts, standings, &mut findings);
    secrets::check(facts, &mut findings);
    findings.retain(|finding| facts.is_judged(&finding.path));
    let by_place = |finding: &Finding| {
        let Finding { path, line, column, rule, message, .. } = finding;
        (path.clone(), *line, *column, *rule, message.clone())
    };
    findings.sort_by_cached_key(by_place);
    findings.dedup();
    let mut report = silence::apply(findings, facts, standings);
    once(&mut report.findings);
    bound(&mut report.findings);
    report.silenced.truncate(MOST_OF_A_FILE);
    let unevaluated = facts.policies.iter().filter(|policy| policy.extent == Extent::OwnLines);
    let judged = unevaluated.map(|policy| &policy.path).filter(|path| facts.is_judged(path));
    report.unevaluated = judged.cloned().collect();
    report.files = facts.files.iter().filter(|file| file.judged == Judged::Yes).count();
    report
}
