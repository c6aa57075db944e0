//! Rules for policies: what the file says, its Go and its tiers; `signed` has the signatures'.

use std::collections::BTreeSet;
use std::path::Path;

use super::envrc::{self, Command, Word};
use super::facts::{Extent, Facts, Policy, normal};
use super::rules::Rule;
use super::signed;
use super::standing::{Standing, Standings};
use super::tiers::{self, NotAdmitted};
use super::{Finding, bash};
use crate::env::Bytes;
use crate::go::Pattern;
use crate::policy::{Cause, Place, PolicyError};
use crate::trust::decide::bash_forbidden;
use crate::trust::variables::{self, Approval, Change, Context};

/// The `use` functions that direnv's own library has.
const DIRENVS: &[&str] = &["julia", "rbenv", "node", "nodenv", "nix", "flake", "guix", "vim"];

/// Checks every policy.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for (policy, standing) in standings.policies() {
        let commands = envrc::commands(&policy.bytes);
        let case = Case { policy, standing, commands, standings, facts };
        signed::trust(policy, standings, facts, findings);
        let from = findings.len();
        case.lint(findings);
        let linted: Vec<u32> = findings.iter().skip(from).map(|finding| finding.line).collect();
        case.errors(&linted, findings);
        case.variables(findings);
        case.pinned(findings);
        if standing.bad.is_none() {
            case.promotion(findings);
            case.admitted(findings);
        }
    }
}

/// A policy, and what it is judged by.
struct Case<'a> {
    policy: &'a Policy,
    standing: &'a Standing<'a>,
    commands: Vec<Command>,
    standings: &'a Standings<'a>,
    facts: &'a Facts,
}

impl Case<'_> {
    /// Returns a finding at a place that evaluation named; where it named none, at the beginning of the policy.
    fn found(&self, rule: Rule, place: Option<&Place>, message: impl Into<String>) -> Finding {
        match place {
            Some(place) => {
                let path = self.facts.relative(&place.path);
                Finding::new(rule, path, message).at(place.line, place.column, 1)
            }
            None => Finding::new(rule, &self.policy.path, message),
        }
    }

    /// What is wrong with the text, whoever evaluates it.
    fn lint(&self, findings: &mut Vec<Finding>) {
        let Self { policy, standing, commands, facts, .. } = self;
        let mut find = |rule: Rule, word: &Word, message: String| {
            let finding = Finding::new(rule, &policy.path, message);
            findings.push(finding.at(word.line, word.column, word.width));
        };
        let mut names: BTreeSet<&str> = commands.iter().map(Command::name).collect();
        let functions = commands.iter().filter(|command| command.name() == "function");
        names.extend(functions.filter_map(|command| Some(command.called().get(1)?.text.as_str())));
        // What bash reads may define functions; goenv's own engine knows none.
        let are_known = !policy.is_for_bash() || !bash::reads(commands);
        let names = are_known.then_some(&names);
        for command in commands.iter().filter(|command| !command.words.is_empty()) {
            called(command, names, policy.directory(), facts, &mut find);
            fetched(command, &mut find);
            assigned(command, &mut find);
        }
        signed::texts(policy, standing, commands, facts, findings);
    }

    /// What keeps the policy from being read or evaluated.
    fn errors(&self, linted: &[u32], findings: &mut Vec<Finding>) {
        let Self { policy, facts, .. } = self;
        let found = |place: Option<&Place>, message: &str| {
            let finding = self.found(Rule::PolicyError, place, message);
            let help = match finding.path == policy.path {
                true => self.surveyed(),
                // What a policy reads is no policy, which alone is surveyed.
                false => "Mend the line".to_owned(),
            };
            finding.help(help)
        };
        if let (Err(flaw), false) = (&policy.header, policy.is_signed()) {
            findings.push(found(None, &flaw.message).at(flaw.line, flaw.column, 1));
        }
        let rules = self.standings.tier_rules(self.standing);
        findings.extend(signed::forbidden(policy, rules).map(|finding| {
            let init = self.init();
            finding.help(format!(
                "Remove the line, and what is beyond the policy language: {init} names it"
            ))
        }));
        if let Some(error) = policy.wanted.as_ref().err().filter(|error| self.is_new(error, linted))
        {
            let mut finding = found(Some(&error.place), &error.message);
            finding.width = u32::try_from(error.width).unwrap_or(1).max(1);
            if let Some(hint) = &error.hint {
                finding.help = facts.aimed(hint, &policy.path);
            }
            if let Some(way) = self.other_way(error) {
                finding.help = format!("{}; {way}", finding.help);
            }
            findings.push(finding);
        }
        if let Some(bad) = &self.standing.bad {
            findings.push(found(bad.place.as_ref(), &bad.message));
        }
    }

    /// Returns whether an error is said nowhere else: by its line, or as the error of another policy, which this one reads.
    fn is_new(&self, error: &PolicyError, linted: &[u32]) -> bool {
        let path = self.facts.relative(&error.place.path);
        if path == self.policy.path {
            return !linted.contains(&error.place.line);
        }
        let is_same = |other: &Policy| other.wanted.as_ref().is_err_and(|e| e.place == error.place);
        !self.facts.policies.iter().any(|other| other.path == path && is_same(other))
    }

    /// Returns how a policy that is beyond the language says that it is meant for bash, where it may be: an approval for
    /// bash is kept on one machine, and the gate knows of none.
    fn other_way(&self, error: &PolicyError) -> Option<String> {
        let Self { policy, standing, standings, facts, .. } = self;
        let is_own = facts.relative(&error.place.path) == policy.path;
        let is_beyond = is_own && error.cause == Cause::Beyond;
        let is_forbidden = bash_forbidden(standings.tier_rules(standing)).is_some();
        if !is_beyond || policy.is_for_bash() || is_forbidden {
            return None;
        }
        let engine = "`#goenv: engine bash`";
        match &policy.header {
            Ok(Some(_)) => Some(format!("if it is meant for bash, say so in its header: {engine}")),
            Ok(None) => Some(format!(
                "if it is meant for bash, let it begin with the lines `#goenv: v1` and {engine}"
            )),
            Err(_) => None,
        }
    }

    /// Returns what names all lines of the policy that are beyond the language.
    fn surveyed(&self) -> String {
        format!(
            "Mend the line: {} names all that are beyond the language, and what to write instead",
            self.init()
        )
    }

    /// Returns the command that names them.
    fn init(&self) -> String {
        match self.policy.directory() {
            here if self.facts.here.as_deref() == Some(here) => "goenv init".to_owned(),
            elsewhere => format!("goenv init {}", self.facts.pasted(elsewhere)),
        }
    }

    /// Variables that the prompt would refuse.
    fn variables(&self, findings: &mut Vec<Finding>) {
        let Self { policy, facts, .. } = self;
        let Some(wanted) = policy.evaluated() else { return };
        let names: BTreeSet<&[u8]> =
            wanted.origins.iter().map(|(name, _)| name.as_slice()).collect();
        let change =
            |name| Change { name, before: facts.outside.get(name), after: wanted.env.get(name) };
        let changes: Vec<Change<'_>> =
            names.into_iter().map(change).filter(|change| change.before != change.after).collect();
        let approval = if policy.is_signed() { Approval::Signed } else { Approval::Allowed };
        let sdk_root =
            wanted.sdk.as_ref().map(|(_, found)| found.root.as_os_str().as_encoded_bytes());
        let rules = self.standings.tier_rules(self.standing);
        for objection in variables::judge(&changes, Context { approval, rules, sdk_root }) {
            let is_it = |(name, _): &&(Bytes, Place)| *name == objection.name.as_bytes();
            let place = wanted.origins.iter().rfind(is_it).map(|(_, place)| place);
            let message = format!("{}: {}", objection.name, objection.why);
            let mut finding = self.found(Rule::Refused, place, message);
            if place.is_some() {
                finding.width = u32::try_from(objection.name.len()).unwrap_or(1);
            }
            findings.push(finding);
        }
    }

    /// The Go of the policy: admitted, supported, and in production a release with a hash.
    fn pinned(&self, findings: &mut Vec<Finding>) {
        let Self { policy, standing, commands, standings, facts } = self;
        // Whether one of its lines pins, and which, bash alone knows.
        if policy.extent == Extent::OwnLines && standing.pin.is_none() {
            return;
        }
        let mut uses = commands.iter().rev().map(Command::called).filter(|words| {
            words.first().is_some_and(|word| word.text == "use")
                && words.get(1).is_some_and(|word| word.text == "go")
        });
        let Some(words) = uses.next() else { return };
        let word = words.get(2).filter(|word| !word.text.contains('=')).or(words.get(1));
        let Some(word) = word else { return };
        let find = |rule: Rule, message: String| {
            // The rule's cure pins, and has to do it in this policy.
            let pins = standing.pins("VERSION", facts);
            let cure = rule.entry().cure.replace("goenv pin VERSION", &pins);
            let finding = Finding::new(rule, &policy.path, message).help(cure);
            finding.at(word.line, word.column, word.width)
        };
        let hashed = words.iter().skip(2).any(|word| word.text.contains('='));
        if standing.admitted.is_production() && !hashed {
            let message = format!("tier {} runs an SDK without a hash", standing.tier_name());
            let finding = find(Rule::NoPin, message);
            findings.push(match &standing.pin {
                Some(pin) if !pin.is_language() && standing.admitted.admit(pin).is_ok() => {
                    let pins = standing.pins(pin.as_str(), facts);
                    finding.help(format!("{pins}, which writes the hashes"))
                }
                _ => finding,
            });
        }
        let Some(pin) = &standing.pin else { return };
        if let Err(no) = standing.admitted.admit(pin) {
            let rule = match no {
                NotAdmitted::Prerelease(_) => Rule::Prerelease,
                NotAdmitted::Language(_) => Rule::Language,
                _ => Rule::NotAdmitted,
            };
            findings.push(find(rule, format!("go{pin} {no}")));
        }
        findings.extend(standings.ended(pin).map(|message| find(Rule::EndOfLife, message)));
    }

    /// The orders of promotion: a later tier that admits what an earlier one does not.
    fn promotion(&self, findings: &mut Vec<Finding>) {
        let Some(wanted) = self.policy.evaluated() else { return };
        for gap in tiers::gaps(self.standings.rules, &wanted.governance).unwrap_or_default() {
            let (earlier, later) = (&gap.earlier, &gap.later);
            let message = match &gap.pattern {
                Some(pattern) => {
                    format!("tier {later} admits {pattern}, and {earlier} before it does not")
                }
                None => format!("tier {later} has no list, so it admits what {earlier} does not"),
            };
            findings.push(self.found(Rule::Promotion, gap.place.as_ref(), message));
        }
    }

    /// The policy's own lists: in production releases alone, and nowhere a line of Go that has ended.
    fn admitted(&self, findings: &mut Vec<Finding>) {
        let Some(wanted) = self.policy.evaluated() else { return };
        let orders = tiers::orders(self.standings.rules, &wanted.governance).unwrap_or_default();
        for line in wanted.governance.iter().filter(|line| line.name == "allow_go") {
            let Ok((tier, patterns)) = tiers::allow_line(line) else { continue };
            let mut find = |rule: Rule, message: String, help: String| {
                findings.push(self.found(rule, Some(&line.place), message).help(help));
            };
            let is_production = tiers::is_production(&tier, &orders);
            for version in patterns.iter().filter_map(Pattern::version).filter(|_| is_production) {
                if version.is_prerelease() {
                    let message = format!("tier {tier} admits the pre-release {version}");
                    find(Rule::Prerelease, message, "Name a release here".to_owned());
                } else if version.is_language() {
                    let message = format!("tier {tier} admits the language version {version}");
                    let help = format!("Name a release here, or all of them: {version}.x");
                    find(Rule::Language, message, help);
                }
            }
            let lines = patterns.iter().filter_map(Pattern::only_line);
            for message in lines.filter_map(|line| self.standings.ended(&line)) {
                let lines = self.standings.supported.names();
                let help = format!("Admit releases of supported lines here: {lines}");
                find(Rule::EndOfLife, message, help);
            }
        }
    }
}

/// What a command calls or reads that nobody reviewed; `names` are the functions of the text, where they are known.
fn called(
    command: &Command,
    names: Option<&BTreeSet<&str>>,
    directory: &Path,
    facts: &Facts,
    find: &mut impl FnMut(Rule, &Word, String),
) {
    let words = command.called();
    let (Some(first), second) = (words.first(), words.get(1)) else { return };
    match (first.text.as_str(), second) {
        ("use", Some(tool)) if names.is_some_and(|names| !is_defined(&tool.text, names)) => {
            find(Rule::UndefinedUse, tool, format!("`use {}` is not defined", tool.text));
        }
        ("eval", Some(_)) => {
            find(Rule::Unpinned, first, "`eval` runs text that nobody reviewed".to_owned());
        }
        ("source_url" | "fetchurl", Some(_)) if words.len() < 3 => {
            let message = format!("`{}` without a hash takes whatever comes", first.text);
            find(Rule::Unpinned, first, message);
        }
        ("curl" | "wget", _) => {
            find(Rule::Unpinned, first, format!("`{}` fetches at every load", first.text));
        }
        ("source_env" | "source_env_if_exists" | "source" | ".", Some(file)) => {
            if let Some(message) = outside(&file.text, directory, facts) {
                find(Rule::Unpinned, file, message);
            }
        }
        _ => {}
    }
}

/// What a command's words fetch.
fn fetched(command: &Command, find: &mut impl FnMut(Rule, &Word, String)) {
    if command.name() == "eval" {
        return;
    }
    for word in &command.words {
        let fetches = ["$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget"];
        if fetches.iter().any(|fetch| word.text.contains(fetch)) {
            find(Rule::Unpinned, word, "this fetches at every load".to_owned());
        }
    }
}

/// What a command assigns that `PATH_add` or `use go` should.
fn assigned(command: &Command, find: &mut impl FnMut(Rule, &Word, String)) {
    for (name, value, word) in command.assignments() {
        if name == "PATH" && (value.contains("$PATH") || value.contains("${PATH")) {
            find(Rule::ExportPath, word, "PATH is written out instead of added to".to_owned());
        }
        if name == "GOROOT" && !value.contains("$(") && !value.is_empty() {
            find(Rule::HardGoroot, word, "GOROOT is hard-coded".to_owned());
        }
    }
}

/// Returns whether `use TOOL` is goenv's or direnv's, or a function of the file.
fn is_defined(tool: &str, names: &BTreeSet<&str>) -> bool {
    let function = format!("use_{tool}");
    tool == "go" || DIRENVS.contains(&tool) || names.contains(function.as_str())
}

/// Returns what is wrong with sourcing a file that lies outside of the repository.
fn outside(file: &str, directory: &Path, facts: &Facts) -> Option<String> {
    let home = file.starts_with('~') || file.starts_with("$HOME") || file.starts_with("${HOME");
    let path = Path::new(file);
    let leaves = match path.strip_prefix(&facts.root) {
        Ok(_) => false,
        Err(_) if path.is_absolute() => true,
        Err(_) => normal(&directory.join(path)).is_none(),
    };
    (home || leaves).then(|| format!("{file} is outside of the repository"))
}
