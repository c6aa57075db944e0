//! The form for people: place, level, id and message; the line with carets; the cure.

use super::super::facts::{Facts, from_here};
use super::super::rules::Level;
use super::super::{Finding, Report};
use super::source;
use crate::env::Bytes;
use crate::ui::{columns, safe, safe_path};

/// Whether a terminal is told to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How much of a long line is shown before and behind the caret.
const BEFORE: usize = 40;
const SHOWN: usize = 100;

impl Colour {
    /// Returns the text in a colour, or as it is.
    pub(crate) fn paint(self, code: &str, text: &str) -> String {
        match self {
            Self::On => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::Off => text.to_owned(),
        }
    }
}

pub(super) fn print(report: &Report, facts: &Facts, colour: Colour) -> Bytes {
    let mut out = String::new();
    for finding in &report.findings {
        out += &one(finding, facts, colour);
        out.push('\n');
    }
    out.into_bytes()
}

fn one(finding: &Finding, facts: &Facts, colour: Colour) -> String {
    let (name, code) = match finding.level() {
        Level::Error => ("error", "1;31"),
        Level::Warning => ("warning", "1;33"),
    };
    let path = from_here(&finding.path, &facts.here);
    let place = format!("{}:{}:{}", safe_path(&path), finding.line, finding.column);
    let head = colour.paint(code, &format!("{name}[{}]", finding.rule.id()));
    let message = colour.paint("1", &safe(finding.message.as_bytes()));
    let mut text = format!("{place}: {head}: {message}\n");
    if let Some(line) = source(finding, facts).filter(|line| !line.is_empty()) {
        let (shown, before, carets) = excerpt(line, finding);
        let number = finding.line.to_string();
        let margin = " ".repeat(number.len());
        let bar = colour.paint("34", "|");
        let number = colour.paint("34", &number);
        let carets = colour.paint(code, &"^".repeat(carets));
        text +=
            &format!("  {number} {bar} {shown}\n  {margin} {bar} {}{carets}\n", " ".repeat(before));
    }
    text += &format!("  {} {}\n", colour.paint("36", "help:"), safe(finding.help.as_bytes()));
    text
}

/// Returns the part of a line around a finding, the columns before the carets, and how many carets there are.
fn excerpt(line: &[u8], finding: &Finding) -> (String, usize, usize) {
    let start = (finding.column as usize).saturating_sub(1).min(line.len());
    let end = start.saturating_add(finding.width as usize).min(line.len());
    let cut = |from: usize, to: usize| columns(line.get(from..to).unwrap_or_default());
    let mut before = cut(0, start);
    let marked = cut(start, end);
    let mut after = cut(end, line.len());
    if before.len() > BEFORE {
        before.drain(..before.len() - BEFORE);
        before.insert(0, '…');
    }
    let carets = marked.len().clamp(1, SHOWN);
    let room = SHOWN.saturating_sub(marked.len());
    if after.len() > room {
        after.truncate(room);
        after.push('…');
    }
    let width = before.len();
    before.extend(marked.into_iter().take(SHOWN));
    before.extend(after);
    (before.into_iter().collect::<String>().trim_end().to_owned(), width, carets)
}

/// Returns one line of what was found.
pub fn summary(report: &Report) -> String {
    let (errors, warnings) = (report.count(Level::Error), report.count(Level::Warning));
    let many = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let mut text = format!("{} and {}", many(errors, "error"), many(warnings, "warning"));
    if errors == 0 && warnings == 0 {
        "nothing found".clone_into(&mut text);
    }
    text += &format!(" in {}", many(report.files, "file"));
    if !report.silenced.is_empty() {
        text += &format!(", {} silenced by policies", report.silenced.len());
    }
    text
}
