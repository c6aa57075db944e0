//! `status`: one screen, and JSON with stable fields.

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
