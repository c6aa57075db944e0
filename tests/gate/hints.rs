//! Hints of the gate: pasted where check was run, they are about the policy that the finding is about.

use std::fs;
use std::path::Path;

use crate::repository::Repository;

/// Returns the findings of a report, each with its help.
fn helps(repository: &Repository, directory: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let arguments = [&["--format", "json"], arguments].concat();
    let done = repository.check_in(directory, &arguments);
    let report: serde_json::Value = serde_json::from_str(&done.stdout()).unwrap();
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (text(finding, "id"), text(finding, "help"))).collect()
}

/// Runs a command as a person who pastes it into a shell.
fn paste(repository: &Repository, directory: &Path, command: &str) {
    let root = repository.sandbox.path("");
    let command = command.replace("$SANDBOX", root.to_str().unwrap().trim_end_matches('/'));
    repository.sandbox.run(directory, "sh", &["-c", &command]).success();
}

const HEADER: &str = "#goenv: v1\n#goenv: tier prod\n";

#[test]
fn a_pin_is_written_into_the_policy_that_it_is_about() {
    let repository = Repository::new();
    let mirror = repository.sandbox.dir("mirror");
    let digits = "ab".repeat(32);
    repository.sandbox.file("mirror/go1.26.6.linux-amd64.tar.gz.sha256", &digits);
    let config = format!("[sdk]\nmirrors = [\"file://{}\"]\n", mirror.display());
    repository.sandbox.file("home/.config/goenv/config.toml", config);
    let outer = "use go 1.26.5\n";
    let elsewhere = repository.sandbox.dir("home/elsewhere");
    for (line, expected) in [
        (
            "use go 1.24.11\n",
            &[
                ("GOENV402", "Move to a supported line: goenv pin VERSION DIR"),
                ("GOENV405", "goenv pin 1.24.11 DIR, which writes the hashes"),
            ][..],
        ),
        (
            "use go 1.27rc1\n",
            &[
                ("GOENV404", "Name a release: goenv pin VERSION DIR"),
                ("GOENV405", "goenv pin VERSION DIR, which writes the hashes"),
            ],
        ),
        (
            "use go 1.26\n",
            &[
                ("GOENV405", "goenv pin VERSION DIR, which writes the hashes"),
                ("GOENV406", "Name a release: goenv pin VERSION DIR"),
            ],
        ),
        (
            "deny_go 1.26.5\nuse go 1.26.5\n",
            &[
                ("GOENV405", "goenv pin VERSION DIR, which writes the hashes"),
                ("GOENV408", "Pin an admitted release: goenv pin VERSION DIR"),
            ],
        ),
        (
            "use go 1.26.5 x/y\n",
            &[
                ("GOENV305", "to write pins: goenv pin 1.26.5 DIR"),
                ("GOENV405", "goenv pin 1.26.5 DIR, which writes the hashes"),
            ],
        ),
    ] {
        for (here, directory) in [
            (".", "'a b'"),
            ("other", "'../a b'"),
            ("a b/c", ".."),
            ("../elsewhere", "'$SANDBOX/home/repo/a b'"),
        ] {
            let here = repository.root.join(here);
            fs::create_dir_all(&here).unwrap();
            let root = repository.root.join("a b");
            for at in 0..expected.len() {
                repository.write(".envrc", outer);
                repository.write("a b/.envrc", format!("{HEADER}{line}"));
                let found = helps(&repository, &here, &[root.to_str().unwrap()]);
                let told =
                    |(id, help): &(&str, &str)| ((*id).to_owned(), help.replace("DIR", directory));
                assert_eq!(found, expected.iter().map(told).collect::<Vec<_>>());
                let (_, help) = &found[at];
                let (_, rest) = help.split_once("goenv pin ").unwrap();
                let (version, _) = rest.split_once(' ').unwrap();
                assert!(rest.starts_with(&format!("{version} {directory}")), "{help}");
                let command = format!("goenv pin 1.26.6 {directory}");
                if line.contains("x/y") {
                    // What is no pin is mended by hand, whatever pin would write.
                    continue;
                }
                paste(&repository, &here, &command);
                let policy = fs::read_to_string(repository.root.join("a b/.envrc")).unwrap();
                let pinned = format!("use go 1.26.6 linux/amd64=sha256:{digits}\n");
                assert!(policy.ends_with(&pinned), "{policy}");
                let stays = fs::read_to_string(repository.root.join(".envrc")).unwrap();
                assert_eq!(stays, outer, "{command}");
            }
        }
    }
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
    // In the policy's own directory there is nothing to add.
    repository.write("a b/.envrc", format!("{HEADER}use go 1.24.11\n"));
    let found = helps(&repository, &repository.root.join("a b"), &["."]);
    assert_eq!(found[0].1, "Move to a supported line: goenv pin VERSION");
}

#[test]
fn a_pin_where_no_policy_is_goes_to_the_root_and_not_above_the_repository() {
    let repository = Repository::with(&[("m/go.mod", "module m\n\ngo 1.26\n")]);
    let config = "[tiers.dev]\ngo = [\"1.24.11\"]\n[sdk]\nmirrors = [\"file:///nonexistent\"]\n";
    repository.sandbox.file("home/.config/goenv/config.toml", config);
    repository.sandbox.file("home/.envrc", "export A=1\n");
    for (here, root, file) in [(".", ".", "m/go.mod"), ("m", "..", "")] {
        let here = repository.root.join(here);
        let path = repository.root.join("m");
        let found = helps(&repository, &here, &["--tier", "dev", path.to_str().unwrap()]);
        let edit = format!("go mod edit -go=VERSION {file}");
        let help = format!(
            "Pin a Go that meets the line (goenv pin VERSION {root}), or change it: {}",
            edit.trim_end()
        );
        assert_eq!(found, vec![("GOENV101".to_owned(), help)]);
    }
}

/// A repository whose `svc/.envrc` is signed by somebody whom the user trusts, with `scope` in its header.
fn signed(scope: &str) -> Repository {
    let repository = Repository::new();
    let sandbox = &repository.sandbox;
    let key = sandbox.path("home/.ssh/id_ed25519");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    let key = key.to_str().unwrap();
    let make = ["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f", key];
    sandbox.run(&repository.root, "ssh-keygen", &make).success();
    let public = fs::read_to_string(format!("{key}.pub")).unwrap();
    let signer = format!("ann@corp.example namespaces=\"goenv-policy-*\" {public}");
    sandbox.file("home/.config/goenv/allowed_signers", signer);
    let policy = format!(
        "#goenv: v1\n#goenv: scope {scope}\n#goenv: tier dev\n#goenv: serial 1\n#goenv: expires 2099-01-01\nexport A=1\n"
    );
    repository.write("svc/.envrc", policy);
    let sign = ["-Y", "sign", "-q", "-n", "goenv-policy-dev", "-f", key, ".envrc"];
    sandbox.run(&repository.root.join("svc"), "ssh-keygen", &sign).success();
    repository
}

#[test]
fn what_a_verdict_advises_is_done_to_the_policy_that_it_is_about() {
    let scope = "git.corp.example/payments/ledger//svc";
    let origin = "git@git.corp.example:payments/ledger.git";
    let repository = signed(scope);
    let (sandbox, root) = (&repository.sandbox, repository.root.as_path());
    let own = "export B=1\n";
    repository.write(".envrc", own);
    let signer = |help: &str| vec![("GOENV002".to_owned(), help.to_owned())];

    // No remote says where this is.
    let remote = "run: git -C svc remote add NAME URL";
    assert_eq!(helps(&repository, root, &["."]), signer(remote));
    let elsewhere = sandbox.dir("home/elsewhere");
    let remote = "run: git -C $SANDBOX/home/repo/svc remote add NAME URL";
    let found = helps(&repository, &elsewhere, &[root.to_str().unwrap()]);
    assert_eq!(found, signer(remote));
    paste(
        &repository,
        &elsewhere,
        &remote["run: ".len()..].replace("NAME URL", &format!("origin {origin}")),
    );
    assert_eq!(helps(&repository, root, &["."]), vec![]);

    // It holds for longer than the rules admit.
    sandbox.file("home/.config/goenv/config.toml", "[tiers.dev]\nmax_age_days = 30\n");
    let sign = |path: &str| format!("sign it with: goenv sign {path}");
    assert_eq!(helps(&repository, root, &["svc"]), signer(&sign("svc/.envrc")));
    let inside = root.join("svc");
    assert_eq!(helps(&repository, &inside, &["."]), signer(&sign(".envrc")));
    paste(&repository, root, "goenv sign svc/.envrc");
    assert_eq!(helps(&repository, root, &["."]), vec![]);

    // It was signed for another place.
    repository.git(&["remote", "set-url", "origin", "git@git.corp.example:other.git"]).success();
    let moved =
        "to have it apply here, review it, remove its .envrc.sig and run: goenv sign svc/.envrc";
    assert_eq!(helps(&repository, root, &["svc"]), signer(moved));
    fs::remove_file(inside.join(".envrc.sig")).unwrap();
    paste(&repository, root, "goenv sign svc/.envrc");
    assert_eq!(helps(&repository, root, &["."]), vec![]);
    assert_eq!(fs::read_to_string(root.join(".envrc")).unwrap(), own);
    assert!(!root.join(".envrc.sig").exists());
}

#[test]
fn a_remote_is_added_where_there_is_a_repository_and_else_one_is_made() {
    let repository = signed("git.corp.example/payments/ledger//");
    let loose = repository.sandbox.dir("home/loose");
    for name in [".envrc", ".envrc.sig"] {
        fs::rename(repository.root.join("svc").join(name), loose.join(name)).unwrap();
    }
    // The home is no repository, and the one in it is none of its own.
    let home = repository.sandbox.home();
    let help =
        "run: git -C $SANDBOX/home/loose init && git -C $SANDBOX/home/loose remote add origin URL";
    let found = helps(&repository, &home, &["loose"]);
    assert_eq!(found, vec![("GOENV002".to_owned(), help.to_owned())]);
    let origin = "git@git.corp.example:payments/ledger.git";
    paste(&repository, &home, &help["run: ".len()..].replace("URL", origin));
    assert_eq!(helps(&repository, &home, &["loose"]), vec![]);
}

#[test]
fn what_names_the_lines_beyond_the_language_is_run_on_the_policy() {
    let repository = Repository::with(&[("a b/.envrc", "echo $?\n"), (".envrc", "true\n")]);
    let text = "names all that are beyond the language, and what to write instead";
    for (here, init) in
        [(".", "goenv init 'a b'"), ("a b", "goenv init"), ("c", "goenv init '../a b'")]
    {
        let here = repository.root.join(here);
        fs::create_dir_all(&here).unwrap();
        // A line with a cure of its own names that one.
        repository.write("a b/.envrc", "#goenv: v1\n#goenv: nonsense x\n");
        let policy = repository.root.join("a b");
        let found = helps(&repository, &here, &[policy.to_str().unwrap()]);
        assert_eq!(found, vec![("GOENV305".to_owned(), format!("Mend the line: {init} {text}"))]);
        repository.write("a b/.envrc", "npm\n");
        let surveyed = repository.sandbox.run(&here, "sh", &["-c", init]);
        assert!(
            surveyed.stdout().starts_with("~/repo/a b/.envrc is there"),
            "{}",
            surveyed.stdout()
        );
    }
}

#[test]
fn a_member_without_a_module_is_dropped_from_the_workspace() {
    let work = "go 1.24\n\nuse ./m\n\nuse \"./a b\"\n";
    let module = "module m\n\ngo 1.24\n";
    let repository = Repository::with(&[("w/go.work", work), ("w/m/go.mod", module)]);
    let expected = "Give it one, or remove the line: go work edit '-dropuse=./a b' w/go.work";
    let found = helps(&repository, &repository.root, &["."]);
    assert_eq!(found, vec![("GOENV103".to_owned(), expected.to_owned())]);
    let go = crate::common::sdk("1.24.11").join("bin");
    let command = expected.split_once(": ").unwrap().1;
    let command = format!("PATH={}:$PATH GOTOOLCHAIN=local {command}", go.display());
    paste(&repository, &repository.root, &command);
    assert_eq!(helps(&repository, &repository.root, &["."]), vec![]);
    assert_eq!(
        fs::read_to_string(repository.root.join("w/go.work")).unwrap(),
        "go 1.24\n\nuse ./m\n"
    );
}
