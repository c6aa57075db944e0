//! `goenv audit`: what is found in a log that somebody edited, and what a checkpoint shows.

use std::fs;

use crate::repository::Repository;

fn logged() -> Repository {
    let repository = Repository::with_two_signers();
    repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    repository
}

#[test]
fn an_untouched_log_verifies_with_sha256sum_too() {
    let repository = logged();
    let verified = repository.sandbox.goenv(&repository.root, &["audit", "verify"]);
    assert_eq!(
        (verified.code(), verified.stdout()),
        (0, "4 records, 1 to 4: the log verifies\n".into())
    );
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let script = format!(
        "prev=$(printf '%064d' 0)\nwhile IFS= read -r line; do\n\
         [ \"$(printf '%s' \"$line\" | jq -r .prev)\" = $prev ] || exit 1\n\
         hash=$(printf '%s' \"${{line%,\\\"hash\\\":*}}\" | sha256sum | cut -d' ' -f1)\n\
         [ \"$(printf '%s' \"$line\" | jq -r .hash)\" = $hash ] || exit 2\n\
         prev=$hash\ndone < {}",
        log.display()
    );
    let done = repository.sandbox.run(&repository.root, "bash", &["-c", &script]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
}

#[test]
fn an_edited_and_a_cut_log_are_found() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let anchor = repository.sandbox.path("anchor");
    let anchor = anchor.to_str().unwrap();
    goenv(&["audit", "checkpoint", anchor, "--key", &repository.key("alice")]).success();
    let check = format!("ssh-keygen -Y check-novalidate -n goenv-audit -s {anchor}.sig < {anchor}");
    repository.sandbox.run(&repository.root, "sh", &["-c", &check]).success();
    assert_eq!(goenv(&["audit", "verify", "--anchor", anchor]).code(), 0);

    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replacen("\"res\":\"allow\"", "\"res\":\"deny\"", 1)).unwrap();
    let verified = goenv(&["audit", "verify"]);
    assert_eq!(
        (verified.code(), verified.stdout()),
        (4, "4 records, 1 to 4: the log does not verify\n".into())
    );
    assert_eq!(
        verified.stderr(),
        "goenv: $SANDBOX/home/.local/state/goenv/audit.jsonl:1: record 1 was edited: its hash is another\n"
    );
    let refused = goenv(&["audit", "checkpoint", anchor, "--key", &repository.key("alice")]);
    assert_eq!(refused.code(), 4);

    let cut: String = text.split_inclusive('\n').take(3).collect();
    fs::write(&log, cut).unwrap();
    assert_eq!(goenv(&["audit", "verify"]).code(), 0, "no chain can show that its end is missing");
    let verified = goenv(&["audit", "verify", "--anchor", anchor]);
    assert_eq!(verified.code(), 4);
    assert_eq!(verified.stderr(), "goenv: the log ends before the checkpoint: it was cut\n");
}

#[test]
fn a_log_is_shown_and_exported() {
    let repository = logged();
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args).stdout();
    let shown = goenv(&["audit", "log", "-n", "1"]);
    let place =
        "4 policy.sign allow $SANDBOX/home/ledger/settle/.envrc prod serial 1 by bob@bank\n";
    assert!(shown.ends_with(place) && shown.lines().count() == 1, "{shown}");
    let lines = goenv(&["audit", "export"]);
    let log = repository.sandbox.path("home/.local/state/goenv/audit.jsonl");
    let root = repository.sandbox.path("");
    let root = root.to_str().unwrap().trim_end_matches('/');
    assert_eq!(lines, fs::read_to_string(log).unwrap().replace(root, "$SANDBOX"));
    let cef = goenv(&["audit", "export", "--format", "cef"]);
    assert!(
        cef.lines().all(|line| line.starts_with("CEF:0|goenv|goenv|")) && cef.lines().count() == 4
    );
}
