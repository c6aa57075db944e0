//! CI files and linter configs: the Go that they set up, the images that they run in, the language they lint for.

use std::collections::BTreeMap;

use super::Finding;
use super::facts::{Facts, File};
use super::image::{self, Named};
use super::kind::Kind;
use super::rules::Rule;
use super::settings::Setting;
use super::standing::{Standing, Standings};
use super::yaml::{self, Entry};
use crate::go::Version;

/// The most versions of one file that are looked at, each matrix taken apart.
const MOST: usize = 10_000;

/// What a file is judged by: what holds there, what holds everywhere, and the files around it.
type Judges<'a> = (&'a Standing<'a>, &'a Standings<'a>, &'a Facts);

/// Checks every CI file and linter config.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in &facts.files {
        if !matches!(file.kind, Kind::GitHub | Kind::Pipeline | Kind::Linter) {
            continue;
        }
        let standing = standings.of(&file.path);
        let entries = yaml::entries(&file.bytes);
        if file.kind == Kind::Linter {
            findings.extend(entries.iter().filter_map(|entry| linter(file, entry, standing)));
            continue;
        }
        let mut of_key: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in &entries {
            of_key.entry(&entry.key).or_default().push(entry);
        }
        let versions = entries.iter().filter(|entry| entry.key == "go-version");
        let mut named = versions.flat_map(|entry| resolved(entry, &of_key));
        for entry in named.by_ref().take(MOST) {
            setup(file, entry, (standing, standings, facts), findings);
        }
        if named.next().is_some() {
            let message =
                format!("more than {MOST} versions of Go, of which the others are not checked");
            findings.push(Finding::new(Rule::Unread, &file.path, message));
        }
        for entry in entries.iter().filter(|entry| is_image(entry)) {
            let Some((named, is_fixed)) = image::of_image(&entry.value) else { continue };
            judge(file, entry, &named, is_fixed, (standing, standings, facts), findings);
        }
    }
}

/// Returns whether a value names an image: of a job, a service or a container.
fn is_image(entry: &Entry) -> bool {
    matches!(entry.key.as_str(), "image" | "container")
        || (entry.key == "name" && entry.parents.last().is_some_and(|key| key == "image"))
}

/// Returns the entries that a value stands for: itself, or those that `${{ matrix.X }}` and `${{ env.X }}` name.
fn resolved<'a>(entry: &'a Entry, of_key: &BTreeMap<&str, Vec<&'a Entry>>) -> Vec<&'a Entry> {
    let inner = entry.value.trim().strip_prefix("${{").and_then(|text| text.strip_suffix("}}"));
    let Some(expression) = inner else { return vec![entry] };
    let Some((context, name)) = expression.trim().split_once('.') else { return Vec::new() };
    let within = |found: &&Entry| match context {
        "matrix" => found.parents.iter().any(|key| key == "matrix"),
        "env" => found.parents.last().is_some_and(|key| key == "env"),
        _ => false,
    };
    of_key.get(name).into_iter().flatten().copied().filter(within).collect()
}

fn setup(file: &File, entry: &Entry, judges: Judges<'_>, findings: &mut Vec<Finding>) {
    if is_float(entry) {
        let value = &entry.value;
        let read = value.trim_end_matches('0');
        let message = format!("YAML reads {value} as the number {read}, another Go");
        let finding = Finding::new(Rule::Image, &file.path, message);
        let finding = finding.at(entry.line, entry.column, entry.width);
        findings.push(finding.help(format!("Quote it: '{value}'")));
        return;
    }
    let Some(named) = image::of_setup(&entry.value) else { return };
    judge(file, entry, &named, false, judges, findings);
}

/// Returns whether YAML takes the version for a number and loses a zero: 1.20 is 1.2.
fn is_float(entry: &Entry) -> bool {
    let digits = entry.value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let dots = entry.value.bytes().filter(|byte| *byte == b'.').count();
    !entry.quoted && digits && dots == 1 && entry.value.ends_with('0')
}

fn judge(
    file: &File,
    entry: &Entry,
    named: &Named,
    is_fixed: bool,
    (standing, standings, facts): Judges<'_>,
    findings: &mut Vec<Finding>,
) {
    let at = |rule: Rule, message: String| {
        Finding::new(rule, &file.path, message).at(entry.line, entry.column, entry.width)
    };
    if let Some(message) = named.judge(is_fixed, standing) {
        let finding = at(Rule::Image, message);
        findings.push(match &standing.pin {
            Some(pin) if is_image(entry) => {
                let image = image::with_release(&entry.value, pin.as_str());
                finding.help(format!("{}: {image}", entry.key))
            }
            Some(pin) => finding.help(format!("Name the pinned release: '{pin}'")),
            None => finding,
        });
    }
    let old = named.version().and_then(|version| standings.ended(version));
    findings.extend(old.map(|message| {
        let here = match is_image(entry) {
            true => format!("{}: {}", entry.key, image::with_release(&entry.value, "VERSION")),
            false => "'VERSION'".to_owned(),
        };
        at(Rule::EndOfLife, message).help(standings.supports(standing, &here, facts))
    }));
}

/// golangci-lint's `run.go` is a language version: what it is told must be what the policy's Go compiles.
fn linter(file: &File, entry: &Entry, standing: &Standing<'_>) -> Option<Finding> {
    let is_run = entry.key == "go" && entry.parents.last().is_some_and(|key| key == "run");
    let version = is_run.then(|| Version::parse(&entry.value))??;
    let message = standing.minimum(&version)?;
    let finding = Finding::new(Rule::Image, &file.path, message);
    let help = "Remove run.go: golangci-lint then takes the go line of go.mod";
    Some(finding.at(entry.line, entry.column, entry.width).help(help))
}

/// Returns the variables that a CI file sets: keys that are spelled as variables are.
pub fn settings(file: &[u8]) -> Vec<Setting> {
    let is_variable = |key: &str| {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        key.starts_with(|first: char| first.is_ascii_uppercase()) && key.bytes().all(plain)
    };
    yaml::entries(file)
        .into_iter()
        .filter(|entry| is_variable(&entry.key))
        .map(|entry| Setting {
            expands: entry.value.contains('$'),
            name: entry.key,
            value: entry.value,
            line: entry.line,
            column: entry.column,
            width: entry.width,
        })
        .collect()
}
