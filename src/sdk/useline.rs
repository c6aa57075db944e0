//! Finds the `use go` line of a policy's text and writes another in its place: what `goenv pin` does.
//!
//! Pure: a text comes in, a text goes out, and everything but that line stays as it was, byte for byte. A line that
//! holds more than a version and pins (a variable, another command) is a person's to change.

use std::collections::BTreeSet;

use super::pin::Pins;
use crate::check::envrc::{self, Command};

/// The `use go` line of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseLine {
    /// Where it begins and ends in the text, the line break left out.
    start: usize,
    end: usize,
    /// What it is indented by.
    indent: String,
    /// The comment at its end.
    comment: String,
    /// The version, where it names one.
    pub version: Option<String>,
    /// The pins: platform and hash.
    pub pins: Vec<(String, String)>,
}

/// Why the line cannot be written for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotPlain {
    /// There are several.
    #[error("it has {0} `use go` lines; write the one that is meant by hand")]
    Several(usize),
    /// It holds something else.
    #[error("its `use go` line holds `{0}`; write it by hand")]
    Word(String),
    /// It does not begin a line.
    #[error("its `use go` in line {0} stands behind something else; write it by hand")]
    Behind(usize),
}

/// Finds the `use go` line; `None` where there is none.
pub fn find(text: &str) -> Result<Option<UseLine>, NotPlain> {
    let is_use = |command: &Command| matches!(command.called(), [tool, go, ..] if (tool.text.as_str(), go.text.as_str()) == ("use", "go"));
    let commands = envrc::commands(text.as_bytes());
    let mut places: BTreeSet<usize> = commands
        .iter()
        .filter(|command| is_use(command))
        .map(|command| command.span.start)
        .collect();
    let mut found = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = logical_end(text, start);
        let line = text.get(start..end).unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let begins = line.len() - line.trim_ascii_start().len();
        // Within quotes it is no command.
        if (words.next(), words.next()) == (Some("use"), Some("go"))
            && places.remove(&(start + begins))
        {
            found.push((start, end, line));
        }
        start = end + 1;
    }
    if let Some(place) = places.first() {
        let before = text.get(..*place).unwrap_or_default();
        return Err(NotPlain::Behind(before.matches('\n').count() + 1));
    }
    match found.as_slice() {
        [] => Ok(None),
        [(start, end, line)] => read(*start, *end, line).map(Some),
        several => Err(NotPlain::Several(several.len())),
    }
}

/// Returns where the line ends that begins at `start`, continued lines taken together.
fn logical_end(text: &str, start: usize) -> usize {
    let mut from = start;
    loop {
        let end =
            text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| from + at);
        let line = text.get(from..end).unwrap_or_default();
        if !line.ends_with('\\') || end == text.len() {
            return end;
        }
        from = end + 1;
    }
}

fn read(start: usize, end: usize, line: &str) -> Result<UseLine, NotPlain> {
    let indent = line.chars().take_while(|c| c.is_ascii_whitespace()).collect();
    let code = [" #", "\t#"].iter().filter_map(|mark| line.find(mark)).min();
    let code = code.map_or(line, |at| line.get(..at).unwrap_or(line));
    let comment = line.get(code.len()..).unwrap_or_default().trim_start().to_owned();
    let joined = code.replace("\\\n", " ");
    let mut read = UseLine { start, end, indent, comment, version: None, pins: Vec::new() };
    for word in joined.split_ascii_whitespace().skip(2) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+/=:".contains(&byte);
        if !word.bytes().all(plain) {
            return Err(NotPlain::Word(word.to_owned()));
        }
        match word.split_once('=') {
            Some((platform, hash)) => read.pins.push((platform.to_owned(), hash.to_owned())),
            None if read.version.is_none() && read.pins.is_empty() => {
                read.version = Some(word.to_owned());
            }
            None => return Err(NotPlain::Word(word.to_owned())),
        }
    }
    Ok(read)
}

/// Returns the text with the line replaced, or with one at its end where there was none.
pub fn write(text: &str, old: Option<&UseLine>, version: &str, pins: &Pins) -> String {
    let pins = pins.to_string();
    let words: Vec<_> = pins.split_ascii_whitespace().collect();
    let (indent, comment) = old.map_or(("", ""), |old| (&old.indent, &old.comment));
    let mut line = format!("{indent}use go {version}");
    for word in &words {
        // One pin to a line, where there are several: they are 80 characters long.
        if let [_] = words.as_slice() {
            line += &format!(" {word}");
        } else {
            line += &format!(" \\\n{indent}  {word}");
        }
    }
    if !comment.is_empty() {
        line += &format!(" {comment}");
    }
    match old {
        Some(old) => {
            let (before, after) = (text.get(..old.start), text.get(old.end..));
            format!("{}{line}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        None if text.is_empty() || text.ends_with('\n') => format!("{text}{line}\n"),
        None => format!("{text}\n{line}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const H1: &str = "h1:k9O6pMp/NDJBrp1CKSYBpOK82Y56wlXOEdnls6TY690=";

    fn pins(platforms: &[&str]) -> Pins {
        let words: Vec<_> =
            platforms.iter().map(|platform| ((*platform).to_owned(), H1.to_owned())).collect();
        Pins::read(&words).unwrap()
    }

    fn pin(text: &str, platforms: &[&str]) -> String {
        match find(text) {
            Ok(old) => write(text, old.as_ref(), "1.26.6", &pins(platforms)),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_line_is_replaced_and_nothing_else() {
        let one = ["linux/amd64"];
        for (text, expected) in [
            ("", format!("use go 1.26.6 linux/amd64={H1}\n")),
            ("export A=b", format!("export A=b\nuse go 1.26.6 linux/amd64={H1}\n")),
            ("use go 1.25.3\n", format!("use go 1.26.6 linux/amd64={H1}\n")),
            ("use go", format!("use go 1.26.6 linux/amd64={H1}")),
            (
                "a\n  use  go 1.25.3 linux/amd64=h1:x # why\nb\n",
                format!("a\n  use go 1.26.6 linux/amd64={H1} # why\nb\n"),
            ),
            (
                "use go 1.25.3 \\\n  linux/amd64=h1:x \\\n  linux/arm64=h1:y\nb\n",
                format!("use go 1.26.6 linux/amd64={H1}\nb\n"),
            ),
            ("use go 1.25.3\t# why\n", format!("use go 1.26.6 linux/amd64={H1} # why\n")),
            (
                "export A='\nuse go 1\n'\n",
                format!("export A='\nuse go 1\n'\nuse go 1.26.6 linux/amd64={H1}\n"),
            ),
            (
                "# use go 1\nuse node 20\n",
                format!("# use go 1\nuse node 20\nuse go 1.26.6 linux/amd64={H1}\n"),
            ),
        ] {
            assert_eq!(pin(text, &one), expected, "{text:?}");
        }
        assert_eq!(
            pin("if x; then\n  use go 1.25.3\nfi\n", &["linux/amd64", "darwin/arm64"]),
            format!(
                "if x; then\n  use go 1.26.6 \\\n    linux/amd64={H1} \\\n    darwin/arm64={H1}\nfi\n"
            )
        );
        let old = find("use go 1.25.3 linux/amd64=h1:x").unwrap().unwrap();
        assert_eq!(old.version.as_deref(), Some("1.25.3"));
        assert_eq!(old.pins, [("linux/amd64".to_owned(), "h1:x".to_owned())]);
        // What was written is found again.
        let again = pin("use go 1.25.3", &["linux/amd64", "darwin/arm64"]);
        assert_eq!(pin(&again, &["linux/amd64", "darwin/arm64"]), again);
    }

    #[test]
    fn what_is_not_plain_is_left_to_a_person() {
        for (text, expected) in [
            (
                "use go 1\nuse go 2\n",
                "it has 2 `use go` lines; write the one that is meant by hand",
            ),
            (
                "a\nhas go && use go 1\n",
                "its `use go` in line 2 stands behind something else; write it by hand",
            ),
            (
                "use go 1\nif true; then use go 2; fi\n",
                "its `use go` in line 2 stands behind something else; write it by hand",
            ),
            ("use go $V\n", "its `use go` line holds `$V`; write it by hand"),
            ("use go 1.26.6 && x\n", "its `use go` line holds `&&`; write it by hand"),
            ("use go 1.26.6 1.25.3\n", "its `use go` line holds `1.25.3`; write it by hand"),
        ] {
            assert_eq!(pin(text, &["linux/amd64"]), expected);
        }
    }
}
