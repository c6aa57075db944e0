//! What docs/hooks.md says is not noticed at once, and when it is, in a real bash.

use crate::common::pty::{Pty, Shell};
use crate::common::{Sandbox, settle};

/// A shell inside of a project `p` that sets `A` to 1, with the guard armed.
fn inside(policy: &str) -> (Sandbox, Pty) {
    let sandbox = Sandbox::new();
    sandbox.project("p", policy);
    sandbox.dir("home/p/below");
    let mut pty = Pty::start(Shell::Bash, &sandbox);
    let _ = pty.run(&Shell::Bash.hook(&sandbox));
    let _ = pty.run("export FROM=1");
    let _ = pty.run("cd ~/p");
    settle();
    let _ = pty.run("true");
    assert_eq!(pty.get("A").as_deref(), Some("1"));
    (sandbox, pty)
}

/// Asserts that a change shows at the next change of directory and not before.
fn shows_at_the_next_cd(change: &str, complaint: &str) {
    let (_sandbox, mut pty) = inside("export A=1\n");
    let _ = pty.run(change);
    let _ = pty.run("true");
    assert_eq!(pty.get("A").as_deref(), Some("1"), "{change}: noticed at once");
    let shown = pty.run("cd below");
    assert!(shown.contains(complaint), "{change}: {shown}");
    assert_eq!(pty.get("A"), None, "{change}");
}

#[test]
fn a_write_that_puts_the_old_time_back() {
    let change = "touch -r .envrc ~/time; echo export A=2 > .envrc; touch -r ~/time .envrc";
    shows_at_the_next_cd(change, "its content changed since it was allowed");
}

#[test]
fn a_change_of_mode() {
    shows_at_the_next_cd("chmod 666 .envrc", "can be written by others (mode 0666)");
}

/// As every file of a Nix store has one time.
#[test]
fn a_watched_link_to_another_file_of_the_same_time() {
    let (sandbox, mut pty) = inside("export A=1 B=$FROM\nwatch_file ../link\n");
    let _ = pty.run(
        "cd; echo > one; echo > two; touch -d @1 one two; ln -s one link; export FROM=2; cd p",
    );
    settle();
    let _ = pty.run("true");
    assert_eq!(pty.get("B").as_deref(), Some("2"), "that the link appears is noticed");
    let _ = pty.run("export FROM=3");
    sandbox.run(&sandbox.home(), "ln", &["-sfn", "two", "link"]).success();
    let _ = pty.run("true");
    assert_eq!(pty.get("B").as_deref(), Some("2"), "noticed at once");
    let _ = pty.run("cd below");
    assert_eq!(pty.get("B").as_deref(), Some("3"));
}

#[test]
fn a_list_of_the_policy_that_the_user_sets() {
    let (_sandbox, mut pty) = inside("export A=1\npath_add MANPATH man\n");
    let _ = pty.run("export MANPATH=/mine");
    assert_eq!(pty.get("MANPATH").as_deref(), Some("/mine"), "noticed at once");
    let _ = pty.run("cd below");
    assert!(pty.get("MANPATH").is_some_and(|value| value.ends_with("/p/man:/mine")));
}

/// Asserts that a change shows only after leaving and entering.
fn shows_at_the_next_load(change: &str, entered: Option<&str>) {
    let (_sandbox, mut pty) = inside("export A=$FROM\n");
    let _ = pty.run(change);
    let _ = pty.run("cd below");
    assert_eq!(pty.get("A").as_deref(), Some("1"), "{change}: noticed at once");
    let _ = pty.run("cd ~");
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.get("A").as_deref(), entered, "{change}");
}

#[test]
fn a_variable_that_the_policy_reads() {
    shows_at_the_next_load("export FROM=2", Some("2"));
}

#[test]
fn a_directory_that_others_can_write() {
    shows_at_the_next_load("chmod 777 ~/p", None);
}

#[test]
fn a_link_to_an_sdk_that_leads_to_another_one() {
    let sandbox = Sandbox::new();
    for version in ["1.30.1", "1.30.2"] {
        drop(sandbox.file(format!("home/sdks/{version}/VERSION"), format!("go{version}\n")));
        let go = sandbox.file(format!("home/sdks/{version}/bin/go"), "#!/bin/sh\n");
        sandbox
            .run(&sandbox.home(), "chmod", &[std::ffi::OsStr::new("+x"), go.as_os_str()])
            .success();
    }
    sandbox.run(&sandbox.dir("home/sdk"), "ln", &["-s", "../sdks/1.30.1", "go1.30.1"]).success();
    sandbox.project("p", "use go 1.30.1\n");
    let mut pty = Pty::start(Shell::Bash, &sandbox);
    let _ = pty.run(&Shell::Bash.hook(&sandbox));
    // What is younger than a tick of the clock is looked at again.
    settle();
    let _ = pty.run("cd ~/p");
    let root = pty.get("GOROOT");
    assert!(root.is_some());
    let _ = pty.run("ln -sfn ../sdks/1.30.2 ~/sdk/go1.30.1");
    let _ = pty.run("true");
    assert_eq!(pty.get("GOROOT"), root);
    let _ = pty.run("cd ~");
    let shown = pty.run("cd ~/p");
    assert!(shown.contains("go1.30.1 is not installed"), "{shown}");
}

#[test]
fn a_variable_that_the_user_sets_stays_the_users() {
    let (_sandbox, mut pty) = inside("export A=$FROM\n");
    let _ = pty.run("export A=mine");
    let _ = pty.run("cd below");
    assert_eq!(pty.get("A").as_deref(), Some("mine"));
    let _ = pty.run("cd ~");
    assert_eq!(pty.get("A").as_deref(), Some("mine"));
}

#[test]
fn direnv_and_goenv_on_one_policy_in_the_documented_order() {
    let sandbox = Sandbox::with_sdks(&["1.24.11"]);
    let library = include_str!("../../hooks/direnv-lib.sh");
    drop(sandbox.file("home/.config/direnv/lib/goenv.sh", library));
    let project = sandbox.project("p", "use go 1.24.11\nexport A=1\n");
    sandbox.run(&project, "direnv", &["allow"]).success();
    let mut pty = Pty::start(Shell::Bash, &sandbox);
    let _ = pty.run(&Shell::Bash.hook(&sandbox));
    let _ = pty.run("eval \"$(direnv hook bash)\"");
    let before = pty.env();
    for _ in 0..3 {
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.output("go version"), "go version go1.24.11 linux/amd64\n");
        let path = pty.get("PATH");
        let _ = pty.run("true");
        assert_eq!(pty.get("PATH"), path);
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before);
    }
}
