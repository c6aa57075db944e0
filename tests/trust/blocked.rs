//! Failing closed: where a policy must not be ignored, no other Go runs in its place.

use crate::repository::Repository;

#[test]
fn go_says_why_it_does_not_run_and_leaving_lifts_it() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    repository.sandbox.file("bin/go", "#!/bin/sh\necho another go\n");
    let script = "chmod +x ../../../bin/go; go; p=$PATH\n\
         eval \"$(goenv export bash 2>/dev/null)\"; go version; echo $?; gofmt -l .; echo $?\n\
         eval \"$(goenv export bash)\"; echo ${A-unset}\n\
         cd /; eval \"$(goenv export bash)\"; go; [ \"$PATH\" = \"$p\" ] && echo restored";
    let done = repository.sandbox.run(&settle, "bash", &["-c", script]);
    assert_eq!(done.stdout(), "another go\n126\n126\nunset\nanother go\nrestored\n");
    let text = done.stderr();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    for (line, program) in lines.iter().zip(["go", "gofmt"]) {
        let start = format!(
            "goenv: {program} does not run here: $SANDBOX/home/ledger/settle/.envrc is blocked: 1 of 2 approvals"
        );
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn approval_lifts_it_and_a_warning_is_all_where_the_rules_say_so() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let path = || repository.sandbox.goenv(&settle, &["export", "json"]).stdout();
    assert!(path().contains("/blocked/"));
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\non_failure = \"warn\"\n");
    assert!(!path().contains("/blocked/"));
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n");
    repository.sign(&settle, "bob").success();
    assert!(!path().contains("/blocked/"));
}

#[test]
fn a_strangers_policy_blocks_nothing() {
    let repository = Repository::new();
    let project = repository.signed("project", "export A=1\n", &[]);
    let done = repository.sandbox.goenv(&project, &["export", "json"]);
    assert_eq!(done.code(), 3);
    assert!(!done.stdout().contains("\"PATH\""));
}
