//! What policies and `.env` files may set, and what `allow` points at.

use crate::common::Sandbox;
use crate::repository::Repository;

#[test]
fn allow_points_at_names_that_deserve_a_second_look() {
    let sandbox = Sandbox::new();
    let project = sandbox.dir("home/project");
    sandbox.file("home/project/.envrc", "export A=1 EDITOR=vim LD_LIBRARY_PATH=/opt/lib\n");
    let allowed = sandbox.goenv(&project, &["allow"]);
    assert_eq!(
        allowed.stderr(),
        "goenv: allowed ~/project/.envrc: +A +EDITOR +LD_LIBRARY_PATH\n\
         goenv: EDITOR: it names a program that others run\n\
         goenv: LD_LIBRARY_PATH: it decides which libraries programs load\n"
    );
    assert_eq!(allowed.code(), 0);
}

#[test]
fn names_that_no_policy_may_set_refuse_it_whole() {
    let sandbox = Sandbox::new();
    let project = sandbox.dir("home/project");
    for (policy, why) in [
        (
            "export A=1\nexport LD_PRELOAD=/x.so\n",
            "2: LD_PRELOAD: no policy may set it: it loads code into every program",
        ),
        (
            "export A=1\nN=PROMPT_COMMAND\nexport PROMPT_COMMAND=run\n",
            "3: PROMPT_COMMAND: no policy may set it: the shell expands it at every prompt",
        ),
    ] {
        sandbox.file("home/project/.envrc", policy);
        let allowed = sandbox.goenv(&project, &["allow"]);
        assert_eq!(allowed.code(), 0);
        let said = format!("yet: $SANDBOX/home/project/.envrc:{why}\n");
        assert!(allowed.stderr().ends_with(&said), "{}", allowed.stderr());
        let refused = sandbox.goenv(&project, &["export", "json"]);
        assert_eq!(refused.code(), 5, "{}", refused.stderr());
        assert!(!refused.stdout().contains("\"A\""));
        assert!(refused.stderr().contains(why), "{}", refused.stderr());
    }
}

#[test]
fn a_dotenv_file_sets_plain_names_alone() {
    let sandbox = Sandbox::new();
    let project = sandbox.dir("home/project");
    sandbox.file("home/project/.envrc", "export A=1\ndotenv\n");
    sandbox.file("home/project/.env", "TOKEN=x\n");
    sandbox.goenv(&project, &["allow"]).success();
    assert!(sandbox.goenv(&project, &["export", "json"]).stdout().contains("\"TOKEN\""));
    sandbox.file("home/project/.env", "TOKEN=x\nGOFLAGS=-toolexec=/tmp/x\n");
    let refused = sandbox.goenv(&project, &["export", "bash"]);
    assert_eq!(refused.code(), 5);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/project/.envrc:2: GOFLAGS: a .env file may not set it: go runs programs and loads code by \
         some flags\n"
    );
}

#[test]
fn a_mistake_in_a_dotenv_file_is_named_and_its_line_not_shown() {
    let sandbox = Sandbox::new();
    let project = sandbox.project("project", "dotenv_if_exists\n");
    sandbox.file("home/project/.env", "A=1\n  API KEY=hunter2\n");
    let text = "$SANDBOX/home/project/.env:2:3: this is no assignment: NAME=value, NAME='value' or \
                NAME=\"value\" is expected\n";
    for arguments in [&["export", "bash"][..], &["exec", ".", "true"], &["why"]] {
        let _ = sandbox.goenv(&project, arguments).failure(5, &format!("goenv: {text}"));
    }
    let allowed = sandbox.goenv(&project, &["allow"]);
    let text = format!("goenv: allowed, and does not apply yet: {text}");
    assert_eq!(allowed.stderr(), format!("goenv: allowed ~/project/.envrc\n{text}"));
    for arguments in [&["status"][..], &["status", "--json"], &["check"], &["doctor"]] {
        let done = sandbox.goenv(&project, arguments);
        let shown = done.stdout() + &done.stderr();
        assert!(!shown.contains("hunter2"), "{arguments:?}: {shown}");
    }
}

#[test]
fn a_signed_policy_needs_grants_and_its_values_are_checked() {
    let repository = Repository::with_two_signers();
    let rules = "[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n";
    let policy = "export A=1 GOPROXY=https://proxy.bank.example\n";
    let settle = repository.signed("settle", policy, &["alice", "bob"]);
    let stderr = || repository.sandbox.goenv(&settle, &["export", "bash"]).stderr();
    assert!(stderr().contains(
        "GOPROXY: a signed policy needs a grant for it: it decides where Go modules come from"
    ));
    repository.config(&format!("{rules}grant = [\"GOPROXY\"]\n"));
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let json = repository.sandbox.goenv(&settle, &["export", "json"]).stdout();
    assert!(
        json.contains("\"GOENV_TIER\": \"prod\"") || json.contains("\"GOENV_TIER\":\"prod\""),
        "{json}"
    );
    repository.config(&format!("{rules}env = \"listed\"\ngrant = [\"GOPROXY\"]\n"));
    assert!(stderr().contains("A: only granted names may be set"), "{}", stderr());
    repository.config(&format!("{rules}grant = [\"GOPROXY\"]\n"));
    repository.signed("settle", "export A=1 GOPROXY=file:///tmp/proxy\n", &["alice", "bob"]);
    assert!(
        stderr().contains(
            "GOPROXY: found \"file:///tmp/proxy\", expected https:// hosts, direct or off"
        ),
        "{}",
        stderr()
    );
}

#[test]
fn what_nobody_signed_reaches_no_sensitive_variable_of_a_signed_policy() {
    let repository = Repository::with_two_signers();
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\ngrant = [\"GOPROXY\"]\n");
    let settle = repository.sandbox.dir(repository.root.join("settle").to_str().unwrap());
    std::fs::write(settle.join("proxy"), "https://proxy.bank.example\n").unwrap();
    std::fs::write(settle.join("tools"), "bin\n").unwrap();
    std::fs::write(settle.join(".env"), "P=https://proxy.bank.example\n").unwrap();
    for policy in [
        "export A=1 GOPROXY=$(cat proxy)\n",
        "A=$(cat proxy)\nB=${A%/}x\nexport A GOPROXY=${B:-y}\n",
        "dotenv\nexport A=1 GOPROXY=$P\n",
        "export A=1\nPATH_add \"$(cat tools)\"\n",
    ] {
        repository.signed("settle", policy, &["alice", "bob"]);
        let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
        let name = if policy.contains("PATH_add") { "PATH" } else { "GOPROXY" };
        let why = format!("{name}: its value stands in a file that nobody signed: ");
        assert!(refused.stderr().contains(&why), "{policy}: {}", refused.stderr());
        assert_eq!(refused.code(), 5);
    }
    // What a file says may decide among what was signed, reach a plain name, and be replaced.
    let policy = "if [[ $(cat proxy) == https* ]]; then GOPROXY=https://a.example; fi
export GOPROXY B=$(cat proxy)\nexport GOPROXY=https://b.example\nexport A=1\n";
    repository.signed("settle", policy, &["alice", "bob"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}

#[test]
fn a_directory_beside_the_repository_may_be_on_path_where_a_person_allowed_it() {
    let repository = Repository::with_two_signers();
    let policy = "export A=1 PATH=$PWD/../bin:$PATH\n";
    repository.sandbox.file("home/project/.envrc", policy);
    let project = repository.sandbox.dir("home/project");
    repository.sandbox.goenv(&project, &["allow"]).success();
    let json = repository.sandbox.goenv(&project, &["export", "json"]).stdout();
    assert!(json.contains("$SANDBOX/home/project/../bin:"), "{json}");
    let settle = repository.signed("settle", policy, &["alice", "bob"]);
    let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/ledger/settle/.envrc:6: PATH: the entry \"$SANDBOX/home/ledger/settle/../bin\" has a .. \
         component\n"
    );
    assert_eq!(refused.code(), 5);
}

#[test]
fn under_strict_rules_no_directory_of_the_repository_is_on_path() {
    let repository = Repository::with_two_signers();
    let rules = "[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\nstrict = true\n";
    repository.config(rules);
    repository.sandbox.file("home/ledger/bin/ls", "#!/bin/sh\n");
    repository.sandbox.dir("home/tools");
    let policy = "export A=1\nPATH_add ../../bin\n";
    let settle = repository.signed("services/settle", policy, &["alice", "bob"]);
    let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/ledger/services/settle/.envrc:7: PATH: $SANDBOX/home/ledger/bin is inside the \
         repository, whose programs nobody reviewed\n"
    );
    assert_eq!(refused.code(), 5);
    let beside = "export A=1\nPATH_add ../../../tools\n";
    let pay = repository.signed("services/pay", beside, &["alice", "bob"]);
    assert_eq!(repository.value(&pay), (0, Some("1".into())));
}

#[test]
fn under_strict_rules_no_link_leads_from_path_into_the_repository() {
    let repository = Repository::with_two_signers();
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\nstrict = true\n");
    let tools = repository.sandbox.home().join("tools");
    let settle = repository.signed(
        "settle",
        &format!("PATH_add {}\nexport A=1\n", tools.display()),
        &["alice", "bob"],
    );
    repository.sandbox.file(repository.sandbox.home().join(".config/goenv/revoked_keys"), "");
    std::os::unix::fs::symlink(repository.root.join("settle"), &tools).unwrap();
    let done = repository.sandbox.goenv(&settle, &["export", "bash"]);
    let said =
        "PATH: $SANDBOX/home/tools is inside the repository, whose programs nobody reviewed\n";
    assert!(done.code() == 5 && done.stderr().ends_with(said), "{}", done.stderr());
    std::fs::remove_file(&tools).unwrap();
    std::fs::create_dir(&tools).unwrap();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}
