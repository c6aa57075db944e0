//! Completions, asked for by a tab in the real shells.

use crate::common::Sandbox;
use crate::common::pty::{Pty, Shell};

/// The lines that load the completions.
fn load(shell: Shell, sandbox: &Sandbox) -> Vec<String> {
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
    match shell {
        Shell::Bash => lines(&["eval \"$(goenv completions bash)\""]),
        Shell::Zsh => {
            lines(&["autoload -U compinit", "compinit -u -D", "eval \"$(goenv completions zsh)\""])
        }
        Shell::Elvish => lines(&["eval (goenv completions elvish | slurp)"]),
        Shell::Fish => lines(&["goenv completions fish | source"]),
        Shell::Tcsh => lines(&["eval \"`goenv completions tcsh`\""]),
        Shell::Nushell => {
            let text = sandbox.goenv(&sandbox.home(), &["completions", "nushell"]);
            let file = sandbox.file("tmp/completions.nu", text.success().bytes());
            vec![format!("source {}", file.display())]
        }
    }
}

#[test]
fn a_tab_completes_commands_and_the_names_of_shells_and_formats() {
    for shell in Shell::GUARDED {
        let mut sandbox = Sandbox::new();
        sandbox.set("NO_COLOR", "1");
        let mut pty = Pty::start(shell, &sandbox);
        for line in load(shell, &sandbox) {
            let _ = pty.run(&line);
        }
        // goenv refuses what is not completed; a shell that cannot read a description says so in the middle of the line.
        for (typed, answer) in [
            ("goenv prun\t", "goenv: removed 0 records of policies that are gone"),
            ("goenv hook zs\t", "# goenv for zsh: "),
            ("goenv check --format sar\t", "\"version\": \"2.1.0\""),
            ("goenv export sys\t--full; echo ended with $?", "ended with 0"),
            // The hook's own option is offered to nobody.
            ("goenv export bash --gu\t", "unexpected argument '--gu' found"),
        ] {
            let typed = if shell == Shell::Fish {
                typed.replace("$?", "$status")
            } else {
                typed.to_owned()
            };
            let shown = pty.run(&typed);
            assert!(shown.contains(answer), "{} {typed:?}: {shown}", shell.name());
            assert!(!shown.contains("(eval)"), "{} {typed:?}: {shown}", shell.name());
        }
    }
}

#[test]
fn a_tab_completes_the_releases_that_are_here_and_the_variables_of_the_policy() {
    for shell in Shell::GUARDED {
        let mut sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
        sandbox.set("NO_COLOR", "1");
        sandbox.project("p", "use go 1.26.6\nexport APP_ENV=dev\n");
        sandbox.project("other-policy", "export OTHER=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        for line in load(shell, &sandbox) {
            let _ = pty.run(&line);
        }
        let _ = pty.run("cd ~/p");
        for (typed, answer) in [
            ("goenv why AP\t", "~/p/.envrc:2"),
            ("goenv why APP_ENV ../other\t", "APP_ENV\tis not set; "),
            ("goenv status ../other\t", "policy     ~/other-policy/.envrc"),
            ("goenv pin 1.26\t", "go1.26.6 at "),
            ("goenv sdk verify 1.24\t", "go1.24.11 at "),
            ("goenv sdk remove 1.24\t", "go1.24.11 at "),
            ("goenv uninstall 1.24\t", "go1.24.11 at "),
        ] {
            let shown = pty.run(typed);
            assert!(shown.contains(answer), "{} {typed:?}: {shown}", shell.name());
        }
    }
}

/// The other shells complete what stands in a place, with what takes it from there.
#[test]
fn a_tab_completes_words_releases_variables_and_paths_in_the_other_shells() {
    for shell in [Shell::Tcsh, Shell::Elvish, Shell::Nushell] {
        let mut sandbox = Sandbox::with_sdks(&["1.24.11", "1.26.6"]);
        sandbox.set("NO_COLOR", "1");
        sandbox.project("p", "use go 1.26.6\nexport APP_ENV=dev\n");
        sandbox.project("other", "export OTHER=1\n");
        let mut pty = Pty::start(shell, &sandbox);
        for line in load(shell, &sandbox) {
            let _ = pty.run(&line);
        }
        let _ = pty.run("cd ~/p");
        for (typed, answer) in [
            ("goenv prun\t", "goenv: removed 0 records of policies that are gone"),
            ("goenv hook zs\t", "# goenv for zsh: "),
            ("goenv completions fis\t", "# What `goenv completions fish` adds"),
            ("goenv export syst\t", "APP_ENV="),
            ("goenv sdk lis\t", "  go1.24.11 "),
            ("goenv why AP\t", "~/p/.envrc:2"),
            ("goenv pin 1.26\t", "go1.26.6 at "),
            ("goenv sdk remove 1.24\t", "go1.24.11 at "),
            ("goenv status ../oth\t", "~/other/.envrc"),
            ("goenv why APP_ENV ../oth\t", "is not set; no line"),
        ] {
            let shown = pty.run(typed);
            assert!(shown.contains(answer), "{} {typed:?}: {shown}", shell.name());
        }
        if shell == Shell::Nushell {
            // It stays a program, whose output is read.
            let shown = pty.run("goenv status --json | from json | get trust.state");
            assert!(shown.contains("allowed"), "{shown}");
        }
        // Options of the program that `exec` runs are nobody else's.
        let shown = pty.run("goenv exec . printf --  '<%s>' -x --y");
        assert!(shown.contains("<-x><--y>"), "{}: {shown}", shell.name());
    }
}

#[test]
fn completions_are_there_for_each_shell_with_a_hook_and_no_other() {
    let sandbox = Sandbox::new();
    let done = sandbox.goenv(&sandbox.home(), &["completions", "powershell"]);
    let text = "error: invalid value 'powershell' for '<SHELL>'\n  \
                [possible values: bash, zsh, fish, tcsh, elvish, nushell]\n\n\
                For more information, try '--help'.\n";
    let _ = done.failure(2, text);
}
