//! The keys and scalar values of a YAML file with their places: as much of YAML as CI files need.
//!
//! A line is a key with a value, a key with a block below it, or an item of a list, which counts as a value of the
//! key above it. `[a, b]` and `{a: b}` on one line are taken apart, block texts (`|`, `>`) are left out. What is
//! written otherwise is not seen; nothing is guessed.

use super::lines::{column, lines, unquoted};

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The keys above it, outermost first.
    pub parents: Vec<String>,
    /// The value, without quotes.
    pub value: String,
    /// Whether it was quoted.
    pub quoted: bool,
    /// The line of the value, from 1.
    pub line: u32,
    /// The column of the value in bytes, from 1.
    pub column: u32,
    /// How many bytes the value has as written.
    pub width: usize,
}

struct Frame {
    indent: usize,
    key: String,
}

/// Returns every scalar value of the file.
pub fn entries(file: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut block: Option<usize> = None;
    for (number, line) in lines(file) {
        let text = String::from_utf8_lossy(line);
        let body = text.trim_start_matches(' ');
        let mut indent = text.len() - body.len();
        if body.trim().is_empty() || body.starts_with('#') {
            continue;
        }
        if block.is_some_and(|least| indent > least) {
            continue;
        }
        block = None;
        let mut rest = body;
        // `- key: value` is a list item that begins a mapping; its keys stand behind the dash.
        while let Some(item) = rest.strip_prefix("- ") {
            close(&mut frames, indent + 1);
            let inner = item.trim_start_matches(' ');
            indent += rest.len() - inner.len();
            rest = inner;
        }
        let (key, value, offset) = match split_key(rest) {
            Some((key, value)) => {
                close(&mut frames, indent);
                let offset = rest.len() - value.len();
                frames.push(Frame { indent, key: key.to_owned() });
                (key.to_owned(), value, offset)
            }
            None => {
                let Some(frame) = frames.last() else { continue };
                (frame.key.clone(), rest, 0)
            }
        };
        if value.trim_start().starts_with(['|', '>']) {
            block = frames.last().map(|frame| frame.indent);
            continue;
        }
        let parents: Vec<String> = frames
            .iter()
            .take(frames.len().saturating_sub(1))
            .map(|frame| frame.key.clone())
            .collect();
        let at = Place { line: number, offset: indent + offset };
        scalars(&key, &parents, value, at, 0, &mut entries);
    }
    entries
}

/// Leaves the mappings that end before a line with this indentation.
fn close(frames: &mut Vec<Frame>, indent: usize) {
    while frames.last().is_some_and(|frame| frame.indent >= indent) {
        frames.pop();
    }
}

/// Splits `key: value`; a quoted key loses its quotes.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let (key, value) = match text.split_once(": ") {
        Some((key, value)) => (key, value),
        None => (text.trim_end().strip_suffix(':')?, ""),
    };
    let key = unquoted(key.trim_end());
    let plain = !key.is_empty() && !key.contains(['[', ']', '{', '}', '"', '\'', '#', ' ', ',']);
    plain.then_some((key, value))
}

#[derive(Clone, Copy)]
struct Place {
    line: u32,
    offset: usize,
}

/// How deep flow lists and mappings are taken apart.
const DEPTH: u32 = 4;

fn scalars(
    key: &str,
    parents: &[String],
    text: &str,
    at: Place,
    depth: u32,
    into: &mut Vec<Entry>,
) {
    let trimmed = text.trim_start();
    let offset = at.offset + text.len() - trimmed.len();
    let trimmed = trimmed.trim_end();
    let inside = |open: char, close: char| {
        let end = trimmed.rfind(close)?;
        trimmed.strip_prefix(open).and_then(|_| trimmed.get(1..end))
    };
    if let Some(list) = inside('[', ']').filter(|_| depth < DEPTH) {
        for (start, item) in split_flow(list) {
            let at = Place { offset: offset + 1 + start, ..at };
            scalars(key, parents, item, at, depth + 1, into);
        }
        return;
    }
    if let Some(map) = inside('{', '}').filter(|_| depth < DEPTH && !trimmed.starts_with("{{")) {
        let above: Vec<String> = parents.iter().cloned().chain([key.to_owned()]).collect();
        for (start, item) in split_flow(map) {
            let Some((inner, value)) = item.split_once(':') else { continue };
            let at = Place { offset: offset + 1 + start + inner.len() + 1, ..at };
            scalars(unquoted(inner.trim()), &above, value, at, depth + 1, into);
        }
        return;
    }
    let (value, width, quoted) = scalar(trimmed);
    if value.is_empty() && !quoted {
        return;
    }
    into.push(Entry {
        key: key.to_owned(),
        parents: parents.to_vec(),
        value: value.to_owned(),
        quoted,
        line: at.line,
        column: column(offset),
        width,
    });
}

/// Returns a scalar without quotes and comment, its width as written, and whether it was quoted.
fn scalar(text: &str) -> (&str, usize, bool) {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let end = rest.find(quote).unwrap_or(rest.len());
            return (rest.get(..end).unwrap_or_default(), end + 2, true);
        }
    }
    let end = if text.starts_with('#') { Some(0) } else { text.find(" #") };
    let plain = text.get(..end.unwrap_or(text.len())).unwrap_or_default().trim_end();
    (plain, plain.len(), false)
}

/// Splits at commas outside of quotes and brackets, with the offset of each part.
fn split_flow(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0_i32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(last), _) if c == last => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push((start, text.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, text.get(start..).unwrap_or_default()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(file: &str) -> Vec<String> {
        entries(file.as_bytes())
            .into_iter()
            .map(|e| {
                let quoted = if e.quoted { "'" } else { "" };
                let parents = e.parents.join("/");
                format!(
                    "{}:{}+{} {parents}/{}={quoted}{}",
                    e.line, e.column, e.width, e.key, e.value
                )
            })
            .collect()
    }

    #[test]
    fn values_have_their_keys_and_places() {
        let file = "on: push\nenv:\n  GOFLAGS: -mod=mod # c\njobs:\n  test:\n    strategy:\n      matrix:\n        go: ['1.25', \"1.26\"]\n\
            \x20   container: { image: golang:1.26 }\n    steps:\n      - uses: actions/setup-go@v6\n        with:\n          go-version: 1.20\n\
            \x20     - run: |\n          go-version: 1.1\n        env: {A: b}\n      - name: x\nlist:\n- a\n- b: c\n";
        assert_eq!(
            shown(file),
            [
                "1:5+4 /on=push",
                "3:12+8 env/GOFLAGS=-mod=mod",
                "8:14+6 jobs/test/strategy/matrix/go='1.25",
                "8:22+6 jobs/test/strategy/matrix/go='1.26",
                "9:25+11 jobs/test/container/image=golang:1.26",
                "11:15+19 jobs/test/steps/uses=actions/setup-go@v6",
                "13:23+4 jobs/test/steps/with/go-version=1.20",
                "16:18+1 jobs/test/steps/env/A=b",
                "17:15+1 jobs/test/steps/name=x",
                "19:3+1 /list=a",
                "20:6+1 list/b=c",
            ]
        );
    }

    #[test]
    fn any_text_is_read() {
        for file in [
            "",
            ":",
            "- - - :",
            "a: [",
            "a: {",
            "a: {{ x }}",
            "\t",
            "a: '",
            "[[[[[[[[[[[",
            "- ",
            "a: ]",
            "{}: x",
        ] {
            let _ = entries(file.as_bytes());
        }
        assert_eq!(shown("a: ${{ matrix.go }}"), ["1:4+16 /a=${{ matrix.go }}"]);
    }
}
