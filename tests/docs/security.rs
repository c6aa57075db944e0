//! What docs/security.md has an auditor run without goenv, as it is written there.

use std::fs;

use crate::common::{Done, Sandbox};
use crate::document::{blocks, text};

/// Returns the only block of a language in which a text stands.
#[track_caller]
fn block(language: &str, within: &str) -> String {
    let mut found = blocks(&text("docs/security.md"));
    found.retain(|block| block.language == language && block.text.contains(within));
    assert_eq!(found.len(), 1, "{language} {within}");
    found.remove(0).text
}

/// Runs a block as it is pasted into bash.
fn paste(sandbox: &Sandbox, directory: &str, block: &str) -> Done {
    sandbox.run(&sandbox.home().join(directory), "bash", &["-c", block])
}

#[test]
fn an_approval_is_found_by_its_name_and_only_for_these_bytes() {
    let sandbox = Sandbox::new();
    let policy = "export A=\u{e4}\n";
    for directory in ["p", "p/two w\u{f6}rds"] {
        sandbox.project(directory, policy);
        let script = block("sh", "goenv/allow/");
        let path = sandbox.home().join(directory).join(".envrc");
        let path = path.to_str().unwrap();
        let record = format!("goenv-allow-1\n{}:{path}\n{}:{policy}\n", path.len(), policy.len());
        assert_eq!(paste(&sandbox, directory, &script).success().bytes(), record.as_bytes());
        sandbox.file(path, "export A=b\n");
        assert_eq!(paste(&sandbox, directory, &script).code(), 1);
    }
}

#[test]
fn signatures_are_verified_and_made_with_ssh_keygen_alone() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", block("envrc", "serial 42"));
    sandbox.file("home/p/.envrc.sig", block("sig", "BEGIN"));
    sandbox.file("home/p/signers", block("signers", "alice"));
    // The organisation's file is another machine's.
    let verify = block("sh", "find-principals").replace("/etc/goenv/allowed_signers", "signers");
    let done = paste(&sandbox, "p", &verify);
    let good = |who: &str, key: &str| {
        format!(
            "Good \"goenv-policy-prod\" signature for {who}@bank.example with ED25519 key SHA256:{key}\n"
        )
    };
    assert_eq!(
        done.success().stdout(),
        good("alice", "CbL8re/2rc9ZlMblO35H+8K0xSUXZcP/5ETy3FeXaiY")
            + &good("bob", "FNs9NTk26ewv965zV+F2BCQ89rmECAdpaMKSl4TMPS8")
    );
    fs::remove_file(sandbox.home().join("p/.envrc.sig")).unwrap();
    let key = "ssh-keygen -q -t ed25519 -N '' -f KEY\n";
    let sign = block("sh", "to sign as the first");
    paste(&sandbox, "p", &format!("{key}{sign}")).success();
    let signatures = fs::read_to_string(sandbox.home().join("p/.envrc.sig")).unwrap();
    assert_eq!(signatures.matches("BEGIN SSH SIGNATURE").count(), 2);
}

#[test]
fn an_edited_record_is_what_does_not_fit() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let p = sandbox.home().join("p");
    sandbox.goenv(&p, &["deny"]).success();
    sandbox.goenv(&p, &["allow"]).success();
    let log = sandbox.home().join(".local/state/goenv/audit.jsonl");
    let script = block("sh", "prints what does not fit");
    let check = || paste(&sandbox, ".local/state/goenv", &script).success().bytes().to_vec();
    assert_eq!(check(), b"");
    let edited = fs::read_to_string(&log).unwrap().replacen("policy.deny", "policy.load", 1);
    fs::write(&log, &edited).unwrap();
    let lines: Vec<&str> = edited.lines().collect();
    assert_eq!(check(), format!("{}\n{}\n", lines[1], lines[2]).as_bytes());
}
