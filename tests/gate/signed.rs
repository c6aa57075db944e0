//! Signatures at the gate: made by ssh-keygen, staged with the policy, weighed by the trusted signers.

use std::fs;

use crate::repository::Repository;

/// Returns a repository whose remote is the scope of `policy`, and a signer whom the user trusts for production.
fn repository() -> Repository {
    trusting("goenv-policy-prod")
}

/// Returns a repository as above, and a signer whom the user trusts for `namespaces`.
fn trusting(namespaces: &str) -> Repository {
    let repository = Repository::new();
    let url = "git@git.corp.example:payments/ledger.git";
    repository.git(&["remote", "add", "origin", url]).success();
    let key = repository.sandbox.path("home/key");
    let key = key.to_str().unwrap();
    let make = ["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", key];
    repository.sandbox.run(&repository.root, "ssh-keygen", &make).success();
    let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    let signer = format!("ann@corp.example namespaces=\"{namespaces}\" {public}");
    repository.sandbox.file("home/.config/goenv/allowed_signers", signer);
    repository
}

fn policy(serial: u32, rest: &str) -> String {
    let expires = "#goenv: expires 2099-01-01";
    format!(
        "#goenv: v1\n#goenv: scope git.corp.example/payments/ledger//\n#goenv: tier prod\n#goenv: serial {serial}\n{expires}\n{rest}"
    )
}

fn sign(repository: &Repository) {
    let _ = std::fs::remove_file(repository.root.join(".envrc.sig"));
    let key = repository.sandbox.path("home/key");
    let arguments =
        ["-Y", "sign", "-q", "-n", "goenv-policy-prod", "-f", key.to_str().unwrap(), ".envrc"];
    repository.sandbox.run(&repository.root, "ssh-keygen", &arguments).success();
}

fn errors(repository: &Repository) -> (Vec<String>, i32) {
    let (found, code) = repository.found(&["--staged"]);
    // Without a hash in production there is a warning.
    (found.into_iter().filter(|found| !found.ends_with("GOENV405")).collect(), code)
}

#[test]
fn a_signed_policy_passes_and_a_changed_one_does_not() {
    let repository = repository();
    repository
        .sandbox
        .file("home/.config/goenv/config.toml", "[tiers.prod]\nrequire = \"signed\"\n");
    repository.write(".envrc", policy(1, "use go 1.26.4\n"));
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:1:1 GOENV001".to_owned()], 3), "not signed");
    sign(&repository);
    assert_eq!(errors(&repository).1, 3, "signed, and the signature is not staged");
    repository.commit();
    repository.write(".envrc", policy(2, "use go 1.26.6\n"));
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:1:1 GOENV001".to_owned()], 3), "changed");
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![], 0));
    // Somebody else's repository: the scope does not fit.
    repository
        .git(&["remote", "set-url", "origin", "https://git.corp.example/other.git"])
        .success();
    assert_eq!(errors(&repository).1, 3);
    let report = repository.sandbox.goenv(&repository.root, &["check"]).stdout();
    let help = "help: to have it apply here, review it, remove its .envrc.sig and run: goenv sign .envrc\n";
    assert!(report.contains(help), "{report}");
}

#[test]
fn a_signer_whom_nobody_trusts_is_named() {
    let repository = repository();
    repository.sandbox.file("home/.config/goenv/allowed_signers", "");
    repository.write(".envrc", policy(1, "use go 1.26.4\n"));
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:1:1 GOENV002".to_owned()], 3));
    let report = repository.sandbox.goenv(&repository.root, &["check"]).stdout();
    assert!(report.contains("goenv keys add NAME KEY.pub --tier prod\n"), "{report}");
}

#[test]
fn an_expired_signature_is_none() {
    let repository = repository();
    let required = "[tiers.prod]\nrequire = \"signed\"\n";
    let policy = policy(1, "use go 1.26.4\n").replace("ledger//", "ledger//svc");
    let old = policy.replace("2099-01-01", "2026-01-01");
    repository.write("svc/.envrc", &old);
    let found = |help: &str| {
        format!(
            "svc/.envrc:5:17: error[GOENV403]: the policy expired on 2026-01-01\n  \
               5 | #goenv: expires 2026-01-01\n    \
                 |                 ^^^^^^^^^^\n  \
               help: {help}\n\n"
        )
    };
    let report = |code: i32| {
        let done = repository.check(&[]);
        assert_eq!(done.code(), code, "{}", done.stdout());
        let report = done.stdout();
        report.split_once("svc/.envrc:6:8: warning[GOENV405]").unwrap().0.to_owned()
    };
    // Allowed by a person, it is an error like others.
    assert_eq!(report(1), found("Review it, and write a later date into this line"));
    let key = repository.sandbox.path("home/key");
    let arguments = ["-Y", "sign", "-q", "-n", "goenv-policy-prod", "-f", key.to_str().unwrap()];
    let directory = repository.root.join("svc");
    let arguments = [&arguments[..], &[".envrc"]].concat();
    repository.sandbox.run(&directory, "ssh-keygen", &arguments).success();
    // Signed, it is not trusted, whether the rules ask for signatures or somebody just made one.
    let again = "Review it, and sign it with a later date: goenv sign svc/.envrc";
    for config in ["", required] {
        repository.sandbox.file("home/.config/goenv/config.toml", config);
        assert_eq!(report(3), found(again));
        repository.stage();
        assert_eq!(errors(&repository), (vec!["svc/.envrc:5:17 GOENV403".to_owned()], 3));
    }
    // An exception that ended says nothing of the signatures.
    repository
        .write("svc/.envrc", policy + "#goenv-ignore: GOENV402 until 2026-01-01 the reason\n");
    std::fs::remove_file(repository.root.join("svc/.envrc.sig")).unwrap();
    repository.sandbox.run(&directory, "ssh-keygen", &arguments).success();
    repository.stage();
    assert_eq!(errors(&repository), (vec!["svc/.envrc:7:31 GOENV403".to_owned()], 1));
}

#[test]
fn a_signed_policy_reads_signed_text_alone() {
    let repository = repository();
    repository.write(".envrc", policy(1, "use go 1.26.4\nsource_env more.sh\n"));
    repository.write("more.sh", "export A=1\n");
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:7:12 GOENV303".to_owned()], 1));
    let report = repository.check(&[]).stdout();
    assert!(report.contains("help: sign it too: goenv sign --tier prod more.sh\n"), "{report}");
}

#[test]
fn the_text_that_a_signed_policy_reads_is_signed_as_it_is() {
    let repository = trusting("goenv-policy-*");
    repository.write("more.sh", "export A=1\n");
    repository.write(".envrc", "use go 1.26.4\nsource_env more.sh\n");
    let sign = |tier: &str, path: &str| {
        let arguments = ["sign", "--key", "../key", "--tier", tier, path];
        repository.sandbox.goenv(&repository.root, &arguments).success();
    };
    sign("prod", ".envrc");
    let told = || {
        repository.stage();
        let report = repository.check(&[]).stdout();
        let of_text = |line: &&str| line.contains("GOENV303");
        let place = " error[GOENV303]: ";
        let line = report.lines().find(of_text).map(|line| line.split_once(place).unwrap().1);
        line.map(str::to_owned)
    };
    let reads = "and a signed policy reads it";
    assert_eq!(told(), Some(format!("more.sh is not signed, {reads}")));
    sign("dev", "more.sh");
    assert_eq!(told(), Some(format!("more.sh is signed for tier dev, and not for prod, {reads}")));
    fs::remove_file(repository.root.join("more.sh.sig")).unwrap();
    repository.write("more.sh", "export A=1\n");
    sign("prod", "more.sh");
    assert_eq!(told(), None);
    let signed = fs::read_to_string(repository.root.join("more.sh")).unwrap();
    repository.write("more.sh", signed + "export B=2\n");
    let changed = "signature 1 does not match the file";
    assert_eq!(told(), Some(format!("more.sh is not signed: {changed}, {reads}")));
}

#[test]
fn a_signed_policy_sets_sensitive_names_by_grant() {
    let repository = repository();
    repository
        .write(".envrc", policy(1, "use go 1.26.4\nexport GOPROXY=https://proxy.corp.example\n"));
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:7:8 GOENV306".to_owned()], 1));
    repository
        .sandbox
        .file("home/.config/goenv/config.toml", "[tiers.prod]\ngrant = [\"GOPROXY\"]\n");
    assert_eq!(errors(&repository), (vec![], 0));
}

#[test]
fn a_signature_for_another_tier_does_not_count_where_signatures_are_required() {
    let repository = trusting("goenv-policy-*");
    let config = |text: &str| {
        repository.sandbox.file("home/.config/goenv/config.toml", text);
    };
    let sign = |tier: &[&str]| {
        let arguments = [&["sign", "--key", "../key"], tier].concat();
        repository.sandbox.goenv(&repository.root, &arguments).success();
    };
    repository.write(".envrc", "use go 1.26.6\n");
    sign(&["--tier", "dev"]);
    repository.stage();
    let prod = "[tiers.prod]\nrequire = \"signed\"\n";
    config(prod);
    assert_eq!(repository.check(&[]).success().stderr(), "goenv: nothing found in 2 files\n");
    for arguments in [&["--tier", "prod"][..], &["--tier", "prod", "--staged"]] {
        let report = repository.check(arguments);
        assert_eq!(report.code(), 3, "{arguments:?}");
        let expected = ".envrc:1:1: error[GOENV001]: it is for tier dev, and tier prod requires signatures for itself\n  \
             1 | #goenv: v1\n    | ^\n  \
             help: Review the policy, then sign and commit both files: goenv sign --tier prod .envrc\n\n";
        assert!(report.stdout().starts_with(expected), "{}", report.stdout());
    }
    let binary = repository.sandbox.goenv(&repository.root, &["inspect", "--tier", "prod", "x"]);
    binary.failure(
        3,
        "goenv: $SANDBOX/home/repo/.envrc:1: it is for tier dev, and tier prod requires signatures for itself; \
         Review the policy, then sign and commit both files: goenv sign --tier prod .envrc\n",
    );
    // A tier that requires none is content with a signature for another one.
    assert_eq!(repository.check(&["--tier", "staging"]).code(), 0);
    // What this host's tier requires holds here, as at the prompt, unless another tier is asked for.
    config(&format!("tier = \"prod\"\n{prod}"));
    assert_eq!(errors(&repository), (vec![".envrc:1:1 GOENV001".to_owned()], 3));
    let verdict = repository.sandbox.goenv(&repository.root, &["verify"]);
    assert_eq!(verdict.code(), 3, "{}", verdict.stdout());
    assert_eq!(repository.check(&["--tier", "dev"]).code(), 0);
    config("tier = \"prod\"\n");
    assert_eq!(repository.check(&[]).code(), 0);
    // The hint's command mends it.
    config(&format!("{prod}threshold = 1\n"));
    sign(&["--tier", "prod", ".envrc"]);
    assert_eq!(repository.check(&["--tier", "prod"]).code(), 0);
    // Somebody who may not sign for it, or too few, are found as before.
    config(&format!("{prod}threshold = 2\n"));
    assert_eq!(repository.check(&["--tier", "prod"]).code(), 3);
}

#[test]
fn the_command_that_signs_works_where_it_is_pasted() {
    let repository = repository();
    let config = "[tiers.prod]\nrequire = \"signed\"\n";
    repository.sandbox.file("home/.config/goenv/config.toml", config);
    repository.write(".envrc", "use go 1.26.6\n");
    repository.write("-x/.envrc", "use go 1.26.6\n");
    let deep = repository.sandbox.dir("home/repo/svc/a b");
    let elsewhere = repository.sandbox.dir("home/elsewhere");
    let commands = |directory, path: &str| {
        let report = repository.check_in(directory, &["--tier", "prod", path]).stdout();
        let commands = report.lines().filter_map(|line| line.split_once("both files: "));
        commands.map(|(_, command)| command.to_owned()).collect::<Vec<_>>()
    };
    let sign = |path: &str| format!("goenv sign --tier prod {path}");
    assert_eq!(commands(&deep, "../.."), [sign("../../-x/.envrc"), sign("../../.envrc")]);
    assert_eq!(commands(&repository.root, "."), [sign("./-x/.envrc"), sign(".envrc")]);
    let inspected = repository.sandbox.goenv(&deep, &["inspect", "--tier", "prod", "x"]);
    inspected.failure(
        3,
        &format!(
            "goenv: $SANDBOX/home/repo/.envrc:1: tier prod requires signatures, and there is no .envrc.sig; \
             Review the policy, then sign and commit both files: {}\n",
            sign("../../.envrc")
        ),
    );
    let root = repository.root.to_str().unwrap();
    let expected = [sign("$SANDBOX/home/repo/-x/.envrc"), sign("$SANDBOX/home/repo/.envrc")];
    assert_eq!(commands(&elsewhere, root), expected);
}

#[test]
fn a_signed_policy_for_bash_is_weighed_and_its_texts_with_it() {
    let repository = repository();
    let required = "[tiers.prod]\nrequire = \"signed\"\n";
    repository.sandbox.file("home/.config/goenv/config.toml", required);
    let text = |serial: u32, rest: &str| {
        policy(serial, &format!("#goenv: engine bash\nf() {{ :; }}\n{rest}"))
    };
    repository.write("lib.sh", "g() { :; }\n");
    repository.write(".envrc", text(1, "f && source ./lib.sh\n"));
    sign(&repository);
    repository.commit();
    assert_eq!(errors(&repository), (vec![], 0), "it may not be read");
    repository.write(".envrc", text(2, "source ./lib.sh\n"));
    repository.stage();
    let found = vec![".envrc:1:1 GOENV001".to_owned(), ".envrc:8:8 GOENV303".to_owned()];
    assert_eq!(errors(&repository), (found, 3));
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:8:8 GOENV303".to_owned()], 1));
    let native = format!("{required}engine = \"native\"\n");
    repository.sandbox.file("home/.config/goenv/config.toml", native);
    repository.write(".envrc", text(3, ""));
    sign(&repository);
    repository.stage();
    assert_eq!(errors(&repository), (vec![".envrc:6:16 GOENV305".to_owned()], 3));
}

#[test]
fn a_text_that_is_signed_for_bash_does_not_count_for_a_native_policy() {
    let repository = repository();
    let sign = |name: &str, text: String| {
        repository.write(name, text);
        let _ = fs::remove_file(repository.root.join(format!("{name}.sig")));
        let key = repository.sandbox.path("home/key");
        let arguments = ["-Y", "sign", "-q", "-n", "goenv-policy-prod", "-f"];
        let arguments = [&arguments[..], &[key.to_str().unwrap(), name]].concat();
        repository.sandbox.run(&repository.root, "ssh-keygen", &arguments).success();
        repository.stage();
    };
    sign(".envrc", policy(1, "source_env text\n"));
    let text = policy(1, "export A=1\n").replace("ledger//", "ledger//text");
    sign("text", text.clone());
    assert_eq!(errors(&repository), (vec![], 0));
    sign("text", text.replace("export", "#goenv: engine bash\nexport"));
    assert_eq!(errors(&repository), (vec![".envrc:6:12 GOENV303".to_owned()], 1));
    let said = repository.check(&[]).stdout();
    let what = "text is signed for bash, and the policy is for goenv's own engine, and a signed policy reads it";
    assert!(said.contains(what), "{said}");
    sign(".envrc", policy(2, "#goenv: engine bash\nsource_env text\n"));
    assert_eq!(errors(&repository), (vec![], 0));
}
