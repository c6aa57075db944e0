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
    sandbox.program("bin/no-interpreter", "#!/no/such/interpreter\n");
    sandbox.file("bin/plain", "text\n");
    sandbox.file("home/here/plain", "text\n");
    for (program, code, reason) in [
        ("", 127, "there is no such program in PATH"),
        ("here", 127, "there is no such program in PATH"),
        ("./none", 127, "there is no such file"),
        (
            "no-interpreter",
            127,
            "the program that its first line names, or its loader, is not there",
        ),
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

#[test]
fn a_hint_is_about_the_policy_that_was_asked_for_and_not_about_the_one_here() {
    let sandbox = Sandbox::new();
    let ledger = sandbox.project("ledger", "export A=1\n");
    let other = sandbox.dir("home/w 13");
    sandbox.file("home/w 13/.envrc", "export B=1\n");
    let blocked = |path: &str| {
        let why = "$SANDBOX/home/w 13/.envrc is blocked: nobody has allowed it yet";
        format!("goenv: {why}; review the file, then run `goenv allow{path}`\n")
    };
    let elsewhere = blocked(" '$SANDBOX/home/w 13/.envrc'");
    let _ = sandbox.goenv(&ledger, &["exec", "../w 13", "env"]).failure(3, &elsewhere);
    let _ = sandbox.goenv(&sandbox.home(), &["exec", "w 13", "env"]).failure(3, &elsewhere);
    // Where it is the nearest, a command without a path is about it.
    let _ = sandbox.goenv(&other, &["exec", ".", "env"]).failure(3, &blocked(""));
    let below = sandbox.dir("home/w 13/below");
    let _ = sandbox.goenv(&below, &["exec", "..", "env"]).failure(3, &blocked(""));
    // Pasted, it does what it says.
    let path = other.join(".envrc");
    let pasted = format!("goenv allow '{}' && goenv exec '../w 13' printenv B", path.display());
    assert_eq!(sandbox.run(&ledger, "sh", &["-c", &pasted]).success().stdout(), "1\n");
}

#[test]
fn what_a_policy_reads_is_approved_with_the_policy_that_reads_it() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/more", "export A=1\n");
    sandbox.project("p", "source_env more\n");
    sandbox.file("home/p/more", "export A=2\n");
    let done = sandbox.goenv(&sandbox.home(), &["exec", "p", "env"]);
    let (code, text) = (done.code(), done.stderr());
    assert_eq!(code, 3, "{text}");
    let hint = "review it, then run: goenv allow $SANDBOX/home/p/.envrc\n";
    assert!(text.ends_with(hint), "{text}");
}
