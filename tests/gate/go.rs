//! The gate's view of module files, with the go command itself as the judge.

use std::process::Command;

use crate::common::sdk;
use crate::repository::Repository;

const NEW: &str = "1.26.6";

/// Returns whether go lists the module, and what it says.
fn go(repository: &Repository, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(sdk(NEW).join("bin/go"))
        .args(arguments)
        .current_dir(&repository.root)
        .env_clear()
        .env("HOME", repository.sandbox.home())
        .env("PATH", "/usr/bin:/bin")
        .envs([("GOTOOLCHAIN", "local"), ("GOPROXY", "off")])
        .env("GOTELEMETRY", "off")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A file that go refuses is an error of the gate, and what the gate refuses beyond that is named here.
#[test]
fn what_go_refuses_the_gate_refuses() {
    let mut tried = 0;
    for (file, stricter) in [
        ("module m\n\ngo 1.24\n", false),
        ("module m\n\ngo 1.26.6\n", false),
        ("module m\r\n\r\ngo 1.24\r\n", false),
        ("module m\n\ngo 1.24\n\ntoolchain go1.26.6\n", false),
        ("module m\n\ngo 1.24\ntoolchain default\n", false),
        ("module m\n", false),
        ("module m\n\ngo 1.26rc1\n", false),
        ("module m\n\ngo 1.27.0\n", false),
        ("module m\n\ngo 1.26.7\n", false),
        ("module m\n\ngo 1.022\n", false),
        ("module m\n\ngo 1.22.x\n", false),
        ("module m\n\ngo v1.24\n", false),
        ("module m\n\ngo 1\n", false),
        ("module m\n\ngo latest\n", false),
        ("module m\n\ngo 1.24 1.25\n", false),
        ("module m\n\ngo\n", false),
        ("module m\n\ngo 1.24\ngo 1.24\n", false),
        ("module m\n\ngo (\n\t1.24\n)\n", false),
        ("module m\n\ntoolchain none\n", false),
        ("module m\n\ntoolchain 1.26.6\n", false),
        ("module m\n\ntoolchain go1.26.6\ntoolchain go1.26.6\n", false),
        ("module m\n\ngo 1.24\nrequire (\n", false),
        ("module \"m\n\ngo 1.24\n", false),
        ("\u{feff}module m\n\ngo 1.24\n", false),
        ("<<<<<<< HEAD\nmodule m\n=======\nmodule n\n>>>>>>> x\n\ngo 1.24\n", false),
        ("module m\n\ngo 1.24\0\n", false),
        // go takes a newer toolchain line as a wish, the gate as what others will run.
        ("module m\n\ngo 1.24\n\ntoolchain go1.27.3\n", true),
    ] {
        let policy = format!("use go {NEW}\n");
        let repository = Repository::with(&[(".envrc", &policy), ("go.mod", file)]);
        let (accepted, said) = go(&repository, &["list", "-mod=mod", "-m"]);
        let (found, code) = repository.found(&["go.mod"]);
        let passes = code == 0;
        assert_eq!(passes, accepted && !stricter, "{file:?}: go says {said:?}, goenv {found:?}");
        tried += 1;
    }
    println!("{tried} module files compared with go {NEW}");
}

#[test]
fn a_workspace_that_go_refuses_the_gate_refuses() {
    for (work, member) in [
        ("go 1.24\n\nuse ./a\n", "module a\n\ngo 1.24\n"),
        ("go 1.26.0\n\nuse ./a\n", "module a\n\ngo 1.24\n"),
        ("go 1.24\n\nuse ./a\n", "module a\n\ngo 1.24.0\n"),
        ("go 1.24\n\nuse ./a\n", "module a\n\ngo 1.26.0\n"),
        ("go 1.24\n\nuse (\n\t./a\n\t./gone\n)\n", "module a\n\ngo 1.24\n"),
        ("use ./a\n", "module a\n\ngo 1.24\n"),
        ("use ./a\n", "module a\n"),
    ] {
        let policy = format!("use go {NEW}\n");
        let files = [(".envrc", policy.as_str()), ("go.work", work), ("a/go.mod", member)];
        let repository = Repository::with(&files);
        let (accepted, said) = go(&repository, &["list", "-m"]);
        let (found, code) = repository.found(&[]);
        assert_eq!(code == 0, accepted, "{work:?} {member:?}: go says {said:?}, goenv {found:?}");
    }
}

/// Where go reads a file in two ways, the gate says so although go goes on.
#[test]
fn two_readings_of_one_file_are_a_finding() {
    let file = "module m\n\nrequire (\n\tgo 1.26.6\n)\n\ngo 1.24\n";
    let repository = Repository::with(&[("go.mod", file)]);
    assert_eq!(repository.found(&[]), (vec!["go.mod:4:5 GOENV104".to_owned()], 1));
}

/// A line of which the newest release is used, where the policy pins none.
#[test]
fn a_line_is_named_that_the_tier_admits_no_release_of() {
    let digest = "0".repeat(64);
    let files = |line: &str| {
        [
            (".go-version", format!("{line}\n")),
            ("Dockerfile", format!("FROM golang:{line}@sha256:{digest}\n")),
        ]
    };
    let repository = Repository::with(&[(".envrc", "allow_go prod 1.26.x\n")]);
    for (line, expected) in [
        ("1.26", vec![]),
        (
            "1.27",
            vec![
                ("GOENV108", "tier prod admits no release of Go 1.27: 1.26.x"),
                ("GOENV109", "tier prod admits no release of Go 1.27: 1.26.x"),
            ],
        ),
    ] {
        for (file, text) in files(line) {
            repository.write(file, text);
        }
        let arguments = ["check", "--tier", "prod", "--format", "json"];
        let report = repository.sandbox.goenv(&repository.root, &arguments).stdout();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let text =
            |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let mut found: Vec<(String, String)> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| (text(finding, "id"), text(finding, "message")))
            .collect();
        found.sort();
        let expected: Vec<(String, String)> =
            expected.into_iter().map(|(id, message)| (id.to_owned(), message.to_owned())).collect();
        assert_eq!(found, expected, "{line}");
    }
}

/// The help names values, so that what it says mends the finding when it is pasted.
#[test]
fn what_the_help_says_mends_the_line() {
    for (policy, file, text, command) in [
        ("use go 1.26.6\n", "go.mod", "module m\n\ngo 1.27\n", "go mod edit -go=1.26.6"),
        ("use go 1.26.6\n", "go.work", "go 1.27\n", "go work edit -go=1.26.6"),
        (
            "use go 1.26.6\n",
            "go.mod",
            "module m\n\ngo 1.24\n\ntoolchain go1.27.3\n",
            "go mod edit -toolchain=go1.26.6",
        ),
        // This line is older than what the tier runs: it is raised, not lowered.
        (
            "use go 1.26.6\nallow_go prod 1.26.6\n",
            "go.mod",
            "module m\n\ngo 1.22\n",
            "go mod edit -go=1.26.6",
        ),
    ] {
        let repository = Repository::with(&[(".envrc", policy), (file, text)]);
        let check = || repository.sandbox.goenv(&repository.root, &["check", "--tier", "prod"]);
        let before = check();
        assert_eq!(before.code(), 1, "{text}");
        let shown = before.stdout();
        assert!(shown.contains(&format!(": {command}")), "{shown}");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        assert!(go(&repository, &words).0, "{command}");
        assert_eq!(check().code(), 0, "{}", check().stdout());
    }
}

/// Returns the help of each finding of a check in `directory`, with the finding's id.
fn helps(repository: &Repository, directory: &str, path: &str) -> Vec<String> {
    let directory = repository.sandbox.dir(format!("home/repo/{directory}"));
    let report = repository.check_in(&directory, &["--format", "json", path]).stdout();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap().to_owned();
    findings.map(|found| format!("{}: {}", text(found, "id"), text(found, "help"))).collect()
}

/// A hint's command names the file and goes to the policy that it is about, whatever the current directory is.
#[test]
fn the_help_mends_the_file_that_was_found() {
    let module = "module m\n\ngo 1.27\n\ntoolchain go1.27.3\n";
    let repository = Repository::with(&[
        (".envrc", "use go 1.24.11\n"),
        ("go.mod", "module m\n\ngo 1.24\n"),
        ("s p/.envrc", "#goenv: v1\n#goenv: tier prod\nuse go 1.26.6\n"),
        ("s p/-m/go.mod", module),
        ("s p/go.work", "go 1.26.0\n\nuse ./-m\n"),
    ]);
    for (directory, path, there, file, work) in [
        ("", "s p", " 's p'", " 's p/-m/go.mod'", " 's p/go.work'"),
        ("s p", ".", "", " ./-m/go.mod", ""),
        ("s p/-m", "..", " ..", "", " ../go.work"),
    ] {
        let expected = [
            format!(
                "GOENV101: Pin a Go that meets the line (goenv pin 1.27.0{there}, or later), or lower the line: \
                 go mod edit -go=1.26.6{file}"
            ),
            format!(
                "GOENV102: Name the pinned Go: go mod edit -toolchain=go1.26.6{file}, or remove the line: \
                 go mod edit -toolchain=none{file}"
            ),
            format!("GOENV405: goenv pin 1.26.6{there}, which writes the hashes"),
            format!("GOENV103: go work edit -go=1.27{work}"),
        ];
        assert_eq!(helps(&repository, directory, path), expected, "in {directory:?}");
    }
    for flag in ["-go=1.26.6", "-toolchain=go1.26.6"] {
        assert!(go(&repository, &["mod", "edit", flag, "s p/-m/go.mod"]).0);
    }
    assert!(go(&repository, &["work", "edit", "-go=1.26.6", "s p/go.work"]).0);
    assert!(!helps(&repository, "", "s p").iter().any(|help| help.starts_with("GOENV10")));
}

#[test]
fn a_line_that_go_refuses_is_said_once_and_with_its_cure() {
    let once = "GOENV104: Write the line once, outside any block: go 1.26.0";
    let named = "GOENV104: Write it as Go names it: toolchain go1.26.6";
    for (line, expected) in [
        ("toolchain 1.26.6", named),
        ("toolchain 1.26.6 // newest", named),
        ("go 1.99x", once),
        ("go 1.99.x", once),
        ("toolchain go1.26.6\ntoolchain go1.26.6", once),
        ("toolchain 1.26.6 1.26.7", once),
    ] {
        let text = format!("module m\n\n{line}\n");
        let repository = Repository::with(&[(".envrc", "use go 1.26.6\n"), ("go.mod", &text)]);
        assert_eq!(helps(&repository, "", "go.mod").first().unwrap(), expected, "{line}");
        assert!(helps(&repository, "", ".").iter().all(|help| help.starts_with("GOENV104")));
    }
}

/// An image keeps its registry, its system and the rest of its line.
#[test]
fn a_policy_that_others_read_has_its_error_once() {
    for line in ["npm\n", "eval \"$(x)\"\n", "use go 1.2.3.4\n"] {
        let files = [(".envrc", "source_env a\n"), ("a/.envrc", line), ("b/.envrc", "source_up\n")];
        let repository = Repository::with(&files);
        assert_eq!(repository.found(&[]).0.len(), 1, "{line}");
    }
    // The text of a policy alone has it nowhere else.
    let repository = Repository::with(&[(".envrc", "source_env text\n"), ("text", "npm\n")]);
    assert_eq!(repository.found(&[]).0, ["text:1:1 GOENV305"]);
}

#[test]
fn the_help_for_an_image_changes_the_release_alone() {
    let dockerfile = "FROM --platform=$BUILDPLATFORM hub.example:5000/golang:1.25-alpine AS build\n\
                      COPY --from=golang:1.25 /a /b\n";
    let pipeline = "test:\n  image: golang:1.25-bookworm\n";
    let repository = Repository::with(&[
        (".envrc", "use go 1.26.6\n"),
        ("Dockerfile", dockerfile),
        (".gitlab-ci.yml", pipeline),
    ]);
    assert_eq!(
        helps(&repository, "", "."),
        [
            "GOENV109: image: golang:1.26.6-bookworm",
            "GOENV109: FROM --platform=$BUILDPLATFORM hub.example:5000/golang:1.26.6-alpine AS build",
            "GOENV109: COPY --from=golang:1.26.6 /a /b",
        ]
    );
}

/// A release of an ended line is said once, with the help for the file that names it.
#[test]
fn an_image_whose_release_is_given_at_the_build_names_the_variable() {
    let dockerfile = "ARG GO\nFROM golang:${GO}-alpine AS build\n";
    let repository = Repository::with(&[(".envrc", "use go 1.26.4\n"), ("Dockerfile", dockerfile)]);
    let expected = "Dockerfile:2:6: error[GOENV109]: `$GO` has no default here, and the policy pins go1.26.4\n  \
        2 | FROM golang:${GO}-alpine AS build\n    |      ^^^^^^^^^^^^^^^^^^^\n  \
        help: FROM golang:1.26.4-alpine AS build\n\n";
    assert_eq!(repository.check(&[]).stdout(), expected);
    repository.write("Dockerfile", dockerfile.replace("GO\n", "GO=1.26.4\n"));
    assert_eq!(repository.check(&[]).success().stdout(), "");
}

#[test]
fn the_help_for_an_ended_line_is_about_the_file() {
    let files = [
        (".github/workflows/ci.yml", "jobs:\n  t:\n    with:\n      go-version: '1.24.11'\n"),
        (".gitlab-ci.yml", "t:\n  image: golang:1.24.11-alpine\n"),
        (".go-version", "1.24.11\n"),
        (".tool-versions", "golang 1.24.11\n"),
        ("Dockerfile", "FROM golang:1.24.11-alpine AS build\n"),
    ];
    let named = [
        "'VERSION'",
        "image: golang:VERSION-alpine",
        "VERSION",
        "golang VERSION",
        "FROM golang:VERSION-alpine AS build",
    ];
    let repository = Repository::with(&files);
    let alone = |here: &&str| format!("GOENV402: Name a release of a supported line here: {here}");
    assert_eq!(helps(&repository, "", "."), named.iter().map(alone).collect::<Vec<_>>());
    repository.write(".envrc", "use go 1.24.11\n");
    let pinned = |here: &&str| {
        format!(
            "GOENV402: Move the policy to a supported line, goenv pin VERSION .., \
             and this file with it: {here}"
        )
    };
    let mut expected: Vec<String> = named.iter().map(pinned).collect();
    expected.insert(0, "GOENV402: Move to a supported line: goenv pin VERSION ..".to_owned());
    let mut found = helps(&repository, "x", "..");
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    repository.write(".envrc", "use go 1.26.6\n");
    let ids: Vec<_> = repository
        .found(&[])
        .0
        .into_iter()
        .map(|found| found[found.len() - 8..].to_owned())
        .collect();
    assert_eq!(ids, ["GOENV109", "GOENV109", "GOENV108", "GOENV108", "GOENV109"]);
    // An exception for what differs from the policy is none for a Go without fixes.
    let exception = "#goenv-ignore: GOENV109 Dockerfile until 2099-01-01 the vendor's image\n";
    repository.write(".envrc", format!("{exception}use go 1.26.6\n"));
    let expected = alone(&"FROM golang:VERSION-alpine AS build");
    assert_eq!(helps(&repository, "", "Dockerfile"), [expected]);
}

/// Whoever names somebody's build of a release means that build, and not Go's own.
#[test]
fn somebodys_build_is_not_the_release() {
    let found = |policy: &str, version: &str| {
        let version = format!("{version}\n");
        let repository = Repository::with(&[(".envrc", policy), (".go-version", &version)]);
        repository.found(&["--tier", "dev", "."]).0
    };
    let policy = "allow_go dev 1.26.6-corp\nuse go 1.26.6-corp\n";
    assert_eq!(found(policy, "1.26.6-corp"), [""; 0]);
    assert_eq!(found(policy, "1.26.6"), [".go-version:1:1 GOENV108"]);
    let policy = "allow_go dev 1.26.6-corp\nuse go 1.26.6\n";
    assert_eq!(found(policy, "1.26.6"), [".envrc:2:8 GOENV408", ".go-version:1:1 GOENV108"]);

    // What it does not meet is told by everybody who is asked, and the cure is one that go takes.
    let files = [(".envrc", "use go 1.26.6-corp\n"), ("go.mod", "module m\n\ngo 1.26.7\n")];
    let repository = Repository::with(&files);
    let sdk = repository.sandbox.home().join("sdk/go1.26.6-corp");
    repository.sandbox.file(sdk.join("VERSION"), "go1.26.6-corp\n");
    let go = repository.sandbox.file(sdk.join("bin/go"), "#!/bin/sh\n");
    std::fs::set_permissions(go, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let said = repository.check(&["go.mod"]).stdout();
    assert!(said.contains("or lower the line: go mod edit -go=1.26.6\n"), "{said}");
    repository.sandbox.goenv(&repository.root, &["allow"]).success();
    let status = repository.sandbox.goenv(&repository.root, &["status"]).success().stdout();
    let conflict =
        "conflict   ~/repo/go.mod:3 requires go >= 1.26.7; this directory has go1.26.6-corp\n";
    assert!(status.contains(conflict), "{status}");
    let metrics = repository.sandbox.goenv(&repository.root, &["metrics", "."]).success().stdout();
    assert!(metrics.contains("kind=\"go.mod go\"} 1\n"), "{metrics}");
}
