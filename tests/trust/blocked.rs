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
fn what_stands_in_for_go_is_what_this_goenv_would_write() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    repository.sandbox.file("bin/go", "#!/bin/sh\necho another go\n");
    let script =
        "chmod +x ../../../bin/go; eval \"$(goenv export bash 2>/dev/null)\"; go version; echo $?";
    let run = || {
        let done = repository.sandbox.run(&settle, "bash", &["-c", script]);
        (done.stdout(), done.stderr())
    };
    let blocked = run();
    assert_eq!(blocked.0, "126\n");
    let directory = repository.sandbox.path("home/.local/state/goenv/blocked");
    let mut places = std::fs::read_dir(directory).unwrap();
    let go = places.next().unwrap().unwrap().path().join("go");
    for earlier in ["", "#!/bin/sh\necho an earlier form\n"] {
        std::fs::write(&go, earlier).unwrap();
        assert_eq!(run(), blocked, "{earlier:?}");
    }
}

#[test]
fn it_is_said_where_no_go_could_be_put_in_its_place() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    repository.sandbox.file("home/.local/state/goenv/blocked", "");
    let done = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(done.code(), 3);
    let text = done.stderr();
    let said = "goenv: another go may run, because none that refuses could be put here: $SANDBOX/home/.local/state/goenv/blocked";
    assert!(text.lines().next().is_some_and(|line| line.starts_with(said)), "{text}");
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

/// A link in place of the signatures, which git carries, is refused before there is a verdict.
#[test]
fn what_cannot_be_judged_is_blocked_as_its_tier_says() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    std::fs::remove_file(settle.join(".envrc.sig")).unwrap();
    std::os::unix::fs::symlink("elsewhere", settle.join(".envrc.sig")).unwrap();
    let done = repository.sandbox.goenv(&settle, &["export", "json"]);
    assert_eq!(done.code(), 3);
    assert!(done.stderr().contains("is a symbolic link"), "{}", done.stderr());
    assert!(done.stdout().contains("/blocked/"), "{}", done.stdout());
}

#[cfg(target_os = "linux")]
#[test]
fn a_mistake_in_the_users_rules_does_not_lift_the_organisations() {
    let repository = Repository::new();
    let project = repository.signed("project", "export A=1\n", &[]);
    let rules = repository.sandbox.path("organisation.toml");
    let log = repository.sandbox.path("log");
    let text = format!(
        "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\n[audit]\npath = \"{}\"\n",
        log.display()
    );
    repository.sandbox.file(&rules, text);
    repository.config("oops\n");
    let script = format!(
        "mkdir /etc/goenv && cp {} /etc/goenv/config.toml && goenv export json",
        rules.display()
    );
    let done = repository.sandbox.run_as_root(&project, &script);
    assert!(done.stderr().contains(".config/goenv/config.toml:1:"), "{}", done.stderr());
    assert!(done.stdout().contains("/blocked/"), "{}", done.stdout());
    assert!(log.is_dir());

    // Where the organisation's own have a mistake, nobody knows what they forbid.
    repository.sandbox.file(&rules, "oops\n");
    let done = repository.sandbox.run_as_root(&project, &script);
    assert!(done.stderr().contains("/etc/goenv/config.toml:1:"), "{}", done.stderr());
    assert!(done.stdout().contains("/blocked/"), "{}", done.stdout());
}

/// Where HOME is unset, the other variables can still say where rules and approvals are.
#[test]
fn strict_rules_want_a_log_also_where_there_is_no_place_for_one() {
    let mut repository = Repository::new();
    let project = repository.signed("project", "export A=1\n", &[]);
    let goenv = |repository: &Repository, args: &[&str]| repository.sandbox.goenv(&project, args);
    for (name, place) in [("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share")] {
        let place = repository.sandbox.home().join(place);
        repository.sandbox.set(name, place);
    }
    repository.config("tier = \"dev\"\n[tiers.dev]\nstrict = true\n");
    goenv(&repository, &["allow"]).success();
    assert_eq!(repository.value(&project), (0, Some("1".into())));
    repository.sandbox.env.remove(std::ffi::OsStr::new("HOME"));
    let said = "goenv: HOME is unset or no absolute path, so goenv has no place for its files; set it to your home directory\n";
    goenv(&repository, &["export", "bash"]).failure(1, said);
    assert_eq!(repository.value(&project), (1, None));
    goenv(&repository, &["allow"]).failure(1, said);
    repository.config("tier = \"dev\"\n");
    assert_eq!(repository.value(&project), (0, Some("1".into())));
}

#[test]
fn it_is_said_where_there_is_no_place_for_a_go_that_refuses() {
    let mut repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let config = repository.sandbox.home().join(".config");
    repository.sandbox.set("XDG_CONFIG_HOME", config);
    let said = |repository: &Repository| {
        let done = repository.sandbox.goenv(&settle, &["export", "bash"]);
        assert_eq!((done.code(), done.stdout().contains("PATH=")), (3, false));
        done.stderr().lines().next().unwrap_or_default().to_owned()
    };
    let start = "goenv: another go may run, because none that refuses could be put here: ";
    repository.sandbox.set("XDG_STATE_HOME", repository.sandbox.path("a:b"));
    let colon = "$SANDBOX/a:b/goenv/blocked has a colon, which PATH takes for an end";
    assert_eq!(said(&repository), format!("{start}{colon}"));
    for name in ["XDG_STATE_HOME", "HOME"] {
        repository.sandbox.env.remove(std::ffi::OsStr::new(name));
    }
    let homeless = "HOME is unset or no absolute path, so goenv has no place for its files";
    assert_eq!(said(&repository), format!("{start}{homeless}"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_mends_a_directory_of_roots_is_for_root_to_do() {
    let repository = Repository::new();
    let script = format!(
        "set -e\ncp {goenv} /home/goenv; mkdir -m 777 /home/open; cd /home/open\n\
         install -d -o 2001 -m 700 own /home/2001; echo export A=1 > own/.envrc; chown 2001 own/.envrc; chmod 666 own/.envrc\n\
         as() {{ setpriv --reuid 2001 --regid 2002 --clear-groups env -i HOME=/home/2001 \"$@\"; }}\n\
         as /home/goenv allow own 2>&1 || as chmod go-w own/.envrc; as /home/goenv allow own 2>&1 || true",
        goenv = env!("CARGO_BIN_EXE_goenv"),
    );
    let done = repository.sandbox.run_as_root(&repository.sandbox.home(), &script);
    assert_eq!(
        done.success().stdout(),
        "goenv: /home/open/own/.envrc can be written by others (mode 0666); run: chmod go-w /home/open/own/.envrc\n\
         goenv: /home/open can be written by others (mode 0777); run: sudo chmod go-w /home/open\n"
    );
}

/// The system ends who writes beyond the limit, unless that is asked to wait: then no prompt would say anything.
#[test]
fn a_limit_on_the_size_of_files_is_an_error_like_any_other() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    repository.signed("open", "export B=1\n", &["alice"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let script = "ulimit -f 0\nprompt() { eval \"$(goenv export bash 2>&3)\"; echo ${A-unset}; }\n\
        prompt 3>/dev/null; cd ../open; prompt 3>&2; goenv deny; echo $?";
    let done = repository.sandbox.run(&settle, "bash", &["-c", script]);
    assert_eq!(done.success().stdout(), "1\nunset\n1\n");
    let text = done.stderr();
    let lines: Vec<&str> = text.lines().collect();
    let log = "goenv: the audit log $SANDBOX/home/.local/state/goenv/audit.jsonl cannot be written: file too large";
    assert!(text.contains("goenv: another go may run, because none that refuses"), "{text}");
    assert!(lines.contains(&log), "{text}");
    assert!(
        text.contains("goenv: $SANDBOX/home/ledger/open/.envrc is blocked: 1 of 2 approvals"),
        "{text}"
    );
    // Nothing half-written stays.
    let left =
        repository.sandbox.run(&repository.sandbox.home(), "find", &[".", "-name", ".new-*"]);
    assert_eq!(left.stdout(), "");
}

#[cfg(target_os = "linux")]
#[test]
fn rules_that_cannot_be_reached_or_that_a_group_can_write_are_not_passed_over() {
    let repository = Repository::new();
    let project = repository.sandbox.project("p", "export A=1\n");
    let script = "at() { goenv export json 2>/dev/null | grep -o -e '\"A\"' -e blocked/; goenv export json 2>&1 >/dev/null; }\n\
        at; ln -s /mnt/rules /etc/goenv; at; rm /etc/goenv; echo > /etc/goenv; at; rm /etc/goenv\n\
        mkdir /etc/rules; ln -s rules /etc/goenv; at; echo > /etc/goenv/config.toml; at; chmod 664 /etc/goenv/config.toml; at";
    let done = repository.sandbox.run_as_root(&project, script);
    let fine = "\"A\"\ngoenv: ~/p/.envrc: +A\n";
    let unseen = "blocked/\ngoenv: /etc/goenv: it is no directory, and leads to none\n";
    let open = "blocked/\ngoenv: /etc/goenv/config.toml can be written by others (mode 0664); run: chmod go-w /etc/goenv/config.toml\n";
    let expected = [fine, unseen, unseen, fine, fine, open].concat();
    assert_eq!(done.stdout(), expected, "{}", done.stderr());
}
