//! What `export` prints, evaluated by the real shells: they get the same bytes back.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use goenv::env::{Diff, Env};
use goenv::shell::Format;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::parse_env;

/// Evaluates text in a shell without startup files, and returns the environment of a program started there.
fn evaluate(shell: &str, args: &[&str], text: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut child = Command::new(shell)
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{shell}: {error}; run tests/run, which installs it"));
    let mut input = child.stdin.take().unwrap();
    input.write_all(text).unwrap();
    input.write_all(b"/usr/bin/env -0\n").unwrap();
    drop(input);
    parse_env(&child.wait_with_output().unwrap().stdout)
}

/// Names of plain and of list variables, to values of any bytes that an environment can hold.
fn variables() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let plain = proptest::collection::vec(1_u8..=255, 0..12);
    let awkward = "['\"\\\\$`!#~*?\\[\\](){};&|<>=:% \t\n\r\u{1b}\u{7f}\u{e9}\u{2640}-]{0,12}"
        .prop_map(String::into_bytes);
    proptest::collection::btree_map("X[A-Za-z0-9_]{1,6}(PATH)?", prop_oneof![plain, awkward], 1..40)
}

fn gives_the_same_bytes_back(shell: &'static str, args: &'static [&'static str], format: Format) {
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let property = |wanted: BTreeMap<String, Vec<u8>>| {
        let to: Env = wanted.clone().into_iter().collect();
        let got = evaluate(shell, args, &format.print(&Diff::between(&Env::new(), &to)));
        for (name, value) in &wanted {
            prop_assert_eq!(got.get(name.as_bytes()), Some(value), "{}", name);
        }
        Ok(())
    };
    TestRunner::new(config).run(&variables(), property).unwrap();
}

#[test]
fn bash_gives_the_same_bytes_back() {
    gives_the_same_bytes_back("bash", &["--norc", "--noprofile"], Format::Bash);
}

#[test]
fn zsh_gives_the_same_bytes_back() {
    gives_the_same_bytes_back("zsh", &["-f"], Format::Zsh);
}

#[test]
fn zsh_gives_the_same_bytes_back_whatever_its_options() {
    let options = &[
        "-f",
        "-o",
        "rcquotes",
        "-o",
        "shwordsplit",
        "-o",
        "kshglob",
        "-o",
        "ksharrays",
        "-o",
        "nounset",
    ];
    gives_the_same_bytes_back("zsh", options, Format::Zsh);
}

#[test]
fn fish_gives_the_same_bytes_back() {
    gives_the_same_bytes_back("fish", &["--no-config"], Format::Fish);
}

#[test]
fn unset_is_not_empty() {
    let from: Env = [("XGONE", "1"), ("XEMPTY", "1")].into_iter().collect();
    let to: Env = [("XEMPTY", "")].into_iter().collect();
    let diff = Diff::between(&from, &to);
    for (shell, args, format, set) in [
        ("bash", ["--norc"], Format::Bash, "export XGONE=1 XEMPTY=1\n"),
        ("zsh", ["-f"], Format::Zsh, "export XGONE=1 XEMPTY=1\n"),
        ("fish", ["--no-config"], Format::Fish, "set -gx XGONE 1; set -gx XEMPTY 1\n"),
    ] {
        let got = evaluate(shell, &args, &[set.as_bytes(), &format.print(&diff)].concat());
        assert_eq!(got.get(&b"XGONE"[..]), None, "{shell}");
        assert_eq!(got.get(&b"XEMPTY"[..]), Some(&Vec::new()), "{shell}");
    }
}
