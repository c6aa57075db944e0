//! `status`: one screen, and JSON with stable fields.

use std::path::Path;

use serde_json::Value;

use crate::common::{Sandbox, sdk};

fn json(sandbox: &Sandbox, directory: &str) -> Value {
    let done = sandbox.goenv(&sandbox.home().join(directory), &["status", "--json"]);
    serde_json::from_str(&done.success().stdout()).unwrap()
}

#[test]
fn a_toolchain_line_that_asks_for_more_does_not_switch_go_and_is_named() {
    let sandbox = Sandbox::with_sdks(&["1.24.11"]);
    sandbox.file("home/p/go.mod", "module m\n\ngo 1.21\n\ntoolchain go1.99.0\n");
    let p = sandbox.project("p", "use go 1.24.11\n");
    let done = sandbox.goenv(&sandbox.home(), &["exec", "p", "sh", "-c", "cd p && go version"]);
    assert_eq!(done.stdout(), "go version go1.24.11 linux/amd64\n");
    let status = json(&sandbox, "p");
    assert_eq!(status["sdk"]["version"], "1.24.11");
    assert_eq!(status["requested"][1]["file"], "$SANDBOX/home/p/go.mod");
    assert_eq!(status["requested"][1]["line"], 5);
    let conflict =
        "$SANDBOX/home/p/go.mod:5 suggests toolchain go1.99.0; this directory has go1.24.11";
    assert_eq!(status["conflicts"], serde_json::json!([conflict]));
    let screen = sandbox.goenv(&p, &["status"]).success().stdout();
    let shown = conflict.replace("$SANDBOX/home/", "~/");
    assert!(screen.contains(&format!("conflict   {shown}\n")), "{screen}");
}

#[test]
fn the_sdk_that_keeps_a_policy_from_applying_is_named_with_its_state() {
    let sandbox = Sandbox::with_sdks(&["1.24.11"]);
    let missing = |version: &str| {
        let root = serde_json::Value::Null;
        serde_json::json!({ "version": version, "root": root, "state": "missing", "pins": [] })
    };
    let p = sandbox.project("p", "use go 1.99.0\n");
    let status = json(&sandbox, "p");
    assert_eq!(status["sdk"], missing("1.99.0"));
    let problem = status["problem"].as_str().unwrap();
    assert!(problem.contains("go1.99.0 is not installed (here: 1.24.11)"), "{problem}");
    let screen = sandbox.goenv(&p, &["status"]).success().stdout();
    assert!(screen.contains("\nsdk        go1.99.0 (missing)\n"), "{screen}");
    // The version may be the version files'.
    sandbox.file("home/files/.go-version", "1.98.1\n");
    sandbox.project("files", "use go\n");
    assert_eq!(json(&sandbox, "files")["sdk"], missing("1.98.1"));
    // It may be here, and not be sealed as it would have to be.
    let pin = format!("linux/amd64=h1:{}=", "A".repeat(43));
    sandbox.project("pinned", format!("use go 1.24.11 {pin}\n"));
    let status = json(&sandbox, "pinned");
    let root = sdk("1.24.11");
    assert_eq!(
        status["sdk"],
        serde_json::json!({ "version": "1.24.11", "root": root, "state": "unsealed", "pins": [pin] })
    );
    assert!(status["problem"].as_str().unwrap().contains("is not sealed"), "{status}");
    // Of what nobody approved nothing is known, and what applies has its SDK.
    sandbox.file("home/blocked/.envrc", "use go 1.99.0\n");
    assert_eq!(json(&sandbox, "blocked")["sdk"], serde_json::Value::Null);
    sandbox.project("fine", "use go 1.24.11\n");
    assert_eq!(json(&sandbox, "fine")["sdk"]["root"], serde_json::json!(root));
}

#[test]
fn json_has_the_documented_fields() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    sandbox.file("home/no/.envrc", "export A=1\n");
    for (directory, state) in [("p", "allowed"), ("no", "blocked"), (".", "none")] {
        let status = json(&sandbox, directory);
        assert_eq!(status["trust"]["state"], state);
        for field in [
            "policy",
            "applied",
            "engine",
            "trust",
            "scope",
            "serial",
            "expires",
            "tier",
            "sdk",
            "requested",
            "conflicts",
            "watches",
        ] {
            assert!(status.get(field).is_some(), "{directory}: {field}");
        }
    }
}

#[test]
fn the_screen_says_the_verdict_once() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let screen = || sandbox.goenv(&p, &["status"]).success().stdout();
    assert_eq!(
        screen(),
        "policy     ~/p/.envrc\ntrust      allowed on this machine\napplied    not in this shell\nwatching   5 paths\n"
    );
    sandbox.file("home/p/.envrc", "export A=2\n");
    let blocked = screen();
    let trust = "trust      blocked: its content changed since it was allowed";
    assert_eq!(blocked.lines().nth(1), Some(trust));
}

#[test]
fn a_directory_that_was_deleted_is_not_taken_for_one_without_a_policy() {
    let sandbox = Sandbox::new();
    sandbox.dir("home/gone");
    let line = "cd ~/gone && rmdir ~/gone && goenv status";
    let done = sandbox.run(&sandbox.home(), "sh", &["-c", line]);
    assert_eq!(
        (done.code(), done.stdout(), done.stderr()),
        (0, "policy     none: the current directory was deleted\n".to_owned(), String::new())
    );
}

#[test]
fn why_says_of_a_variable_that_the_policy_leaves_alone_where_it_comes_from() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let why = |name: &str| sandbox.goenv(&p, &["why", name]).success().stdout();
    assert_eq!(why("A"), "A\t~/p/.envrc:1\n");
    assert_eq!(why("B"), "B\tis not set; no line of the policy sets it\n");
    assert_eq!(why("HOME"), "HOME\tcomes from outside; no line of the policy sets it\n");
}

#[test]
fn another_directory_is_told_as_a_prompt_there_would_find_it() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1 GOWORK=off\n");
    sandbox.project("q", "use go 1.99.0\nexport B=2\n");
    let sub = sandbox.dir("home/q/sub");
    sandbox.file("home/q/sub/go.mod", "module m\n\ngo 1.24\n");
    sandbox.file("home/q/go.work", "go 1.25\n\nuse ./sub\n");
    crate::common::settle();
    // Asked inside another policy, whose variables are not those of a prompt there.
    let inside = |line: &str| {
        let script = format!("eval \"$(goenv export bash 2>/dev/null)\"; {line}");
        let done = sandbox.run(&p, "bash", &["-c", &script]);
        done.success().stdout() + &done.stderr()
    };
    let there = sandbox.goenv(&sub, &["status"]).success().stdout();
    let requested = "\nrequested  ~/q/go.work:1 go.work go 1.25\n";
    assert!(there.starts_with("policy     ~/q/.envrc\n") && there.contains(requested), "{there}");
    for path in ["../q/sub", "../q/sub/", "../q/sub/go.mod", "../p/../q/sub"] {
        // Nothing is loaded or left by it.
        assert_eq!(inside(&format!("goenv status {path}; goenv export bash")), there, "{path}");
    }
    let json = sandbox.goenv(&sub, &["status", "--json"]).success().stdout();
    assert_eq!(inside("goenv status --json ../q/sub"), json);
    assert!(inside("goenv status .envrc").contains("\napplied    in this shell\n"));
    assert_eq!(inside("goenv status .."), "policy     none in ~/ or above it\n");
    let nowhere = "goenv: $SANDBOX/home/p/nowhere does not exist\n1\n";
    assert_eq!(inside("goenv status nowhere 2>&1; echo $?"), nowhere);
    assert_eq!(inside("goenv why A nowhere 2>&1; echo $?"), nowhere);
}

#[test]
fn the_origin_of_a_variable_is_told_for_another_directory_too() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    sandbox.project("q", "export B=2\n");
    sandbox.dir("home/q/sub");
    let why = |args: &[&str]| sandbox.goenv(&p, &[&["why"], args].concat()).success().stdout();
    assert_eq!(why(&["B", "../q/sub"]), "B\t~/q/.envrc:1\n");
    assert_eq!(why(&["A", "../q/.envrc"]), "A\tis not set; no line of the policy sets it\n");
    assert_eq!(why(&["A", "."]), why(&["A"]));
    let line = why(&["B", "../q", "--json"]);
    assert!(line.contains("\"path\": \"$SANDBOX/home/q/.envrc\""), "{line}");
    let no = "goenv: there is no .envrc in $SANDBOX/home or above it; write one with: goenv edit $SANDBOX/home\n";
    let _ = sandbox.goenv(&p, &["why", "A", ".."]).failure(1, no);
}

#[test]
fn what_mends_another_directorys_policy_is_said_for_where_it_is_pasted() {
    let sandbox = Sandbox::new();
    sandbox.file("home/q/part.envrc", "export B=2\n");
    let q = sandbox.project("q", "source_env part.envrc\n");
    sandbox.file("home/q/part.envrc", "export B=3\n");
    let hint = |directory: &Path, args: &[&str]| {
        let done = sandbox.goenv(directory, args);
        let text = done.stdout() + &done.stderr();
        text.lines().find_map(|line| Some(line.split_once("hint: ")?.1.to_owned())).unwrap()
    };
    let here = "review it, then run: goenv allow";
    let aimed = format!("{here} $SANDBOX/home/q/.envrc");
    assert_eq!(hint(&q, &["status"]), here);
    assert_eq!(hint(&q, &["why"]), here);
    assert_eq!(hint(&sandbox.home(), &["status", "q"]), aimed);
    assert_eq!(hint(&sandbox.home(), &["why", "B", "q"]), aimed);
}

#[test]
fn rules_that_cannot_be_read_are_told_where_there_is_no_policy_too() {
    let sandbox = Sandbox::new();
    let p = sandbox.dir("home/p");
    sandbox.file("home/.config/goenv/config.toml", "tierr = \"dev\"\n");
    let screen = sandbox.goenv(&p, &["status"]).success().stdout();
    let why = screen.lines().find_map(|line| line.strip_prefix("problem    ")).unwrap_or_default();
    assert!(why.starts_with("$SANDBOX/home/.config/goenv/config.toml:1:1: "), "{screen}");
    let shown = format!("policy     none in this directory or above it\nproblem    {why}\n");
    assert_eq!(screen, shown);
    let status = json(&sandbox, "p");
    assert!(status["problem"].as_str().is_some_and(|why| why.contains("config.toml:1:1: ")));
    let doctor = sandbox.goenv(&p, &["doctor"]);
    let help = "mend that line; until then no policy applies, in any directory";
    let found = format!("error[policy]: {why}\n  help: {help}\n");
    assert!(doctor.stdout().contains(&found), "{}", doctor.stdout());
    assert_eq!(doctor.code(), 1);
}
