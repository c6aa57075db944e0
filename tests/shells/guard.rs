//! The guard: an unchanged prompt starts no process, and every change is noticed at the next one.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::common::Sandbox;
use crate::common::pty::{Counted, Shell};

fn shells(test: impl Fn(Shell)) {
    Shell::GUARDED.into_iter().for_each(test);
}

/// A project of which two versions are allowed, so that a change of content alone switches `A`.
fn two_versions(sandbox: &Sandbox) -> PathBuf {
    sandbox.project("p", "export A=2\n");
    sandbox.project("p", "export A=1\n")
}

#[test]
fn a_thousand_unchanged_prompts_start_no_process() {
    shells(|shell| {
        let sandbox = Sandbox::with_sdks(&["1.26.6"]);
        sandbox.project("p", "use go 1.26.6\nexport A=1\n");
        sandbox.dir("home/p/below");
        for directory in ["~", "~/p", "~/p/below"] {
            let mut counted = Counted::start(shell, &sandbox);
            let _ = counted.pty.run(&format!("cd {directory}"));
            counted.rest();
            let (before, path) = (counted.calls(), counted.pty.get("PATH"));
            for _ in 0..334 {
                let _ = counted.pty.run("true");
            }
            assert_eq!(counted.calls(), before, "{shell:?} in {directory}");
            assert_eq!(counted.pty.get("PATH"), path);
        }
    });
}

/// Makes a change and asserts what `A` is at the next prompt.
fn notices(name: &str, change: impl Fn(&Sandbox, &Path), expected: Option<&str>) {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let p = two_versions(&sandbox);
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        counted.rest();
        assert_eq!(counted.pty.get("A").as_deref(), Some("1"), "{shell:?}");
        change(&sandbox, &p);
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), expected, "{name}, {shell:?}");
    });
}

/// Sets the modification time of a file to a day in the past.
fn age(path: &Path) {
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400);
    fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
}

#[test]
fn an_edit_in_place() {
    notices("an edit", |_, p| fs::write(p.join(".envrc"), "export A=2\n").unwrap(), Some("2"));
}

#[test]
fn an_older_file_moved_over_the_policy() {
    let change = |sandbox: &Sandbox, p: &Path| {
        let other = sandbox.file("home/p/other", "export A=2\n");
        age(&other);
        fs::rename(other, p.join(".envrc")).unwrap();
    };
    notices("mv", change, Some("2"));
}

#[test]
fn a_copy_that_keeps_an_older_time() {
    let change = |sandbox: &Sandbox, p: &Path| {
        let other = sandbox.file("home/other", "export A=2\n");
        age(&other);
        sandbox.run(p, "cp", &["-p", "../other", ".envrc"]).success();
    };
    notices("cp -p", change, Some("2"));
}

#[test]
fn a_git_checkout() {
    let change = |sandbox: &Sandbox, p: &Path| {
        let script = "git init -q . && git config user.email a@b && git config user.name a && git add .envrc && \
                      git commit -qm 1 && git checkout -qb two && echo export A=2 > .envrc && git commit -qam 2 && \
                      git checkout -q - && git checkout -q two";
        sandbox.run(p, "sh", &["-c", script]).success();
    };
    notices("git checkout", change, Some("2"));
}

#[test]
fn a_deletion() {
    notices("rm", |_, p| fs::remove_file(p.join(".envrc")).unwrap(), None);
}

#[test]
fn a_denial_from_another_shell() {
    let change = |sandbox: &Sandbox, p: &Path| {
        sandbox.goenv(p, &["deny"]).success();
    };
    notices("deny", change, None);
}

#[test]
fn a_changed_config() {
    let change = |sandbox: &Sandbox, _: &Path| {
        // Rules that cannot be read trust nothing.
        drop(sandbox.file("home/.config/goenv/config.toml", "unknown = 1\n"));
    };
    notices("config.toml", change, None);
}

#[test]
fn a_nearer_policy_in_a_directory_below() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        two_versions(&sandbox);
        sandbox.dir("home/p/a/b");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p/a/b");
        counted.rest();
        assert_eq!(counted.pty.get("A").as_deref(), Some("1"));
        sandbox.project("p/a", "export A=near\n");
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), Some("near"), "{shell:?}");
    });
}

#[test]
fn a_policy_where_there_was_none_and_an_approval_from_another_shell() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let q = sandbox.dir("home/q");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/q");
        counted.rest();
        sandbox.file("home/q/.envrc", "export A=1\n");
        let shown = counted.pty.run("true");
        assert!(shown.contains("is blocked"), "{shell:?}: {shown}");
        counted.rest();
        sandbox.goenv(&q, &["allow"]).success();
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), Some("1"), "{shell:?}");
    });
}

#[test]
fn edits_within_the_clocks_granularity_of_the_load() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let p = two_versions(&sandbox);
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        for round in 0..30 {
            let value = ["2", "1"][round % 2];
            fs::write(p.join(".envrc"), format!("export A={value}\n")).unwrap();
            let _ = counted.pty.run("true");
            assert_eq!(counted.pty.get("A").as_deref(), Some(value), "{shell:?}, round {round}");
        }
    });
}

#[test]
fn an_sdk_that_was_replaced() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let sdk = sandbox.dir("home/sdk/go1.30.1");
        sandbox.file("home/sdk/go1.30.1/VERSION", "go1.30.1\n");
        let go = sandbox.file("home/sdk/go1.30.1/bin/go", "#!/bin/sh\n");
        fs::set_permissions(&go, fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.project("p", "use go 1.30.1\n");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        counted.rest();
        assert!(counted.pty.get("GOROOT").is_some(), "{shell:?}");
        fs::write(sdk.join("VERSION"), "go1.30.2\n").unwrap();
        age(&sdk.join("VERSION"));
        let shown = counted.pty.run("true");
        assert!(shown.contains("go1.30.1 is not installed"), "{shell:?}: {shown}");
        assert_eq!(counted.pty.get("GOROOT"), None, "{shell:?}");
    });
}

#[test]
fn a_path_that_was_rebuilt() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        sandbox.project("p", "PATH_add bin\n");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        counted.rest();
        let inside = counted.pty.get("PATH");
        let rebuilt = sandbox.env[std::ffi::OsStr::new("PATH")].to_string_lossy().into_owned();
        let value = if shell == Shell::Fish { rebuilt.replace(':', " ") } else { rebuilt };
        let _ = counted.pty.run(&shell.export("PATH", &value));
        assert_eq!(counted.pty.get("PATH"), inside, "{shell:?}");
    });
}

#[test]
fn stamps_go_with_their_shell() {
    let sandbox = Sandbox::new();
    let stamps = sandbox.home().join(".local/state/goenv/run/stamps");
    let count = || fs::read_dir(&stamps).unwrap().count();
    let mut first = Counted::start(Shell::Bash, &sandbox);
    first.rest();
    assert_eq!(count(), 1);
    let mode = fs::metadata(&stamps).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
    drop(first);
    let mut second = Counted::start(Shell::Zsh, &sandbox);
    second.rest();
    assert_eq!(count(), 1, "the first shell is gone, and so are its stamps");
}

#[test]
fn stamps_that_were_wiped_are_made_again() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let p = two_versions(&sandbox);
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        counted.rest();
        fs::remove_dir_all(sandbox.home().join(".local/state/goenv/run")).unwrap();
        fs::write(p.join(".envrc"), "export A=2\n").unwrap();
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), Some("2"), "{shell:?}");
        counted.rest();
        let before = counted.calls();
        let _ = counted.pty.run("true");
        assert_eq!(counted.calls(), before, "{shell:?}");
    });
}

#[test]
fn stamps_whose_directory_was_left_are_made_again() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let mut counted = Counted::start(shell, &sandbox);
        counted.rest();
        let stamps = sandbox.home().join(".local/state/goenv/run/stamps");
        sandbox.run(&stamps, "find", &[".", "-type", "f", "-delete"]).success();
        counted.rest();
        let before = counted.calls();
        let _ = counted.pty.run("true");
        assert_eq!(counted.calls(), before, "{shell:?}");
    });
}

#[test]
fn a_link_that_leads_elsewhere_by_the_next_cd() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let (old, new) =
            (sandbox.project("old", "export A=old\n"), sandbox.project("new", "export A=new\n"));
        let link = sandbox.home().join("current");
        symlink(old, &link).unwrap();
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/current");
        counted.rest();
        assert_eq!(counted.pty.get("A").as_deref(), Some("old"), "{shell:?}");
        fs::remove_file(&link).unwrap();
        symlink(new, &link).unwrap();
        let _ = counted.pty.run("cd ~/current");
        assert_eq!(counted.pty.get("A").as_deref(), Some("new"), "{shell:?}");
    });
}

#[test]
fn a_directory_that_was_moved_into_a_project() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let project = two_versions(&sandbox);
        let directory = sandbox.dir("home/elsewhere/x");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/elsewhere/x");
        counted.rest();
        fs::rename(directory, project.join("x")).unwrap();
        let _ = counted.pty.run("true");
        assert_eq!(counted.pty.get("A").as_deref(), Some("1"), "{shell:?}");
    });
}

#[test]
fn a_subshell_of_zsh_leaves_the_stamps_of_its_shell_alone() {
    let sandbox = Sandbox::new();
    two_versions(&sandbox);
    sandbox.project("q", "export B=1\n");
    let mut counted = Counted::start(Shell::Zsh, &sandbox);
    let _ = counted.pty.run("cd ~/p");
    counted.rest();
    let before = counted.calls();
    let _ = counted.pty.run("(cd ~/q)");
    assert_eq!(counted.calls(), before + 1, "the subshell's one call, and none at the prompt");
    let _ = counted.pty.run("zmodload zsh/zpty; work() { cd ~/q; }; zpty worker work; sleep 0.5");
    assert_eq!(counted.calls(), before + 2, "that of a worker, and none at the prompt");
}

#[test]
fn another_containers_shell_with_the_same_process_id_has_other_stamps() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        two_versions(&sandbox);
        let other = sandbox.project("q", "export B=1\n");
        let mut counted = Counted::start(shell, &sandbox);
        let _ = counted.pty.run("cd ~/p");
        counted.rest();
        let variable = if shell == Shell::Fish { "$fish_pid" } else { "$$" };
        let process = counted.pty.output(&format!("echo {variable}")).trim().to_owned();
        let before = counted.calls();
        let name = format!("{process}-1");
        let hook = ["export", shell.name(), "--guard", &name];
        assert!(sandbox.goenv(&other, &hook).stdout().contains("/stamps/"), "it is armed");
        let _ = counted.pty.run("true");
        assert_eq!(counted.calls(), before, "{shell:?}");
    });
}
