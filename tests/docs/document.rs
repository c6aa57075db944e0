//! Reading the documents: files, sections, fenced blocks and tables.

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file of the repository.
#[track_caller]
pub(crate) fn text(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns README.md and every document of docs/.
pub(crate) fn documents() -> Vec<PathBuf> {
    let mut all = vec![root().join("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// A fenced block.
pub(crate) struct Block {
    /// What follows the opening fence.
    pub(crate) language: String,
    /// The number of its first line.
    pub(crate) line: usize,
    /// Its lines, each with its end.
    pub(crate) text: String,
}

/// Returns the fenced blocks of a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(language), false) => {
                open = true;
                blocks.push(Block {
                    language: language.trim().to_owned(),
                    line: index + 2,
                    text: String::new(),
                });
            }
            (Some(_), true) => open = false,
            (None, true) => blocks.last_mut().unwrap().text += &format!("{line}\n"),
            (None, false) => {}
        }
    }
    assert!(!open, "a block is not closed");
    blocks
}

/// Returns the document without its fenced blocks.
pub(crate) fn prose(document: &str) -> String {
    let mut open = false;
    let mut prose = String::new();
    for line in document.lines() {
        if line.starts_with("```") {
            open = !open;
        } else if !open {
            prose += &format!("{line}\n");
        }
    }
    prose
}

/// Returns what stands under a heading, up to the next one of its level or above.
#[track_caller]
pub(crate) fn section<'a>(document: &'a str, heading: &str) -> &'a str {
    let level = heading.chars().take_while(|c| *c == '#').count();
    let start = document
        .find(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no heading `{heading}`"));
    let body = &document[start + heading.len() + 2..];
    let end = (1..=level).filter_map(|level| body.find(&format!("\n{} ", "#".repeat(level)))).min();
    &body[..end.unwrap_or(body.len())]
}

/// Returns the cells of the tables in a text, without their heads and rulers.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in text.lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            if line.starts_with("|---") {
                rows.pop();
            }
            continue;
        };
        // A pipe inside of a cell is escaped.
        let cells = cells.replace("\\|", "\u{0}");
        rows.push(cells.split(" | ").map(|cell| cell.trim().replace('\u{0}', "|")).collect());
    }
    rows
}

/// Returns the texts between backquotes.
pub(crate) fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
