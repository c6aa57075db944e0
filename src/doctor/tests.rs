use std::path::PathBuf;

use super::facts::{Applied, Go, Startup};
use super::*;
use crate::env::Env;
use crate::shell::Shell;

fn shown(facts: &Facts) -> Vec<String> {
    let one = |problem: &Problem| {
        let Problem { id, level, message, help } = problem;
        format!("{}[{id}]: {message} | {help}", level.name())
    };
    examine(facts).iter().map(one).collect()
}

fn startup(text: &str) -> Facts {
    let path = PathBuf::from("/home/ann/.bashrc");
    Facts {
        shell: Some(Shell::Bash),
        startup_file: path.clone(),
        startup: vec![Startup { path, bytes: text.as_bytes().to_vec() }],
        ..Facts::default()
    }
}

#[test]
fn the_hook_is_missed_and_other_managers_are_seen() {
    let hook = "eval \"$(goenv hook bash)\"\n";
    assert_eq!(shown(&startup(hook)), [""; 0]);
    assert_eq!(
        shown(&startup("# eval \"$(goenv hook bash)\"\n")),
        [
            "error[hook-missing]: no startup file of bash has the hook | run: echo 'eval \"$(goenv hook bash)\"' >> /home/ann/.bashrc"
        ]
    );
    assert_eq!(
        shown(&startup(&format!("eval \"$(goenv init -)\"\neval \"$(direnv hook bash)\"\n{hook}"))),
        [
            "warning[other-manager]: /home/ann/.bashrc:1: go-nv's goenv puts its own go into PATH | remove the line, or leave Go out of that manager",
            "warning[other-manager]: /home/ann/.bashrc:2: direnv's hook reads the same .envrc files | remove direnv's line; goenv reads what direnv reads",
        ]
    );
    assert_eq!(
        shown(&Facts::default()),
        [
            "warning[hook-missing]: SHELL names no shell with a hook, so nothing changes at a prompt | use: goenv exec DIR COMMAND"
        ]
    );
}

#[test]
fn the_hook_of_goenv_called_direnv_is_goenvs() {
    let mut facts = startup("eval \"$(direnv hook bash)\"\n");
    facts.own = Some(PathBuf::from("/opt/goenv/bin/goenv"));
    facts.direnv.clone_from(&facts.own);
    assert_eq!(shown(&facts), [""; 0]);
    facts.direnv = Some(PathBuf::from("/usr/bin/direnv"));
    let ids: Vec<_> = examine(&facts).iter().map(|problem| problem.id).collect();
    assert_eq!(ids, ["hook-missing", "other-manager"]);
}

#[test]
fn another_goenv_is_seen() {
    let mut facts = startup("eval \"$(goenv hook bash)\"\n");
    facts.own = Some(PathBuf::from("/opt/goenv/bin/goenv"));
    facts.goenvs = vec![PathBuf::from("/opt/goenv/bin/goenv")];
    assert_eq!(shown(&facts), [""; 0]);
    facts.goenvs.insert(0, PathBuf::from("/home/ann/.goenv/libexec/goenv"));
    assert_eq!(
        shown(&facts),
        [
            "error[other-goenv]: PATH finds another goenv first: /home/ann/.goenv/libexec/goenv | put this one first: export PATH=/opt/goenv/bin:$PATH"
        ]
    );
}

#[test]
fn the_go_that_runs_is_compared_with_the_policys() {
    let mut facts = startup("eval \"$(goenv hook bash)\"\n");
    let root = PathBuf::from("/sdk/go1.26.6");
    facts.env =
        [("GOROOT", "/sdk/go1.26.6"), ("GOTOOLCHAIN", "local"), ("L", "1")].into_iter().collect();
    facts.go = Some(Go { path: root.join("bin/go"), root: Some(root.clone()) });
    facts.go_version = "go1.26.6".to_owned();
    facts.goroot_version = "go1.26.6".to_owned();
    facts.is_applied = true;
    facts.policy = Some(Ok(Applied {
        env: facts.env.clone(),
        root: Some(root),
        complaint: None,
        locks: vec![(b"L".to_vec(), b"1".to_vec())],
    }));
    assert_eq!(shown(&facts), [""; 0]);
    // By its name it is no other.
    facts.env.set("GOTOOLCHAIN", "go1.26.6");
    assert_eq!(shown(&facts), [""; 0]);

    facts.go =
        Some(Go { path: "/home/ann/.asdf/shims/go".into(), root: Some("/usr/lib/go".into()) });
    facts.go_version = "go1.24.11".to_owned();
    facts.env = [("GOROOT", "/sdk/go1.26.6"), ("L", "2")].into_iter().collect();
    let file = b"GOTOOLCHAIN=auto\nGOFLAGS=-mod=mod\nGOBIN=/x\nGOCACHEPROG=/x\n".to_vec();
    facts.user_file = Some((PathBuf::from("/home/ann/.config/go/env"), file));
    assert_eq!(
        shown(&facts),
        [
            "error[GOENV105]: GOROOT is that of go1.26.6, and PATH finds /home/ann/.asdf/shims/go of go1.24.11 | run: unset GOROOT",
            "error[path-order]: PATH finds /home/ann/.asdf/shims/go before the policy's go, which is asdf's | leave the directory and enter it again: cd / && cd -",
            "error[GOENV106]: GOTOOLCHAIN=auto from `go env -w` lets go run another Go | run: export GOTOOLCHAIN=local",
            "warning[GOENV107]: GOFLAGS in /home/ann/.config/go/env counts, because the policy sets none | run: go env -u GOFLAGS",
            "warning[GOENV107]: GOCACHEPROG in /home/ann/.config/go/env counts, because the policy sets none | run: go env -u GOCACHEPROG",
            "warning[GOENV107]: L is locked by the policy, and this shell changed it | leave the directory and enter it again: cd / && cd -",
        ]
    );
}

#[test]
fn what_goenv_keeps_is_looked_at() {
    let mut facts = startup("eval \"$(goenv hook bash)\"\n");
    facts.is_damaged = true;
    facts.directories =
        vec![("/x can be written by others (mode 0777)".into(), "run: chmod go-w /x".into())];
    let why = "/p/.envrc is blocked: nobody has allowed it yet";
    facts.policy = Some(Err((why.into(), Some("review the file, then run `goenv allow`".into()))));
    assert_eq!(
        shown(&facts),
        [
            "error[permissions]: /x can be written by others (mode 0777) | run: chmod go-w /x",
            "warning[state]: GOENV_STATE cannot be read, so leaving undoes nothing | start a new shell: exec \"$SHELL\"",
            "error[policy]: /p/.envrc is blocked: nobody has allowed it yet | review the file, then run `goenv allow`",
        ]
    );
    let env: Env = Env::new();
    let mut facts = startup("eval \"$(goenv hook bash)\"\n");
    facts.policy = Some(Ok(Applied {
        env,
        complaint: Some(("src/fmt/print.go differs".into(), "run: goenv sdk remove 1.26.6".into())),
        ..Applied::default()
    }));
    assert_eq!(
        shown(&facts),
        [
            "error[GOENV701]: the SDK is altered: src/fmt/print.go differs | run: goenv sdk remove 1.26.6",
            "warning[not-applied]: the policy of this directory is not applied in this shell | start a new shell, so that the hook runs: exec \"$SHELL\"",
        ]
    );
}

#[test]
fn stamps_of_shells_that_are_gone_are_named() {
    let facts = |count| Facts {
        stale: Some(("/run/goenv/stamps".into(), count)),
        ..startup("eval \"$(goenv hook bash)\"\n")
    };
    assert_eq!(
        shown(&facts(1)),
        [
            "warning[stale-stamps]: /run/goenv/stamps holds stamps of 1 shell that is gone | start a new shell with the hook, which removes them"
        ]
    );
    assert!(shown(&facts(3))[0].contains("of 3 shells that are gone"));
}

#[test]
fn the_hook_is_not_missed_where_it_runs_and_a_guard_that_cannot_work_is_told() {
    let mut facts = Facts { is_hooked: true, ..startup("") };
    assert_eq!(shown(&facts), [""; 0]);
    facts.shell = None;
    facts.obstacle =
        Some(("stamps cannot be kept: /x: permission denied".into(), "mend it".into()));
    assert_eq!(
        shown(&facts),
        [
            "warning[guard]: goenv is started at every prompt: stamps cannot be kept: /x: permission denied | mend it"
        ]
    );
}

#[test]
fn the_documentation_lists_every_id_and_no_other() {
    let documented = include_str!("../../docs/gate.md");
    let (_, table) = documented.split_once("## Doctor").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let own: Vec<&str> =
        rows.skip(1).filter(|id| crate::check::rules::named(id).is_none()).collect();
    assert_eq!(own, OWN_IDS);
}
