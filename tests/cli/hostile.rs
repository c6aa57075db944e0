//! Hostile surroundings: always quick, always one clear line, never a broken prompt.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Instant;

use crate::common::Sandbox;

/// Asserts that `export` refuses with exactly this line and prints nothing but the state that silences it.
#[track_caller]
fn refuses(sandbox: &Sandbox, directory: &Path, line: &str) {
    let started = Instant::now();
    let done = sandbox.goenv(directory, &["export", "bash"]);
    assert!(started.elapsed().as_secs() < 5, "it waited");
    assert_eq!((done.code(), done.stderr()), (3, format!("goenv: {line}\n")));
    let text = done.stdout();
    assert!(text.starts_with("\\export GOENV_STATE=") && text.lines().count() == 1, "{text}");
}

#[test]
fn what_is_no_regular_file_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::new();
    let at = |name: &str| sandbox.dir(format!("home/{name}"));
    nix::unistd::mkfifo(&at("fifo").join(".envrc"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    refuses(&sandbox, &at("fifo"), "$SANDBOX/home/fifo/.envrc is a FIFO, not a regular file");
    let _socket = UnixListener::bind(at("socket").join(".envrc")).unwrap();
    refuses(&sandbox, &at("socket"), "$SANDBOX/home/socket/.envrc is a socket, not a regular file");
    fs::create_dir(at("directory").join(".envrc")).unwrap();
    refuses(
        &sandbox,
        &at("directory"),
        "$SANDBOX/home/directory/.envrc is a directory, not a regular file",
    );
    sandbox.project("target", "export A=1\n");
    symlink("../target/.envrc", at("link").join(".envrc")).unwrap();
    refuses(
        &sandbox,
        &at("link"),
        "$SANDBOX/home/link/.envrc is a symbolic link, and a policy is read only from a regular file; \
         put a copy in its place: cp $SANDBOX/home/link/.envrc $SANDBOX/home/link/.envrc.copy && \
         mv $SANDBOX/home/link/.envrc.copy $SANDBOX/home/link/.envrc",
    );
    symlink("nowhere", at("dangling").join(".envrc")).unwrap();
    refuses(
        &sandbox,
        &at("dangling"),
        "$SANDBOX/home/dangling/.envrc is a symbolic link, and a policy is read only from a regular file; \
         it leads to nothing that can be read; run: rm $SANDBOX/home/dangling/.envrc",
    );
}

#[test]
fn a_file_of_ten_gigabytes_is_refused_at_once() {
    let sandbox = Sandbox::new();
    let path = sandbox.file("home/p/.envrc", "");
    fs::File::options().write(true).open(path).unwrap().set_len(10 << 30).unwrap();
    refuses(
        &sandbox,
        &sandbox.home().join("p"),
        "$SANDBOX/home/p/.envrc is larger than 1048576 bytes",
    );
}

/// A shell that has more than the system gives to a program starts none, and could not leave either.
#[test]
fn an_environment_with_which_no_program_starts_is_refused() {
    let sandbox = Sandbox::new();
    let twenty: String = (0..20).map(|number| format!("export V{number:02}=$LONG\n")).collect();
    // Each of them has its name, `=`, the value and a NUL, which is 110 KiB.
    for (policy, engine, size) in
        [("native", None, 20), ("bash", Some("--bash"), 20), ("fits", None, 3)]
    {
        let variables: String = twenty.split_inclusive('\n').take(size).collect();
        let long = "x".repeat((110 << 10) - 5);
        let p = sandbox.dir(format!("home/{policy}"));
        sandbox.file(p.join(".envrc"), format!("LONG={long}\n{variables}"));
        let allow = ["allow"].into_iter().chain(engine).collect::<Vec<_>>();
        let _ = sandbox.goenv(&p, &allow);
        let done = sandbox.goenv(&p, &["export", "bash"]);
        if policy == "fits" {
            assert!(done.success().stdout().contains("V02="));
            continue;
        }
        let expected = format!(
            "goenv: $SANDBOX/home/{policy}/.envrc: what the policy sets has 2252800 bytes, more than 524288; put what is \
             large into a file, and its path into the variable\n"
        );
        assert_eq!((done.code(), done.stderr()), (5, expected));
        assert!(!done.stdout().contains("V00="));
    }
}

#[test]
fn files_and_directories_that_others_can_change_are_refused_with_the_cure() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&p.join(".envrc"), 0o666);
    refuses(
        &sandbox,
        &p,
        "$SANDBOX/home/p/.envrc can be written by others (mode 0666); run: chmod go-w $SANDBOX/home/p/.envrc",
    );
    mode(&p.join(".envrc"), 0o644);
    mode(&p, 0o777);
    refuses(
        &sandbox,
        &p,
        "$SANDBOX/home/p can be written by others (mode 0777); run: chmod go-w $SANDBOX/home/p",
    );
    mode(&p, 0o755);
    assert_eq!(sandbox.goenv(&p, &["export", "bash"]).code(), 0);
}

#[test]
fn an_unreadable_policy_hides_no_other() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let below = sandbox.file("home/p/below/.envrc", "export B=1\n");
    fs::set_permissions(&below, fs::Permissions::from_mode(0o000)).unwrap();
    if nix::unistd::geteuid().is_root() {
        // Root reads everything; drop to another user for this one.
        let root = sandbox.path("");
        let chown =
            sandbox.run(&root, "chown", &["-R".as_ref(), "65534".as_ref(), root.as_os_str()]);
        chown.success();
        let args = [
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            crate::common::GOENV,
            "export",
            "bash",
        ];
        let done = sandbox.run(&p.join("below"), "setpriv", &args);
        assert_eq!(
            (done.code(), done.stderr().as_str()),
            (3, "goenv: $SANDBOX/home/p/below/.envrc: permission denied\n")
        );
    } else {
        refuses(&sandbox, &p.join("below"), "$SANDBOX/home/p/below/.envrc: permission denied");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_policy_of_another_user_is_refused() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let done = sandbox.run_as_root(&p, "chown 1234 .envrc && goenv export bash");
    let _ = done.failure(
        3,
        "goenv: $SANDBOX/home/p/.envrc belongs to user 1234, not to you or root; run: chown 0 $SANDBOX/home/p/.envrc\n",
    );
}

#[test]
fn without_a_home_nothing_applies_and_nothing_breaks() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    sandbox.env.remove(std::ffi::OsStr::new("HOME"));
    let done = sandbox.goenv(&p, &["export", "bash"]);
    assert_eq!(done.code(), 3);
    let text = "goenv: HOME is unset or no absolute path, so goenv has no place for its files; set it to your home directory\n";
    assert_eq!(done.stderr(), text);
    let done = sandbox.goenv(&p, &["allow"]);
    let _ = done.failure(3, text);
}

/// Whoever can write there can give one approval the name of another, or take a block away.
#[test]
fn approvals_that_others_can_move_do_not_count() {
    let sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let store = sandbox.path("home/.local/share/goenv");
    let approvals = store.join("allow").read_dir().unwrap().next().unwrap().unwrap().path();
    sandbox.dir("home/.local/share/goenv/deny");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for directory in [&store, &store.join("allow"), &approvals, &store.join("deny")] {
        mode(directory, 0o777);
        let done = sandbox.goenv(&p, &["export", "bash"]);
        let shown = directory.strip_prefix(sandbox.path("")).unwrap().display();
        let said = format!(
            "goenv: $SANDBOX/{shown} can be written by others (mode 0777); run: chmod go-w $SANDBOX/{shown}\n"
        );
        assert_eq!((done.code(), done.stderr()), (3, said));
        assert!(!done.stdout().contains("export A="));
        mode(directory, 0o700);
    }
    sandbox.goenv(&p, &["export", "bash"]).success();
}

#[test]
fn a_home_that_cannot_be_written_says_so() {
    let mut sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "export A=1\n");
    sandbox.set("HOME", "/proc/nothing");
    let done = sandbox.goenv(&sandbox.path("home/p"), &["allow"]);
    assert_eq!(done.code(), 1);
    assert_eq!(done.stderr().lines().count(), 1, "{}", done.stderr());
    assert!(done.stderr().starts_with("goenv: /proc/nothing/"), "{}", done.stderr());
}

#[test]
fn a_deleted_directory_is_no_error_at_the_prompt() {
    let sandbox = Sandbox::new();
    let gone = sandbox.dir("home/gone");
    let script =
        format!("cd {0} && rmdir {0} && {1} export bash", gone.display(), crate::common::GOENV);
    let done = sandbox.run(&sandbox.home(), "sh", &["-c", &script]);
    assert_eq!((done.code(), done.stdout(), done.stderr()), (0, String::new(), String::new()));
    let script = format!(
        "mkdir {0} && cd {0} && rmdir {0} && {1} status",
        gone.display(),
        crate::common::GOENV
    );
    let done = sandbox.run(&sandbox.home(), "sh", &["-c", &script]);
    assert_eq!((done.code(), done.stderr()), (0, String::new()));
}

#[test]
fn a_state_that_is_forged_or_damaged_does_no_harm() {
    let mut sandbox = Sandbox::new();
    let home = sandbox.home();
    for state in ["garbage", "1.", "1.AAAA", "1@/etc/passwd", "1@/nonexistent", "9.future"] {
        sandbox.set("GOENV_STATE", state);
        let done = sandbox.goenv(&home, &["export", "bash"]);
        assert_eq!(done.code(), 0, "{state}");
        assert_eq!(done.stdout(), "\\unset \\GOENV_STATE;\n", "{state}");
        assert_eq!(
            done.stderr(),
            "goenv: GOENV_STATE cannot be read and is dropped; what it would have undone stays\n"
        );
    }
}

#[test]
fn a_broken_pipe_is_no_failure() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let script = format!("set -o pipefail; {} completions bash | true", crate::common::GOENV);
    let done = sandbox.run(&sandbox.home(), "bash", &["-c", &script]);
    assert_eq!((done.code(), done.stderr()), (0, String::new()));
}

#[test]
fn names_and_values_out_of_a_policy_move_no_cursor() {
    let sandbox = Sandbox::new();
    sandbox.file("home/p/.envrc", "a\x1b]0;evil\x07 x\n");
    let p = sandbox.home().join("p");
    let said = ".envrc:1:1: `a\\u{1b}]0` is not a command of the policy language\n  \
                1 | a\u{fffd}]0;evil\u{fffd} x\n    | ^^^^\n\
                hint: goenv starts no program; put the values it would give into a .env file, or set them outside";
    let way = "; to have bash run it: goenv allow --bash\n";
    let _ =
        sandbox.goenv(&p, &["allow"]).failure(5, &format!("goenv: $SANDBOX/home/p/{said}{way}"));
    let done = sandbox.goenv(&p, &["init"]);
    assert!(done.stdout().contains(said), "{}", done.stdout());
    // A value does not begin a line of its own either.
    sandbox.file("home/p/.envrc", "use $'go\\ngoenv: allowed'\n");
    sandbox.goenv(&p, &["allow"]).success();
    let done = sandbox.goenv(&p, &["export", "bash"]);
    assert!(done.stderr().contains("`use go\\ngoenv: allowed` is not part"), "{}", done.stderr());
}

#[test]
fn a_forged_state_sets_nothing_that_takes_over_the_shell() {
    use goenv::env::State;
    use goenv::env::state::Outcome;
    use goenv::env::undo::{Before, Change};
    let change = |name: &str| Change {
        name: name.into(),
        given: None,
        before: Before::Value(b"/tmp/evil".to_vec()),
    };
    let state = State {
        uid: nix::unistd::geteuid().as_raw(),
        policy: "/gone/.envrc".into(),
        outcome: Outcome::Applied,
        until: None,
        watches: Vec::new(),
        changes: ["BASH_ENV", "LD_PRELOAD", "PROMPT_COMMAND", "PLAIN"].map(change).to_vec(),
    };
    let mut sandbox = Sandbox::new();
    sandbox.set("GOENV_STATE", String::from_utf8(state.text()).unwrap());
    let done = sandbox.goenv(&sandbox.home(), &["export", "bash"]);
    assert_eq!(done.success().stdout(), "\\export PLAIN='/tmp/evil';\n\\unset \\GOENV_STATE;\n");
}

#[test]
fn a_directory_on_path_beside_that_of_the_sdk_is_looked_at() {
    let sandbox = Sandbox::with_sdks(&["1.26.6"]);
    let tools = sandbox.dir("home/tools");
    let p = sandbox.project("p", "use go 1.26.6\nPATH_add ../tools\n");
    sandbox.goenv(&p, &["exec", ".", "go", "version"]).success();
    fs::set_permissions(&tools, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = sandbox.goenv(&p, &["export", "bash"]);
    assert_eq!(refused.code(), 5);
    assert_eq!(
        refused.stderr(),
        "goenv: $SANDBOX/home/p/.envrc:2: PATH: $SANDBOX/home/tools can be written by others (mode 0777); \
         run: chmod go-w $SANDBOX/home/tools\n"
    );
    assert!(!refused.stdout().contains("GOROOT="), "{}", refused.stdout());
}

#[test]
fn a_link_on_the_way_is_fine_and_what_it_leads_to_is_looked_at() {
    let mut sandbox = Sandbox::new();
    // A home behind a link, and a config in another place: both are common.
    symlink("home", sandbox.path("alias")).unwrap();
    sandbox.set("HOME", sandbox.path("alias"));
    sandbox.file("home/dotfiles/goenv/config.toml", "[sdk]\nmirrors = [\"file:///srv/go\"]\n");
    symlink("dotfiles", sandbox.home().join(".config")).unwrap();
    sandbox.file("home/shared/real/.envrc", "export B=1\n");
    let shared = sandbox.home().join("shared");
    symlink("shared/real", sandbox.home().join("link")).unwrap();
    let p = sandbox.project("p", "source_env ../link\n");
    let b = ["exec", ".", "sh", "-c", "echo $B"];
    assert_eq!(sandbox.goenv(&p, &b).success().stdout(), "1\n");
    // Whoever can write above the target can put another file in its place.
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    let done = sandbox.goenv(&p, &b);
    assert_eq!(done.code(), 5);
    let said = "home/p/../shared can be written by others (mode 0777)";
    assert!(
        done.stderr().contains(said) || done.stderr().contains("home/shared can be written"),
        "{}",
        done.stderr()
    );
    // Links in a ring end.
    symlink("ring", sandbox.home().join("ring")).unwrap();
    sandbox.file("home/q/.envrc", "source_env ../ring\n");
    assert_eq!(sandbox.goenv(&sandbox.home().join("q"), &["allow"]).code(), 0);
    assert_eq!(sandbox.goenv(&sandbox.home().join("q"), &["exec", ".", "true"]).code(), 5);
}

#[test]
fn a_directory_on_path_that_a_stranger_could_make_or_replace_is_refused() {
    let sandbox = Sandbox::new();
    let open = sandbox.dir("open");
    sandbox.dir("open/bin");
    symlink(sandbox.path("open/bin"), sandbox.home().join("link")).unwrap();
    let mode = |mode| fs::set_permissions(&open, fs::Permissions::from_mode(mode)).unwrap();
    for entry in ["../../open/bin", "../../open/later/bin", "../link"] {
        mode(0o755);
        let p = sandbox.project("p", format!("PATH_add {entry}\nexport A=1\n"));
        sandbox.goenv(&p, &["exec", ".", "true"]).success();
        mode(0o757);
        sandbox.goenv(&p, &["exec", ".", "true"]).failure(
            5,
            "goenv: $SANDBOX/home/p/.envrc:1: PATH: $SANDBOX/open can be written by others (mode 0757); run: chmod go-w $SANDBOX/open\n",
        );
        // Debian lets its staff write above /usr/local/go.
        mode(0o775);
        let later = entry.contains("later");
        assert_eq!(sandbox.goenv(&p, &["exec", ".", "true"]).code(), 0, "{later}");
    }
    // What is root's and sticky keeps others from replacing, and not from making.
    mode(0o1777);
    let code = |entry: &str| {
        let p = sandbox.project("p", format!("PATH_add {entry}\n"));
        sandbox.goenv(&p, &["exec", ".", "true"]).code()
    };
    assert_eq!(code("../../open/later/bin"), 5);
    let is_roots = nix::unistd::geteuid().is_root();
    assert_eq!(code("../../open/bin"), if is_roots { 0 } else { 5 });
}

#[test]
fn stamps_that_others_could_replace_guard_no_shell() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "export A=1\n");
    let run = sandbox.dir("run/goenv");
    sandbox.set("XDG_RUNTIME_DIR", sandbox.path("run"));
    crate::common::settle();
    for (mode, is_armed) in [(0o777, false), (0o700, true), (0o777, true)] {
        fs::set_permissions(&run, fs::Permissions::from_mode(mode)).unwrap();
        let done = sandbox.goenv(&p, &["export", "bash", "--guard", "77-1"]);
        assert_eq!(done.success().stdout().contains("_goenv_same"), is_armed, "{mode:o}");
    }
    // Of a shell that was guarded before, the directory is its own; only the next shell asks again.
    let done = sandbox.goenv(&p, &["export", "bash", "--guard", "78-1"]);
    assert!(!done.success().stdout().contains("_goenv_same"));
    let said = sandbox.goenv(&p, &["doctor"]).stdout();
    let help = "stamps cannot be kept: $SANDBOX/run/goenv can be written by others (mode 0777)\n";
    assert!(said.contains(help), "{said}");
}
