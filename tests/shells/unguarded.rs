//! The hooks of tcsh, elvish and nushell, which call goenv at every prompt: what differs from shell to shell.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::common::pty::{Counted, Pty, Shell};
use crate::common::{GOENV, Sandbox, parse_env};

const SHELLS: [Shell; 3] = [Shell::Tcsh, Shell::Elvish, Shell::Nushell];

/// Starts a shell with the hook that this program prints.
fn hooked_by(program: &Path, shell: Shell, sandbox: &Sandbox) -> Pty {
    let hook = sandbox.run(&sandbox.home(), program.to_str().unwrap(), &["hook", shell.name()]);
    let file = sandbox.file("tmp/hook", hook.success().bytes());
    let mut pty = Pty::start(shell, sandbox);
    let _ = pty.run(&shell.source(&file));
    pty
}

fn hooked(shell: Shell, sandbox: &Sandbox) -> Pty {
    hooked_by(&sandbox.path("bin/goenv"), shell, sandbox)
}

#[test]
fn the_line_for_the_startup_file_installs_the_hook() {
    let nushell = "mkdir ($nu.data-dir | path join vendor autoload)\n\
                   goenv hook nushell | save --force ($nu.data-dir | path join vendor autoload goenv.nu)\n";
    for (shell, file, line) in [
        (Shell::Tcsh, ".tcshrc", "eval \"`goenv hook tcsh`\"\n"),
        (Shell::Elvish, ".config/elvish/rc.elv", "eval (goenv hook elvish | slurp)\n"),
        (Shell::Nushell, ".config/nushell/config.nu", nushell),
    ] {
        let help = include_str!("../../src/cli.rs").replace("\\\"", "\"");
        assert!(line.lines().all(|line| help.contains(line)), "the help has another line: {line}");
        let sandbox = Sandbox::with_sdks(&["1.26.6"]);
        sandbox.project("p", "use go 1.26.6\n");
        sandbox.file(sandbox.home().join(file), line);
        let mut pty = Pty::start_as_user(shell, &sandbox);
        let before = pty.env();
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.output("go version"), "go version go1.26.6 linux/amd64\n", "{shell:?}");
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before, "{shell:?}");
    }
}

#[test]
fn a_script_of_nushell_keeps_the_environment_that_it_was_started_with() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let line = Shell::Nushell.hook(&sandbox);
    sandbox.file("home/.config/nushell/config.nu", line);
    let nushell = Shell::Nushell.program();
    let nushell = nushell.to_str().unwrap();
    for args in [&["--commands"][..], &["--login", "--commands"]] {
        let args = [args, &["cd ~/p; print (\"A\" in $env)"]].concat();
        let done = sandbox.run(&sandbox.home(), nushell, &args);
        assert_eq!((done.stdout(), done.stderr()), ("false\n".to_owned(), String::new()));
    }
}

#[test]
fn the_users_own_hooks_are_kept() {
    for (shell, set) in [
        (Shell::Tcsh, "alias precmd 'echo \"my  own\"'; alias cwdcmd 'echo moved'"),
        (
            Shell::Tcsh,
            "set tperiod=30; alias periodic true; \
             alias precmd 'echo \"my  `echo own`\"'; alias cwdcmd 'echo moved'",
        ),
        (
            Shell::Elvish,
            "set edit:before-readline = [{ echo 'my  own' } $nop~ $@edit:before-readline]; \
             set after-chdir = [{|@_| echo moved }]",
        ),
        (
            Shell::Nushell,
            "$env.config.hooks.pre_prompt ++= [{|| print 'my  own' }]; \
             $env.config.hooks.env_change.PWD = [{|_, _| print moved }]",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        let _ = pty.run(set);
        let _ = pty.run(&shell.hook(&sandbox));
        let _ = pty.run("true");
        let shown = pty.run("cd ~/p");
        for mine in ["my  own", "moved", ".envrc: +A"] {
            assert_eq!(shown.matches(mine).count(), 1, "{shell:?} {mine}: {shown}");
        }
    }
}

#[test]
fn a_startup_file_that_is_read_anew_keeps_the_hook() {
    for (shell, set) in [
        (Shell::Tcsh, "alias precmd 'echo own=$?A'; alias cwdcmd 'echo moved'"),
        (Shell::Tcsh, "set tperiod=30; alias periodic true; alias precmd 'echo own=$?A'"),
        (Shell::Elvish, "set after-chdir = [{|@_| echo moved }]"),
        (Shell::Elvish, "set edit:before-readline = [$edit:before-readline[-1]]"),
    ] {
        let sandbox = Sandbox::new();
        let project = sandbox.project("p", "export A=1\n");
        let mut pty = Counted::start(shell, &sandbox);
        for line in [set, "true", set] {
            let _ = pty.pty.run(line);
        }
        pty.install();
        let _ = pty.pty.run("true");
        let calls = pty.calls();
        let shown = pty.pty.run("cd ~/p; sh -c 'echo A=$A'");
        assert_eq!(pty.calls() - calls, 2, "{shell:?} {set}");
        assert!(shown.contains("\nA=1\r\n"), "{shell:?} {set}: {shown}");
        assert_eq!(shown.contains("moved\r\n"), set.contains("moved"), "{shell:?} {set}: {shown}");
        assert_eq!(shown.contains("own=1\r\n"), set.contains("own"), "{shell:?} {set}: {shown}");
        sandbox.file(project.join(".envrc"), "export A=2\n");
        sandbox.goenv(&project, &["allow"]).success();
        let _ = pty.pty.run("true");
        assert_eq!(pty.pty.get("A").as_deref(), Some("2"), "{shell:?} {set}");
    }
}

#[test]
fn the_first_job_of_tcsh_is_the_users() {
    let sandbox = Sandbox::new();
    sandbox.file("home/.tcshrc", "eval \"`goenv hook tcsh`\"\n");
    let mut pty = Pty::start_as_user(Shell::Tcsh, &sandbox);
    let shown = pty.run("sleep 0 &");
    assert!(shown.contains("\n[1] "), "{shown}");
}

#[test]
fn tcsh_sends_the_control_characters_of_the_users_own_aliases() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let own = "alias precmd 'echo -n \"\x1b]0;prompt\x07\"'\nalias cwdcmd 'echo -n \"\x1b]0;moved\x07\"'\n";
    let own = sandbox.file("own", own);
    let mut pty = Pty::start(Shell::Tcsh, &sandbox);
    let _ = pty.run(&format!("source {}", own.display()));
    let _ = pty.run(&Shell::Tcsh.hook(&sandbox));
    let shown = pty.run("cd ~/p");
    for title in ["\x1b]0;prompt\x07", "\x1b]0;moved\x07"] {
        assert!(shown.contains(title), "{shown:?}");
    }
    assert_eq!(pty.get("A").as_deref(), Some("1"));
}

#[test]
fn the_prompt_goes_on_where_goenv_is_gone() {
    for shell in SHELLS {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        fs::remove_file(sandbox.path("bin/goenv")).unwrap();
        let shown = pty.run("cd ~/p");
        let said = match shell {
            Shell::Tcsh => "goenv: Command not found.",
            Shell::Elvish => "goenv: no such file or directory",
            _ => "",
        };
        assert!(shown.contains(said), "{shell:?}: {shown}");
        assert_eq!(pty.get("A"), None, "{shell:?}");
        symlink(GOENV, sandbox.path("bin/goenv")).unwrap();
        let _ = pty.run("true");
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}");
    }
}

#[test]
fn the_path_of_goenv_may_be_any() {
    for shell in SHELLS {
        for name in ["with space", "it's", "quo\"te", "$HOME`x`!!\\", "a*b?[c]{d}", "caf\u{e9}"] {
            let sandbox = Sandbox::new();
            sandbox.project("p", "export A=1\n");
            let program = sandbox.dir(name).join("goenv");
            symlink(GOENV, &program).unwrap();
            let mut pty = hooked_by(&program, shell, &sandbox);
            let _ = pty.run("cd ~/p");
            assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?} {name}");
        }
    }
}

#[test]
fn a_policy_that_nushell_cannot_hold_is_refused_whole_and_once() {
    for (policy, reason) in [
        (
            "export A=1 http_proxy=x HTTP_PROXY=x\n",
            "HTTP_PROXY and http_proxy are one variable to nushell",
        ),
        ("export A=1 B=$'caf\\xe9'\n", "B: nushell holds values in UTF-8 alone"),
        ("export A=1 config=x\n", "config is a variable of nushell's own"),
        ("export A=1 PROMPT_INDICATOR=x\n", "PROMPT_INDICATOR is a variable of nushell's own"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.set("NO_COLOR", "1");
        sandbox.project("p", policy);
        sandbox.dir("home/p/below");
        let mut pty = hooked(Shell::Nushell, &sandbox);
        let before = pty.env();
        let shown = pty.run("cd ~/p");
        assert_eq!(shown.matches(&format!("goenv: {reason}\r\n")).count(), 1, "{shown}");
        for line in ["true", "cd below"] {
            assert!(!pty.run(line).contains("goenv:"), "{reason}: {line}");
        }
        assert_eq!(pty.get("A"), None);
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before);
    }
}

#[test]
fn nushell_holds_a_list_where_the_user_says_so() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "PATH_add bin\nexport DIRS=/a:/b\n");
    let mut pty = hooked(Shell::Nushell, &sandbox);
    let conversion =
        "{from_string: {|s| $s | split row ':' }, to_string: {|v| $v | str join ':' }}";
    let _ = pty.run(&format!("$env.ENV_CONVERSIONS.DIRS = {conversion}"));
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.output("$env.DIRS | to nuon"), "[/a, /b]");
    assert_eq!(pty.output("$env.PATH.0"), sandbox.home().join("p/bin").to_str().unwrap());
    assert_eq!(pty.get("DIRS").as_deref(), Some("/a:/b"));
}

#[test]
fn a_conversion_that_fails_in_nushell_leaves_nothing_half_done() {
    let mut sandbox = Sandbox::new();
    sandbox.set("DIRS", "/a");
    sandbox.project("p", "export A=1 DIRS=/b\n");
    let mut pty = hooked(Shell::Nushell, &sandbox);
    let before = pty.env();
    let _ = pty.run("cd ~/p");
    let inside = pty.env();
    let _ = pty.run(
        "$env.ENV_CONVERSIONS.DIRS = {from_string: {|_| error make {msg: boom} }, to_string: {|v| $v }}",
    );
    assert!(pty.run("cd ~").contains("boom"));
    assert_eq!(pty.env(), inside);
    // One way alone is no conversion of what goenv says.
    let _ = pty.run("$env.ENV_CONVERSIONS.DIRS = {to_string: {|v| $v }}");
    assert_eq!(pty.env(), before);
}

#[test]
fn what_nushell_cannot_put_back_does_not_keep_it_in_a_policy() {
    let mut sandbox = Sandbox::new();
    sandbox.set("NO_COLOR", "1");
    let project = sandbox.project("p", "export A=1 B=1\n");
    let script = r#"A=$'caf\xe9'; export A; eval "$(goenv export bash)"; exec env -0"#;
    let bash = sandbox.run(&project, "bash", &["-c", script]);
    let env = parse_env(bash.bytes()).into_iter();
    let env = env.map(|(name, value)| (OsString::from_vec(name), OsString::from_vec(value)));
    let mut pty = Pty::start_in(Shell::Nushell, &sandbox, &project, &env.collect());
    let _ = pty.run(&Shell::Nushell.hook(&sandbox));
    assert_eq!(pty.get("A").as_deref(), Some("1"));
    let shown = pty.run("cd ~");
    let said = "goenv: A: nushell holds values in UTF-8 alone; it is not put back\r\n";
    assert!(shown.contains(said), "{shown}");
    assert!(!pty.run("true").contains("goenv:"));
    for name in ["A", "B", "GOENV_STATE"] {
        assert_eq!(pty.get(name), None, "{name}");
    }
}
