//! The keys and scalar values of a YAML file with their places: as much of YAML as CI files need.
//!
//! A line is a key with a value, a key with a block below it, or an item of a list, which counts as a value of the
//! key above it. `[a, b]` and `{a: b}` are taken apart, also over several lines; block texts (`|`, `>`) are left out.
//! What is written otherwise is not seen; nothing is guessed.

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
    // How many brackets are open at the beginning of the line.
    let mut open = 0;
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
        let is_flow = open > 0 || opens(value.trim_start());
        let value = if is_flow { uncommented(value) } else { value };
        let items = if open > 0 { split_flow(without_ends(value)) } else { vec![(0, value)] };
        for (start, item) in items {
            let at = Place { offset: at.offset + start, ..at };
            scalars(&key, &parents, item, at, 0, &mut entries);
        }
        if is_flow {
            open = (open + balance(value)).max(0);
        }
    }
    entries
}

/// Returns whether a value is a flow list or mapping, and no `{{ expression }}`.
fn opens(value: &str) -> bool {
    value.starts_with(['[', '{']) && !value.starts_with("{{")
}

/// Returns how many brackets a text opens more than it closes.
fn balance(text: &str) -> i32 {
    let brackets = outside_quotes(text).map(|(_, c)| match c {
        '[' | '{' => 1,
        ']' | '}' => -1,
        _ => 0,
    });
    brackets.sum()
}

/// Returns a line of a flow list or mapping without what ends an item or the whole behind it.
fn without_ends(line: &str) -> &str {
    let mut line = line.trim_end_matches([' ', ',']);
    for _ in balance(line)..0 {
        let Some(shorter) = line.strip_suffix([']', '}']) else { break };
        line = shorter.trim_end_matches([' ', ',']);
    }
    line
}

/// Returns a line of a flow list or mapping without a comment at its end.
fn uncommented(line: &str) -> &str {
    let mut before = ' ';
    let comment = outside_quotes(line).find(|(_, c)| {
        let is_comment = *c == '#' && before == ' ';
        before = *c;
        is_comment
    });
    comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line)
}

/// Returns the characters of a text that stand outside of quotes.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    text.char_indices().filter(move |(_, c)| match quote {
        Some(last) => {
            quote = quote.filter(|_| *c != last);
            false
        }
        None => {
            quote = Some(*c).filter(|c| matches!(c, '"' | '\''));
            quote.is_none()
        }
    })
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
    // One that ends on another line goes to the end of this one.
    let inside = |open: char, close: char| {
        let rest = trimmed.strip_prefix(open)?;
        Some(rest.rsplit_once(close).map_or(rest, |(inside, _)| inside))
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
    let (mut start, mut depth) = (0, 0_i32);
    for (at, c) in outside_quotes(text) {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
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
    fn lists_and_mappings_go_on_over_lines() {
        let file = "go: [ '1.24', # [old, no\n  1.25,\n  \"1.26\", 1.27 ]\na: x\nwith: {\n  go-version: 1.25,\n\
            \x20 b: ${{ c }}\n}\nmatrix: [\n  {go: 1.20, os: d},\n  {go: 1.21}]\nname: it's [open\nd: e,]\nf: [1.2] # [g]\n";
        assert_eq!(
            shown(file),
            [
                "1:7+6 /go='1.24",
                "2:3+4 /go=1.25",
                "3:3+6 /go='1.26",
                "3:11+4 /go=1.27",
                "4:4+1 /a=x",
                "6:15+4 with/go-version=1.25",
                "7:6+8 with/b=${{ c }}",
                "10:8+4 matrix/go=1.20",
                "10:18+1 matrix/os=d",
                "11:8+4 matrix/go=1.21",
                "12:7+10 /name=it's [open",
                "13:4+3 /d=e,]",
                "14:5+3 /f=1.2",
            ]
        );
    }

    #[test]
    fn any_text_is_read() {
        let hostile = format!("a: [{}\n{}", "[".repeat(100_000), "]".repeat(200_000));
        for file in [
            &hostile,
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
