//! `exec`: the same decision as the hook's, then the command in its place.

use crate::common::Sandbox;

#[test]
fn a_command_runs_with_the_directorys_environment_and_its_code_is_passed_on() {
    let sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let p = sandbox.project("p", "use go 1.26.6\nexport A=1\n");
    let home = sandbox.home();
    let done = sandbox.goenv(&home, &["exec", "p", "go", "version"]);
    assert_eq!(
        (done.code(), done.stdout(), done.stderr()),
        (0, "go version go1.26.6 linux/amd64\n".to_owned(), String::new())
    );
    let done = sandbox.goenv(&home, &["exec", "p", "sh", "-c", "pwd; echo $A; exit 7"]);
    assert_eq!((done.code(), done.stdout()), (7, "$SANDBOX/home\n1\n".to_owned()));
    let done = sandbox.goenv(&p, &["exec", "..", "sh", "-c", "echo ${A-unset}"]);
    assert_eq!(done.stdout(), "unset\n");
}

#[test]
fn a_policy_that_does_not_apply_runs_nothing() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    sandbox.goenv(&p, &["deny"]).success();
    let done = sandbox.goenv(&p, &["exec", ".", "touch", "ran"]);
    assert_eq!(done.code(), 3);
    assert!(!p.join("ran").exists());
}

#[test]
fn what_cannot_be_run_is_named() {
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let done = sandbox.goenv(&home, &["exec", ".", "no-such-program"]);
    let _ = done.failure(127, "goenv: no-such-program: there is no such program in PATH\n");
    // As a shell has it: what is there and cannot be executed is another matter.
    let bad = sandbox.file("bin/no-interpreter", "#!/no/such/interpreter\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bad, mode).unwrap();
    sandbox.file("bin/plain", "text\n");
    sandbox.file("home/here/plain", "text\n");
    for (program, code, reason) in [
        ("", 127, "there is no such program in PATH"),
        ("here", 127, "there is no such program in PATH"),
        ("./none", 127, "there is no such file"),
        ("no-interpreter", 127, "No such file or directory (os error 2)"),
        ("plain", 126, "it is not executable"),
        ("here/plain", 126, "it is not executable"),
        ("./here", 126, "it is a directory"),
    ] {
        let done = sandbox.goenv(&home, &["exec", ".", program]);
        let _ = done.failure(code, &format!("goenv: {program}: {reason}\n"));
        let env = sandbox.run(&home, "env", &[program]);
        assert_eq!(env.code(), code, "env {program}: {}", env.stderr());
    }
    let done = sandbox.goenv(&home, &["exec", "no-such-directory", "true"]);
    let _ = done.failure(1, "goenv: $SANDBOX/home/no-such-directory does not exist\n");
}
