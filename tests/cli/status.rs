//! `status`: one screen, and JSON with stable fields.

use serde_json::Value;

use crate::common::Sandbox;

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
    assert!(screen.contains(&format!("conflict   {conflict}\n")), "{screen}");
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
