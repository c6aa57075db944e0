//! Who approved what: two approvers, and every way around them.

use std::fs;

use crate::repository::Repository;

const PROD: &str = "goenv-policy-prod";

#[test]
fn a_policy_that_two_people_signed_applies_and_one_is_not_enough() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("services/settle", "export A=1\n", &["alice"]);
    assert_eq!(repository.value(&settle), (3, None));
    let policy = fs::read(settle.join(".envrc")).unwrap();
    repository.sign(&settle, "bob").success();
    assert_eq!(
        fs::read(settle.join(".envrc")).unwrap(),
        policy,
        "a second approver changes no byte"
    );
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let verified = repository.sandbox.goenv(&settle, &["verify"]);
    assert_eq!(verified.code(), 0);
    let text = verified.stdout();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "policy     ~/ledger/services/settle/.envrc",
            "verdict    signed by alice@bank, bob@bank",
            "scope      git.bank.example/payments/ledger//services/settle",
            "tier       prod",
            "serial     1",
        ]
    );
    assert!(lines[6].starts_with("signature  1 by alice@bank SHA256:"), "{text}");
    assert!(lines[7].starts_with("signature  2 by bob@bank SHA256:"), "{text}");
    // The same person again adds nothing.
    let again = repository.sign(&settle, "bob");
    assert_eq!(
        again.stderr(),
        "goenv: ~/ledger/services/settle/.envrc has this key's signature already\n"
    );
}

#[test]
fn an_auditor_needs_nothing_but_ssh_keygen() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let signers = repository.sandbox.path("home/.config/goenv/allowed_signers");
    let script = format!(
        "awk '/BEGIN SSH SIG/{{n++}}{{print > (\"s.\" n)}}' .envrc.sig\n\
         for s in s.1 s.2; do\n\
         p=$(ssh-keygen -Y find-principals -f {signers} -s $s) || exit 1\n\
         ssh-keygen -Y verify -f {signers} -I $p -n {PROD} -s $s < .envrc || exit 1\n\
         done",
        signers = signers.display()
    );
    let done = repository.sandbox.run(&settle, "sh", &["-c", &script]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
    let text = done.stdout();
    let lines: Vec<&str> = text.lines().collect();
    for (line, name) in lines.iter().zip(["alice@bank", "bob@bank"]) {
        assert!(
            line.starts_with(&format!("Good \"{PROD}\" signature for {name} with ED25519 key")),
            "{text}"
        );
    }
    assert_eq!(lines.len(), 2);
}

#[test]
fn what_ssh_keygen_alone_signed_applies() {
    let repository = Repository::with_two_signers();
    let text = "#goenv: v1\n#goenv: scope git.bank.example/payments/ledger//settle\n#goenv: tier prod\n\
        #goenv: serial 7\n#goenv: expires 2099-12-31\nexport A=1\n";
    repository.sandbox.file("home/ledger/settle/.envrc", text);
    let settle = repository.root.join("settle");
    let script = format!(
        "ssh-keygen -Y sign -n {PROD} -f {} .envrc && ssh-keygen -Y sign -n {PROD} -f {} < .envrc >> .envrc.sig",
        repository.key("alice"),
        repository.key("bob")
    );
    repository.sandbox.run(&settle, "sh", &["-c", &script]).success();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}

#[test]
fn an_edited_byte_is_refused_and_the_edit_needs_new_signatures() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let policy = fs::read_to_string(settle.join(".envrc")).unwrap();
    repository.sandbox.file(settle.join(".envrc"), policy.replace("A=1", "A=2"));
    assert_eq!(repository.value(&settle), (4, None));
    let verified = repository.sandbox.goenv(&settle, &["verify"]);
    assert_eq!(verified.code(), 4);
    assert_eq!(
        verified.stderr(),
        "goenv: review the change, then have it signed again with `goenv sign`\n"
    );
    repository.sign(&settle, "alice").success();
    assert_eq!(repository.value(&settle), (3, None));
    repository.sign(&settle, "bob").success();
    assert_eq!(repository.value(&settle), (0, Some("2".into())));
    assert!(fs::read_to_string(settle.join(".envrc")).unwrap().contains("#goenv: serial 2\n"));
}

#[test]
fn an_older_policy_and_another_with_the_same_serial_are_refused() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let files = [".envrc", ".envrc.sig"].map(|name| settle.join(name));
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let old = files.each_ref().map(|path| fs::read(path).unwrap());
    let policy = String::from_utf8(old[0].clone()).unwrap();

    // Other content under the same serial, signed by both outside of goenv.
    repository.sandbox.file(settle.join(".envrc"), policy.replace("A=1", "A=3"));
    let script = format!(
        "rm .envrc.sig; for k in {} {}; do ssh-keygen -Y sign -n {PROD} -f $k < .envrc >> .envrc.sig; done",
        repository.key("alice"),
        repository.key("bob")
    );
    repository.sandbox.run(&settle, "sh", &["-c", &script]).success();
    assert_eq!(repository.value(&settle), (4, None));
    let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/ledger/settle/.envrc is invalid: other content with the same serial 1 was seen here; \
         have it signed with a new serial: `goenv sign`\n"
    );

    repository.sandbox.file(settle.join(".envrc"), policy.replace("A=1", "A=2"));
    for name in ["alice", "bob"] {
        repository.sign(&settle, name).success();
    }
    assert_eq!(repository.value(&settle), (0, Some("2".into())));
    for (path, bytes) in files.iter().zip(&old) {
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(repository.value(&settle), (3, None));
    let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/ledger/settle/.envrc is invalid: it is serial 1, and serial 2 was seen here: a rollback; \
         sign the old content with a new serial: `goenv sign`\n"
    );
}

#[test]
fn a_signed_policy_cannot_be_moved() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let copy = |to: &str| {
        let to = repository.sandbox.dir(to);
        for name in [".envrc", ".envrc.sig"] {
            fs::copy(settle.join(name), to.join(name)).unwrap();
        }
        to
    };
    let beside = copy("home/ledger/clear");
    assert_eq!(repository.value(&beside), (3, None));
    let elsewhere = repository.sandbox.dir("home/other");
    repository.sandbox.run(&elsewhere, "git", &["init", "-q", "."]).success();
    let other = copy("home/other/settle");
    assert_eq!(repository.value(&other), (3, None));
    let remote = ["remote", "add", "origin", "https://git.bank.example/payments/other"];
    repository.sandbox.run(&elsewhere, "git", &remote).success();
    let refused = repository.sandbox.goenv(&other, &["export", "bash"]);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/other/settle/.envrc is invalid: it is for git.bank.example/payments/ledger//settle, and this \
         is git.bank.example/payments/other//settle; to have it apply here, review it, remove its .envrc.sig and run: \
         goenv sign\n"
    );
    // Signing it again there says so, and what the hint says makes it apply.
    assert_eq!(
        repository.sign(&other, "bob").stderr(),
        "goenv: ~/other/settle/.envrc has this key's signature already\n\
         goenv: not enough here yet: it is for git.bank.example/payments/ledger//settle, and this is \
         git.bank.example/payments/other//settle\n\
         goenv: to have it apply here, review it, remove its .envrc.sig and run: goenv sign\n"
    );
    let moved = copy("home/other/moved");
    fs::remove_file(moved.join(".envrc.sig")).unwrap();
    repository.sign(&moved, "alice").success();
    repository.sign(&moved, "bob").success();
    assert_eq!(repository.value(&moved), (0, Some("1".into())));
    // Another clone of the same repository, by another address, is the same place.
    let url = [
        "remote",
        "set-url",
        "origin",
        "https://ann:secret@git.bank.example:8443/payments/ledger/",
    ];
    repository.sandbox.run(&elsewhere, "git", &url).success();
    assert_eq!(repository.value(&other), (0, Some("1".into())));
}

#[test]
fn a_worktree_is_the_same_place() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    repository.git(&["add", "-A"]);
    repository.git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "Policy"]);
    let tree = repository.sandbox.path("home/tree");
    repository.git(&["worktree", "add", "-q", tree.to_str().unwrap()]);
    assert_eq!(repository.value(&tree.join("settle")), (0, Some("1".into())));
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}

#[test]
fn signatures_by_strangers_and_for_other_purposes_do_not_count() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "eve"]);
    assert_eq!(repository.value(&settle), (3, None));
    // Bob's signature of the same bytes as a git commit's.
    let script =
        format!("ssh-keygen -Y sign -n git -f {} < .envrc >> .envrc.sig", repository.key("bob"));
    repository.sandbox.run(&settle, "sh", &["-c", &script]).success();
    assert_eq!(repository.value(&settle), (3, None));
    let verified = repository.sandbox.goenv(&settle, &["verify", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&verified.stdout()).unwrap();
    assert_eq!((json["valid"].clone(), json["need"].clone()), (false.into(), 2.into()));
    assert_eq!(json["trust"]["by"], serde_json::json!(["alice@bank"]));
    let reasons: Vec<&str> = json["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["reason"].as_str().unwrap_or("counts"))
        .collect();
    assert_eq!(reasons[0], "counts");
    assert!(reasons[1].ends_with(", no trusted signer"));
    assert_eq!(reasons[2], "is for \"git\", expected goenv-policy-prod");
}

#[test]
fn allowing_does_not_stand_in_for_signatures_that_are_required() {
    let repository = Repository::with_two_signers();
    repository.config("tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n");
    let settle = repository.signed("settle", "export A=1\n", &[]);
    repository.sandbox.goenv(&settle, &["allow"]).code();
    assert_eq!(repository.value(&settle), (3, None));
}

#[test]
fn sign_says_how_to_trust_a_key_that_no_list_names() {
    let repository = Repository::new();
    repository.sandbox.file("home/ledger/.envrc", "export A=1\n");
    let goenv = |args: &[&str]| repository.sandbox.goenv(&repository.root, args);
    let signed = goenv(&["sign", "--tier", "prod", "--key", &repository.key("alice")]).stderr();
    let hint = signed.lines().last().unwrap();
    let command = hint.strip_prefix("goenv: trust the key on this machine with: ").expect(hint);
    assert_eq!(goenv(&["verify"]).code(), 3);
    assert!(command.ends_with(" --tier prod"), "{command}");
    repository.sandbox.run(&repository.root, "sh", &["-c", command]).success();
    assert_eq!(goenv(&["verify"]).code(), 0, "what was pasted was enough");
    let again = repository.sandbox.run(&repository.root, "sh", &["-c", command]);
    assert_eq!(
        (again.code(), again.stderr()),
        (1, "goenv: ~/.config/goenv/allowed_signers: the key is already listed for \"NAME\" in line 1; edit its namespaces= there to let it approve more\n".to_owned())
    );
    // The key is listed, and for another tier: to add it would be refused.
    let signed =
        goenv(&["sign", "--tier", "qa", "--expires", "30d", "--key", &repository.key("alice")]);
    let said = signed.stderr();
    let last = said.lines().last().unwrap();
    assert_eq!(
        last,
        "goenv: not enough here yet: signature 1 is by \"NAME\", who may not sign for goenv-policy-qa \
         ($SANDBOX/home/.config/goenv/allowed_signers:1)"
    );
}

#[test]
fn what_a_signed_policy_sources_is_approved_as_the_policy_has_to_be() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "source_env ./lib.sh\n", &["alice", "bob"]);
    let goenv = |args: &[&str]| repository.sandbox.goenv(&settle, args);
    repository.sandbox.file(settle.join("lib.sh"), "export A=1\n");
    let refused = || {
        let done = goenv(&["export", "bash"]);
        assert_eq!(done.code(), 3);
        let text = done.stderr();
        let sign = "goenv sign --tier prod $SANDBOX/home/ledger/settle/lib.sh";
        assert!(text.ends_with(&format!("hint: review it, then run: {sign}\n")), "{text}");
    };
    refused();
    // Neither a person on this machine, with the policy or by itself, nor a key for another tier.
    goenv(&["allow"]).success();
    refused();
    goenv(&["allow", "lib.sh"]).success();
    refused();
    let eve = repository.key("eve");
    goenv(&["keys", "add", "eve@bank", &format!("{eve}.pub"), "--tier", "dev"]).success();
    goenv(&["sign", "lib.sh", "--tier", "dev", "--key", &eve]).success();
    refused();
    for name in ["alice", "bob"] {
        let sign = ["sign", "lib.sh", "--tier", "prod", "--key", &repository.key(name)];
        goenv(&sign).success();
    }
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}

#[test]
fn no_signature_is_added_where_it_would_be_one_too_many() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let path = settle.join(".envrc.sig");
    let eight = fs::read_to_string(&path).unwrap().repeat(8);
    fs::write(&path, &eight).unwrap();
    let done = repository.sign(&settle, "bob");
    assert_eq!(
        (done.code(), done.stderr()),
        (1, "goenv: $SANDBOX/home/ledger/settle/.envrc.sig: 8 signatures already, and no more are read; take those out \
             that do not count, by: goenv verify\n".to_owned())
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), eight);
}

/// What a refusal says to do mends it: no more signatures make such bytes apply here.
#[test]
fn signing_anew_mends_what_it_is_said_to_mend() {
    let repository = Repository::new();
    repository.trust("alice");
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let files = [".envrc", ".envrc.sig"].map(|name| settle.join(name));
    let old = files.each_ref().map(|path| fs::read(path).unwrap());
    repository.sandbox.file(settle.join(".envrc"), "export A=2\n");
    repository.sign(&settle, "alice").success();
    assert_eq!(repository.value(&settle), (0, Some("2".into())));
    for (path, bytes) in files.iter().zip(&old) {
        fs::write(path, bytes).unwrap();
    }
    let refused = || repository.sandbox.goenv(&settle, &["export", "bash"]).stderr();
    assert!(refused().contains("a rollback; sign the old content with a new serial: `goenv sign`"));
    repository.sign(&settle, "alice").success();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    assert!(fs::read_to_string(&files[0]).unwrap().contains("#goenv: serial 3\n"));

    repository.config("[tiers.prod]\nmax_age_days = 10\n");
    assert!(refused().contains("more than 10 days from now"), "{}", refused());
    repository.sign(&settle, "alice").success();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}

#[test]
fn a_signed_policy_without_a_repository_says_how_to_make_one() {
    let repository = Repository::new();
    repository.trust("alice");
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let bare = repository.sandbox.dir("home/bare");
    for name in [".envrc", ".envrc.sig"] {
        fs::copy(settle.join(name), bare.join(name)).unwrap();
    }
    let said = || repository.sandbox.goenv(&bare, &["export", "bash"]).stderr();
    let none = "this is in no git repository; run: git init && git remote add origin URL\n";
    assert!(said().ends_with(none), "{}", said());
    repository.sandbox.run(&bare, "git", &["init", "-q"]).success();
    let none = "no git remote says where this is; run: git remote add NAME URL\n";
    assert!(said().ends_with(none), "{}", said());
    // One that names no repository has its name already.
    repository.sandbox.run(&bare, "git", &["remote", "add", "origin", "../x"]).success();
    assert!(said().ends_with(none), "{}", said());
}

#[test]
fn verify_json_answers_for_a_policy_without_signatures_too() {
    let repository = Repository::new();
    repository.sandbox.file("home/.config/goenv/config.toml", "[tiers.prod]\nthreshold = 2\n");
    repository.sandbox.file("home/ledger/.envrc", "#goenv: v1\n#goenv: tier prod\nexport A=1\n");
    let done = repository.sandbox.goenv(&repository.root, &["verify", "--json"]);
    assert_eq!(done.code(), 3);
    let report: serde_json::Value = serde_json::from_str(&done.stdout()).unwrap();
    assert_eq!((&report["valid"], &report["need"]), (&false.into(), &2.into()));
    assert_eq!((&report["trust"]["state"], &report["tier"]), (&"blocked".into(), &"prod".into()));
    assert_eq!(report["signatures"], serde_json::json!([]));
}

#[test]
fn sign_says_what_it_needs() {
    let repository = Repository::new();
    let said = |directory: &str, args: &[&str]| {
        let directory = repository.sandbox.dir(directory);
        let done = repository.sandbox.goenv(&directory, args);
        (done.code(), done.stderr())
    };
    repository.sandbox.file("home/ledger/a/.envrc", "export A=1\n");
    repository.sandbox.file("home/ledger/b/.envrc", "frobnicate\n");
    repository.sandbox.file("home/bare/.envrc", "export A=1\n");
    assert_eq!(
        said("home/ledger/a", &["sign"]),
        (1, "goenv: there is no ~/.ssh/id_ed25519, and no agent holds an ed25519 key; name one with --key, or make one: ssh-keygen -t ed25519\n".into())
    );
    assert_eq!(
        said("home/bare", &["sign"]),
        (1, "goenv: $SANDBOX/home/bare/.envrc: this is in no git repository; run: git init && git remote add origin URL\n".into())
    );
    repository.sandbox.run(&repository.sandbox.dir("home/bare"), "git", &["init", "-q"]).success();
    assert_eq!(
        said("home/bare", &["sign"]),
        (1, "goenv: $SANDBOX/home/bare/.envrc: no git remote says where this is; run: git remote add NAME URL\n".into())
    );
    assert_eq!(
        said("home/ledger/a", &["sign", "--tier", "Prod"]),
        (2, "goenv: --tier: found \"Prod\", expected a tier: lower-case letters, digits and hyphens\n".into())
    );
    assert_eq!(
        said("home/ledger/a", &["sign", "--expires", "2020-01-01"]),
        (2, "goenv: --expires: 2020-01-01 is past\n".into())
    );
    assert_eq!(said("home/ledger/b", &["sign"]).0, 5);
    assert_eq!(
        said("home/ledger/a", &["verify"]),
        (3, "goenv: $SANDBOX/home/ledger/a/.envrc.sig does not exist; sign the policy with: goenv sign\n".into())
    );
    for directory in ["a", "b"] {
        assert!(!repository.root.join(directory).join(".envrc.sig").exists());
    }
    assert_eq!(fs::read_to_string(repository.root.join("a/.envrc")).unwrap(), "export A=1\n");
}

#[test]
fn an_agents_key_signs() {
    let repository = Repository::with_two_signers();
    repository.sandbox.file("home/ledger/settle/.envrc", "export A=1\n");
    let settle = repository.root.join("settle");
    let script = format!(
        "eval \"$(ssh-agent)\" >/dev/null; trap 'ssh-agent -k >/dev/null' EXIT\n\
         ssh-add -q {} && goenv sign --tier prod",
        repository.key("alice")
    );
    let done = repository.sandbox.run(&settle, "sh", &["-c", &script]);
    assert_eq!(done.code(), 0, "{}", done.stderr());
    let verified = repository.sandbox.goenv(&settle, &["verify"]);
    assert!(verified.stdout().contains("signature  1 by alice@bank"), "{}", verified.stdout());
}

#[test]
fn what_a_signed_policy_sources_is_signed_with_a_scope_and_serials_of_its_own() {
    let repository = Repository::with_two_signers();
    let settle = repository.root.join("settle");
    let sign = |file: &str| {
        for name in ["alice", "bob"] {
            let key = repository.key(name);
            let sign = ["sign", file, "--tier", "prod", "--key", &key];
            repository.sandbox.goenv(&settle, &sign).success();
        }
    };
    repository.sandbox.file("home/ledger/settle/lib.sh", "export A=1\n");
    repository.sandbox.file("home/ledger/settle/.envrc", "source_env ./lib.sh\n");
    sign(".envrc");
    assert_eq!(repository.value(&settle).0, 3, "nobody signed what it sources");
    sign("lib.sh");
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let lib = fs::read_to_string(settle.join("lib.sh")).unwrap();
    let first = fs::read(settle.join("lib.sh.sig")).unwrap();
    assert!(lib.contains("scope git.bank.example/payments/ledger//settle/lib.sh\n"), "{lib}");
    repository.sandbox.file(settle.join("lib.sh"), lib.replace("A=1", "A=2"));
    assert_eq!(repository.value(&settle), (3, None));
    sign("lib.sh");
    assert_eq!(repository.value(&settle), (0, Some("2".into())));
    // What was signed first does not come back.
    repository.sandbox.file(settle.join("lib.sh"), &lib);
    repository.sandbox.file(settle.join("lib.sh.sig"), &first);
    assert_eq!(repository.value(&settle), (3, None));
    let verified = repository.sandbox.goenv(&settle, &["verify", "lib.sh"]);
    assert!(
        verified.stdout().contains("serial 1, and serial 2 was seen here"),
        "{}",
        verified.stdout()
    );
}

#[test]
fn metrics_tell_who_may_until_when() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let done = repository.sandbox.goenv(&settle, &["metrics", "."]);
    let text = done.success().stdout();
    let value = |name: &str| {
        let of = format!("{name}{{dir=\"$SANDBOX/home/ledger/settle\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&of)).map(str::to_owned)
    };
    assert_eq!(value("goenv_policy_applies").as_deref(), Some("1"));
    assert_eq!(value("goenv_policy_serial").as_deref(), Some("1"));
    assert!(text.contains(",tier=\"prod\",trust=\"signed\"} 1\n"), "{text}");
    let policy = std::fs::read_to_string(settle.join(".envrc")).unwrap();
    let day = policy.lines().find_map(|line| line.strip_prefix("#goenv: expires ")).unwrap();
    let date = repository.sandbox.run(&settle, "date", &["-u", "-d", day, "+%s"]);
    assert_eq!(value("goenv_policy_expiry_timestamp_seconds"), Some(date.stdout().trim().into()));
}

#[test]
fn where_others_can_take_a_block_away_no_signature_counts() {
    use std::os::unix::fs::PermissionsExt;
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    assert_eq!(repository.value(&settle).0, 0);
    let deny = repository.sandbox.dir("home/.local/share/goenv/deny");
    fs::set_permissions(&deny, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = repository.sandbox.goenv(&settle, &["exec", ".", "true"]);
    assert_eq!(refused.code(), 3);
    assert!(refused.stderr().contains("share/goenv/deny"), "{}", refused.stderr());
}

#[test]
fn what_no_signature_could_mend_is_said_before_that_there_is_none() {
    let repository = Repository::with_two_signers();
    repository.config(
        "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\n[tiers.dev]\nrequire = \"signed\"\n",
    );
    let other = repository.sandbox.dir("home/ledger/other");
    let policy = "#goenv: v1\n#goenv: tier dev\nexport A=1\n";
    repository.sandbox.file(other.join(".envrc"), policy);
    let refused = repository.sandbox.goenv(&other, &["exec", ".", "true"]);
    assert_eq!(refused.code(), 3);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/ledger/other/.envrc is blocked: it is for tier dev, and this host's tier is prod\n"
    );
}

#[test]
fn a_hint_to_sign_names_the_policy_where_another_is_nearer() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let root = &repository.root;
    let goenv = |args: &[&str]| repository.sandbox.goenv(root, args);
    let path = "$SANDBOX/home/ledger/settle/.envrc";
    // One signature of two: what to look at.
    let exec = goenv(&["exec", "settle", "env"]).stderr();
    assert!(exec.ends_with(&format!("; see: goenv verify {path}\n")), "{exec}");
    fs::write(settle.join(".envrc"), fs::read_to_string(settle.join(".envrc")).unwrap() + "true\n")
        .unwrap();
    let again = |path: &str| {
        format!("goenv: review the change, then have it signed again with `goenv sign{path}`\n")
    };
    let _ = goenv(&["verify", "settle"]).failure(4, &again(&format!(" {path}")));
    let _ = repository.sandbox.goenv(&settle, &["verify"]).failure(4, &again(""));
    fs::remove_file(settle.join(".envrc.sig")).unwrap();
    let missing = |path: &str| {
        format!(
            "goenv: $SANDBOX/home/ledger/settle/.envrc.sig does not exist; sign the policy with: goenv sign{path}\n"
        )
    };
    let _ = goenv(&["verify", "settle"]).failure(3, &missing(&format!(" {path}")));
    let _ = repository.sandbox.goenv(&settle, &["verify"]).failure(3, &missing(""));
    // An approval of this machine is not what the rules ask for, and that hint is about the same policy.
    let allow = goenv(&["allow", "settle"]).stderr();
    assert!(
        allow.ends_with(&format!("and there is no .envrc.sig; sign it with: goenv sign {path}\n")),
        "{allow}"
    );
}

#[test]
fn a_place_gets_its_name_where_the_policy_is() {
    let repository = Repository::new();
    let sandbox = &repository.sandbox;
    let p = sandbox.dir("home/a b");
    sandbox.file("home/a b/.envrc", "export A=1\n");
    let unplaced = |run: &str| {
        format!("goenv: $SANDBOX/home/a b/.envrc: this is in no git repository; run: {run}\n")
    };
    let here = "git init && git remote add origin URL";
    let _ = sandbox.goenv(&p, &["sign"]).failure(1, &unplaced(here));
    let there = here.replace("git", "git -C '$SANDBOX/home/a b'");
    let _ = sandbox.goenv(&sandbox.home(), &["sign", "a b"]).failure(1, &unplaced(&there));
}

#[test]
fn a_signed_header_lets_bash_evaluate_a_policy_where_the_rules_admit_it() {
    let repository = Repository::with_two_signers();
    let policy = "#goenv: v1\n#goenv: engine bash\nset_a() { export A=$1; }\nset_a 1\n";
    let settle = repository.signed("settle", policy, &["alice"]);
    assert_eq!(repository.value(&settle), (3, None));
    repository.sign(&settle, "bob").success();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    // Names need their grants, whatever set them.
    let editor = "#goenv: v1\n#goenv: engine bash\nf() { export A=1 EDITOR=x; }\nf\n";
    let other = repository.signed("other", editor, &["alice", "bob"]);
    let done = repository.sandbox.goenv(&other, &["export", "json"]);
    assert_eq!(done.code(), 5);
    assert!(
        done.stderr().contains("EDITOR: a signed policy needs a grant for it"),
        "{}",
        done.stderr()
    );
    // What nobody signed for it is not run, allowed on this machine or not.
    let sourcing = "#goenv: v1\n#goenv: engine bash\nexport A=1\n. ./lib.sh\n";
    let reads = repository.signed("reads", sourcing, &["alice", "bob"]);
    repository.sandbox.file(reads.join("lib.sh"), "touch ran\n");
    repository.sandbox.goenv(&reads, &["allow", "--bash", "lib.sh"]).success();
    assert_eq!(repository.value(&reads), (3, None));
    assert!(!reads.join("ran").exists());
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\nengine = \"native\"\n");
    let done = repository.sandbox.goenv(&settle, &["export", "json"]);
    assert_eq!((done.code(), repository.value(&settle)), (3, (3, None)));
    assert_eq!(
        done.stderr(),
        "goenv: $SANDBOX/home/ledger/settle/.envrc is blocked: it wants bash, and the rules admit the native engine alone \
         ($SANDBOX/home/.config/goenv/config.toml:4)\n"
    );
}

#[test]
fn what_nobody_signed_is_on_no_path_of_what_a_signed_policy_runs() {
    let repository = Repository::with_two_signers();
    let sub = "export PATH=$(cat directory):$PATH\n";
    let _ = repository.signed("reads/sub", sub, &["alice", "bob"]);
    let policy = "#goenv: v1\n#goenv: engine bash\nf() { source_env sub; }\nf\ndate\n";
    let reads = repository.signed("reads", policy, &["alice", "bob"]);
    repository.sandbox.file(reads.join("sub/directory"), reads.to_str().unwrap());
    let program = repository.sandbox.file(reads.join("date"), "#!/bin/sh\n: >ran\n");
    std::fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let said = "goenv: $SANDBOX/home/ledger/reads/sub/.envrc:6: PATH: its value stands in a file that nobody \
        signed: it chooses which programs run\n";
    let _ = repository.sandbox.goenv(&reads, &["export", "json"]).failure(5, said);
    assert!(!reads.join("ran").exists());
}

#[test]
fn status_names_what_bash_leaves_open_of_a_signed_policy() {
    let repository = Repository::with_two_signers();
    repository.config(
        "[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\ngrant = [\"EDITOR\", \"GOPATH\"]\n",
    );
    let notes = |directory: &std::path::Path| {
        let text = repository.sandbox.goenv(directory, &["status", "--json"]).stdout();
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(status["problem"], serde_json::Value::Null, "{text}");
        status["notes"].clone()
    };
    let data = |name: &str| repository.sandbox.file(format!("home/ledger/{name}/.env"), "X=/vi\n");
    // Natively it is known, and refused.
    data("native");
    let native = repository.signed("native", "dotenv\nexport EDITOR=$X\n", &["alice", "bob"]);
    let done = repository.sandbox.goenv(&native, &["export", "json"]);
    assert!(
        done.failure(5, done.stderr().as_str()).stderr().contains("EDITOR"),
        "{}",
        done.stderr()
    );
    // What a .env file itself sets is held to its names in bash too.
    let header = "#goenv: v1\n#goenv: engine bash\n";
    repository.sandbox.file("home/ledger/named/.env", "EDITOR=/vi\n");
    let named = repository.signed("named", &format!("{header}dotenv\n"), &["alice", "bob"]);
    assert_eq!(repository.sandbox.goenv(&named, &["export", "json"]).code(), 5);
    // By way of another variable nobody knows it.
    for (name, policy, expected) in [
        ("copied", "dotenv\nexport EDITOR=$X\n", "EDITOR: bash does not tell"),
        (
            "path",
            "export GOPATH=/x EDITOR=/vi A=1\nPATH_add bin\n",
            "EDITOR, GOPATH, PATH: bash does",
        ),
        ("plain", "export A=1\n", ""),
    ] {
        data(name);
        let policy = format!("{header}f() {{ :; }}\n{policy}");
        let directory = repository.signed(name, &policy, &["alice", "bob"]);
        let notes = notes(&directory);
        match expected {
            "" => assert_eq!(notes, serde_json::json!([])),
            _ => assert!(notes[0].as_str().unwrap().starts_with(expected), "{notes}"),
        }
        let screen = repository.sandbox.goenv(&directory, &["status"]).stdout();
        assert_eq!(screen.contains("\nnote       "), !expected.is_empty(), "{screen}");
    }
    repository.sandbox.file(named.join(".envrc"), format!("{header}export A=1\n"));
    let signed = repository.sign(&named, "alice");
    assert!(
        signed.stderr().contains("whether data that nobody signed is in"),
        "{}",
        signed.stderr()
    );
}

/// Nothing changes on disk at that moment, so the state has to say when it is.
#[test]
fn a_policy_ends_when_the_signature_of_what_it_reads_does() {
    let repository = Repository::with_two_signers();
    let settle = repository.root.join("settle");
    repository.sandbox.file(settle.join("lib.sh"), "export A=1\n");
    repository.sandbox.file(settle.join(".envrc"), "source_env ./lib.sh\n");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let soon = goenv::trust::date::rfc3339(now.as_secs() as i64 + 4);
    for (name, file, expires) in [
        ("alice", "lib.sh", &*soon),
        ("bob", "lib.sh", &soon),
        ("alice", ".envrc", "30d"),
        ("bob", ".envrc", "30d"),
    ] {
        let key = repository.key(name);
        let sign = ["sign", file, "--tier", "prod", "--key", &key, "--expires", expires];
        repository.sandbox.goenv(&settle, &sign).success();
    }
    let script = "set -e\nprompt() { eval \"$(goenv export bash 2>>said)\"; echo ${A-unset}; }\n\
        prompt; sleep 0.2; prompt; sleep 0.2; prompt; sleep 5; prompt; tail -3 said >&2";
    let done = repository.sandbox.run(&settle, "bash", &["-c", script]);
    assert_eq!(done.success().stdout(), "1\n1\n1\nunset\n");
    let said = done.stderr();
    assert!(said.contains("goenv sign --tier prod "), "{said}");
    let shown = repository.sandbox.goenv(&settle, &["export", "bash"]).stderr();
    assert!(shown.contains("settle/lib.sh has no signatures that count here\n"), "{shown}");
}

/// ssh-keygen may wait for a passphrase or a touch for as long as it takes to change the policy.
#[test]
fn nothing_is_written_over_that_changed_while_it_was_signed() {
    let mut repository = Repository::with_two_signers();
    let key = repository.key("alice");
    let lock = ["-q", "-p", "-P", "", "-N", "secret", "-f", &key];
    repository.sandbox.run(&repository.root, "ssh-keygen", &lock).success();
    let ask = repository.sandbox.file("ask", "#!/bin/sh\neval \"$MEANWHILE\"\necho secret\n");
    fs::set_permissions(&ask, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    repository.sandbox.set("SSH_ASKPASS", ask);
    repository.sandbox.set("SSH_ASKPASS_REQUIRE", "force");
    let settle = repository.signed("settle", "export A=1\n", &[]);
    let said = |name: &str| {
        format!(
            "goenv: $SANDBOX/home/ledger/settle/{name} changed while it was signed, and stays as it is; run the command again\n"
        )
    };
    repository.sandbox.set("MEANWHILE", "echo export A=2 > .envrc");
    repository.sign(&settle, "alice").failure(1, &said(".envrc"));
    assert_eq!(fs::read_to_string(settle.join(".envrc")).unwrap(), "export A=2\n");
    assert!(!settle.join(".envrc.sig").exists());
    repository.sandbox.set("MEANWHILE", "");
    repository.sign(&settle, "alice").success();
    // A third person's signature came in between.
    repository.sign(&settle, "eve").success();
    let three = fs::read(settle.join(".envrc.sig")).unwrap();
    repository.sandbox.file("three", &three);
    repository.sandbox.file(settle.join(".envrc.sig"), "");
    repository.sandbox.set("MEANWHILE", "cp ../../../three .envrc.sig");
    repository.sign(&settle, "alice").failure(1, &said(".envrc.sig"));
    assert_eq!(fs::read(settle.join(".envrc.sig")).unwrap(), three);
}

#[test]
fn an_error_of_a_policy_without_a_header_names_the_line_that_is_there() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\nls\n", &[]);
    let said = repository.sign(&settle, "alice").stderr();
    assert!(said.starts_with("goenv: $SANDBOX/home/ledger/settle/.envrc:2:1: "), "{said}");
}

#[test]
fn a_git_directory_behind_a_link_says_where_this_is() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    let git = repository.root.join(".git");
    let elsewhere = repository.sandbox.path("elsewhere");
    fs::rename(&git, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &git).unwrap();
    repository.git(&["status"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    // Another's remote behind the same link is noticed, and so is a link that leads nowhere.
    let config = fs::read_to_string(elsewhere.join("config")).unwrap();
    fs::write(elsewhere.join("config"), config.replace("ledger", "other")).unwrap();
    assert_eq!(repository.value(&settle), (3, None));
    fs::rename(&elsewhere, repository.sandbox.path("gone")).unwrap();
    assert_eq!(repository.value(&settle), (3, None));
}

/// As behind a directory that may not be searched; of root too, whom no mode stops.
#[test]
fn a_block_that_cannot_be_seen_is_not_lifted() {
    let repository = Repository::new();
    let project = repository.sandbox.project("p", "source_env ./lib.sh\nexport A=1\n");
    let goenv = |args: &[&str]| repository.sandbox.goenv(&project, args);
    repository.sandbox.file(project.join("lib.sh"), "export B=1\n");
    goenv(&["allow"]).success();
    let blocks = repository.sandbox.home().join(".local/share/goenv/deny");
    let hidden = repository.sandbox.path("hidden");
    for text in [".envrc", "lib.sh"] {
        goenv(&["deny", text]).success();
        assert_eq!(repository.value(&project).1, None);
        fs::rename(&blocks, &hidden).unwrap();
        std::os::unix::fs::symlink("deny", &blocks).unwrap();
        let done = goenv(&["export", "json"]);
        assert!(!done.stdout().contains("\"A\""), "{text}: {}", done.stdout());
        let said = done.stderr();
        assert!(said.contains("/deny/") && said.contains(": too many levels of"), "{said}");
        fs::remove_file(&blocks).unwrap();
        fs::rename(&hidden, &blocks).unwrap();
        goenv(&["allow", text]).success();
        goenv(&["allow"]).success();
    }
    assert_eq!(repository.value(&project), (0, Some("1".into())));
}

#[test]
fn a_serial_that_cannot_be_read_says_what_mends_it() {
    let repository = Repository::with_two_signers();
    let settle = repository.signed("settle", "export A=1\n", &["alice", "bob"]);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let serials = repository.sandbox.home().join(".local/state/goenv/serials");
    let names = fs::read_dir(serials).unwrap().map(|entry| entry.unwrap().path());
    let mark = names.into_iter().find(|path| !path.ends_with(".lock")).unwrap();
    fs::write(&mark, "").unwrap();
    let done = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert_eq!(done.code(), 3);
    let said = done.stderr();
    let cure = said.trim_end().split_once("; to forget which serial was seen, run: ").unwrap().1;
    let cure = cure
        .replace("$SANDBOX", repository.sandbox.path("").to_str().unwrap().trim_end_matches('/'));
    assert!(
        said.contains(":1:1: found \"\", expected \"v1 SERIAL SHA256 SCOPE\" and a newline; "),
        "{said}"
    );
    repository.sandbox.run(&settle, "sh", &["-c", &cure]).success();
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
}
