//! The hook in the shell's startup files, other managers there, and the other program called goenv.

use super::Problem;
use super::facts::{Facts, Startup};
use crate::shell::Shell;
use crate::shell::quote_path;
use crate::ui::{safe, safe_path};

/// What other managers put into startup files, and what they do there.
const MANAGERS: &[(&str, &str)] = &[
    ("goenv init", "go-nv's goenv"),
    ("mise activate", "mise"),
    ("asdf.sh", "asdf"),
    ("asdf.fish", "asdf"),
    ("/.gvm/scripts/gvm", "gvm"),
    ("direnv hook", "direnv"),
];

pub(super) fn examine(facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(hook(facts));
    problems.extend(managers(facts));
    problems.extend(others(facts));
    problems
}

/// A line of a startup file that is no comment.
struct Line<'a> {
    file: &'a Startup,
    number: usize,
    text: String,
}

fn startup_lines(facts: &Facts) -> impl Iterator<Item = Line<'_>> {
    facts.startup.iter().flat_map(|file| {
        let texts = file.bytes.split(|byte| *byte == b'\n').enumerate();
        texts.filter_map(move |(at, line)| {
            let text = String::from_utf8_lossy(line).trim().to_owned();
            (!text.starts_with('#')).then_some(Line { file, number: at + 1, text })
        })
    })
}

fn is_hook(line: &Line<'_>, shell: Shell, facts: &Facts) -> bool {
    let is_ours = line.text.contains("goenv") || (is_direnv(facts) && line.text.contains("direnv"));
    // What the hook's line wrote for nushell is a startup file too.
    is_ours
        && ["hook", "export"].iter().any(|it| line.text.contains(&format!("{it} {}", shell.name())))
}

/// Returns whether the `direnv` that PATH finds is goenv by that name.
fn is_direnv(facts: &Facts) -> bool {
    facts.direnv.is_some() && facts.direnv == facts.own
}

fn hook(facts: &Facts) -> Option<Problem> {
    // Where it runs, it does not matter which file started it.
    if facts.is_hooked {
        return None;
    }
    let Some(shell) = facts.shell else {
        let message = "SHELL names no shell with a hook, so nothing changes at a prompt";
        return Some(Problem::warning("hook-missing", message, "use: goenv exec DIR COMMAND"));
    };
    if startup_lines(facts).any(|line| is_hook(&line, shell, facts)) {
        return None;
    }
    let name = shell.name();
    let message = format!("no startup file of {name} has the hook");
    let Some(directory) = facts.startup_file.parent() else {
        let help = "set HOME to your home directory, then ask again: goenv doctor";
        return Some(Problem::error("hook-missing", message, help));
    };
    let (file, directory) = (quote_path(&facts.startup_file), quote_path(directory));
    let made = match shell {
        _ if !facts.lacks_startup_directory => String::new(),
        Shell::Nushell => format!("mkdir {directory}; "),
        Shell::Elvish => format!("mkdir -p {directory}; "),
        _ => format!("mkdir -p {directory} && "),
    };
    let line = line(shell);
    let written = match shell {
        Shell::Nushell => format!("\"\\n{line}\\n\" | save --append {file}"),
        _ => format!("echo '{line}' >> {file}"),
    };
    Some(Problem::error("hook-missing", message, format!("run: {made}{written}")))
}

/// Returns the line that installs the hook.
fn line(shell: Shell) -> String {
    let name = shell.name();
    match shell {
        Shell::Bash | Shell::Zsh => format!("eval \"$(goenv hook {name})\""),
        Shell::Fish => format!("goenv hook {name} | source"),
        Shell::Tcsh => format!("eval \"`goenv hook {name}`\""),
        Shell::Elvish => format!("eval (goenv hook {name} | slurp)"),
        Shell::Nushell => "mkdir ($nu.data-dir | path join vendor autoload); goenv hook nushell | \
                           save --force ($nu.data-dir | path join vendor autoload goenv.nu)"
            .to_owned(),
    }
}

/// Managers that change PATH at their own prompts, or after the hook.
fn managers(facts: &Facts) -> Vec<Problem> {
    let found = startup_lines(facts).filter_map(|line| {
        // goenv's own hook is no other manager.
        let (_, manager) = MANAGERS.iter().find(|(mark, _)| line.text.contains(mark))?;
        if *manager == "direnv" && is_direnv(facts) {
            return None;
        }
        let place = format!("{}:{}", safe_path(&line.file.path), line.number);
        Some(match *manager {
            "direnv" => Problem::warning(
                "other-manager",
                format!("{place}: direnv's hook reads the same .envrc files"),
                "remove direnv's line; goenv reads what direnv reads",
            ),
            manager => Problem::warning(
                "other-manager",
                format!("{place}: {manager} puts its own go into PATH"),
                "remove the line, or leave Go out of that manager",
            ),
        })
    });
    found.collect()
}

/// Another program called goenv that PATH finds first.
fn others(facts: &Facts) -> Option<Problem> {
    let first = facts.goenvs.first()?;
    let own = facts.own.as_ref()?;
    (first != own).then(|| {
        let message = format!("PATH finds another goenv first: {}", safe_path(first));
        let directory = own.parent().map(crate::shell::quote_path).unwrap_or_default();
        let help = format!("put this one first: export PATH={}:$PATH", safe(directory.as_bytes()));
        Problem::error("other-goenv", message, help)
    })
}
