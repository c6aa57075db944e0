//! Dockerfiles: the Go of their `FROM` and `COPY --from`, and the variables that they set.
//!
//! Reads instructions with continued lines, and puts the defaults of `ARG` into image names as a builder does.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::facts::Facts;
use super::image::{self, Named};
use super::kind::Kind;
use super::lines::{column, lines, unquoted};
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

/// An image that a Dockerfile builds on.
struct Image {
    /// Its name, expanded, and where it stands.
    reference: Word,
    /// How wide the word is as written.
    width: usize,
    /// The variable in it that has no value, where there is one.
    unset: Option<String>,
    /// The words of its instruction before and behind it.
    around: (String, String),
}

impl Image {
    /// Returns the instruction with another release of Go in the image's name.
    fn with(&self, release: &str) -> String {
        let (before, behind) = &self.around;
        let image = image::with_release(&self.reference.text, release);
        format!("{before}{image}{behind}")
    }
}

/// No image's name is longer, whatever is put into it.
const LONGEST_NAME: usize = 4096;

/// Checks the images of every Dockerfile.
pub fn check(facts: &Facts, standings: &Standings<'_>, findings: &mut Vec<Finding>) {
    for file in facts.of_kind(Kind::Docker) {
        let standing = standings.of(&file.path);
        for image in images(&file.bytes) {
            let Image { reference, width, .. } = &image;
            let Some((named, is_fixed)) = image::of_image(&reference.text) else { continue };
            let named = match (named, &image.unset) {
                (Named::Newest(_), Some(name)) => Named::Given(name.clone()),
                (named, _) => named,
            };
            let at = |rule: Rule, message: String| {
                let finding = Finding::new(rule, &file.path, message);
                finding.at(reference.line, reference.column, *width)
            };
            if let Some(message) = named.judge(is_fixed, standing) {
                let finding = at(Rule::Image, message);
                findings.push(match &standing.pin {
                    Some(pin) if !pin.is_language() => finding.help(image.with(pin.as_str())),
                    _ => finding,
                });
            }
            let old = named.version().and_then(|version| standings.ended(version));
            findings.extend(old.map(|message| {
                let here = image.with("VERSION");
                at(Rule::EndOfLife, message).help(standings.supports(standing, &here, facts))
            }));
        }
    }
}

/// Returns the images that a Dockerfile builds on.
fn images(dockerfile: &[u8]) -> Vec<Image> {
    let mut defaults: BTreeMap<String, String> = BTreeMap::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut images = Vec::new();
    for instruction in instructions(dockerfile) {
        let Some((verb, rest)) = instruction.split_first() else { continue };
        match verb.text.to_ascii_uppercase().as_str() {
            "ARG" => {
                for word in rest {
                    if let Some((name, value)) = word.text.split_once('=') {
                        defaults.insert(name.to_owned(), unquoted(value).to_owned());
                    }
                }
            }
            "FROM" => {
                let flags = rest.iter().take_while(|word| word.text.starts_with("--")).count();
                images.extend(image(&instruction, flags + 1, "", &defaults, &stages));
                let mut behind = rest.iter().skip(flags + 1);
                if behind.next().is_some_and(|word| word.text.eq_ignore_ascii_case("as")) {
                    stages.extend(behind.next().map(|word| word.text.to_ascii_lowercase()));
                }
            }
            "COPY" => {
                for at in 1..instruction.len() {
                    images.extend(image(&instruction, at, "--from=", &defaults, &stages));
                }
            }
            _ => {}
        }
    }
    images
}

/// Returns the image behind `flag` in a word of an instruction; `None` where it is a stage of the same file.
fn image(
    instruction: &[Word],
    at: usize,
    flag: &str,
    defaults: &BTreeMap<String, String>,
    stages: &BTreeSet<String>,
) -> Option<Image> {
    let word = instruction.get(at)?;
    let written = word.text.strip_prefix(flag)?;
    let mut unset = None;
    let text = expand(written, defaults, &mut unset);
    if stages.contains(&text.to_ascii_lowercase()) {
        return None;
    }
    let column = word.column.saturating_add(u32::try_from(flag.len()).unwrap_or(u32::MAX));
    let before: String =
        instruction.iter().take(at).map(|word| format!("{} ", word.text)).collect();
    let behind = instruction.iter().skip(at + 1).map(|word| format!(" {}", word.text)).collect();
    let reference = Word { text, line: word.line, column };
    Some(Image { reference, width: written.len(), unset, around: (before + flag, behind) })
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
            words.push(Word { text: String::new(), line, column: column(at) });
            open = true;
        }
        if let Some(word) = words.last_mut() {
            word.text.push(c);
        }
    }
    words
}

/// Puts the defaults of `ARG` in place of `$NAME`, `${NAME}` and `${NAME:-default}`; notes the first that has none.
fn expand(text: &str, defaults: &BTreeMap<String, String>, unset: &mut Option<String>) -> String {
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
        let value = defaults.get(name).map_or(default, String::as_str);
        if value.is_empty() {
            unset.get_or_insert_with(|| format!("${name}"));
        }
        out.push_str(value);
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
            .map(|Image { reference, width, .. }| {
                format!("{}:{}+{width} {}", reference.line, reference.column, reference.text)
            })
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
    fn another_release_keeps_the_instruction() {
        for (line, expected) in [
            ("FROM golang:1.25-alpine AS build", "FROM golang:1.26.6-alpine AS build"),
            (
                "from --platform=$BUILDPLATFORM \\\n  golang:1.25 as b",
                "from --platform=$BUILDPLATFORM golang:1.26.6 as b",
            ),
            (
                "COPY --chown=1 --from=golang:1.25 /x /y",
                "COPY --chown=1 --from=golang:1.26.6 /x /y",
            ),
        ] {
            let shown: Vec<_> =
                images(line.as_bytes()).iter().map(|image| image.with("1.26.6")).collect();
            assert_eq!(shown, [expected]);
        }
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
