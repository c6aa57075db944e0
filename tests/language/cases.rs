//! Hand-written policies with what they want, and whole error messages.

use std::path::Path;

use goenv::env::Env;
use goenv::policy::{PolicyError, Wanted, evaluate, parse};

use crate::host::RealHost;

/// Evaluates `text` as the policy of `directory`.
pub(crate) fn load(directory: &Path, text: &[u8], outside: &Env) -> Result<Wanted, PolicyError> {
    let mut host = RealHost { sdks: directory.join("sdks"), ..RealHost::default() };
    let program = parse(&directory.join(".envrc"), text)?;
    evaluate(&program, outside, &mut host)
}

#[test]
fn the_first_lines_of_most_policies_mean_what_bash_makes_of_them() {
    let outside: Env = [("HOME", "/home/ann"), ("PATH", "/usr/bin:/bin")].into_iter().collect();
    let text = b"# a policy\nexport A=1 B='two words'\nexport C=\"$A-${B}\" D=~/x:~/y\nPATH_add bin\nunset A\n";
    let wanted = load(Path::new("/project"), text, &outside).unwrap();
    let pairs: Vec<(String, String)> = wanted
        .env
        .iter()
        .map(|(n, v)| (String::from_utf8_lossy(n).into(), String::from_utf8_lossy(v).into()))
        .collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        pairs,
        [
            ("B", "two words"),
            ("C", "1-two words"),
            ("D", "/home/ann/x:/home/ann/y"),
            ("HOME", "/home/ann"),
            ("PATH", "/project/bin:/usr/bin:/bin"),
        ]
    );
}

#[test]
fn an_error_shows_the_line_with_a_caret() {
    let error =
        load(Path::new("/project"), b"# one\n\nPATH_add bin *.go\n", &Env::new()).unwrap_err();
    assert_eq!(
        error.render(Path::new("/project")),
        ".envrc:3:14: globs are not part of the policy language\n  \
           3 | PATH_add bin *.go\n    \
             |              ^^^^\n\
         hint: quote it if it stands for itself, or write the names out"
    );
}
