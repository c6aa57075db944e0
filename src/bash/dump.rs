//! The environment that bash ends with → what the policy wants.
//!
//! In: the environment outside and the entries that bash said. Out: the environment inside. What bash keeps for itself
//! is left as it is outside; names that no shell can hold pass through untouched. Pure. Which of the others a policy may
//! set is the business of `enforce.rs`.

use std::collections::BTreeMap;

use crate::env::{Bytes, Env, is_identifier};
use crate::gzenv;
use crate::policy::limits;

/// What bash, its prompt and goenv's functions for policies change by themselves. direnv leaves few of them alone; an
/// environment seldom has one of those that bash counts in.
const LEFT_OUT: &[&str] = &[
    "BASH",
    "BASHPID",
    "BASH_ARGV0",
    "BASH_COMMAND",
    "BASH_SUBSHELL",
    "BASH_VERSINFO",
    "BASH_VERSION",
    "COMP_WORDBREAKS",
    "DIRENV_IN_ENVRC",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "HISTCMD",
    "LINENO",
    "OLDPWD",
    "OPTERR",
    "OPTIND",
    "PPID",
    "PS1",
    "PWD",
    "RANDOM",
    "SECONDS",
    "SHELL",
    "SHLVL",
    "SRANDOM",
    "_",
    "direnv",
];

/// What no shell lets anybody assign.
const READ_ONLY: &[&str] = &["BASHOPTS", "EUID", "SHELLOPTS", "UID"];

/// What would steer the bash that evaluates a policy, and is taken from it: code that it reads first, options, how it
/// finds directories and files.
const TAKEN: &[&str] = &[
    "BASHOPTS",
    "BASH_COMPAT",
    "BASH_ENV",
    "BASH_LOADABLES_PATH",
    "BASH_XTRACEFD",
    "CDPATH",
    "ENV",
    "EXECIGNORE",
    "FUNCNEST",
    "GLOBIGNORE",
    "IFS",
    "POSIXLY_CORRECT",
    "PS4",
    "SHELLOPTS",
    "TMOUT",
];

fn is_one_of(list: &[&str], name: &[u8]) -> bool {
    list.iter().any(|one| one.as_bytes() == name)
}

/// Names the policies that are being evaluated, so that one which runs goenv does not start itself again and again. It
/// can only keep a policy from running.
pub const EVALUATING: &str = "GOENV_EVALUATING";

/// Returns whether bash or its functions for policies keep the variable for themselves.
fn is_left_out(name: &[u8]) -> bool {
    is_one_of(LEFT_OUT, name) || name.starts_with(b"__goenv_") || name == EVALUATING.as_bytes()
}

/// Returns the environment that bash is started with: functions that the shell exported are taken from it too.
pub(super) fn given(outside: &Env) -> Env {
    let mut given = outside.clone();
    for (name, _) in outside.iter() {
        if is_one_of(TAKEN, name) || name.starts_with(b"BASH_FUNC_") {
            given.unset(name);
        }
    }
    given
}

/// Returns an environment as a dump tells it: as text, with a replacement for every byte that is not.
pub fn told(env: &Env) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    env.iter().map(|(name, value)| (text(name), text(value))).collect()
}

/// Returns what an environment becomes by a dump of direnv's, in which another process wrote down its own environment;
/// `None` where the text is not such a dump. What a process or a shell keeps for itself is left out.
pub fn loaded(text: &[u8], env: &Env) -> Option<Env> {
    let dump: BTreeMap<String, String> = gzenv::unpack(text)?;
    if dump.values().any(|value| value.contains('\0')) {
        return None;
    }
    let is_kept = |name: &[u8]| {
        is_left_out(name)
            || is_one_of(TAKEN, name)
            || is_one_of(READ_ONLY, name)
            || !is_identifier(name)
            || [&b"DIRENV_"[..], b"GOENV_", b"__fish"].iter().any(|start| name.starts_with(start))
    };
    let mut loaded = env.clone();
    for (name, _) in env.iter().filter(|(name, _)| !is_kept(name)) {
        if std::str::from_utf8(name).is_ok_and(|name| !dump.contains_key(name)) {
            loaded.unset(name);
        }
    }
    for (name, value) in dump.iter().filter(|(name, _)| !is_kept(name.as_bytes())) {
        // A dump does not hold every byte: what it says of such a value is no change of it.
        let before = env.get(name).map(String::from_utf8_lossy);
        if before.is_none_or(|before| before != value.as_str()) {
            loaded.set(name.as_bytes(), value.as_bytes());
        }
    }
    Some(loaded)
}

/// Returns the entries of a dump as an environment.
pub(super) fn environment(entries: &[Bytes]) -> Env {
    let pairs = entries.iter().filter_map(|entry| {
        let equals = entry.iter().position(|byte| *byte == b'=')?;
        let (name, value) = entry.split_at(equals);
        Some((name.to_vec(), value.get(1..).unwrap_or_default().to_vec()))
    });
    pairs.filter(|(name, _)| is_identifier(name)).collect()
}

/// Returns the environment inside.
///
/// # Errors
/// What is in the way, in words, if a value or their number is beyond what a policy may set.
pub(super) fn inside(outside: &Env, dump: &Env) -> Result<Env, String> {
    let mut inside = outside.clone();
    let mut count = 0_usize;
    let mut change = |name: &[u8], value: Option<&[u8]>| {
        count += 1;
        let size = value.map_or(0, |value| name.len() + value.len() + 2);
        if size > limits::VALUE {
            let (name, found) = (String::from_utf8_lossy(name), size - name.len() - 2);
            let most = limits::VALUE;
            return Err(format!(
                "the value of {name} has {found} bytes, more than {most} with its name"
            ));
        }
        if count > limits::VARIABLES {
            return Err(format!("the policy sets more than {} variables", limits::VARIABLES));
        }
        match value {
            Some(value) => inside.set(name, value),
            None => inside.unset(name),
        }
        Ok(())
    };
    for (name, value) in dump.iter() {
        if !is_left_out(name) && outside.get(name) != Some(value) {
            change(name, Some(value))?;
        }
    }
    for (name, _) in outside.iter() {
        let is_bashs = is_left_out(name) || is_one_of(TAKEN, name) || !is_identifier(name);
        if !is_bashs && dump.get(name).is_none() {
            change(name, None)?;
        }
    }
    Ok(inside)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::env::Diff;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().map(|(name, value)| (*name, *value)).collect()
    }

    #[test]
    fn what_is_bashs_stays_as_it_is_outside() {
        let outside = env(&[
            ("A", "1"),
            ("B", "1"),
            ("BASH_ENV", "/x"),
            ("BASH_FUNC_f%%", "() { :; }"),
            ("PWD", "/out"),
            ("SHLVL", "1"),
            ("a.b", "1"),
        ]);
        let given = given(&outside);
        let names: Vec<&[u8]> = given.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [&b"A"[..], b"B", b"PWD", b"SHLVL", b"a.b"]);
        let said: Vec<Bytes> = [
            "A=2",
            "C=x=y",
            "D=",
            "DIRENV_IN_ENVRC=1",
            "OLDPWD=/",
            "PS1=$ ",
            "PWD=/p",
            "SHLVL=2",
            "_=x",
            "__goenv_line=1",
            "no entry",
            "a.b=2",
        ]
        .map(Bytes::from)
        .to_vec();
        let inside = inside(&outside, &environment(&said)).unwrap();
        let diff = Diff::between(&outside, &inside);
        let steps: Vec<_> = diff.steps().collect();
        let expected: [(&[u8], Option<&[u8]>); 4] =
            [(b"A", Some(b"2")), (b"B", None), (b"C", Some(b"x=y")), (b"D", Some(b""))];
        assert_eq!(steps, expected);
    }

    #[test]
    fn what_steers_bash_can_be_asked_for_and_is_refused_later() {
        let outside = env(&[("CDPATH", "/a")]);
        let wanted = inside(&outside, &environment(&[b"CDPATH=/b".to_vec()])).unwrap();
        assert_eq!(wanted.get("CDPATH"), Some(&b"/b"[..]));
    }

    #[test]
    fn a_dump_changes_what_it_tells_and_nothing_of_a_shells_own() {
        let mut before =
            env(&[("A", "1"), ("GONE", "1"), ("PWD", "/p"), ("a.b", "1"), ("KEPT", "\u{fffd}")]);
        before.set("RAW", &b"\xff"[..]);
        before.set("OTHER", &b"\xff"[..]);
        let child = env(&[
            ("A", "2"),
            ("B", "x=\ny"),
            ("DIRENV_DUMP_FILE_PATH", "/x"),
            ("GOENV_EVALUATING", "x"),
            ("KEPT", "\u{fffd}"),
            ("OTHER", "new"),
            ("PWD", "/q"),
            ("RAW", "\u{fffd}"),
            ("UID", "0"),
        ]);
        let after = loaded(&gzenv::pack(&told(&child)), &before).unwrap();
        let diff = Diff::between(&before, &after);
        let steps: Vec<_> = diff.steps().collect();
        let expected: [(&[u8], Option<&[u8]>); 4] =
            [(b"A", Some(b"2")), (b"B", Some(b"x=\ny")), (b"GONE", None), (b"OTHER", Some(b"new"))];
        assert_eq!(steps, expected);
        for broken in [&b""[..], b"x", &gzenv::pack(&["A"]), &gzenv::pack(&[("A", 1)])] {
            assert_eq!(loaded(broken, &before), None);
        }
        let nul: BTreeMap<&str, &str> = [("A", "x\0")].into();
        assert_eq!(loaded(&gzenv::pack(&nul), &before), None);
    }

    #[test]
    fn the_limits_of_a_policy_hold() {
        let big = format!("BIG={}", "x".repeat(1 << 20)).into_bytes();
        let refused = inside(&Env::new(), &environment(&[big])).unwrap_err();
        assert_eq!(refused, "the value of BIG has 1048576 bytes, more than 131072 with its name");
        let many: Vec<Bytes> = (0..5000).map(|number| format!("A{number}=1").into()).collect();
        let refused = inside(&Env::new(), &environment(&many)).unwrap_err();
        assert_eq!(refused, "the policy sets more than 4096 variables");
    }

    proptest! {
        /// Whatever bash says, what it keeps for itself is as outside, and everything else as it said.
        #[test]
        fn inside_is_what_was_said(
            outside in proptest::collection::btree_map("[AB]|PWD|_|IFS|a\\.b", "[xy]?", 0..5),
            said in proptest::collection::btree_map("[AB]|PWD|_|IFS|a\\.b", "[xy]?", 0..5),
        ) {
            let outside: Env = outside.into_iter().collect();
            let entries: Vec<Bytes> =
                said.iter().map(|(name, value)| format!("{name}={value}").into()).collect();
            let inside = inside(&outside, &environment(&entries)).unwrap();
            for name in ["A", "B", "PWD", "_", "IFS", "a.b"] {
                let said = said.get(name).map(String::as_bytes);
                let expected = match name {
                    "A" | "B" => said,
                    "IFS" => said.or(outside.get(name)),
                    _ => outside.get(name),
                };
                prop_assert_eq!(inside.get(name), expected, "{}", name);
            }
        }
    }
}
