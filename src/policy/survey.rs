//! Which lines of a file are not in the policy language.
//!
//! In: the bytes of any `.envrc`. Out: the error of each line that is in the way, in order, as if the lines before
//! it had been left out. For people who bring a file from direnv; what is loaded is parsed whole or not at all.

use std::path::Path;

use super::error::PolicyError;
use super::limits;
use super::parse::parse;

/// Returns what is in the way of each line that is not in the language; empty for a policy that is parsed.
pub fn survey(path: &Path, bytes: &[u8]) -> Vec<PolicyError> {
    let mut found: Vec<PolicyError> = Vec::new();
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    while let Err(error) = parse(path, &lines.join(&b'\n')) {
        let line = (error.place.line as usize).saturating_sub(1);
        // A line that was left out already, or a limit: nothing more is learned.
        let blank = lines.get(line).is_none_or(|text| text.is_empty());
        if let Some(text) = lines.get_mut(line) {
            *text = b"";
        }
        if blank || found.len() >= limits::SURVEYED {
            break;
        }
        found.push(error);
    }
    found.sort_by_key(|error| error.place.line);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surveyed(text: &str) -> Vec<(u32, String)> {
        let errors = survey(Path::new("/project/.envrc"), text.as_bytes());
        errors.into_iter().map(|error| (error.place.line, error.message)).collect()
    }

    #[test]
    fn each_line_that_is_not_native_is_named() {
        let text = "export A=1\nnpm install\nexport B=$(git describe)\nfor x in a; do\n  export $x\ndone\nPATH_add bin\n";
        let found = surveyed(text);
        let lines: Vec<u32> = found.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 3, 4, 6]);
        assert_eq!(found[0].1, "`npm` is not a command of the policy language");
        assert_eq!(surveyed("export A=1\nPATH_add bin\n"), []);
    }

    #[test]
    fn what_concerns_the_whole_file_ends_the_survey() {
        assert_eq!(surveyed("\u{feff}export A=1\nbad\n").len(), 2);
        assert_eq!(surveyed("if true; then\n").len(), 1);
        assert_eq!(surveyed(&"bad\n".repeat(1000)).len(), 100);
        assert!(surveyed(&"x".repeat(2 << 20)).len() <= 1);
    }
}
