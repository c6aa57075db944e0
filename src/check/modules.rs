//! Rules for go.mod and go.work: what Go reads in them, against what the policy gives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Finding;
use super::facts::{Facts, File, normal};
use super::kind::Kind;
use super::lines::{self, column, lines};
use super::rules::Rule;
use super::standing::{Standing, Standings};
use crate::go::Version;
use crate::go::modfile::{self, ModFile, Strict, Word};
use crate::shell::quote_path;

/// The most problems of one file that are worth saying.
const MOST: usize = 20;

/// Checks every module file.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in &facts.files {
        let kind = match file.kind {
            Kind::Mod => ModFile::Mod,
            Kind::Work => ModFile::Work,
            _ => continue,
        };
        let strict = modfile::strict(&file.bytes, kind);
        syntax(file, &strict, facts, findings);
        let standing = standings.of(&file.path);
        let edit = Edit { facts, file, kind };
        findings.extend(go_line(&edit, &strict, standing));
        findings.extend(toolchain_line(&edit, &strict, standing));
        if kind == ModFile::Work {
            workspace(file, &strict, facts, findings);
        }
    }
}

fn at(rule: Rule, file: &File, word: &Word, message: String) -> Finding {
    Finding::new(rule, &file.path, message).at(word.line, word.column, word.text.len())
}

fn syntax(file: &File, strict: &Strict, facts: &Facts, findings: &mut Vec<Finding>) {
    let mut found = Vec::new();
    for (number, line) in lines(&file.bytes) {
        let marker =
            [&b"<<<<<<< "[..], b">>>>>>> ", b"======="].into_iter().find(|m| line.starts_with(m));
        if let Some(marker) = marker {
            let message = "a conflict marker of a merge".to_owned();
            let finding = Finding::new(Rule::Syntax, &file.path, message);
            let directory = match facts.here {
                Some(_) => String::new(),
                None => format!("-C {} ", facts.pasted(Path::new(""))),
            };
            let help = format!("Finish the merge: git {directory}mergetool");
            found.push(finding.at(number, 1, marker.len()).help(help));
        }
        if let Some(nul) = line.iter().position(|byte| *byte == 0) {
            let message = "a NUL byte: this is not the text of a module file".to_owned();
            let finding = Finding::new(Rule::Syntax, &file.path, message);
            found.push(finding.at(number, column(nul), 1));
        }
    }
    if file.bytes.starts_with(b"\xef\xbb\xbf") {
        let message = "a byte order mark, which hides the first line from go".to_owned();
        let finding = Finding::new(Rule::Syntax, &file.path, message);
        found.push(finding.at(1, 1, 3).help("Save the file as UTF-8 without a mark"));
    }
    if found.is_empty() {
        for problem in &strict.problems {
            let finding = Finding::new(Rule::Syntax, &file.path, problem.message.clone());
            let width = word_width(&file.bytes, problem.line, problem.column);
            let finding = finding.at(problem.line, problem.column, width);
            let help = toolchain_help(&file.bytes, problem.line);
            found.push(match help {
                Some(help) => finding.help(help),
                None => finding,
            });
        }
    }
    found.truncate(MOST);
    findings.extend(found);
}

/// Returns what mends a `toolchain` line that lacks the `go` before its version; `None` for any other line.
fn toolchain_help(bytes: &[u8], line: u32) -> Option<String> {
    let text = String::from_utf8_lossy(lines::line(bytes, line));
    let rest =
        text.trim().strip_prefix("toolchain").filter(|rest| rest.starts_with([' ', '\t']))?;
    let mut words = rest.split_whitespace();
    let version = words.next().filter(|word| !word.starts_with("go"))?;
    let is_alone = words.next().is_none_or(|word| word.starts_with("//"));
    let version = Version::read(version).ok().filter(|_| is_alone)?;
    Some(format!("Write it as Go names it: toolchain go{version}"))
}

/// Returns how many bytes the word at a place has.
fn word_width(bytes: &[u8], line: u32, column: u32) -> usize {
    let text = lines::line(bytes, line);
    let rest = text.get((column as usize).saturating_sub(1)..).unwrap_or_default();
    rest.iter().take_while(|byte| !byte.is_ascii_whitespace()).count()
}

/// A module file that a hint's command edits.
struct Edit<'a> {
    facts: &'a Facts,
    file: &'a File,
    kind: ModFile,
}

impl Edit<'_> {
    /// Returns the command with a flag; go finds the file by itself only where it is the current directory's.
    fn with(&self, flag: &str) -> String {
        let command = match self.kind {
            ModFile::Mod => "go mod edit",
            ModFile::Work => "go work edit",
        };
        let path = self.facts.pasted(&self.file.path);
        match path == self.kind.name() {
            true => format!("{command} {flag}"),
            false => format!("{command} {flag} {path}"),
        }
    }
}

fn go_line(edit: &Edit<'_>, strict: &Strict, standing: &Standing<'_>) -> Option<Finding> {
    // What go refuses is said already, and no pin meets it.
    let word = strict.go.as_ref().filter(|word| modfile::is_go_line(&word.text))?;
    let least = Version::parse(&word.text)?;
    let message = standing.minimum(&least)?;
    let finding = at(Rule::GoLine, edit.file, word, message);
    Some(match &standing.pin {
        // The line asks for more than the policy has.
        Some(pin) if least > *pin => {
            // The first release of a line is its .0; before Go 1.21 it had another name.
            let meets = if least.is_language() { format!("{least}.0") } else { least.to_string() };
            let pins = standing.pins(&meets, edit.facts);
            let lower = edit.with(&format!("-go={}", pin.release()));
            finding.help(format!(
                "Pin a Go that meets the line ({pins}, or later), or lower the line: {lower}"
            ))
        }
        // It asks for less than anything that is admitted.
        Some(pin) if standing.admitted.admit(pin).is_ok() => finding
            .help(format!("Raise the line: {}", edit.with(&format!("-go={}", pin.release())))),
        _ => {
            let pins = standing.pins("VERSION", edit.facts);
            let change = edit.with("-go=VERSION");
            finding.help(format!("Pin a Go that meets the line ({pins}), or change it: {change}"))
        }
    })
}

fn toolchain_line(edit: &Edit<'_>, strict: &Strict, standing: &Standing<'_>) -> Option<Finding> {
    let word = strict.toolchain.as_ref()?;
    let named = Version::from_toolchain(&word.text)?;
    let message = match &standing.pin {
        Some(pin) if named > *pin && named.language() != pin.as_str() => {
            format!("toolchain go{named} is newer than the pinned go{pin}")
        }
        Some(_) => return None,
        None => format!("toolchain go{named} {}", standing.admitted.admit(&named).err()?),
    };
    let finding = at(Rule::ToolchainLine, edit.file, word, message);
    let remove = edit.with("-toolchain=none");
    Some(match &standing.pin {
        Some(pin) if !pin.is_language() => {
            let name = edit.with(&format!("-toolchain=go{pin}"));
            finding.help(format!("Name the pinned Go: {name}, or remove the line: {remove}"))
        }
        _ => finding.help(format!("Remove the line: {remove}")),
    })
}

fn workspace(file: &File, strict: &Strict, facts: &Facts, findings: &mut Vec<Finding>) {
    let default = ModFile::Work.default_go();
    let own = strict.go.as_ref().map_or(default, |word| word.text.as_str());
    let Some(work) = Version::parse(own) else { return };
    // A member that is listed again is read once.
    let mut versions: BTreeMap<PathBuf, String> = BTreeMap::new();
    for member in &strict.uses {
        let Some(path) = member_path(&file.path, &member.text) else { continue };
        let Some(module) = facts.file(&path) else {
            let message = format!("the member {} has no go.mod", member.text);
            let drop = quote_path(Path::new(&format!("-dropuse={}", member.text)));
            let edit = Edit { facts, file, kind: ModFile::Work };
            let help = format!("Give it one, or remove the line: {}", edit.with(&drop));
            findings.push(at(Rule::Workspace, file, member, message).help(help));
            continue;
        };
        let text = versions.entry(path).or_insert_with(|| {
            let read = modfile::strict(&module.bytes, ModFile::Mod);
            read.go.map_or(ModFile::Mod.default_go().to_owned(), |word| word.text)
        });
        if Version::parse(text).is_some_and(|least| least > work) {
            let message =
                format!("the member {} requires go {text}, and go.work says go {own}", member.text);
            let finding = at(Rule::Workspace, file, member, message);
            let edit = Edit { facts, file, kind: ModFile::Work };
            findings.push(finding.help(edit.with(&format!("-go={text}"))));
        }
    }
}

/// Returns the go.mod of a workspace's member relative to the root; `None` where it lies outside.
pub fn member_path(work: &Path, member: &str) -> Option<PathBuf> {
    let directory = work.parent().unwrap_or(Path::new(""));
    (!Path::new(member).is_absolute())
        .then(|| normal(&directory.join(member)))?
        .map(|d| d.join("go.mod"))
}
