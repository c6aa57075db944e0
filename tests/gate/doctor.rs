//! `goenv doctor` in a real shell, beside the real go.

use std::os::unix::fs::symlink;

use crate::common::{Done, Sandbox, sdk};

const VERSION: &str = "1.26.6";

/// Runs a script in an interactive bash with the hook, in a directory whose policy is allowed.
fn bash(sandbox: &Sandbox, script: &str) -> Done {
    // The hook runs before a prompt; a script has none, so the line that a prompt would run is run.
    let text = format!("eval \"$(goenv hook bash)\"\ncd project\n_goenv_hook\n{script}\n");
    sandbox.run(&sandbox.home(), "bash", &["--norc", "-c", &text])
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with_sdks(&[VERSION]);
    sandbox.set("SHELL", "/bin/bash");
    sandbox.file("home/.bashrc", "eval \"$(goenv hook bash)\"\n");
    sandbox.project("project", format!("use go {VERSION}\nlock GOFLAGS=-mod=readonly\n"));
    sandbox
}

#[test]
fn a_sound_shell_has_nothing_wrong() {
    let done = bash(&sandbox(), "goenv doctor");
    assert_eq!(
        (done.code(), done.stdout().as_str()),
        (0, "nothing is wrong\n"),
        "{}",
        done.stderr()
    );
}

#[test]
fn what_is_wrong_is_found_in_the_real_shell() {
    let sandbox = sandbox();
    sandbox.program("home/other/goenv", "#!/bin/sh\n");
    symlink(sdk("1.24.11").join("bin/go"), sandbox.dir("home/other").join("go")).unwrap();
    let done = bash(
        &sandbox,
        "go env -w GOPROXY=off GOFLAGS=-x; me=$(command -v goenv); export GOFLAGS=-v GOTOOLCHAIN=auto PATH=~/other:$PATH; \"$me\" doctor",
    );
    let again = "leave the directory and enter it again: cd / && cd -";
    assert_eq!(
        done.stdout(),
        format!(
            "error[other-goenv]: PATH finds another goenv first: $SANDBOX/home/other/goenv\n  \
             help: put this one first: export PATH={}:$PATH\n\
             error[GOENV105]: GOROOT is that of go1.26.6, and PATH finds $SANDBOX/home/other/go of go1.24.11\n  \
             help: run: unset GOROOT\n\
             error[path-order]: PATH finds $SANDBOX/home/other/go before the policy's go\n  help: {again}\n\
             error[GOENV106]: GOTOOLCHAIN=auto from the environment lets go run another Go\n  \
             help: run: export GOTOOLCHAIN=local\n\
             warning[GOENV107]: GOPROXY in $SANDBOX/home/.config/go/env counts, because the policy sets none\n  \
             help: run: go env -u GOPROXY\n\
             warning[GOENV107]: GOFLAGS is locked by the policy, and this shell changed it\n  help: {again}\n",
            std::path::Path::new(crate::common::GOENV).parent().unwrap().display()
        )
    );
    assert_eq!(done.code(), 1);
}

#[test]
fn json_has_the_same_problems() {
    let sandbox = sandbox();
    let json = sandbox.goenv(&sandbox.path("home/project"), &["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(json.bytes()).unwrap();
    assert_eq!(json.code(), 0, "warnings alone do not fail");
    assert_eq!((&report["errors"], &report["warnings"]), (&0.into(), &1.into()));
    assert_eq!(report["findings"][0]["id"], "not-applied");
    let fields: Vec<&String> = report["findings"][0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["help", "id", "level", "message"]);
}

#[test]
fn a_policy_with_an_error_is_told_in_one_line_with_its_own_cure() {
    let sandbox = sandbox();
    let project = sandbox.project("broken", "export A=1\nsource_env none\n");
    let done = sandbox.goenv(&project, &["doctor"]);
    let said = done.stdout();
    let line = "error[policy]: $SANDBOX/home/broken/.envrc:2:1: there is no none\n  \
                help: if it may be missing: source_env_if_exists none\n";
    assert!(said.ends_with(line), "{said}");
}

#[test]
fn a_directory_of_approvals_that_others_can_write_is_found() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = sandbox();
    let approvals = sandbox.path("home/.local/share/goenv/allow");
    std::fs::set_permissions(&approvals, std::fs::Permissions::from_mode(0o777)).unwrap();
    let said = sandbox.goenv(&sandbox.home(), &["doctor"]).stdout();
    assert_eq!(
        said,
        "error[permissions]: $SANDBOX/home/.local/share/goenv/allow can be written by others (mode 0777)\n  \
         help: run: chmod go-w $SANDBOX/home/.local/share/goenv/allow\n"
    );
}
