//! What is staged is what is judged: the story of a commit, with git itself.

use crate::repository::{Repository, ids};

const POLICY: &str = "use go 1.26.4\n";

fn module(version: &str) -> String {
    format!("module m\n\ngo {version}\n")
}

#[test]
fn the_index_is_judged_and_not_the_work_tree() {
    let repository = Repository::with(&[(".envrc", POLICY), ("go.mod", &module("1.27.0"))]);
    assert_eq!(repository.found(&["--staged"]), (vec![], 0), "nothing is staged");
    repository.stage();
    let refused = (vec!["go.mod:3:4 GOENV101".to_owned()], 1);
    assert_eq!(repository.found(&["--staged"]), refused);
    repository.write("go.mod", module("1.26.0"));
    assert_eq!(repository.found(&["--staged"]), refused, "mended and not staged");
    assert_eq!(repository.found(&[]), (vec![], 0), "the work tree is fine");
    repository.stage();
    assert_eq!(repository.found(&["--staged"]), (vec![], 0));
    repository.commit();
    repository.write("go.mod", module("1.27.0"));
    assert_eq!(repository.found(&["--staged"]), (vec![], 0), "what is not staged is not judged");
}

#[test]
fn a_staged_policy_judges_what_it_governs() {
    let repository = Repository::with(&[
        (".envrc", "use go 1.27.3\n"),
        ("a/go.mod", &module("1.27.0")),
        ("a/b/go.mod", &module("1.26.0")),
        ("c/.envrc", "use go 1.27.0\n"),
        ("c/go.mod", &module("1.27.0")),
    ]);
    repository.commit();
    repository.write(".envrc", POLICY);
    repository.stage();
    assert_eq!(repository.found(&["--staged"]), (vec!["a/go.mod:3:4 GOENV101".to_owned()], 1));
    assert_eq!(repository.found(&["--staged", "c"]), (vec![], 0));
}

#[test]
fn what_a_policy_reads_decides_as_the_policy_does() {
    let pinned = format!("use go linux/amd64=sha256:{}\n", "0".repeat(64));
    let texts = ["source_env lib\n", "source_env_if_exists lib\n", "source_env sub\n"];
    for (policy, read, staged, found) in [
        ("use go\n", "go.mod", module("1.27.0"), Some("d/Dockerfile:1:6 GOENV109")),
        (&pinned, "go.mod", module("1.27.0"), Some("d/Dockerfile:1:6 GOENV109")),
        ("use go 1.26.4\n", "go.mod", module("1.26.0"), None),
        (texts[0], "lib", "use go 1.27.0\n".to_owned(), Some("d/Dockerfile:1:6 GOENV109")),
        (texts[0], "lib", "npm\n".to_owned(), Some("lib:1:1 GOENV305")),
        (texts[1], "lib", "npm\n".to_owned(), Some("lib:1:1 GOENV305")),
        (texts[2], "sub/.envrc", "npm\n".to_owned(), Some("sub/.envrc:1:1 GOENV305")),
    ] {
        let files = [(".envrc", policy), ("d/Dockerfile", "FROM golang:1.26.4\n")];
        let repository = Repository::with(&files);
        repository.write(read, if read == "go.mod" { module("1.26.4") } else { POLICY.to_owned() });
        repository.commit();
        repository.write(read, &staged);
        assert_eq!(repository.found(&["--staged"]), (vec![], 0), "{policy}: nothing is staged");
        repository.stage();
        let found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        let code = i32::from(!found.is_empty());
        assert_eq!(repository.found(&["--staged"]), (found, code), "{policy}{staged}");
    }
}

#[test]
fn paths_are_named_from_where_the_check_is_run() {
    let repository = Repository::with(&[(".envrc", POLICY), ("a/b/go.mod", &module("1.27.0"))]);
    for (directory, arguments, expected) in [
        (".", &[][..], "a/b/go.mod:3:4:"),
        ("a", &[], "b/go.mod:3:4:"),
        ("a/b", &["../.."], "go.mod:3:4:"),
    ] {
        let done = repository.check_in(&repository.root.join(directory), arguments);
        assert!(done.stdout().starts_with(expected), "{directory}: {}", done.stdout());
    }
    let done = repository.check_in(&repository.root.join("a"), &["--format", "json"]);
    assert_eq!(ids(&done), ["a/b/go.mod:3:4 GOENV101"]);
}

#[test]
fn a_staged_member_judges_its_workspace() {
    let repository = Repository::with(&[
        ("go.work", "go 1.26.0\n\nuse ./a\nuse ./b\n"),
        ("a/go.mod", &module("1.26.0")),
        ("b/go.mod", &module("1.26.0")),
    ]);
    repository.commit();
    repository.write("a/go.mod", module("1.26.3"));
    repository.stage();
    assert_eq!(repository.found(&["--staged"]), (vec!["go.work:3:5 GOENV103".to_owned()], 1));
}

#[test]
fn what_a_policy_reads_comes_from_the_index() {
    let repository = Repository::with(&[
        (".envrc", "source_env go.sh\n"),
        ("go.sh", "use go 1.26.4\n"),
        ("go.mod", &module("1.26.5")),
    ]);
    repository.stage();
    repository.write("go.sh", "use go 1.26.6\n");
    assert_eq!(repository.found(&["--staged"]), (vec!["go.mod:3:4 GOENV101".to_owned()], 1));
    assert_eq!(repository.found(&[]), (vec![], 0));
}

#[test]
fn an_old_serial_is_refused_against_the_last_commit() {
    let policy = |serial: u32| format!("#goenv: v1\n#goenv: serial {serial}\nuse go 1.26.4\n");
    let repository = Repository::with(&[(".envrc", &policy(7))]);
    repository.stage();
    assert_eq!(repository.found(&["--staged"]), (vec![], 0), "there is no commit yet");
    repository.commit();
    for (text, expected) in [
        (policy(6), vec![".envrc:2:16 GOENV003"]),
        (policy(7) + "export A=1\n", vec![".envrc:2:16 GOENV003"]),
        (policy(8) + "export A=1\n", vec![]),
    ] {
        repository.write(".envrc", text);
        repository.stage();
        let code = if expected.is_empty() { 0 } else { 3 };
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(repository.found(&["--staged"]), (expected, code));
    }
}

#[test]
fn a_signature_that_is_removed_is_missed_where_it_is_required() {
    let repository = Repository::with(&[(".envrc", "#goenv: v1\n#goenv: tier prod\nexport A=1\n")]);
    repository
        .sandbox
        .file("home/.config/goenv/config.toml", "[tiers.prod]\nrequire = \"signed\"\n");
    repository.stage();
    let done = repository.check(&["--staged"]);
    assert_eq!(done.code(), 3);
    assert_eq!(
        done.stdout(),
        ".envrc:1:1: error[GOENV001]: tier prod requires signatures, and there is no .envrc.sig\n  1 | #goenv: v1\n    | ^\n  \
         help: Review the policy, then sign and commit both files: goenv sign .envrc\n\n"
    );
    assert_eq!(repository.found(&["--staged", "--tier", "dev"]), (vec![], 0));
}

#[test]
fn an_index_of_a_partial_commit_is_read() {
    let repository = Repository::with(&[(".envrc", POLICY), ("go.mod", &module("1.26.0"))]);
    repository.commit();
    repository.write("go.mod", module("1.27.0"));
    // `git commit -a` shows its hooks another index.
    let hook = repository.root.join(".git/hooks/pre-commit");
    let script = format!("#!/bin/sh\nexec {} check --staged --format json\n", crate::common::GOENV);
    repository.sandbox.program(&hook, script);
    let done = repository.git(&["commit", "--all", "--message", "x"]);
    assert_eq!(done.code(), 1);
    assert!(
        done.stderr().contains("GOENV101") || done.stdout().contains("GOENV101"),
        "{}",
        done.stderr()
    );
}

#[test]
fn other_kinds_of_repositories() {
    let repository = Repository::with(&[(".envrc", POLICY), ("go.mod", &module("1.27.0"))]);
    repository.commit();
    let sandbox = &repository.sandbox;
    let home = sandbox.home();
    let clone = |arguments: &[&str]| sandbox.run(&home, "git", arguments);
    clone(&["clone", "--quiet", "--bare", "repo", "bare.git"]).success();
    sandbox
        .goenv(&home.join("bare.git"), &["check", "--staged"])
        .failure(1, "goenv: git: this operation must be run in a work tree\n");
    let url = format!("file://{}", repository.root.display());
    clone(&["clone", "--quiet", "--depth", "1", &url, "shallow"]).success();
    let shallow = home.join("shallow");
    assert_eq!(ids(&repository.check_in(&shallow, &["--format", "json"])), ["go.mod:3:4 GOENV101"]);
    assert_eq!(repository.check_in(&shallow, &["--staged"]).code(), 0);
    sandbox.run(&repository.root, "git", &["worktree", "add", "--quiet", "../tree"]).success();
    let tree = home.join("tree");
    assert_eq!(ids(&repository.check_in(&tree, &["--format", "json"])), ["go.mod:3:4 GOENV101"]);
    assert_eq!(repository.check_in(&tree, &["--staged"]).code(), 0);
    sandbox
        .goenv(&home, &["check", "--staged"])
        .failure(1, "goenv: git: not a git repository (or any of the parent directories): .git\n");
}

#[test]
fn what_a_staged_policy_asks_of_files_the_index_answers() {
    let policy = "source_env_if_exists sub\nif [ -f sub/../flag ]; then source_env lib; fi\n";
    let repository = Repository::with(&[
        (".envrc", policy),
        ("sub/.envrc", "export A=1\n"),
        ("lib", "export GOENV_X=1\n"),
        ("flag", ""),
    ]);
    repository.stage();
    let found = (vec!["lib:1:8 GOENV306".to_owned()], 1);
    assert_eq!(repository.found(&["--staged"]), found);
    // What is gone from the work tree is committed all the same.
    for gone in ["lib", "flag", "sub/.envrc"] {
        std::fs::remove_file(repository.root.join(gone)).unwrap();
    }
    assert_eq!(repository.found(&["--staged"]), found);
    // What is there alone is not.
    let repository = Repository::with(&[(".envrc", "dotenv\nsource_env_if_exists .envrc.local\n")]);
    repository.stage();
    repository.write(".envrc.local", "export A=1\n");
    for arguments in [&["--staged"][..], &[]] {
        let done = repository.check(arguments);
        assert_eq!(done.success().stdout(), "", "{arguments:?}");
    }
}
