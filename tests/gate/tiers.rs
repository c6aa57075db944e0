//! The prompt and the gate give one verdict on a policy's Go.

use std::os::unix::fs::symlink;

use crate::common::sdk;
use crate::repository::Repository;

#[test]
fn the_prompt_refuses_what_the_gate_refuses() {
    for (config, policy, finding) in [
        ("", "allow_go prod 1.26.6\nuse go 1.26.6\n", None),
        (
            "",
            "allow_go prod 1.26.6\nuse go 1.24.11\n",
            Some((
                "GOENV408",
                "go1.24.11 is not among what the policy admits in tier prod: 1.26.6",
            )),
        ),
        (
            "",
            "deny_go 1.24.x no fixes\nuse go 1.24.11\n",
            Some(("GOENV408", "go1.24.11 is denied by line 3 of the policy: no fixes")),
        ),
        (
            "[tiers.prod]\ngo = [\"1.26.6\"]\n",
            "use go 1.24.11\n",
            Some((
                "GOENV408",
                "go1.24.11 is not among what $SANDBOX/home/.config/goenv/config.toml:2 admits in tier prod: 1.26.6",
            )),
        ),
        (
            "[go]\ndeny = { \"1.24.11\" = \"CVE-2026-42501\" }\n",
            "use go 1.24.11\n",
            Some(("GOENV408", "go1.24.11 is denied by config.toml: CVE-2026-42501")),
        ),
        (
            "",
            "use go 1.26\n",
            Some(("GOENV406", "go1.26 is a language version, and tier prod needs a release")),
        ),
        ("[tiers.prod]\ngo = [\"1.24.x\"]\n", "allow_go dev 1.26.x\nuse go 1.24.11\n", None),
    ] {
        let text = format!("#goenv: v1\n#goenv: tier prod\n{policy}");
        let repository = Repository::with(&[(".envrc", &text)]);
        repository.sandbox.file("home/.config/goenv/config.toml", config);
        for version in ["1.24.11", "1.26.6"] {
            let place = repository.sandbox.dir("home/sdk").join(format!("go{version}"));
            symlink(sdk(version), place).unwrap();
        }
        let allowed = repository.sandbox.goenv(&repository.root, &["allow"]);
        let warned = allowed.success().stderr();
        assert!(finding.is_none_or(|(_, message)| warned.contains(message)), "allow says {warned}");
        let prompt = repository.sandbox.goenv(&repository.root, &["export", "bash"]);
        let report = repository.check(&["--format", "json"]).stdout();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let errors: Vec<_> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["level"] == "error")
            .map(|finding| (finding["id"].as_str().unwrap(), finding["message"].as_str().unwrap()))
            .collect();
        assert_eq!(errors, finding.into_iter().collect::<Vec<_>>(), "{policy}");
        match finding {
            None => assert!(prompt.success().stdout().contains("export GOROOT=")),
            Some((_, message)) => {
                let line = text.lines().position(|line| line.starts_with("use go")).unwrap() + 1;
                prompt.failure(
                    5,
                    &format!(
                        "goenv: $SANDBOX/home/repo/.envrc:{line}: {message}; pin an admitted release: goenv pin VERSION\n"
                    ),
                );
                assert!(!prompt.stdout().contains("GOROOT"), "{}", prompt.stdout());
            }
        }
    }
}

#[test]
fn the_table_of_supported_lines_can_be_replaced() {
    let repository = Repository::with(&[(".envrc", "use go 1.24.11\n")]);
    assert_eq!(repository.found(&[]), (vec![".envrc:1:8 GOENV402".to_owned()], 0));
    repository
        .sandbox
        .file("home/.config/goenv/config.toml", "[go]\nsupported = [\"1.24\", \"1.25\"]\n");
    assert_eq!(repository.found(&[]), (vec![], 0));
}

#[test]
fn the_lists_of_tiers_name_releases_that_get_security_fixes() {
    let policy = "use go 1.26.6\nallow_go prod 1.27rc1 1.26 1.26.6\nallow_go dev 1.24.x 1.23.4 1.25.1+ 1.26rc1 1.26.6\nallow_go lab '>=1.20.0'\n";
    let repository = Repository::with(&[(".envrc", policy)]);
    let said = repository.check(&[]).stdout();
    let findings: Vec<&str> = said.lines().filter(|line| line.starts_with(".envrc:")).collect();
    let over = "gets no security fixes: supported are 1.26 and 1.27 (as of 2026-11-01)";
    assert_eq!(
        findings,
        [
            ".envrc:2:1: error[GOENV404]: tier prod admits the pre-release 1.27rc1",
            ".envrc:2:1: error[GOENV406]: tier prod admits the language version 1.26",
            &format!(".envrc:3:1: warning[GOENV402]: Go 1.23 {over}"),
            &format!(".envrc:3:1: warning[GOENV402]: Go 1.24 {over}"),
            &format!(".envrc:3:1: warning[GOENV402]: Go 1.25 {over}"),
        ]
    );
}

#[test]
fn exceptions_have_an_end_and_a_reason() {
    let line = |exception: &str| {
        let text = format!("#goenv-ignore: {exception}\nuse go 1.24.11\n");
        let repository = Repository::with(&[(".envrc", &text)]);
        repository.check(&[]).stdout().lines().next().unwrap_or_default().to_owned()
    };
    for (exception, expected) in [
        ("GOENV402 until 2099-01-01 the vendor's tool needs it", ""),
        ("goenv402 .envrc until 2099-01-01 x", ""),
        (
            "GOENV402 other until 2099-01-01 x",
            ".envrc:2:8: warning[GOENV402]: Go 1.24 gets no security fixes: supported are 1.26 and 1.27 (as of 2026-11-01)",
        ),
        (
            "GOENV402 until 2026-01-01 x",
            ".envrc:1:31: error[GOENV403]: the exception for GOENV402 ended on 2026-01-01",
        ),
        (
            "GOENV402 until 2099-01-01",
            ".envrc:1:1: error[GOENV305]: an exception needs a reason after its date",
        ),
        ("GOENV402", ".envrc:1:1: error[GOENV305]: an exception needs `until DATE` after the id"),
        (
            "GOENV402 until soon x",
            ".envrc:1:1: error[GOENV305]: `soon` is not a date like 2027-01-31",
        ),
        (
            "GOENV999 until 2099-01-01 x",
            ".envrc:1:1: error[GOENV305]: `GOENV999` is no rule of the gate",
        ),
        ("GOENV001 until 2099-01-01 x", ".envrc:1:1: error[GOENV305]: GOENV001 cannot be silenced"),
        (
            "GOENV402 ../x until 2099-01-01 x",
            ".envrc:1:1: error[GOENV305]: `../x` is not below the policy",
        ),
    ] {
        assert_eq!(line(exception), expected, "{exception}");
    }
}

#[test]
fn a_rule_is_explained() {
    let repository = Repository::new();
    let done = repository.check(&["--explain", "goenv402"]);
    assert_eq!(
        done.success().stdout(),
        "GOENV402 (warning): a Go that gets no security fixes\n\nThe Go project mends the two newest lines only.\n\n\
         Cure:  Move to a supported line: goenv pin VERSION\n\
         Exception, in the policy:  #goenv-ignore: GOENV402 until 2027-01-31 the reason\n"
    );
}

#[test]
fn what_the_doctor_finds_is_no_rule_of_the_gate() {
    let repository = Repository::new();
    for id in ["GOENV701", "hook-missing"] {
        let expected = format!(
            "goenv: `{id}` is what goenv doctor finds, and no rule of the gate; \
             what it means: docs/gate.md, section \"Doctor\"\n"
        );
        repository.check(&["--explain", id]).failure(2, &expected);
    }
    repository.check(&["--explain", "GOENV999"]).failure(
        2,
        "goenv: `GOENV999` is no rule of the gate; the rules are listed in docs/gate.md\n",
    );
}

#[test]
fn paths_outside_of_any_repository_are_checked_together() {
    let repository = Repository::new();
    for name in ["a", "b/c"] {
        repository.sandbox.file(format!("home/loose/{name}/.envrc"), "use go 1.24.11\n");
    }
    repository.sandbox.file("home/loose/b/go.mod", "module m\n\ngo 1.99x\n");
    let loose = repository.sandbox.dir("home/loose");
    let arguments = |paths: &[&'static str]| [&["--format", "json"], paths].concat();
    for (paths, expected) in [
        (&["a", "b/c"][..], &["a/.envrc:1:8 GOENV402", "b/c/.envrc:1:8 GOENV402"][..]),
        (
            &["b", "a/.envrc"],
            &["a/.envrc:1:8 GOENV402", "b/c/.envrc:1:8 GOENV402", "b/go.mod:3:4 GOENV104"],
        ),
        (&["a"], &[".envrc:1:8 GOENV402"]),
        (&["a/.envrc"], &[".envrc:1:8 GOENV402"]),
        (&["b/c", "b/c"], &[".envrc:1:8 GOENV402"]),
    ] {
        let done = repository.check_in(&loose, &arguments(paths));
        assert_eq!(crate::repository::ids(&done), expected, "{paths:?}");
    }
    // Where the first lies in a repository, the others have to.
    repository.check_in(&loose, &["../repo", "a"]).failure(
        1,
        "goenv: $SANDBOX/home/loose/a is outside of the repository $SANDBOX/home/repo\n",
    );
}
