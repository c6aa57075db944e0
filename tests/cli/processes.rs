//! `export` starts no process and no thread, whatever a policy holds: strace is the witness.

use std::fs;
use std::os::unix::fs::symlink;

use crate::common::{GOENV, Sandbox};

/// Every command, every query and every kind of word of docs/language.md.
const POLICY: &str = r#"#!/usr/bin/env bash
set -e -u -o pipefail
set +u
strict_env
unstrict_env
set -a
SET_A=1
set +a
use go 1.26
export A=1 B='two words' C="$A-${B}" D=~/x E=$'a\tb' F=$SET_A
G=1
G+=2
export G
unset F
export H=${A:-x} I=${NONE:-d} J=${NONE-d} K=${A:+y} L=${A+y} M=${NEW:=z} N=${A:?no}
export O=${PWD##*/} P=${PWD#/} Q=${PWD%/*} R=${PWD%%/*}
export S=$(pwd) T=$(cd sub && pwd) U=$(pwd -P)
export V=$(dirname /a/b) W=$(basename /a/b.c .c) X=$(realpath sub) Y=$(readlink -f link)
export Z=$(expand_path sub) AA=$(user_rel_path sub) AB=$(find_up go.mod) AC=$(direnv_layout_dir)
export AD=$(semver_search versions go- 1.9) AE=$(cat data.txt)
export AF=$(go env GOPATH) AG=$(go env GOVERSION) AH=$(go env GOPROXY)
expand_path sub
find_up go.mod
user_rel_path sub
semver_search versions go- 1.9
direnv_layout_dir
true
false || :
! false && AI=1
if [ -d sub ] && [[ -f data.txt && $A == 1* ]]; then export AJ=1; elif test -x sub; then :; else false; fi
case $A in 1|2) export AK=1 ;; *) export AK=2 ;; esac
{ export AL=1; } >/dev/null 2>&1
has ls && type ls >/dev/null && command -v ls >/dev/null && which ls >/dev/null || return 1
if has nix_is_not_here; then use nix; fi
echo said >&2
printf said
log_status said
log_error said
source plain.sh
. ./plain.sh
source_env sub
source_env_if_exists none
source_up
source_up_if_exists
dotenv
dotenv_if_exists none.env
PATH_add bin
path_add LIST bin
PATH_rm '*/none'
path_rm LIST '*/none'
MANPATH_add man
load_prefix prefix
layout go
layout node
layout php
layout perl
layout julia
watch_file data.txt *.txt
watch_dir sub
env_vars_required A B
on_git_branch main
direnv_version 2.32.0
target linux/arm64 cgo=0 GOARM64=v8.0
lock LOCKED=1
allow_go prod 1.26.x
deny_go 1.26.0 'the reason'
promote dev prod
exit 0
"#;

/// Returns the names of the commands in the table of docs/language.md.
fn documented() -> Vec<String> {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/language.md")).unwrap();
    let table = text.split("\n## Commands\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split(" | ").next().unwrap().to_owned());
    let names = cells.flat_map(|cell| {
        let quoted: Vec<String> = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        quoted.into_iter().map(|text| text.split(' ').next().unwrap().to_owned())
    });
    names.filter(|name| !name.starts_with(['-', '+']) && !name.contains('=')).collect()
}

#[test]
fn entering_a_policy_with_every_construct_starts_no_process_and_no_thread() {
    let names = documented();
    assert!(names.len() > 50, "{names:?}");
    for name in names {
        let stands =
            POLICY.lines().any(|line| line.split([' ', ';', '(']).any(|word| word == name));
        assert!(stands, "`{name}` is not in the policy of this test");
    }
    // So many that listing them could pay for threads.
    let releases: Vec<String> = (0..100).map(|patch| format!("1.26.{patch}")).collect();
    let mut sandbox = Sandbox::with_releases(&releases);
    for version in &releases {
        let settings = format!("home/sdk/go{version}/go.env");
        sandbox.file(settings, "GOPROXY=https://proxy.golang.org,direct\n");
    }
    sandbox.set("LIST", "/a:/b");
    sandbox.set("MANPATH", "/usr/share/man");
    for (file, text) in [
        ("go.mod", "module m\n"),
        ("data.txt", "data\n"),
        ("plain.sh", "export PLAIN=1\n"),
        ("sub/.envrc", "export SUB=1\n"),
        (".env", "FROM_DOTENV=1\n"),
        ("versions/go-1.9.2/x", ""),
        (".git/HEAD", "ref: refs/heads/main\n"),
        ("../.envrc", "export UP=1\n"),
    ] {
        sandbox.file(sandbox.home().join("p").join(file), text);
    }
    let p = sandbox.home().join("p");
    symlink("sub", p.join("link")).unwrap();
    sandbox.project("p", POLICY);
    let trace = sandbox.path("trace");
    let trace = trace.to_string_lossy();
    let arguments = [
        "-f",
        "-e",
        "trace=process,clone,clone3,fork,vfork",
        "-o",
        &trace,
        GOENV,
        "export",
        "bash",
    ];
    let done = sandbox.run(&p, "strace", &arguments);
    for set in ["export AL='1';", "export SUB='1';", "export UP='1';", "export FROM_DOTENV='1';"] {
        assert!(done.success().stdout().contains(set), "{set} {}", done.stderr());
    }
    assert!(
        done.stdout().contains("export GOROOT='$SANDBOX/home/sdk/go1.26.99';"),
        "{}",
        done.stdout()
    );
    let calls = fs::read_to_string(&*trace).unwrap();
    // "1234 execve(…) = 0"; what strace itself says holds no parenthesis.
    let calls = calls.lines().filter_map(|line| line.split_once('(')?.0.split(' ').next_back());
    let calls: Vec<&str> = calls.collect();
    assert_eq!(calls, ["execve", "exit_group"], "{calls:?}");
}

#[test]
fn among_many_sdks_names_are_read_first_and_few_are_looked_at() {
    let sandbox = Sandbox::with_releases((0..100).map(|patch| format!("1.26.{patch}")));
    let trace = sandbox.path("trace");
    for (name, line, code, looked_at) in [
        ("exact", "use go 1.26.5\n", 0, vec!["go1.26.5"]),
        ("line", "use go 1.26\n", 0, vec!["go1.26.99"]),
        (
            "gone",
            "use go 1.26.200\n",
            1,
            vec!["go1.26.0", "go1.26.200", "go1.26.97", "go1.26.98", "go1.26.99"],
        ),
    ] {
        let directory = sandbox.project(name, line);
        let arguments = ["-f", "-o", &trace.to_string_lossy(), GOENV, "export", "bash"];
        let done = sandbox.run(&directory, "strace", &arguments);
        assert_eq!(done.code(), code, "{}", done.stderr());
        let calls = fs::read_to_string(&trace).unwrap();
        let mut names: Vec<_> = calls
            .lines()
            .filter_map(|call| call.split_once("/home/sdk/")?.1.split(['/', '"']).next())
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names, looked_at, "{calls}");
        assert!(calls.lines().count() < 300, "{}", calls.lines().count());
    }
}

/// A file that is opened while one of the standard three is closed would take its number, and be written to.
#[test]
fn nothing_is_written_where_a_standard_file_is_closed() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let script =
        format!("{GOENV} export bash <&- >&- 2>&-; echo $?; {GOENV} export bash >&-; echo $?");
    let done = sandbox.run(&p, "sh", &["-c", &script]);
    assert_eq!(done.stdout(), "0\n0\n");
    assert_eq!(done.stderr(), "goenv: ~/p/.envrc: +A\n");
    let log = fs::read_to_string(sandbox.path("home/.local/state/goenv/audit.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 3);
    assert!(log.lines().all(|line| line.starts_with("{\"v\":1,")), "{log}");
    assert_eq!(sandbox.goenv(&p, &["audit", "verify"]).code(), 0);
}

/// A reader that went away is no error, and no signal ends goenv.
#[test]
fn a_pipe_that_nobody_reads_ends_nothing() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let script =
        format!("{{ sleep 0.2; {GOENV} export bash; echo $? >&2; }} 2>said | true; cat said");
    let done = sandbox.run(&p, "bash", &["-c", &script]);
    assert_eq!(done.stdout(), "goenv: ~/p/.envrc: +A\n0\n");
}
