//! `.go-version` and `.tool-versions`: the files in which other version managers keep the Go of a directory.
//!
//! Bytes in, the first version with its place out. Versions pass the closed grammar of [`Version::read`] and nothing
//! else does: no path, no address, no alias such as `latest` or `system`. Other tools' lines are left alone.

use super::modfile::{Problem, Word};
use super::version::Version;

/// Reads `.go-version`: the first word of the first line that is neither empty nor a comment.
pub fn go_version(file: &[u8]) -> Result<Option<(Version, Word)>, Problem> {
    let Some(word) = lines(file).find_map(|line| line.first().cloned()) else { return Ok(None) };
    read(word).map(Some)
}

/// Reads `.tool-versions`: the first version on the line of `golang` (asdf's name) or `go` (mise's).
pub fn tool_versions(file: &[u8]) -> Result<Option<(Version, Word)>, Problem> {
    let of_go = |line: Vec<Word>| match line.as_slice() {
        [tool, version, ..] if matches!(tool.text.as_str(), "golang" | "go") => {
            Some(version.clone())
        }
        _ => None,
    };
    let Some(word) = lines(file).find_map(of_go) else { return Ok(None) };
    read(word).map(Some)
}

fn read(word: Word) -> Result<(Version, Word), Problem> {
    match Version::read(&word.text) {
        Ok(version) => Ok((version, word)),
        Err(error) => {
            Err(Problem { message: error.to_string(), line: word.line, column: word.column })
        }
    }
}

/// Returns the words of each line, comments left out.
fn lines(file: &[u8]) -> impl Iterator<Item = Vec<Word>> {
    (1..).zip(file.split(|byte| *byte == b'\n')).map(|(number, line)| {
        let text = String::from_utf8_lossy(line);
        let text = text.split('#').next().unwrap_or_default();
        let mut words = Vec::new();
        let mut offset = 0;
        for part in text.split(|c: char| c.is_ascii_whitespace()) {
            if !part.is_empty() {
                let column = u32::try_from(offset + 1).unwrap_or(u32::MAX);
                words.push(Word { text: part.to_owned(), line: number, column });
            }
            offset += part.len() + 1;
        }
        words
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = Result<Option<(Version, Word)>, Problem>;

    fn show(read: Read) -> String {
        match read {
            Ok(None) => "none".to_owned(),
            Ok(Some((version, word))) => format!("{version} at {}:{}", word.line, word.column),
            Err(problem) => format!("{}:{}: {}", problem.line, problem.column, problem.message),
        }
    }

    #[test]
    fn go_version_files_hold_one_version() {
        for (file, expected) in [
            ("1.26.6\n", "1.26.6 at 1:1"),
            ("go1.26.6", "1.26.6 at 1:1"),
            ("# why\n\n  1.26\t# pinned\r\n", "1.26 at 3:3"),
            ("1.26.6 1.25.1\n", "1.26.6 at 1:1"),
            ("", "none"),
            ("#\n", "none"),
            (
                "../../evil\n",
                "1:1: `../../evil` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
            (
                "latest",
                "1:1: `latest` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
            (
                "\u{feff}1.26.6",
                "1:1: `\u{feff}1.26.6` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
        ] {
            assert_eq!(show(go_version(file.as_bytes())), expected, "{file:?}");
        }
    }

    #[test]
    fn tool_versions_files_hold_a_line_for_go() {
        for (file, expected) in [
            ("nodejs 20.1.0\ngolang 1.26.6 1.25.0 # two\n", "1.26.6 at 2:8"),
            ("go 1.26.6\n", "1.26.6 at 1:4"),
            ("golang   1.26.6", "1.26.6 at 1:10"),
            ("golangci-lint 2.0.0\n", "none"),
            ("#golang 1.26.6\n", "none"),
            ("golang\n", "none"),
            (
                "golang ref:master\n",
                "1:8: `ref:master` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
            (
                "golang path:/tmp/evil\n",
                "1:8: `path:/tmp/evil` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
            (
                "golang system\n",
                "1:8: `system` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ),
        ] {
            assert_eq!(show(tool_versions(file.as_bytes())), expected, "{file:?}");
        }
        assert!(go_version(b"\xff\xfe").is_err());
    }
}
