//! `allow` and `deny`: what is approved is exactly these bytes at this path.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::common::Sandbox;

/// What `export json` prints for a directory, without goenv's own variables.
fn exported(sandbox: &Sandbox, directory: &str) -> (i32, String) {
    let done = sandbox.goenv(&sandbox.home().join(directory), &["export", "json"]);
    crate::without_own(&done)
}

#[test]
fn nothing_applies_before_allow() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "export A=1\n");
    let p = sandbox.home().join("p");
    let done = sandbox.goenv(&p, &["export", "json"]);
    assert_eq!(done.code(), 3);
    assert_eq!(
        done.stderr(),
        "goenv: $SANDBOX/home/p/.envrc is blocked: nobody has allowed it yet; review the file, then run `goenv allow`\n"
    );
    assert_eq!(exported(&sandbox, "p"), (3, "{}".to_owned()));
    let allowed = sandbox.goenv(&p, &["allow"]);
    assert_eq!(
        (allowed.stdout(), allowed.stderr()),
        (String::new(), "goenv: allowed ~/p/.envrc: +A\n".to_owned())
    );
    assert_eq!(exported(&sandbox, "p"), (0, r#"{"A":"1"}"#.to_owned()));
}

#[test]
fn an_edit_a_copy_and_a_move_withdraw_the_approval() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    fs::create_dir(sandbox.home().join("copy")).unwrap();
    fs::copy(p.join(".envrc"), sandbox.home().join("copy/.envrc")).unwrap();
    assert_eq!(exported(&sandbox, "copy").0, 3);
    fs::rename(&p, sandbox.home().join("moved")).unwrap();
    assert_eq!(exported(&sandbox, "moved").0, 3);
    fs::rename(sandbox.home().join("moved"), &p).unwrap();
    assert_eq!(exported(&sandbox, "p").0, 0);
    sandbox.file("home/p/.envrc", "export A=2\n");
    let done = sandbox.goenv(&p, &["export", "json"]);
    assert_eq!(
        done.stderr(),
        "goenv: $SANDBOX/home/p/.envrc is blocked: its content changed since it was allowed; review the file, then run `goenv allow`\n"
    );
    sandbox.file("home/p/.envrc", "export A=1\n");
    assert_eq!(
        exported(&sandbox, "p").0,
        0,
        "the approved bytes are approved whenever they are back"
    );
}

#[test]
fn deny_wins_until_allow() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let denied = sandbox.goenv(&p, &["deny"]);
    assert_eq!(denied.stderr(), "goenv: denied ~/p/.envrc\n");
    let done = sandbox.goenv(&p, &["export", "bash"]);
    assert_eq!(done.code(), 3);
    assert_eq!(
        done.stderr(),
        "goenv: $SANDBOX/home/p/.envrc is denied: it was denied with `goenv deny`; review the file, then run `goenv allow`\n"
    );
    sandbox.goenv(&p, &["allow"]).success();
    assert_eq!(exported(&sandbox, "p").0, 0);
}

#[test]
fn allow_shows_what_changed_since_and_moves_no_cursor() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\nexport B=1\n");
    sandbox.file("home/p/.envrc", "export A=1\nexport C='\x1b[2J'\n");
    let done = sandbox.goenv(&p, &["allow"]);
    assert_eq!(
        done.stderr(),
        "goenv: ~/p/.envrc since it was allowed:\n  - export B=1\n  + export C='\\u{1b}[2J'\n\
         goenv: allowed ~/p/.envrc: +A +C\n"
    );
}

#[test]
fn allow_refuses_what_does_not_parse_and_accepts_a_missing_sdk() {
    let sandbox = Sandbox::new();
    sandbox.file("home/bad/.envrc", "export A=1\nfrobnicate\n");
    let bad = sandbox.home().join("bad");
    let done = sandbox.goenv(&bad, &["allow"]);
    assert_eq!(done.code(), 5);
    assert!(done.stderr().contains("bad/.envrc:2:1: "), "{}", done.stderr());
}

#[test]
fn what_is_allowed_and_does_not_apply_yet_is_said_in_one_line_with_its_cure() {
    let sandbox = Sandbox::new();
    let p = sandbox.dir("home/p");
    for (policy, effect, why) in [
        (
            "use go 1.19.1\nexport A=1\n",
            ": go1.19.1 +A +GOROOT +GOTOOLCHAIN ~PATH",
            "1:1: go1.19.1 is not installed, and no other Go is; goenv sdk install 1.19.1",
        ),
        ("dotenv\n", "", "1:1: there is no .env; if it may be missing: dotenv_if_exists"),
        ("export A=${B:?is needed}\n", "", "1:10: B: is needed"),
        (
            "export LD_PRELOAD=/x.so\n",
            ": +LD_PRELOAD",
            "1: LD_PRELOAD: no policy may set it: it loads code into every program",
        ),
        // One that is not admitted need not be installed.
        (
            "use go 1.19.1\ndeny_go 1.19.1 'it is old'\n",
            ": go1.19.1 +GOROOT +GOTOOLCHAIN ~PATH",
            "1: go1.19.1 is denied by line 2 of the policy: it is old; pin an admitted release: goenv pin VERSION",
        ),
    ] {
        sandbox.file("home/p/.envrc", policy);
        sandbox.goenv(&p, &["deny"]).success();
        let text = sandbox.goenv(&p, &["allow"]).success().stderr();
        let said = text.lines().filter(|line| !line.starts_with("  ")).collect::<Vec<_>>();
        let allowed = format!("goenv: allowed ~/p/.envrc{effect}");
        let warned =
            format!("goenv: allowed, and does not apply yet: $SANDBOX/home/p/.envrc:{why}");
        assert_eq!(said[said.len() - 2..], [allowed, warned], "{policy}");
        // It is approved: what refuses it now is something else.
        assert_eq!(exported(&sandbox, "p").1, "{}");
        assert!(sandbox.goenv(&p, &["status"]).stdout().contains("trust      allowed "));
    }
    // The cure is about the policy wherever it is pasted.
    let rules = "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\n";
    sandbox.file("home/.config/goenv/config.toml", rules);
    sandbox.file("home/p/.envrc", "export A=1\n");
    let text = sandbox.goenv(&sandbox.home(), &["allow", "p"]).success().stderr();
    let end = "and there is no .envrc.sig; sign it with: goenv sign $SANDBOX/home/p/.envrc\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_sourced_text_is_part_of_the_approval() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/common.sh", "export B=1\n");
    let p = sandbox.project("p", "source_env common.sh\nexport A=1\n");
    assert_eq!(exported(&sandbox, "p"), (0, r#"{"A":"1","B":"1"}"#.to_owned()));
    sandbox.file("home/p/common.sh", "export B=2\n");
    let done = sandbox.goenv(&p, &["export", "json"]);
    assert_eq!(done.code(), 3, "{}", done.stderr());
    assert_eq!(exported(&sandbox, "p").1, "{}");
    sandbox.goenv(&p, &["allow"]).success();
    assert_eq!(exported(&sandbox, "p"), (0, r#"{"A":"1","B":"2"}"#.to_owned()));
}

#[test]
fn a_text_that_is_read_again_and_again_is_shown_once() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/common.sh", "export B=1\n");
    let p = sandbox.project("p", "source_env common.sh\nsource_env common.sh\n");
    sandbox.file("home/p/common.sh", "export B=2\n");
    let done = sandbox.goenv(&p, &["allow"]);
    assert_eq!(
        done.stderr(),
        "goenv: ~/p/common.sh since it was allowed:\n  - export B=1\n  + export B=2\n\
         goenv: allowed ~/p/.envrc: +B\ngoenv:   with ~/p/common.sh\n"
    );
}

#[test]
fn a_policy_that_sets_nothing_is_allowed_without_a_list() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "# nothing yet\n");
    let done = sandbox.goenv(&sandbox.home().join("p"), &["allow"]);
    assert_eq!(done.success().stderr(), "goenv: allowed ~/p/.envrc\n");
}

#[test]
fn allow_says_that_a_signature_is_wanted_as_well() {
    let sandbox = Sandbox::new();
    sandbox.file(
        "home/.config/goenv/config.toml",
        "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\n",
    );
    sandbox.file("home/p/.envrc", "export A=1\n");
    let done = sandbox.goenv(&sandbox.home().join("p"), &["allow"]);
    assert_eq!(
        done.success().stderr(),
        "goenv: allowed ~/p/.envrc: +A\n\
         goenv: allowed, and does not apply yet: signatures are required ($SANDBOX/home/.config/goenv/config.toml:3), \
         and there is no .envrc.sig; sign it with: goenv sign\n"
    );
}

#[test]
fn records_are_for_the_user_alone() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let data = sandbox.home().join(".local/share/goenv/allow");
    let directory = fs::read_dir(&data).unwrap().next().unwrap().unwrap().path();
    let record = fs::read_dir(&directory).unwrap().next().unwrap().unwrap().path();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&directory), mode(&record)), (0o700, 0o700, 0o600));
}

#[test]
fn prune_removes_the_records_of_policies_that_are_gone() {
    let sandbox = Sandbox::new();
    let gone = sandbox.project("gone", "export A=1\n");
    sandbox.project("here", "export A=1\n");
    fs::remove_dir_all(gone).unwrap();
    let done = sandbox.goenv(&sandbox.home(), &["prune"]);
    assert_eq!(done.stderr(), "goenv: removed 1 record of policies that are gone\n");
    assert_eq!(exported(&sandbox, "here").0, 0);
}

#[test]
fn aliases_that_fingers_know() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "export A=1\n");
    let p = sandbox.home().join("p");
    for (command, code) in
        [("permit", 0), ("block", 3), ("grant", 0), ("revoke", 3), ("allow", 0), ("deny", 3)]
    {
        sandbox.goenv(&p, &[command]).success();
        assert_eq!(exported(&sandbox, "p").0, code, "{command}");
    }
}

#[test]
fn allow_takes_a_file_a_directory_or_nothing() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "export A=1\n");
    let p = sandbox.home().join("p");
    for args in [&["allow"][..], &["allow", "."], &["allow", ".envrc"], &["allow", "../p"]] {
        sandbox.goenv(&p, &["deny"]).success();
        sandbox.goenv(&p, args).success();
        assert_eq!(exported(&sandbox, "p").0, 0, "{args:?}");
    }
    let done = sandbox.goenv(&sandbox.home(), &["allow"]);
    let text = "goenv: there is no .envrc in $SANDBOX/home or above it; write one with: goenv edit $SANDBOX/home\n";
    let _ = done.failure(1, text);
    let done = sandbox.goenv(&sandbox.home(), &["allow", "nowhere/.envrc"]);
    let _ = done.failure(1, "goenv: $SANDBOX/home/nowhere does not exist\n");
}

#[test]
fn prune_removes_large_states_that_are_old() {
    let mut sandbox = Sandbox::new();
    // Twenty kilobytes that leaving has to bring back: too much for a variable.
    sandbox.set("BIG", "x".repeat(20_000));
    let p = sandbox.project("p", "export BIG=small\n");
    sandbox.goenv(&p, &["export", "bash"]).success();
    let states = || {
        let directory = sandbox.path("home/.local/state/goenv/run/undo");
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.collect::<Vec<_>>()
    };
    assert_eq!(states().len(), 1);
    sandbox.goenv(&p, &["prune"]).success();
    assert_eq!(states().len(), 1, "a shell may still carry it");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(91 * 24 * 60 * 60);
    let file = std::fs::File::options().write(true).open(&states()[0]).unwrap();
    file.set_modified(old).unwrap();
    sandbox.goenv(&p, &["prune"]).success();
    assert_eq!(states(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn a_text_that_was_denied_is_read_by_no_policy() {
    let sandbox = Sandbox::new();
    sandbox.file("home/lib.sh", "export A=1\n");
    sandbox.file("home/p/.envrc", "source_env ../lib.sh\n");
    let home = sandbox.home();
    let p = home.join("p");
    let why = "$SANDBOX/home/p/.envrc:1:1: $SANDBOX/home/lib.sh was denied with `goenv deny`";
    let cure = "review it, then run: goenv allow $SANDBOX/home/lib.sh";
    let denied = format!(
        "goenv: {why}\n  1 | source_env ../lib.sh\n    | ^^^^^^^^^^^^^^^^^^^^\nhint: {cure}\n"
    );
    let still = format!("goenv: allowed, and does not apply yet: {why}; {cure}\n");
    // A shell in which it applied notices.
    let script = "eval \"$(goenv export bash)\"; echo \"$A\"; (cd .. && goenv deny lib.sh 2>/dev/null); \
        eval \"$(goenv export bash)\"; echo \"${A-none}\"";
    for bash in [&["allow"][..], &["allow", "--bash"]] {
        sandbox.goenv(&p, bash).success();
        sandbox.goenv(&home, &["allow", "lib.sh"]).success();
        let said = sandbox.run(&p, "bash", &["-c", script]).stdout();
        assert_eq!(said, "1\nnone\n", "{bash:?}");
        let _ = sandbox.goenv(&p, &["export", "json"]).failure(3, &denied);
        // To approve the policy once more says nothing of the text.
        let again = sandbox.goenv(&p, bash);
        assert!(bash.len() > 1 || again.success().stderr().ends_with(&still), "{}", again.stderr());
        let _ = sandbox.goenv(&p, &["export", "json"]).failure(3, &denied);
        sandbox.goenv(&home, &["allow", "lib.sh"]).success();
        sandbox.goenv(&p, &["export", "json"]).success();
    }
}

#[test]
fn what_is_no_version_is_told_with_one_that_is() {
    let sandbox = Sandbox::new();
    for (written, hint) in [
        ("v1.26.6", "use go 1.26.6"),
        ("1.26.x", "use go 1.26"),
        ("1.26.4+", "use go 1.26.4"),
        ("^1.26", "use go 1.26"),
        ("1.26.6.1", "use go 1.26.6"),
        ("latest", "name a release that is here: goenv sdk list"),
    ] {
        sandbox.file("home/p/.envrc", format!("use go {written}\n"));
        let said = sandbox.goenv(&sandbox.home().join("p"), &["allow"]).stderr();
        let expected = format!(
            "`{written}` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1; {hint}\n"
        );
        assert!(said.ends_with(&expected), "{said}");
    }
}

/// An approved policy chooses many things, and none of the approvals by which it and the next one are judged.
#[test]
fn what_a_policy_sets_is_not_where_approvals_are() {
    for name in ["XDG_DATA_HOME", "HOME"] {
        let sandbox = Sandbox::new();
        let p = sandbox.project("p", format!("export {name}=$PWD/own A=1\n"));
        sandbox.file("home/q/.envrc", "export B=1\n");
        // What a repository may bring along: the record of an approval, at the path where a clone often is.
        let own = if name == "HOME" { "own/.local/share/goenv" } else { "own/goenv" };
        let forger = Sandbox::new();
        let mut evil = Sandbox::new();
        evil.set("XDG_DATA_HOME", forger.path("data"));
        evil.goenv(&sandbox.home().join("q"), &["allow"]).success();
        sandbox.run(&p, "mkdir", &["-p", own]).success();
        let forged = forger.path("data/goenv");
        sandbox.run(&p, "cp", &["-rT", forged.to_str().unwrap(), own]).success();
        let script = "set -e\nprompt() { eval \"$(goenv export bash 2>/dev/null)\"; echo A=$A B=$B; }\n\
            prompt; sleep 0.1; echo \"# more\" >> .envrc; goenv allow; prompt; cd ../q; prompt; goenv status | grep trust\n\
            cd ../p; prompt; goenv deny; prompt; goenv status | grep trust";
        let done = sandbox.run(&p, "bash", &["-c", script]);
        assert_eq!(
            done.success().stdout().lines().collect::<Vec<_>>(),
            [
                "A=1 B=",
                "A=1 B=",
                "A= B=",
                "trust      blocked: nobody has allowed it yet",
                "A=1 B=",
                "A= B=",
                "trust      denied: it was denied with `goenv deny`",
            ],
            "{name}: {}",
            done.stderr()
        );
    }
}

#[test]
fn a_line_about_releases_that_is_wrong_is_not_mended_by_another_pin() {
    let sandbox = Sandbox::new();
    for (line, why) in [
        (
            "allow_go dev junk",
            "`junk` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'",
        ),
        (
            "allow_go Dev 1.26.6",
            "`Dev` is no tier: expected lower-case letters, digits and hyphens",
        ),
    ] {
        let p = sandbox.project("p", format!("{line}\nexport A=1\n"));
        let said = format!("goenv: $SANDBOX/home/p/.envrc:1: {why}\n");
        sandbox.goenv(&p, &["export", "bash"]).failure(5, &said);
    }
}
