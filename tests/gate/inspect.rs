//! `goenv inspect`: binaries judged by the policy and the rules in force, and files that are none.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use crate::common::Done;
use crate::common::elf::{Elf, GOOD, lines};
use crate::repository::Repository;

const PROD: &str = "#goenv: v1\n#goenv: tier prod\n";

fn write(repository: &Repository, name: &str, elf: &Elf) {
    repository.write(name, elf.build());
}

/// A binary with everything that production refuses.
fn bad() -> Elf {
    let settings = "build\tCGO_ENABLED=1\nbuild\tDefaultGODEBUG=panicnil=1,tlssha1=1\nbuild\tvcs=git\n\
                    build\tvcs.revision=d426af74c660\nbuild\tvcs.time=2026-11-22T06:43:00Z\nbuild\tvcs.modified=true\n";
    Elf {
        version: "go1.24.11".to_owned(),
        info: lines(settings),
        interpreter: Some("/lib64/ld-linux-x86-64.so.2".to_owned()),
        needed: vec!["libc.so.6".to_owned()],
        ..Elf::default()
    }
}

fn good() -> Elf {
    let vcs = "build\tvcs=git\nbuild\tvcs.revision=d426af74c660\nbuild\tvcs.modified=false\n";
    let further = format!("dep\ta\tv1.0.0\th1:a=\n{GOOD}build\t-ldflags=\"-s -w\"\n{vcs}");
    Elf { info: lines(&further), ..Elf::default() }
}

fn inspect(repository: &Repository, arguments: &[&str]) -> Done {
    let arguments: Vec<&str> = ["inspect"].iter().chain(arguments).copied().collect();
    repository.sandbox.goenv(&repository.root, &arguments)
}

/// Returns the ids of the findings of one binary, and the exit code.
fn ids(repository: &Repository, arguments: &[&str]) -> (Vec<String>, i32) {
    let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
    let done = inspect(repository, &arguments);
    let found: serde_json::Value = serde_json::from_slice(done.bytes())
        .unwrap_or_else(|error| panic!("{error}: {}{}", done.stdout(), done.stderr()));
    let ids = found[0]["findings"].as_array().unwrap().iter();
    (ids.map(|finding| finding["id"].as_str().unwrap().to_owned()).collect(), done.code())
}

fn digest(path: &Path) -> String {
    let output = Command::new("sha256sum").arg(path).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap().to_owned()
}

#[test]
fn a_binary_is_shown_with_what_is_wrong_with_it() {
    let repository = Repository::with(&[(".envrc", &format!("{PROD}allow_go prod 1.26.6\n"))]);
    write(&repository, "bad", &bad());
    write(&repository, "good", &good());
    let digests = ["bad", "good"].map(|name| digest(&repository.root.join(name)));
    let done = inspect(&repository, &["bad", "good"]);
    let bad = format!(
        "bad\n  \
         go        go1.24.11\n  \
         main      bank.example/settle/cmd/settle\n  \
         module    bank.example/settle v1.4.2\n  \
         platform  ELF linux/amd64 (GOAMD64=v1)\n  \
         linked    dynamic: /lib64/ld-linux-x86-64.so.2, libc.so.6, position independent\n  \
         built     cgo on, not trimmed\n  \
         godebug   panicnil=1,tlssha1=1\n  \
         commit    git d426af74c660 of 2026-11-22T06:43:00Z, with uncommitted changes\n  \
         sha256    {}\n  \
         tier      prod\n  \
         warning[GOENV402]: Go 1.24 gets no security fixes: supported are 1.26 and 1.27 (as of 2026-11-01)\n    \
         help: Build it again with a supported release\n  \
         error[GOENV501]: go1.24.11 is not among what the policy admits in tier prod: 1.26.6\n    \
         help: Build it again with an admitted release: goenv exec . go build\n  \
         error[GOENV502]: is loaded by /lib64/ld-linux-x86-64.so.2\n    \
         help: Build it static: CGO_ENABLED=0 go build -buildmode=exe\n  \
         error[GOENV503]: needs libc.so.6\n    \
         help: Build it static: CGO_ENABLED=0 go build\n  \
         error[GOENV504]: built with cgo, which tier prod does without\n    \
         help: CGO_ENABLED=0 go build, or in the policy: target linux/amd64 cgo=1\n  \
         error[GOENV505]: built without -trimpath, so it holds paths of the machine that built it\n    \
         help: go build -trimpath\n  \
         error[GOENV506]: built from d426af74c660 with changes that were not committed\n    \
         help: Commit the changes and build again\n  \
         error[GOENV507]: its defaults are tlssha1=1 (SHA-1 in TLS)\n    \
         help: Raise the go line (go mod edit -go=VERSION), remove the //go:debug lines, and build again\n",
        digests[0]
    );
    let good = format!(
        "good\n  \
         go        go1.26.6\n  \
         main      bank.example/settle/cmd/settle\n  \
         module    bank.example/settle v1.4.2\n  \
         modules   1\n  \
         platform  ELF linux/amd64 (GOAMD64=v1)\n  \
         linked    static\n  \
         built     cgo off, trimmed, -ldflags=-s -w\n  \
         commit    git d426af74c660, clean\n  \
         sha256    {}\n  \
         tier      prod\n",
        digests[1]
    );
    assert_eq!(done.stdout(), format!("{bad}\n{good}"));
    done.failure(1, "");
    assert_eq!(inspect(&repository, &["good"]).success().stdout(), good);
}

#[test]
fn the_policy_and_the_rules_in_force_judge() {
    let all = ["GOENV402", "GOENV502", "GOENV503", "GOENV504", "GOENV505", "GOENV506", "GOENV507"];
    for (config, policy, arguments, expected, code) in [
        // Without a tier, only what is true everywhere.
        ("", "", &[][..], &all[..1], 0),
        ("", "", &["--tier", "prod"], &all, 1),
        ("tier = \"prod\"\n", "", &[], &all, 1),
        ("tier = \"prod\"\n", "", &["--tier", "dev"], &all[..1], 0),
        ("", PROD, &[], &all, 1),
        ("[go]\npromote = [\"dev\", \"live\"]\n", "#goenv: v1\n#goenv: tier live\n", &[], &all, 1),
        ("[go]\nsupported = [\"1.24\", \"1.25\"]\n", "", &[], &[], 0),
        // The policy's own Go, and lists in place of it.
        ("", "use go 1.26.6\n", &[], &["GOENV402", "GOENV501"], 1),
        ("", "use go 1.24.11\n", &[], &all[..1], 0),
        ("", "allow_go dev 1.24.x\nuse go 1.26.6\n", &["--tier", "dev"], &all[..1], 0),
        ("", "deny_go 1.24.x old\n", &[], &["GOENV402", "GOENV501"], 1),
        ("[tiers.dev]\ngo = [\"1.26.6\"]\n", "", &["--tier", "dev"], &["GOENV402", "GOENV501"], 1),
        // A policy that builds with cgo gets a binary with cgo.
        (
            "",
            "#goenv: v1\n#goenv: tier prod\ntarget linux/amd64 cgo=1\n",
            &[],
            &["GOENV402", "GOENV505", "GOENV506", "GOENV507"],
            1,
        ),
    ] {
        let repository = Repository::new();
        if !policy.is_empty() {
            repository.write(".envrc", policy);
        }
        repository.sandbox.file("home/.config/goenv/config.toml", config);
        write(&repository, "dist/bad", &bad());
        let arguments: Vec<&str> = arguments.iter().chain(&["dist/bad"]).copied().collect();
        let (found, found_code) = ids(&repository, &arguments);
        assert_eq!(
            (found.as_slice(), found_code),
            (&expected.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()[..], code),
            "{config}{policy}{arguments:?}"
        );
    }
}

#[test]
fn a_policy_that_would_not_apply_judges_nothing() {
    let path = "goenv: $SANDBOX/home/repo/.envrc";
    for (config, policy, code, expected) in [
        ("", "frobnicate\n", 5, format!("{path}:1:")),
        ("", "allow_go prod 1.x\n", 5, format!("{path}:1: `1.x` names no Go versions")),
        ("", "export BASH_ENV=x\n", 5, format!("{path}:1: ")),
        (
            "[tiers.prod]\nrequire = \"signed\"\n",
            PROD,
            3,
            format!("{path}:1: tier prod requires signatures, and there is no .envrc.sig"),
        ),
        (
            "",
            "#goenv: v1\n#goenv: expires 2026-01-01\n",
            3,
            format!("{path}:2: the policy expired"),
        ),
        (
            "[tiers.prod]\ngo = [\"x\"]\n",
            PROD,
            3,
            "goenv: $SANDBOX/home/.config/goenv/config.toml:2:7: `x` names no Go versions"
                .to_owned(),
        ),
        ("nonsense", "", 3, "goenv: $SANDBOX/home/.config/goenv/config.toml:1:".to_owned()),
    ] {
        let repository = Repository::with(&[(".envrc", policy)]);
        repository.sandbox.file("home/.config/goenv/config.toml", config);
        write(&repository, "good", &good());
        let done = inspect(&repository, &["good"]);
        assert!(done.stderr().starts_with(&expected), "{}", done.stderr());
        assert_eq!((done.code(), done.stdout().as_str()), (code, ""), "{policy}");
    }
    let repository = Repository::new();
    repository.sandbox.file("home/.config/goenv/config.toml", "[tiers.prod]\ngo = [\"x\"]\n");
    write(&repository, "good", &good());
    let message = "goenv: $SANDBOX/home/.config/goenv/config.toml:2:7: `x` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'\n";
    inspect(&repository, &["--tier", "prod", "good"]).failure(3, message);
}

#[test]
fn an_exception_of_the_policy_silences_a_finding() {
    let exception = |text: &str| {
        let policy = format!("{PROD}#goenv-ignore: {text}\n");
        let repository = Repository::with(&[(".envrc", &policy)]);
        let elf = Elf { info: lines("build\tCGO_ENABLED=0\n"), ..Elf::default() };
        write(&repository, "dist/app", &elf);
        repository.sandbox.file("tmp/app", elf.build());
        repository
    };
    let repository = exception("GOENV505 until 2099-01-01 the vendor's build");
    for path in ["dist/app", "../../tmp/app"] {
        assert_eq!(ids(&repository, &[path]), (vec![], 0), "{path}");
        let text = inspect(&repository, &[path]).success().stdout();
        assert!(
            text.ends_with("  tier      prod\n  silenced[GOENV505]: the vendor's build\n"),
            "{text}"
        );
    }
    let (other, past) = ("GOENV505 other until 2099-01-01 x", "GOENV505 until 2026-01-01 x");
    for text in [other, past, "GOENV504 until 2099-01-01 x", "GOENV505"] {
        let repository = exception(text);
        assert_eq!(ids(&repository, &["dist/app"]), (vec!["GOENV505".to_owned()], 1), "{text}");
    }
    let repository = exception("GOENV505 dist until 2099-01-01 x");
    assert_eq!(ids(&repository, &["dist/app"]), (vec![], 0));
}

#[test]
fn each_file_that_is_no_binary_is_one_line_and_the_others_are_shown() {
    let repository = Repository::new();
    let at = |path: &str| repository.root.join(path);
    write(&repository, "good", &good());
    for (name, bytes) in [("empty", &b""[..]), ("script", b"#!/bin/sh\n"), ("text", b"text\n")] {
        repository.write(name, bytes);
    }
    let whole = good().build();
    repository.write("cut", &whole[..whole.len() - 1]);
    fs::create_dir(at("directory")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket")).unwrap();
    symlink("good", at("link")).unwrap();
    symlink("loop", at("loop")).unwrap();
    let sparse = fs::File::create(at("sparse")).unwrap();
    sparse.set_len((4 << 30) + 1).unwrap();
    let zeros = fs::File::create(at("zeros")).unwrap();
    zeros.set_len(4 << 30).unwrap();
    let files = [
        "missing",
        "empty",
        "script",
        "text",
        "cut",
        "directory",
        "fifo",
        "socket",
        "loop",
        "sparse",
        "zeros",
        "/dev/zero",
        "link",
        "a\u{1b}[0m",
    ];
    let done = inspect(&repository, &files);
    let none = "cannot be judged: it is neither ELF, Mach-O nor PE, but";
    let expected = [
        "missing does not exist".to_owned(),
        format!("empty {none} empty"),
        format!("script {none} a script"),
        format!("text {none} a file that begins with 74 65 78 74"),
        "cut is a damaged ELF file: its section headers are beyond its end".to_owned(),
        "directory is a directory, not a regular file".to_owned(),
        "fifo is a FIFO, not a regular file".to_owned(),
        "socket is a socket, not a regular file".to_owned(),
        "loop: too many levels of symbolic links".to_owned(),
        "sparse is larger than 4294967296 bytes".to_owned(),
        format!("zeros {none} a file that begins with 00 00 00 00"),
    ];
    let expected = expected.map(|line| format!("goenv: $SANDBOX/home/repo/{line}\n")).concat();
    let dev = "goenv: /dev/zero is a device, not a regular file\n";
    let odd = "goenv: $SANDBOX/home/repo/a\\u{1b}[0m does not exist\n";
    done.failure(1, &format!("{expected}{dev}{odd}"));
    assert!(done.stdout().starts_with("link\n  go        go1.26.6\n"), "{}", done.stdout());
    let json = inspect(&repository, &["--json", "missing"]);
    assert_eq!((json.code(), json.stdout().as_str()), (1, "[]\n"));
}

#[test]
fn nothing_in_a_binary_moves_the_cursor() {
    let repository = Repository::new();
    let evil = "\u{1b}]0;owned\u{7}\u{202e}";
    let info = format!(
        "path\t{evil}\nmod\t{evil}\t{evil}\t\nbuild\t-tags={evil}\nbuild\tvcs={evil}\nbuild\tvcs.revision={evil}\n"
    );
    let elf = Elf {
        version: format!("go1.26.6{evil}"),
        info,
        interpreter: Some(evil.to_owned()),
        needed: vec![evil.to_owned()],
        ..Elf::default()
    };
    write(&repository, "evil", &elf);
    let done = inspect(&repository, &["--tier", "prod", "evil"]);
    let text = done.stdout() + &done.stderr();
    assert!(text.contains("owned") && text.contains("GOENV501"), "{text}");
    assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
}

#[test]
fn the_command_line_is_checked() {
    let repository = Repository::new();
    assert_eq!(inspect(&repository, &[]).code(), 2);
    assert_eq!(inspect(&repository, &["--tier", "Prod", "x"]).code(), 2);
}
