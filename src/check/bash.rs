//! What can be said of a policy that its header leaves to bash, without running any of it.
//!
//! A text that is in the policy language means the same to bash, so it is evaluated as any other. Of one that is beyond
//! the language only this is known: `use go`, `lock` and goenv's other commands mean in bash what they mean natively, so
//! those that run whatever else the text does are evaluated by themselves; and a text that is read as surely is named.
//! What is conditional, expanded or may have been given another meaning is left out, and nothing is guessed. Pure.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::envrc::Command;
use super::facts::normal;
use crate::env::Bytes;

/// goenv's own commands, which goenv evaluates for bash.
const OWN: &[&str] = &["use", "target", "lock", "allow_go", "deny_go", "promote"];

/// What runs text that stands elsewhere, or changes where or whether the rest of a text runs.
const ELSEWHERE: &[&str] = &[
    "coproc",
    "trap",
    "source",
    ".",
    "source_env",
    "source_env_if_exists",
    "source_up",
    "source_up_if_exists",
    "source_url",
    "eval",
    "alias",
    "cd",
    "pushd",
    "popd",
];

/// Returns whether a text reads another one, which may define functions or use goenv's commands.
pub fn reads(commands: &[Command]) -> bool {
    commands.iter().any(|command| ELSEWHERE.contains(&command.name()))
}

/// Returns whether `command` may end the text where it stands.
fn leaves(command: &Command) -> bool {
    match command.name() {
        "exit" | "exec" => true,
        "return" => !command.in_function,
        _ => false,
    }
}

/// Returns a policy with nothing but those of goenv's commands that run with these very words, in their places.
pub fn own_lines(policy: &[u8], commands: &[Command]) -> Bytes {
    let mut kept = Vec::new();
    if !reads(commands) {
        for own in OWN {
            kept.extend(spans(own, commands).into_iter().flatten());
        }
    }
    let mut blank: Bytes =
        policy.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }).collect();
    for span in kept {
        let end = span.end;
        if let (Some(to), Some(from)) = (blank.get_mut(span.clone()), policy.get(span)) {
            to.copy_from_slice(from);
        }
        // The next one may be on the same line.
        if let Some(behind) = blank.get_mut(end).filter(|behind| **behind == b' ') {
            *behind = b';';
        }
    }
    blank
}

/// Returns where the commands called `own` stand; `None` where one of them may not run, or with other words.
fn spans(own: &str, commands: &[Command]) -> Option<Vec<Range<usize>>> {
    // `use` runs it.
    let function = if own == "use" { "use_go" } else { own };
    let mut spans = Vec::new();
    let mut is_over = false;
    for command in commands {
        is_over |= leaves(command);
        let called = command.called();
        if called.first().is_some_and(|name| name.expands) {
            // Which command this is nobody knows.
            return None;
        }
        let words: Vec<&str> = called.iter().map(|word| word.text.as_str()).collect();
        match words.as_slice() {
            ["function", name, ..] if *name == own || *name == function => return None,
            ["use_go", ..] if own == "use" => return None,
            // Another tool's.
            ["use", tool, ..] if own == "use" && *tool != "go" && !tool.contains('$') => {}
            [name, _, ..] if *name == own => {
                let is_literal = called.iter().all(|word| !word.expands);
                let is_bare = called.len() == command.words.len();
                if is_over || !command.is_sure || !is_literal || !is_bare {
                    return None;
                }
                spans.push(command.span.clone());
            }
            [name] if *name == own => return None,
            _ => {}
        }
    }
    Some(spans)
}

/// Returns the texts of the repository that a policy in `directory` reads for sure, relative to the root.
pub fn sourced(
    commands: &[Command],
    directory: &Path,
    is_there: &dyn Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let mut sourced = Vec::new();
    for command in commands {
        if leaves(command) || matches!(command.name(), "cd" | "pushd" | "popd" | "alias") {
            break;
        }
        let words = command.called();
        let (Some(name), [_, file]) = (words.first(), words) else { continue };
        let reads =
            matches!(name.text.as_str(), "source" | "." | "source_env" | "source_env_if_exists");
        if !reads || !command.is_sure || file.expands || file.text.starts_with('~') {
            continue;
        }
        let Some(path) = normal(&directory.join(&file.text)) else { continue };
        let policy = path.join(".envrc");
        sourced.extend([path, policy].into_iter().find(|path| is_there(path)));
    }
    sourced
}

#[cfg(test)]
mod tests {
    use super::super::envrc::commands;
    use super::*;

    fn own(policy: &str) -> String {
        let kept = own_lines(policy.as_bytes(), &commands(policy.as_bytes()));
        let kept = String::from_utf8(kept).unwrap();
        assert_eq!(kept.len(), policy.len());
        kept.split('\n')
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("|")
    }

    #[test]
    fn only_what_runs_for_sure_is_kept() {
        for (policy, kept) in [
            ("f() { :; }\nuse go 1.26.6 \\\n  a/b=x # c\nf", "use go 1.26.6 \\|  a/b=x;"),
            ("f() { return 1; }\nuse go 1.26.6\nexit 0", "use go 1.26.6"),
            ("has x || return 0\nuse go 1.26.6", ""),
            ("use flake\nuse go 1.26.6; lock A=1", "           use go 1.26.6; lock A=1"),
            ("use go 1.24\nif x; then use go 1.26; fi\nlock A=1", "lock A=1"),
            ("use go \"$V\"\nallow_go prod 1.26.6", "allow_go prod 1.26.6"),
            ("use \"$TOOL\" 1\nuse go 1.26", ""),
            ("x && use go 1.26.6", ""),
            ("use_go() { :; }\nuse go 1.26.6", ""),
            ("function use_go { :; }\nuse go 1.26.6", ""),
            ("use() { :; }\nuse go 1.26.6", ""),
            ("use go 1.26.6\nsource ./lib.sh", ""),
            ("use go 1.26.6\neval \"$(x)\"", ""),
            ("use go 1.26.6\nbuiltin source ./lib.sh", ""),
            ("use go 1.26.6\nA=1 command -p eval \"$B\"", ""),
            ("use go 1.26.6\ntrap 'use go 1.24' EXIT", ""),
            ("coproc c { :; use go 1.24; }\nlock A=1", ""),
            ("use go 1.24\nA=1 use go 1.26.6", ""),
            ("use go 1.24\n\"$A\" go 1.26.6", ""),
            ("[ x ] || builtin exit\nuse go 1.26.6", ""),
            ("A=$B C+=$D e[1]=$F export G\nuse go 1.26.6", "use go 1.26.6"),
            ("cat <<E\nuse go 1.24\nE\nuse go 1.26.6", "use go 1.26.6"),
            ("export A='\nuse go 1.24\n'\nuse go 1.26.6", "use go 1.26.6"),
            ("A=(\nuse go 1.24\n)", ""),
            ("use go 1.26.6\nif x", ""),
        ] {
            assert_eq!(own(policy).trim_start(), kept.trim_start(), "{policy:?}");
        }
    }

    #[test]
    fn texts_that_are_read_for_sure_are_named() {
        let there = ["a/lib.sh", "a/sub/.envrc", "b"];
        let is_there = |path: &Path| there.iter().any(|one| Path::new(one) == path);
        for (policy, expected) in [
            ("source ./lib.sh\n. ../b; source_env sub", &["a/lib.sh", "b", "a/sub/.envrc"][..]),
            ("source_env_if_exists lib.sh\nsource_env_if_exists none", &["a/lib.sh"]),
            ("[ x ] && source lib.sh\nsource \"$X\"\nsource none\nsource ../../b", &[]),
            ("cd sub\nsource lib.sh", &[]),
            ("exit 0\nsource lib.sh", &[]),
        ] {
            let found = sourced(&commands(policy.as_bytes()), Path::new("a"), &is_there);
            let found: Vec<&str> = found.iter().map(|path| path.to_str().unwrap()).collect();
            assert_eq!(found, expected, "{policy:?}");
        }
    }
}
