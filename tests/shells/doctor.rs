//! `goenv doctor` asked in the real shells: which shell it judges, and whether that one can be guarded.

use std::fs;

use crate::common::pty::{Pty, Shell};
use crate::common::{Sandbox, settle};

const SOUND: &str = "nothing is wrong\n";

/// Starts a shell with the hook, which no startup file has.
fn hooked(shell: Shell, sandbox: &Sandbox) -> Pty {
    let mut pty = Pty::start(shell, sandbox);
    let _ = pty.run(&shell.hook(sandbox));
    pty
}

#[test]
fn a_shell_in_which_the_hook_runs_has_the_hook_whatever_shell_names() {
    for shell in Shell::GUARDED {
        for login in ["/bin/sh", "/bin/bash", "/usr/bin/fish"] {
            let mut sandbox = Sandbox::new();
            sandbox.set("SHELL", login);
            let mut pty = hooked(shell, &sandbox);
            assert_eq!(pty.output("goenv doctor"), SOUND, "{shell:?} and SHELL={login}");
        }
    }
}

#[test]
fn a_shell_without_the_hook_is_judged_and_not_the_one_that_shell_names() {
    for (shell, login) in [
        (Shell::Fish, "bash"),
        (Shell::Zsh, "fish"),
        (Shell::Bash, "sh"),
        (Shell::Tcsh, "bash"),
        (Shell::Elvish, "bash"),
        (Shell::Nushell, "bash"),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.set("SHELL", format!("/bin/{login}"));
        sandbox.file("home/.bashrc", "# eval \"$(goenv hook bash)\"\n");
        let mut pty = Pty::start(shell, &sandbox);
        let said = pty.output("goenv doctor");
        let expected =
            format!("error[hook-missing]: no startup file of {} has the hook\n", shell.name());
        assert!(said.starts_with(&expected), "{shell:?} and SHELL={login}: {said}");
    }
}

#[test]
fn a_guard_that_cannot_work_is_told_with_the_cure() {
    for shell in Shell::GUARDED {
        let mut sandbox = Sandbox::new();
        for name in [".bashrc", ".zshrc", ".config/fish/config.fish"] {
            sandbox.file(format!("home/{name}"), format!("{}\n", shell.hook(&sandbox)));
        }
        let file = sandbox.file("tmp/file", "");
        sandbox.set("XDG_RUNTIME_DIR", &file);
        let mut pty = hooked(shell, &sandbox);
        assert_eq!(
            pty.output("goenv doctor"),
            format!(
                "warning[guard]: goenv is started at every prompt: stamps cannot be kept: {}: not a directory\n  \
                 help: set XDG_RUNTIME_DIR to a directory that you can write\n",
                file.display()
            ),
            "{shell:?}"
        );
    }
}

#[test]
fn what_installs_the_hook_works_where_it_is_pasted() {
    for shell in Shell::ALL {
        let sandbox = Sandbox::new();
        sandbox.project("p", "export A=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        let said = pty.output("goenv doctor");
        let (_, command) = said.split_once("help: run: ").unwrap_or_else(|| panic!("{said}"));
        let _ = pty.run(command.trim_end());
        let mut pty = Pty::start_as_user(shell, &sandbox);
        assert_eq!(pty.output("goenv doctor"), SOUND, "{shell:?}");
        let _ = pty.run("cd ~/p");
        assert_eq!(pty.get("A").as_deref(), Some("1"), "{shell:?}");
    }
}

#[test]
fn a_shell_without_a_guard_is_told_of_none() {
    for (shell, file, line) in [
        (Shell::Tcsh, ".cshrc", "eval \"`goenv hook tcsh`\"\n"),
        (Shell::Elvish, ".config/elvish/rc.elv", "eval (goenv hook elvish | slurp)\n"),
        // What the line in config.nu wrote, as it calls goenv.
        (
            Shell::Nushell,
            ".local/share/nushell/vendor/autoload/goenv.nu",
            "^goenv export nushell\n",
        ),
    ] {
        let mut sandbox = Sandbox::new();
        sandbox.file(sandbox.home().join(file), line);
        let no_directory = sandbox.file("tmp/file", "");
        sandbox.set("XDG_RUNTIME_DIR", &no_directory);
        let mut pty = Pty::start(shell, &sandbox);
        assert_eq!(pty.output("goenv doctor"), SOUND, "{shell:?}");
    }
}

#[test]
fn a_time_that_is_yet_to_come_is_told_until_it_is_mended() {
    for shell in Shell::GUARDED {
        let sandbox = Sandbox::new();
        let policy = sandbox.project("p", "export A=1\n").join(".envrc");
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
        fs::File::options().write(true).open(&policy).unwrap().set_modified(later).unwrap();
        let mut pty = hooked(shell, &sandbox);
        let _ = pty.run("cd ~/p");
        assert_eq!(
            pty.output("goenv doctor"),
            format!(
                "warning[guard]: goenv is started at every prompt: {0} has a time that is yet to come\n  \
                 help: run: touch {0}\n",
                policy.display()
            ),
            "{shell:?}"
        );
        let _ = pty.run("touch .envrc");
        settle();
        let _ = pty.run("true");
        assert_eq!(pty.output("goenv doctor"), SOUND, "{shell:?}");
    }
}
