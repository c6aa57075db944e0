//! What `export` prints, evaluated by the real shells: they get the same bytes back.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use clap::ValueEnum;
use goenv::env::{Diff, Env};
use goenv::shell::Format;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::pty::Shell;
use crate::common::{Sandbox, parse_env};

/// Evaluates text in a shell without startup files, and returns the environment of a program started there.
fn evaluate(shell: &str, args: &[&str], text: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    environment(shell, args, &[text, b"/usr/bin/env -0\n"].concat())
}

/// Has a hook evaluate text, as if goenv had printed it, and returns the environment of a program started there.
fn hooked(shell: Shell, set: &str, text: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let sandbox = Sandbox::new();
    let text = sandbox.file("text", text);
    let program = sandbox.file("program", format!("#!/bin/sh\nexec cat {}\n", text.display()));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let name = shell.name();
    let hook = goenv::shell::Shell::from_str(name, false).unwrap().hook(&program);
    let hook = sandbox.file("hook", hook);
    let script = match shell {
        Shell::Tcsh => format!("{set}\nsource {}\n_goenv_hook\n/usr/bin/env -0\n", hook.display()),
        // It has no prompts here, so that the hook cannot be installed.
        Shell::Elvish => format!("{set}\neval ({} | slurp)\n/usr/bin/env -0\n", program.display()),
        _ => format!("{set}\nsource {}\n_goenv_hook\n^/usr/bin/env -0\n", hook.display()),
    };
    let script = sandbox.file("script", script);
    let args = [shell.bare(), &[script.to_str().unwrap()]].concat();
    environment(shell.program().to_str().unwrap(), &args, b"")
}

/// Runs a shell without startup files, and returns the environment that it printed.
fn environment(shell: &str, args: &[&str], input: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
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
    child.stdin.take().unwrap().write_all(input).unwrap();
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
    back(format, variables(), |text| evaluate(shell, args, text));
}

fn hook_gives_the_same_bytes_back(shell: Shell, format: Format, set: &str) {
    back(format, variables(), |text| hooked(shell, set, text));
}

/// Asserts that what is printed for any variables gives them back when it is evaluated.
fn back(
    format: Format,
    variables: impl Strategy<Value = BTreeMap<String, Vec<u8>>>,
    evaluate: impl Fn(&[u8]) -> BTreeMap<Vec<u8>, Vec<u8>>,
) {
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    let property = |wanted: BTreeMap<String, Vec<u8>>| {
        let to: Env = wanted.clone().into_iter().collect();
        let nothing = Env::new();
        let diff = Diff::between(&nothing, &to);
        prop_assume!(format.refusal(&diff, &to).is_none());
        let got = evaluate(&format.print(&diff));
        for (name, value) in &wanted {
            prop_assert_eq!(got.get(name.as_bytes()), Some(value), "{}", name);
        }
        Ok(())
    };
    TestRunner::new(config).run(&variables, property).unwrap();
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
fn tcsh_gives_the_same_bytes_back_whatever_its_settings() {
    for set in
        ["", "set backslash_quote noglob", "set nonomatch histchars=''", "set histchars='@%'"]
    {
        hook_gives_the_same_bytes_back(Shell::Tcsh, Format::Tcsh, set);
    }
}

#[test]
fn elvish_gives_the_same_bytes_back() {
    hook_gives_the_same_bytes_back(Shell::Elvish, Format::Elvish, "");
}

#[test]
fn nushell_gives_the_same_text_back() {
    let text = variables().prop_map(|variables| {
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned().into_bytes();
        variables.into_iter().map(|(name, value)| (name, text(value))).collect()
    });
    back(Format::Nushell, text, |text| hooked(Shell::Nushell, "", text));
}

#[test]
fn a_long_value_and_a_list_come_back_in_every_shell() {
    let long = "it's ! \\ \u{e9}\n".repeat(10_000);
    let to: Env = [("XLONG", long.as_str()), ("PATH", "/a b:/c:/usr/bin")].into_iter().collect();
    let empty = Env::new();
    let diff = Diff::between(&empty, &to);
    for (shell, format) in HOOKED {
        let got = hooked(shell, "", &format.print(&diff));
        assert_eq!(got[&b"XLONG"[..]], long.as_bytes(), "{shell:?}");
        assert_eq!(got[&b"PATH"[..]], b"/a b:/c:/usr/bin", "{shell:?}");
    }
}

const HOOKED: [(Shell, Format); 3] = [
    (Shell::Tcsh, Format::Tcsh),
    (Shell::Elvish, Format::Elvish),
    (Shell::Nushell, Format::Nushell),
];

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
    for (shell, format) in HOOKED {
        let set = ["XGONE", "XEMPTY"].map(|name| shell.export(name, "1")).join("\n");
        let got = hooked(shell, &set, &format.print(&diff));
        assert_eq!(got.get(&b"XGONE"[..]), None, "{shell:?}");
        assert_eq!(got.get(&b"XEMPTY"[..]), Some(&Vec::new()), "{shell:?}");
    }
}

#[test]
fn what_a_hint_says_of_a_file_works_when_it_is_pasted() {
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::new();
    let names: [&[u8]; 8] = [
        b"two words",
        b"it's",
        b"two\nlines",
        b"\xff\xfe",
        b"\x1b[31m",
        b"$(touch x)`touch y`!z",
        b"back\\slash\\\\twice\\",
        "\u{202e}\u{e4}%d".as_bytes(),
    ];
    for (number, name) in names.into_iter().enumerate() {
        for shell in Shell::GUARDED {
            let above = sandbox.dir(format!("home/{number}/{}", shell.name()));
            let directory = above.join(std::ffi::OsStr::from_bytes(name));
            fs::create_dir(&directory).unwrap();
            let policy = directory.join(".envrc");
            fs::write(&policy, "export A=1\r\n").unwrap();
            let said = sandbox.goenv(&directory, &["allow"]).stderr();
            let root = sandbox.path("");
            let said = said.replace("$SANDBOX", root.to_str().unwrap().trim_end_matches('/'));
            let (_, pasted) = said.split_once("hint: convert the file: ").unwrap();
            let args = [shell.bare(), &["-c", pasted]].concat();
            let done = sandbox.run(&sandbox.home(), shell.name(), &args);
            assert_eq!(done.stderr(), "", "{pasted}");
            assert_eq!(fs::read(&policy).unwrap(), b"export A=1\n", "{pasted}");
        }
    }
}

#[test]
fn what_a_hint_has_done_in_another_directory_works_when_it_is_pasted() {
    let sandbox = Sandbox::new();
    for shell in Shell::GUARDED {
        let place = format!("{} it's", shell.name());
        sandbox.file(format!("home/{place}/.envrc"), "export A=1\n");
        let said = sandbox.goenv(&sandbox.home(), &["sign", &place]).stderr();
        let (_, pasted) = said.split_once("; run: ").unwrap();
        let pasted = pasted
            .replace("$SANDBOX", sandbox.path("").to_str().unwrap().trim_end_matches('/'))
            .replace("URL", "git@git.example.com:p.git");
        let args = [shell.bare(), &["-c", &pasted]].concat();
        sandbox.run(&sandbox.home(), shell.name(), &args).success();
        let config = fs::read_to_string(sandbox.home().join(place).join(".git/config")).unwrap();
        assert!(config.contains("url = git@git.example.com:p.git"), "{config}");
    }
}
