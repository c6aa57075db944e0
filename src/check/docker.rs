//! Dockerfiles: the Go of their `FROM` and `COPY --from`, and the variables that they set.
//!
//! Reads instructions with continued lines, and puts the defaults of `ARG` into image names as a builder does.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::facts::{Facts, lines};
use super::image;
use super::kind::Kind;
use super::policies::ended;
use super::rules::Rule;
use super::settings::Setting;
use super::standing::Standings;

/// A word of an instruction and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    line: u32,
    column: u32,
}

/// No image's name is longer, whatever is put into it.
const LONGEST_NAME: usize = 4096;

/// Checks the images of every Dockerfile.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in facts.of_kind(Kind::Docker) {
        let standing = standings.of(&file.path);
        for word in images(&file.bytes) {
            let (text, width) = word.clone();
            let Some((named, is_fixed)) = image::of_image(&text.text) else { continue };
            let at = |rule: Rule, message: String| {
                Finding::new(rule, &file.path, message).at(text.line, text.column, width)
            };
            if let Some(message) = named.judge(is_fixed, standing) {
                let finding = at(Rule::Image, message);
                findings.push(match &standing.pin {
                    Some(pin) if !pin.is_language() => finding.help(format!("FROM golang:{pin}")),
                    _ => finding,
                });
            }
            let old = named.version().and_then(|version| ended(version, standings));
            findings.extend(old.map(|message| at(Rule::EndOfLife, message)));
        }
    }
}

/// Returns the images that a Dockerfile builds on, expanded, each with the width of the word as written.
fn images(dockerfile: &[u8]) -> Vec<(Word, usize)> {
    let mut defaults: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut images = Vec::new();
    let mut add = |word: &Word, defaults: &BTreeMap<String, String>, stages: &BTreeSet<String>| {
        let text = expand(&word.text, defaults);
        if !stages.contains(&text.to_ascii_lowercase()) {
            images.push((Word { text, ..word.clone() }, word.text.len()));
        }
    };
    for instruction in instructions(dockerfile) {
        let Some((verb, rest)) = instruction.split_first() else { continue };
        let mut plain = rest.iter().filter(|word| !word.text.starts_with("--"));
        match verb.text.to_ascii_uppercase().as_str() {
            "ARG" => {
                for word in rest {
                    if let Some((name, value)) = word.text.split_once('=') {
                        defaults.insert(name.to_owned(), unquoted(value).to_owned());
                    }
                }
            }
            "FROM" => {
                if let Some(image) = plain.next() {
                    add(image, &defaults, &stages);
                }
                if plain.next().is_some_and(|word| word.text.eq_ignore_ascii_case("as")) {
                    stages.extend(plain.next().map(|word| word.text.to_ascii_lowercase()));
                }
            }
            "COPY" => {
                for word in rest {
                    if let Some(image) = word.text.strip_prefix("--from=") {
                        add(
                            &Word { text: image.to_owned(), column: word.column + 7, ..*word },
                            &defaults,
                            &stages,
                        );
                    }
                }
            }
            _ => {}
        }
    }
    images
}

/// Returns the variables that a Dockerfile sets for what is built.
pub fn settings(dockerfile: &[u8]) -> Vec<Setting> {
    let mut settings = Vec::new();
    for instruction in instructions(dockerfile) {
        let Some((verb, rest)) = instruction.split_first() else { continue };
        if !matches!(verb.text.to_ascii_uppercase().as_str(), "ENV" | "ARG") {
            continue;
        }
        let mut push = |name: &str, value: &str, word: &Word| {
            let expands = value.contains('$');
            let value = unquoted(value).to_owned();
            settings.push(Setting {
                name: name.to_owned(),
                value,
                expands,
                line: word.line,
                column: word.column,
                width: word.text.len(),
            });
        };
        match rest {
            // The old form: ENV NAME the whole rest.
            [name, value @ ..]
                if !name.text.contains('=') && verb.text.eq_ignore_ascii_case("ENV") =>
            {
                let words: Vec<&str> = value.iter().map(|word| word.text.as_str()).collect();
                push(&name.text, &words.join(" "), name);
            }
            _ => {
                for word in rest {
                    if let Some((name, value)) = word.text.split_once('=') {
                        push(name, value, word);
                    }
                }
            }
        }
    }
    settings
}

/// Splits a Dockerfile into instructions: words, over lines that end in a backslash.
fn instructions(dockerfile: &[u8]) -> Vec<Vec<Word>> {
    let mut instructions = Vec::new();
    let mut current: Vec<Word> = Vec::new();
    for (number, line) in lines(dockerfile) {
        let text = String::from_utf8_lossy(line);
        if text.trim_start().starts_with('#') {
            continue;
        }
        let trimmed = text.trim_end();
        let (text, continues) = match trimmed.strip_suffix('\\') {
            Some(text) => (text, true),
            None => (trimmed, false),
        };
        current.extend(words(text, number));
        if !continues && !current.is_empty() {
            instructions.push(std::mem::take(&mut current));
        }
    }
    instructions.extend((!current.is_empty()).then_some(current));
    instructions
}

/// Splits at blanks outside of quotes; the quotes stay.
fn words(text: &str, line: u32) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut quote = None;
    let mut open = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(last) if c == last => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_ascii_whitespace() => {
                open = false;
                continue;
            }
            _ => {}
        }
        if !open {
            words.push(Word { text: String::new(), line, column: super::facts::column(at) });
            open = true;
        }
        if let Some(word) = words.last_mut() {
            word.text.push(c);
        }
    }
    words
}

pub(super) fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

/// Puts the defaults of `ARG` in place of `$NAME`, `${NAME}` and `${NAME:-default}`.
fn expand(text: &str, defaults: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, left) = match after.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some((name, left)) => (name, left),
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        let (name, default) = name.split_once(":-").unwrap_or((name, ""));
        out.push_str(defaults.get(name).map_or(default, String::as_str));
        rest = left;
        if out.len() > LONGEST_NAME {
            break;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_and_expanded() {
        let file = "# c\nARG GO=1.26.6\nARG BASE=\"alpine\"\nFROM --platform=$BUILDPLATFORM golang:${GO}-$BASE AS build\n\
            ENV A=b \\\n    C='d e'\nFROM build AS test\nCOPY --from=golang:1.25 /x /y\nfrom scratch\nCOPY --from=build /a /b\n\
            FROM golang:${NONE:-1.24}\n";
        let shown: Vec<_> = images(file.as_bytes())
            .into_iter()
            .map(|(word, width)| format!("{}:{}+{width} {}", word.line, word.column, word.text))
            .collect();
        assert_eq!(
            shown,
            [
                "4:32+18 golang:1.26.6-alpine",
                "8:13+11 golang:1.25",
                "9:6+7 scratch",
                "11:6+20 golang:1.24"
            ]
        );
    }

    #[test]
    fn variables_are_found() {
        let file = b"ENV GOPROXY=https://a GOFLAGS=\"-mod=mod -x\"\nENV GOSUMDB off\nARG TOKEN\nARG V=$X\n";
        let shown: Vec<_> = settings(file)
            .into_iter()
            .map(|s| format!("{}:{} {}={} {}", s.line, s.column, s.name, s.value, s.expands))
            .collect();
        assert_eq!(
            shown,
            [
                "1:5 GOPROXY=https://a false",
                "1:23 GOFLAGS=-mod=mod -x false",
                "2:5 GOSUMDB=off false",
                "4:5 V=$X true"
            ]
        );
    }
}
