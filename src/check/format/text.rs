//! The form for people: place, level, id and message; the line with carets; the cure.

use super::super::facts::Facts;
use super::super::rules::Level;
use super::super::{Finding, Report};
use super::source;
use crate::env::Bytes;
use crate::ui::{Excerpt, Room, safe, safe_path};

/// Whether a terminal is told to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// How much of a long line is shown.
const SHOWN: Room = Room { before: 40, after: 100 };

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
    unordered(&out).into_bytes()
}

/// Returns a text in which no runner of a CI finds a command: GitHub's and Azure's take `##[…]` and `##vso[…]` for one
/// wherever it stands in a line, and names and lines of a repository are anybody's.
pub fn unordered(text: &str) -> String {
    ["##[", "##vso["].iter().fold(text.to_owned(), |text, order| {
        text.replace(order, &order.replacen('#', "\\u{23}", 1))
    })
}

fn one(finding: &Finding, facts: &Facts, colour: Colour) -> String {
    let (name, code) = match finding.level() {
        Level::Error => ("error", "1;31"),
        Level::Warning => ("warning", "1;33"),
    };
    let path = facts.shown(&finding.path);
    let shown = safe_path(&path);
    // GitHub's runner takes a line that begins with `::` for a command.
    let here = if shown.trim_start().starts_with(':') { "./" } else { "" };
    let place = format!("{here}{shown}:{}:{}", finding.line, finding.column);
    let head = colour.paint(code, &format!("{name}[{}]", finding.rule.id()));
    let message = colour.paint("1", &safe(finding.message.as_bytes()));
    let mut text = format!("{place}: {head}: {message}\n");
    if let Some(line) = source(finding, facts).filter(|line| !line.is_empty()) {
        let Excerpt { text: shown, before, carets } =
            Excerpt::of(line, finding.column, finding.width as usize, SHOWN);
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
