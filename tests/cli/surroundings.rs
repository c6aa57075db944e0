//! The commands that report, where something around them is odd: no home, nothing that may be read, a full disk, a reader that
//! goes away, names that a terminal would act on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{Done, GOENV, Sandbox};

/// The commands that print data, of whom each is asked everything here.
const REPORTS: &[&str] = &[
    "metrics .",
    "sdk list --json",
    "inspect --json gofmt",
    "doctor",
    "doctor --json",
    "audit log",
    "audit verify",
    "audit verify --json",
    "audit export",
    "keys list --json",
    "version",
    "-h",
    "help check",
    "check --explain GOENV101",
];

/// A home with a policy that was allowed, in whose directory a Go program lies.
fn home() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let gofmt = crate::common::sdk("1.26.6").join("bin/gofmt");
    fs::copy(gofmt, sandbox.home().join("p/gofmt")).unwrap();
    sandbox
}

fn shell(sandbox: &Sandbox, line: &str) -> Done {
    sandbox.run(&sandbox.home().join("p"), "sh", &["-c", line])
}

/// Runs goenv in `p` as a user who is not root, to whom the home then belongs.
fn as_nobody(sandbox: &Sandbox, arguments: &[&str]) -> Done {
    let program = sandbox.path("bin/goenv-for-nobody");
    let program = program.to_str().unwrap();
    // Copied by another process: while this one has it open for writing, no thread's child can run it.
    sandbox.run(&sandbox.home(), "cp", &[GOENV, program]).success();
    let p = sandbox.home().join("p");
    if !nix::unistd::geteuid().is_root() {
        return sandbox.run(&p, program, arguments);
    }
    let root = sandbox.path("");
    sandbox.run(&root, "chown", &["-R", "65534", root.to_str().unwrap()]).success();
    let drop = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
    sandbox.run(&p, "setpriv", &[&drop[..], arguments].concat())
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_full_disk_is_said_and_is_a_failure() {
    let sandbox = home();
    for report in REPORTS {
        let done = shell(&sandbox, &format!("goenv {report} > /dev/full"));
        let text = "goenv: stdout: no space left on device\n";
        assert_eq!((done.code(), done.stderr().as_str()), (1, text), "{report}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = home();
    for report in REPORTS.iter().filter(|report| !report.starts_with("doctor")) {
        let line = format!("{{ goenv {report}; echo $? >&2; }} | true");
        assert_eq!(shell(&sandbox, &line).stderr(), "0\n", "{report}");
    }
}

#[test]
fn a_log_is_read_no_further_than_somebody_wants_it() {
    let sandbox = home();
    let log = fs::read_to_string(sandbox.home().join(".local/state/goenv/audit.jsonl")).unwrap();
    // More than a pipe holds, and behind it what cannot be read.
    sandbox.file("home/p/audit-00000000000000000001.jsonl", log.repeat(2000));
    sandbox.dir("home/p/audit.jsonl");
    for format in ["jsonl", "cef"] {
        let export = format!("goenv audit export --format {format} audit.jsonl");
        let done = shell(&sandbox, &format!("{{ {export}; echo $? >&2; }} | true"));
        assert_eq!(done.stderr(), "0\n", "{format}");
        let unread = shell(&sandbox, &format!("{export} > /dev/null"));
        assert_eq!(unread.code(), 1, "{}", unread.stderr());
    }
}

#[test]
fn without_a_home_what_needs_one_fails_and_the_rest_answers() {
    let mut sandbox = home();
    sandbox.env.remove(std::ffi::OsStr::new("HOME"));
    let none = "goenv: HOME is unset or no absolute path, so goenv has no place for its files; set it to your home directory\n";
    for report in [
        "metrics",
        "sdk list",
        "sdk verify",
        "prune",
        "audit log",
        "audit verify",
        "audit export",
        "keys revoke SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let done = shell(&sandbox, &format!("goenv {report}"));
        assert_eq!((done.code(), done.stderr().as_str()), (1, none), "{report}");
    }
    for report in ["metrics .", "inspect gofmt", "doctor --json", "keys list", "version"] {
        let done = shell(&sandbox, &format!("goenv {report} | cat"));
        assert_eq!(done.code(), 0, "{report}: {}", done.stderr());
        assert!(report == "keys list" || !done.stdout().is_empty(), "{report}");
    }
}

#[test]
fn in_a_directory_that_was_deleted_a_name_is_none_below_the_root() {
    let sandbox = home();
    let gone = "cd /; mkdir -p \"$TMPDIR/gone\"; cd \"$TMPDIR/gone\"; rmdir ../gone; goenv";
    for (report, text) in [
        ("check", "the current directory was deleted"),
        ("check usr", "the current directory was deleted"),
        ("check --staged", "the current directory was deleted"),
        ("inspect bin/sh", "(deleted)/bin/sh does not exist"),
        ("audit verify etc/x.jsonl", "(deleted)/etc/x.jsonl does not exist"),
        ("audit verify --anchor etc/passwd", "(deleted)/etc/passwd does not exist"),
        ("pin 1.26.6", "the current directory was deleted"),
    ] {
        let done = shell(&sandbox, &format!("{gone} {report}"));
        assert_eq!((done.code(), done.stderr()), (1, format!("goenv: {text}\n")), "{report}");
    }
    let done = shell(&sandbox, &format!("{gone} metrics usr"));
    assert_eq!(done.success().stderr(), "goenv: (deleted)/usr is not a directory\n");
}

#[test]
fn the_hook_is_written_where_the_shell_reads_it() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.dir("home/p");
    for (shell, directory, file) in [
        ("bash", "", ".bashrc"),
        ("zsh", "", ".zshrc"),
        ("fish", "mkdir -p $SANDBOX/home/.config/fish && ", ".config/fish/config.fish"),
        ("tcsh", "", ".tcshrc"),
        ("elvish", "mkdir -p $SANDBOX/home/.config/elvish; ", ".config/elvish/rc.elv"),
    ] {
        sandbox.set("SHELL", format!("/bin/{shell}"));
        let line = match shell {
            "fish" => "goenv hook fish | source".to_owned(),
            "tcsh" => "eval \"`goenv hook tcsh`\"".to_owned(),
            "elvish" => "eval (goenv hook elvish | slurp)".to_owned(),
            _ => format!("eval \"$(goenv hook {shell})\""),
        };
        let command = format!("{directory}echo '{line}' >> $SANDBOX/home/{file}");
        let done = sandbox.goenv(&p, &["doctor"]);
        let missing = format!("error[hook-missing]: no startup file of {shell} has the hook\n");
        assert_eq!(done.stdout(), format!("{missing}  help: run: {command}\n"));
        let root = sandbox.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        sandbox.run(&p, "sh", &["-c", &command.replace("$SANDBOX", root)]).success();
        assert_eq!(sandbox.goenv(&p, &["doctor"]).success().stdout(), "nothing is wrong\n");
    }
    sandbox.set("SHELL", "/usr/bin/nu");
    assert_eq!(
        sandbox.goenv(&p, &["doctor"]).stdout(),
        "error[hook-missing]: no startup file of nushell has the hook\n  help: run: \
         mkdir $SANDBOX/home/.config/nushell; \"\\nmkdir ($nu.data-dir | path join vendor autoload); \
         goenv hook nushell | save --force ($nu.data-dir | path join vendor autoload goenv.nu)\\n\" | \
         save --append $SANDBOX/home/.config/nushell/config.nu\n"
    );
    // tcsh would read a new .tcshrc in place of the .cshrc that is there.
    fs::remove_file(sandbox.home().join(".tcshrc")).unwrap();
    sandbox.file("home/.cshrc", "set nobeep\n");
    sandbox.set("SHELL", "/bin/tcsh");
    let done = sandbox.goenv(&p, &["doctor"]);
    assert!(done.stdout().ends_with(" >> $SANDBOX/home/.cshrc\n"), "{}", done.stdout());
    // Without a home no file is named, and none of the current directory is read for one.
    sandbox.env.remove(std::ffi::OsStr::new("HOME"));
    sandbox.set("SHELL", "/bin/bash");
    sandbox.file("home/p/.bashrc", "eval \"$(goenv hook bash)\"\n");
    let done = sandbox.goenv(&p, &["doctor"]);
    let expected = "error[hook-missing]: no startup file of bash has the hook\n  \
                      help: set HOME to your home directory, then ask again: goenv doctor\n";
    assert_eq!((done.code(), done.stdout().starts_with(expected)), (1, true), "{}", done.stdout());
}

#[test]
fn a_log_that_has_not_begun_says_so() {
    let sandbox = Sandbox::new();
    let log = |arguments: &[&str]| {
        let done = sandbox.goenv(&sandbox.home(), &[&["audit", "log"], arguments].concat());
        (done.code(), done.stdout(), done.stderr())
    };
    assert_eq!(log(&[]), (0, String::new(), "goenv: there is no record yet\n".to_owned()));
    assert_eq!(log(&["--json"]), (0, String::new(), String::new()));
    assert_eq!(log(&["--lines", "0"]), (0, String::new(), String::new()));
}

#[test]
fn approvals_that_cannot_be_read_are_not_none() {
    let sandbox = home();
    let allow = sandbox.home().join(".local/share/goenv/allow");
    mode(&allow, 0o000);
    let denied = "goenv: $SANDBOX/home/.local/share/goenv/allow: permission denied\n";
    for command in ["metrics", "prune"] {
        let done = as_nobody(&sandbox, &[command]);
        assert_eq!((done.code(), done.stdout().as_str(), done.stderr().as_str()), (1, "", denied));
    }
    mode(&allow, 0o700);
    let done = as_nobody(&sandbox, &["metrics"]);
    assert!(done.success().stdout().contains("goenv_policy_applies{dir=\"$SANDBOX/home/p\"} 1\n"));
}

#[test]
fn a_place_of_sdks_that_cannot_be_listed_is_named() {
    let sandbox = home();
    let place = sandbox.dir("home/sdk");
    mode(&place, 0o000);
    let denied = "goenv: $SANDBOX/home/sdk: permission denied\n";
    for (arguments, stdout) in [(&["sdk", "list"][..], ""), (&["sdk", "list", "--json"], "[]\n")] {
        let done = as_nobody(&sandbox, arguments);
        // A machine may have a Go in /usr/local.
        let is_as_expected = done.stdout() == stdout || Path::new("/usr/local/go").exists();
        assert_eq!((done.code(), is_as_expected, done.stderr().as_str()), (0, true, denied));
    }
    mode(&place, 0o755);
}

#[test]
fn nothing_that_a_terminal_acts_on_is_printed() {
    let sandbox = home();
    let name = "n\u{9b}31m\u{202e}\n\u{1b}]0;owned\u{7}m";
    let p = sandbox.home().join(name);
    sandbox.project(name, "#goenv: v1\n#goenv: tier dev\nexport X=\u{9b}\n");
    let gofmt = p.join(name);
    fs::copy(sandbox.home().join("p/gofmt"), &gofmt).unwrap();
    for arguments in [
        &["metrics"][..],
        &["metrics", name],
        &["inspect", name],
        &["inspect", "--json", name],
        &["inspect", "--json", ".envrc"],
        &["audit", "log"],
        &["audit", "export", "--format", "cef"],
        &["audit", "verify", name],
        &["doctor"],
        &["doctor", "--json"],
        &["status"],
        &["status", "--json"],
        &["why", "--json"],
        &["check"],
        &["check", "--format", "json"],
        &["check", "--format", "sarif"],
        &["check", "--format", "gitlab"],
        &["check", "--format", "github"],
        &["export", "json"],
    ] {
        let done = sandbox.goenv(&p, arguments);
        for text in [done.stdout(), done.stderr()] {
            let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.chars().any(raw), "{arguments:?}: {text:?}");
        }
        assert_ne!(done.code(), 101, "{arguments:?}");
        let is_json = arguments.iter().any(|word| *word == "--json" || *word == "gitlab");
        if is_json {
            let read = serde_json::from_slice::<serde_json::Value>(done.bytes());
            assert!(read.is_ok(), "{arguments:?}: {} {}", done.code(), done.stderr());
        }
    }
    let inspected = sandbox.goenv(&p, &["inspect", "--json", name]);
    let inspected: serde_json::Value = serde_json::from_slice(inspected.bytes()).unwrap();
    assert_eq!(inspected[0]["file"], name, "the same name for a program");
}

#[test]
fn where_there_is_no_path_the_policy_says_so() {
    let mut sandbox = Sandbox::new();
    let p = sandbox.project("p", "PATH_add bin\n");
    sandbox.env.remove(std::ffi::OsStr::new("PATH"));
    let said = "goenv: $SANDBOX/home/p/.envrc:1:1: PATH is not set\n  1 | PATH_add bin\n    | ^^^^^^^^^^^^\n\
                hint: set it outside, as to /usr/local/bin:/usr/bin:/bin\n";
    let done = sandbox.goenv(&p, &["export", "json"]);
    assert_eq!((done.code(), done.stderr().as_str()), (5, said));
    sandbox.set("PATH", "");
    assert_eq!(sandbox.goenv(&p, &["export", "json"]).code(), 0);
}
