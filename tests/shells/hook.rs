//! The hooks, driven as a person drives them.

use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::common::pty::{Pty, Shell};
use crate::common::{Sandbox, settle};

const SDKS: [&str; 2] = ["1.24.11", "1.26.6"];

/// Starts a shell with the hook installed.
fn hooked(shell: Shell, sandbox: &Sandbox) -> Pty {
    let mut pty = Pty::start(shell, sandbox);
    let _ = pty.run(&shell.hook(sandbox));
    pty
}

fn shells(test: impl Fn(Shell)) {
    Shell::ALL.into_iter().for_each(test);
}

#[test]
fn entering_switches_go_and_leaving_restores_every_byte() {
    shells(|shell| {
        let mut sandbox = Sandbox::with_sdks(&SDKS);
        // nushell does not start where a variable is not UTF-8.
        let latin: &[u8] = if shell == Shell::Nushell { b"caf\xc3\xa9" } else { b"caf\xe9" };
        sandbox.set("LATIN", std::ffi::OsStr::from_bytes(latin));
        sandbox.set("EMPTY", "");
        sandbox.set("GOROOT", "/usr/lib/oldgo");
        sandbox.project("new", "use go 1.26.6\nexport LATIN=x EMPTY=y NEW=z\n");
        sandbox.project("old", "use go 1.24.11\n");
        let mut pty = hooked(shell, &sandbox);
        let before = pty.env();
        let _ = pty.run("cd ~/new");
        assert_eq!(pty.output("go version"), "go version go1.26.6 linux/amd64\n", "{shell:?}");
        assert_eq!(pty.get("GOTOOLCHAIN").as_deref(), Some("local"));
        let _ = pty.run("cd ~/old");
        assert_eq!(pty.output("go version"), "go version go1.24.11 linux/amd64\n", "{shell:?}");
        assert_eq!(pty.get("NEW"), None);
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before, "{shell:?}");
    });
}

#[test]
fn a_command_on_the_same_line_as_cd_sees_the_new_directory() {
    for shell in [Shell::Zsh, Shell::Fish, Shell::Tcsh, Shell::Elvish] {
        let sandbox = Sandbox::with_sdks(&SDKS);
        sandbox.project("new", "use go 1.26.6\n");
        let mut pty = hooked(shell, &sandbox);
        let text = pty.output("cd ~/new; go version");
        assert_eq!(text, "go version go1.26.6 linux/amd64\n", "{shell:?}");
    }
}

#[test]
fn a_script_keeps_the_environment_that_it_was_started_with() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let startup = [
        ("bash", ".bashrc", "eval \"$(goenv hook bash)\"\n"),
        ("zsh", ".zshrc", "eval \"$(goenv hook zsh)\"\n"),
        ("fish", ".config/fish/config.fish", "goenv hook fish | source\n"),
        ("tcsh", ".tcshrc", "eval \"`goenv hook tcsh`\"\n"),
        ("elvish", ".config/elvish/rc.elv", "eval (goenv hook elvish | slurp)\n"),
    ];
    for (shell, file, line) in startup {
        sandbox.file(sandbox.home().join(file), line);
        let script = "cd ~/p; sh -c 'echo \"A=$A\"'";
        let done = sandbox.run(&sandbox.home(), shell, &["-c", script]);
        assert_eq!((done.stdout(), done.stderr()), ("A=\n".to_owned(), String::new()), "{shell}");
    }
}

#[test]
fn the_status_of_the_last_command_is_kept() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        let status = match shell {
            Shell::Bash | Shell::Zsh => "echo $?",
            Shell::Fish | Shell::Tcsh => "echo $status",
            Shell::Nushell => "$\"($env.LAST_EXIT_CODE)\\n\"",
            // It has none: what fails is an exception.
            Shell::Elvish => return,
        };
        let _ = pty.run("cd ~/p");
        let _ = pty.run("sh -c 'exit 7'");
        assert_eq!(pty.output(status), "7\n", "{shell:?}");
    });
}

#[test]
fn a_loaded_policy_says_one_line_of_names_and_a_blocked_one_complains_once() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        sandbox.project("ok", "export SECRET=hunter2\n");
        sandbox.file("home/no/.envrc", "export A=1\n");
        sandbox.dir("home/no/below");
        let mut pty = hooked(shell, &sandbox);
        let shown = pty.run("cd ~/ok");
        assert!(shown.contains("~/ok/.envrc: +SECRET"), "{shell:?}: {shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!pty.run("true").contains("goenv:"));
        let shown = pty.run("cd ~/no");
        assert_eq!(
            shown.matches("no/.envrc is blocked: nobody has allowed it yet; review").count(),
            1,
            "{shell:?}: {shown}"
        );
        for line in ["true", "cd below", "true"] {
            let shown = pty.run(line);
            assert!(!shown.contains("is blocked"), "{shell:?}: {shown}");
        }
        assert_eq!(pty.get("SECRET"), None);
    });
}

#[test]
fn sourcing_the_hook_twice_acts_once() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run(&shell.hook(&sandbox));
        let shown = pty.run("cd ~/p");
        assert_eq!(shown.matches(".envrc: +A").count(), 1, "{shell:?}: {shown}");
        let hooks = match shell {
            Shell::Bash => "echo ${PROMPT_COMMAND[@]}",
            Shell::Zsh => "echo $precmd_functions $chpwd_functions",
            Shell::Tcsh => "alias cwdcmd",
            Shell::Nushell => "$env.config.hooks.pre_prompt.0 | to nuon",
            Shell::Elvish => {
                assert_eq!(pty.output("print (count $after-chdir)"), "1");
                return;
            }
            Shell::Fish => return,
        };
        let count = pty.output(hooks).matches("_goenv_hook").count();
        assert_eq!(count, if shell == Shell::Zsh { 2 } else { 1 });
    });
}

#[test]
fn bash_keeps_a_prompt_command_of_either_kind() {
    for set in [
        "PROMPT_COMMAND='echo mine;'",
        "PROMPT_COMMAND=('echo mine' 'echo too')",
        "PROMPT_COMMAND=",
        "export PROMPT_COMMAND='echo mine'",
    ] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = Pty::start(Shell::Bash, &sandbox);
        let _ = pty.run(set);
        let _ = pty.run(&Shell::Bash.hook(&sandbox));
        let shown = pty.run("cd ~/p");
        assert_eq!(
            shown.matches("mine").count(),
            usize::from(set.contains("mine")),
            "{set}: {shown}"
        );
        assert_eq!(
            shown.matches("too").count(),
            usize::from(set.contains("too")),
            "{set}: {shown}"
        );
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{set}");
        assert!(!shown.contains("syntax error"), "{shown}");
        // What is exported goes on being handed down.
        let handed = pty.get("PROMPT_COMMAND").is_some_and(|text| text.contains("mine"));
        assert_eq!(handed, set.starts_with("export"), "{set}");
    }
}

/// As one in a container, in `nix develop`, or of root after `su`.
#[test]
fn a_bash_without_the_hook_that_was_handed_a_prompt_command_with_it_complains_of_nothing() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let mut pty = Pty::start(Shell::Bash, &sandbox);
    let _ = pty.run("export PROMPT_COMMAND='last=$?; IFS=_hk'");
    let _ = pty.run(&Shell::Bash.hook(&sandbox));
    let _ = pty.run("cd ~/p; false");
    assert_eq!(pty.get("A").as_deref(), Some("1"));
    let _ = pty.run("false");
    assert_eq!(pty.output("echo $last"), "1\n");
    let env = pty.env().into_iter().map(|(name, value)| {
        let of = |bytes: Vec<u8>| std::ffi::OsString::from_vec(bytes);
        (of(name), of(value))
    });
    let mut pty = Pty::start_in(Shell::Bash, &sandbox, &sandbox.home(), &env.collect());
    let shown = pty.run("set -eu; true");
    assert!(!shown.contains("_goenv"), "{shown}");
    assert_eq!(pty.output("echo ${last-none}"), "0\n");
}

#[test]
fn bash_shows_the_users_prompt_every_status_of_the_last_pipeline() {
    for set in [
        "PROMPT_COMMAND=",
        // In a string the hook is one of the commands, and hides the others from those behind it.
        "PROMPT_COMMAND='drawn=$?;'",
        "PROMPT_COMMAND=('seen=\"$? ${PIPESTATUS[*]}\"; drawn=$seen')",
        "PROMPT_COMMAND=(true 'seen=\"$? ${PIPESTATUS[*]}\"; drawn=$seen')",
    ] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut with = Pty::start(Shell::Bash, &sandbox);
        let mut without = Pty::start(Shell::Bash, &sandbox);
        // A prompt that shows what it sees.
        let hook = Shell::Bash.hook(&sandbox);
        let own = r"PS1='<$? ${PIPESTATUS[*]}|$drawn>[\#]> '";
        for line in [set, &hook, own] {
            let _ = with.run(line);
        }
        for line in [set, ":", own] {
            let _ = without.run(line);
        }
        let seen = |pty: &mut Pty, line: &str| {
            let shown = pty.run(line);
            let own = &shown[shown.rfind('<').unwrap()..];
            own[..own.find('>').unwrap()].to_owned()
        };
        // Unchanged, on entering and leaving, and unchanged again.
        for line in [
            "false | true | (exit 3)",
            "cd ~/p; false | true",
            "(exit 7) | false",
            "cd; (exit 5) | true",
            "false",
            "true",
        ] {
            assert_eq!(seen(&mut with, line), seen(&mut without, line), "{set}: {line}");
        }
        assert_eq!(with.output("echo ${PROMPT_COMMAND[*]}").matches("_goenv_hook").count(), 1);
    }
}

/// As bash-preexec installs itself, and starship when the startup file is read anew.
#[test]
fn tools_that_take_the_prompt_command_of_bash_for_a_string_go_on_working() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let mut pty = Pty::start(Shell::Bash, &sandbox);
    let _ = pty.run("drawing() { eval \"$kept\"; echo drawn; }; installing() { echo installing; PROMPT_COMMAND=${PROMPT_COMMAND//installing/:}; }");
    let install =
        "[[ $PROMPT_COMMAND == *drawing* ]] || { kept=$PROMPT_COMMAND; PROMPT_COMMAND=drawing; }";
    let hook = Shell::Bash.hook(&sandbox);
    for line in [install, &hook, install, &hook] {
        let _ = pty.run(line);
    }
    assert_eq!(pty.run("cd ~/p").matches("drawn").count(), 1);
    let _ = pty.run("PROMPT_COMMAND=installing");
    let _ = pty.run(&hook);
    assert!(!pty.run("cd ~").contains("installing"));
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.get("A").as_deref(), Some("1"));
}

/// A program's name is a likely name of a function or an alias, and in zsh an alias can stand for any word.
#[test]
fn no_alias_and_no_function_of_the_users_bends_a_hook() {
    for shell in [Shell::Bash, Shell::Zsh] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export CA=1\n");
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("alias export='echo bent' unset='echo bent'; test() { echo bent; }; command() { echo bent; }");
        if shell == Shell::Zsh {
            // As a plugin of oh-my-zsh has it.
            let _ = pty.run("alias -g CA='2>&1 | cat -A'");
        }
        for (line, value) in [("cd ~/p", Some("1")), ("true", Some("1")), ("cd ~", None)] {
            let shown = pty.run(line);
            assert!(!shown.contains("bent") && !shown.contains("unset"), "{shell:?}: {shown}");
            assert_eq!(pty.get("CA").as_deref(), value, "{shell:?}: {line}");
        }
    }
    let sandbox = Sandbox::new();
    sandbox.project("p", "export CA=1\n");
    let mut pty = hooked(Shell::Fish, &sandbox);
    let _ = pty.run("function source; true; end");
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.get("CA").as_deref(), Some("1"));
}

#[test]
fn a_shell_asks_goenv_whatever_the_shell_before_it_exported() {
    for (outer, inner) in [(Shell::Bash, Shell::Zsh), (Shell::Bash, Shell::Bash)] {
        let mut sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = Pty::start(outer, &sandbox);
        let _ = pty.run("set -a");
        let _ = pty.run(&outer.hook(&sandbox));
        settle();
        let _ = pty.run("cd ~/p");
        let env = pty.env();
        assert_eq!(env.get(&b"_goenv_armed"[..]).map(Vec::as_slice), Some(&b"1"[..]));
        for (name, value) in env.into_iter().filter(|(name, _)| !name.starts_with(b"BASH_FUNC")) {
            sandbox.set(std::str::from_utf8(&name).unwrap(), std::ffi::OsStr::from_bytes(&value));
        }
        let mut pty = Pty::start_in(inner, &sandbox, &sandbox.home().join("p"), &sandbox.env);
        let shown = pty.run(&inner.hook(&sandbox));
        assert!(!shown.contains("_goenv_same"), "{inner:?}: {shown}");
    }
}

#[test]
fn strict_shells_survive_loading_leaving_and_refusals() {
    for shell in [Shell::Bash, Shell::Zsh] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        sandbox.file("home/no/.envrc", "export A=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        let _ = pty.run(
            "set -eu; set -o noclobber; IFS=aeiou; alias command=false local=false return=false declare=false",
        );
        let _ = pty.run(&shell.hook(&sandbox));
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}");
        let _ = pty.run("cd ~/no");
        assert_eq!(pty.get("A"), None, "{shell:?}");
        let _ = pty.run("cd ~");
        let _ = pty.run("true");
    }
}

#[test]
fn a_status_that_is_passed_on_ends_no_bash_and_runs_no_trap_again() {
    for set in ["true", "PROMPT_COMMAND='last=$?'", "PROMPT_COMMAND=('last=$?')"] {
        let sandbox = Sandbox::new();
        let mut pty = Pty::start(Shell::Bash, &sandbox);
        for line in [set, &Shell::Bash.hook(&sandbox), "trap 'echo trapped' ERR"] {
            let _ = pty.run(line);
        }
        assert_eq!(pty.run("false").matches("trapped").count(), 1, "{set}");
        let _ = pty.run("set -e");
        // `set -e` lets this one pass, with a status of 1.
        let _ = pty.run("false && true");
        if set != "true" {
            assert_eq!(pty.output("echo $last"), "1\n", "{set}");
        }
    }
}

#[test]
fn zsh_keeps_the_other_hooks_whatever_arrays_mean() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let mut pty = Pty::start(Shell::Zsh, &sandbox);
    let _ = pty.run("setopt ksharrays; one() :; two() :; precmd_functions=(one two)");
    for _ in 0..2 {
        let _ = pty.run(&Shell::Zsh.hook(&sandbox));
    }
    let hooks = pty.output("echo ${precmd_functions[@]} ${chpwd_functions[@]}");
    assert_eq!(hooks, "_goenv_hook one two _goenv_hook\n");
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.get("A").as_deref(), Some("1"));
}

#[test]
fn a_bash_without_path_says_nothing_under_nounset() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export A=1\n");
    let mut pty = hooked(Shell::Bash, &sandbox);
    let _ = pty.run("set -u; cd ~/p");
    let shown = pty.run("unset PATH");
    assert!(!shown.contains("unbound"), "{shown}");
}

#[test]
fn traps_and_options_are_left_alone() {
    for (shell, options) in [(Shell::Bash, "set +o; shopt"), (Shell::Zsh, "setopt")] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        let _ = pty.run("trap 'echo caught' INT");
        let before = pty.output(&format!("{{ trap; {options}; }}"));
        let _ = pty.run(&shell.hook(&sandbox));
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.output(&format!("{{ trap; {options}; }}")), before, "{shell:?}");
    }
}

#[test]
fn what_the_user_changes_inside_survives_leaving() {
    shells(|shell| {
        let mut sandbox = Sandbox::with_sdks(&SDKS);
        sandbox.set("GOROOT", "/usr/lib/oldgo");
        sandbox.set("KEPT", "outside");
        sandbox.project("p", "use go 1.26.6\nexport KEPT=inside\n");
        let mut pty = hooked(shell, &sandbox);
        let path = pty.get("PATH").unwrap();
        let _ = pty.run("cd ~/p");
        let _ = pty.run(&shell.extend_path("/pre", "/post"));
        assert_eq!(pty.output("go version"), "go version go1.26.6 linux/amd64\n");
        let _ = pty.run(&shell.export("GOROOT", "/mine"));
        let _ = pty.run(&shell.unset("KEPT"));
        let _ = pty.run("cd ~");
        assert_eq!(pty.get("PATH"), Some(format!("/pre:{path}:/post")), "{shell:?}");
        assert_eq!(pty.get("GOROOT").as_deref(), Some("/mine"), "{shell:?}");
        assert_eq!(pty.get("KEPT"), None, "{shell:?}");
    });
}

/// All shells of a user share it, and a global variable of the same name would hide what is set in it from then on.
#[test]
fn a_universal_variable_of_fish_is_hidden_inside_and_back_outside() {
    let sandbox = Sandbox::new();
    sandbox.project("p", "export GOPATH=/in/a:/in/b LIST=in QUIET=in\n");
    // With --no-config fish has none.
    sandbox.file("home/.config/fish/config.fish", "goenv hook fish | source\n");
    let mut pty = Pty::start_as_user(Shell::Fish, &sandbox);
    let _ = pty.run("set -Ux GOPATH /out/a /out/b; set -Ux LIST a b; set -U QUIET out");
    let before = pty.env();
    let _ = pty.run("cd ~/p");
    assert_eq!(pty.get("GOPATH").as_deref(), Some("/in/a:/in/b"));
    assert_eq!(pty.get("QUIET").as_deref(), Some("in"));
    let _ = pty.run("cd ~");
    assert_eq!(pty.env(), before);
    assert_eq!(pty.output("count $LIST"), "2\n");
    let _ = pty.run("set -Ux GOPATH /new; cd ~/p; cd ~");
    assert_eq!(pty.get("GOPATH").as_deref(), Some("/new"));
}

#[test]
fn edits_approvals_and_blocks_are_noticed_at_the_next_prompt() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let directory = sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("cd ~/p");
        let _ = pty.run("sh -c 'echo export A=2 > .envrc'");
        assert_eq!(pty.get("A"), None, "{shell:?}: an edit withdraws the approval");
        sandbox.goenv(&directory, &["allow"]).success();
        let _ = pty.run("true");
        assert_eq!(pty.get("A").as_deref(), Some("2"), "{shell:?}");
        sandbox.goenv(&directory, &["deny"]).success();
        let _ = pty.run("true");
        assert_eq!(pty.get("A"), None, "{shell:?}");
        sandbox.goenv(&directory, &["allow"]).success();
        let _ = pty.run("true");
        assert_eq!(pty.get("A").as_deref(), Some("2"), "{shell:?}");
        fs::remove_file(directory.join(".envrc")).unwrap();
        let _ = pty.run("true");
        assert_eq!(pty.get("A"), None, "{shell:?}: a deleted policy unloads");
    });
}

#[test]
fn a_deleted_directory_unloads() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        let directory = sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        let before = pty.env();
        let _ = pty.run("cd ~/p");
        fs::remove_dir_all(directory).unwrap();
        // nushell starts no program in a directory that is gone.
        let _ = pty.run(if shell == Shell::Nushell { "cd ~" } else { "true" });
        assert_eq!(pty.env(), before, "{shell:?}");
    });
}

#[test]
fn a_shell_that_inherited_the_state_and_rebuilt_path_is_mended() {
    shells(|shell| {
        let sandbox = Sandbox::with_sdks(&SDKS);
        let directory = sandbox.project("p", "use go 1.26.6\nexport A=1\n");
        let mut outer = hooked(shell, &sandbox);
        let outside = outer.env();
        let _ = outer.run("cd ~/p");
        let mut env = sandbox.env.clone();
        for (name, value) in outer.env() {
            use std::os::unix::ffi::OsStringExt;
            env.insert(std::ffi::OsString::from_vec(name), std::ffi::OsString::from_vec(value));
        }
        env.insert("PATH".into(), sandbox.env[std::ffi::OsStr::new("PATH")].clone());
        let mut pane = Pty::start_in(shell, &sandbox, &directory, &env);
        let _ = pane.run(&shell.hook(&sandbox));
        let _ = pane.run("true");
        assert_eq!(pane.output("go version"), "go version go1.26.6 linux/amd64\n", "{shell:?}");
        let _ = pane.run("cd ~");
        assert_eq!(pane.env(), outside, "{shell:?}");
    });
}

/// As after `su`, which hands on the directory of the user before, and in a tmux whose login has ended.
#[test]
fn what_is_too_large_for_a_variable_comes_back_wherever_the_runtime_directory_leads() {
    for case in ["another's", "gone"] {
        let mut sandbox = Sandbox::new();
        let values: Vec<String> = (0..12).map(|number| format!("BIG{number}")).collect();
        values.iter().for_each(|name| sandbox.set(name, "x".repeat(3000)));
        let text: String = values.iter().map(|name| format!("export {name}=y\n")).collect();
        sandbox.project("p", &text);
        sandbox.project("q", "export A=1\n");
        let others = sandbox.dir("tmp/others");
        // Root is who can give it away; to anybody else what is root's is another's.
        let is_given = std::os::unix::fs::chown(&others, Some(65534), None).is_ok();
        let place = match case {
            "gone" => std::path::Path::new("/proc/gone"),
            _ if is_given => &others,
            _ => std::path::Path::new("/usr"),
        };
        sandbox.set("XDG_RUNTIME_DIR", place);
        let mut pty = hooked(Shell::Bash, &sandbox);
        let before = pty.env();
        for (line, value) in [("cd ~/p", "y"), ("cd ~/q", "xxx"), ("cd ~/p", "y")] {
            let shown = pty.run(line);
            assert!(!shown.contains("dropped") && !shown.contains("undo"), "{case}: {shown}");
            assert!(pty.get("BIG3").is_some_and(|is| is.starts_with(value)), "{case}: {line}");
        }
        let _ = pty.run("cd ~");
        assert_eq!(pty.env(), before, "{case}");
        assert!(!others.join("goenv").exists());
    }
}

#[test]
fn a_damaged_state_heals_itself() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("cd ~/p");
        let shown = pty.run(&shell.export("GOENV_STATE", "1.garbage"));
        assert_eq!(shown.matches("GOENV_STATE cannot be read").count(), 1, "{shell:?}: {shown}");
        let shown = pty.run("true");
        assert!(!shown.contains("goenv:"), "{shell:?}: {shown}");
        let _ = pty.run("cd ~");
        assert_eq!(pty.get("GOENV_STATE"), None, "{shell:?}");
    });
}

#[test]
fn hostile_directory_names_do_nothing_but_name_a_directory() {
    let names: [&[u8]; 7] = [
        b"with space",
        b"quo'te\"s",
        b"a$(touch PWNED)b",
        b"back`touch PWNED`tick",
        b"new\nline",
        b"caf\xe9",
        b"semi;touch PWNED;#*?[x]~",
    ];
    shells(|shell| {
        let sandbox = Sandbox::new();
        for (index, name) in names.iter().enumerate() {
            let name = std::ffi::OsStr::from_bytes(name);
            // A PATH entry with a control character is refused, whoever allows it.
            let path = if index == 4 { "" } else { "PATH_add bin\n" };
            let directory = sandbox.project(name, format!("{path}export HERE=$PWD\n"));
            let link = sandbox.home().join(format!("link{index}"));
            std::os::unix::fs::symlink(&directory, link).unwrap();
        }
        let mut pty = hooked(shell, &sandbox);
        let before = pty.env();
        for (index, name) in names.iter().enumerate() {
            let shown = pty.run(&format!("cd ~/link{index}"));
            if shell == Shell::Nushell && std::str::from_utf8(name).is_err() {
                assert!(shown.contains("nushell holds values in UTF-8 alone"), "{shown}");
                let _ = pty.run("cd ~");
                continue;
            }
            let here = sandbox.home().join(std::ffi::OsStr::from_bytes(name));
            let env = pty.env();
            assert_eq!(env[&b"HERE"[..]], here.as_os_str().as_bytes(), "{shell:?}");
            let bin = [here.as_os_str().as_bytes(), b"/bin:"].concat();
            assert!(index == 4 || env[&b"PATH"[..]].starts_with(&bin), "{shell:?}");
            let _ = pty.run("cd ~");
            assert_eq!(pty.env(), before, "{shell:?}");
            assert!(!here.join("PWNED").exists() && !sandbox.home().join("PWNED").exists());
        }
    });
}

#[test]
fn a_readonly_variable_leaves_the_others_and_the_shell_working() {
    for shell in [Shell::Bash, Shell::Zsh] {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export AA=1 MM=1 ZZ=1\n");
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("readonly MM=fixed");
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.get("AA").as_deref(), Some("1"), "{shell:?}");
        assert_eq!(pty.get("ZZ").as_deref(), Some("1"), "{shell:?}");
        let _ = pty.run("cd ~");
        assert_eq!((pty.get("AA"), pty.get("ZZ")), (None, None), "{shell:?}");
        assert_eq!(pty.output("echo $MM"), "fixed\n", "{shell:?}");
    }
}

/// zsh computes what is assigned to a number, also in its own variables, and runs the commands in it.
#[test]
fn what_is_a_number_or_an_array_in_zsh_is_left_alone() {
    let sandbox = Sandbox::new();
    let bad = "psvar[$(touch ~/ran)0]";
    sandbox.project("p", "export AA=1 options=1 ZZ=1 LISTMAX=123\ndotenv\n");
    sandbox.file("home/p/.env", format!("MINE='{bad}'\nTTYIDLE='{bad}'\n"));
    let mut pty = hooked(Shell::Zsh, &sandbox);
    let _ = pty.run("integer MINE=7");
    let said = pty.run("cd ~/p");
    assert!(!said.contains("inconsistent type"), "{said}");
    assert_eq!((pty.get("AA").as_deref(), pty.get("ZZ").as_deref()), (Some("1"), Some("1")));
    assert_eq!(pty.output("echo $MINE $LISTMAX"), "7 123\n");
    let _ = pty.run("cd ~");
    assert_eq!((pty.get("AA"), pty.get("ZZ")), (None, None));
    assert!(!sandbox.path("home/ran").exists());
}

#[test]
fn an_unchanged_prompt_changes_nothing() {
    shells(|shell| {
        let sandbox = Sandbox::with_sdks(&SDKS);
        sandbox.project("p", "use go 1.26.6\n");
        settle();
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("cd ~/p");
        let inside = pty.env();
        for _ in 0..20 {
            let _ = pty.run("true");
        }
        assert_eq!(pty.env(), inside, "{shell:?}");
    });
}

#[test]
fn an_interrupt_ends_a_policy_that_bash_evaluates_and_not_the_shell() {
    shells(|shell| {
        let sandbox = Sandbox::new();
        // As a Ctrl-C does, it reaches all that runs in the foreground.
        let policy = "echo run >>~/log\n[ -e ~/again ] || { kill -INT 0; sleep 20; }\nexport A=1\n";
        sandbox.file("home/p/.envrc", policy);
        sandbox.goenv(&sandbox.home().join("p"), &["allow", "--bash"]).success();
        let mut pty = hooked(shell, &sandbox);
        let shown = pty.run("cd ~/p");
        assert!(
            shown.contains("bash was interrupted; to have it run again: goenv reload"),
            "{shown}"
        );
        assert_eq!(pty.get("A"), None, "{shell:?}");
        assert_eq!(pty.output("cat ~/log"), "run\n", "{shell:?}");
        let _ = pty.run("touch ~/again");
        let _ = pty.run("goenv reload");
        if matches!(shell, Shell::Elvish | Shell::Nushell) {
            // They did not throw away what was printed, so that the prompt after the first one held it for the shell's own.
            let _ = pty.run("goenv reload");
        }
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}");
        let _ = pty.run("cd ~");
        assert_eq!(pty.get("A"), None, "{shell:?}");
    });
}
