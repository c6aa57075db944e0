//! `goenv completions SHELL`: the completions for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Prints the completions.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: Shell, ui: &Ui) -> Result<Exit, Error> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "goenv", &mut text);
    let text = String::from_utf8_lossy(&text);
    ui.data(with_values(shell, &text).as_bytes())?;
    Ok(Exit::Done)
}

/// Adds to what `clap_complete` wrote the values that it cannot know: releases that are here, variables of the policy.
fn with_values(shell: Shell, text: &str) -> String {
    match shell {
        Shell::Bash => {
            let added = include_str!("../../hooks/complete.bash");
            let text = text.replace("complete -F _goenv ", "complete -F _goenv_complete ");
            format!("{added}\n{text}")
        }
        Shell::Zsh => {
            let release = "version -- The release";
            let mut text = text.to_owned();
            for (argument, by) in [
                (format!("{release}:"), "_goenv_releases"),
                (format!(r"{release} \[default\: all\]:"), "_goenv_releases"),
                (
                    r"name -- The variable \[default\: all that the policy touches\]:".to_owned(),
                    "_goenv_variables",
                ),
            ] {
                text = text.replace(&format!("{argument}_default"), &format!("{argument}{by}"));
            }
            // Before the end, which calls the function if this file is loaded as one; the first line names the command.
            let added = include_str!("../../hooks/complete.zsh");
            match text.rsplit_once("\nif [ \"$funcstack[1]\"") {
                Some((before, end)) => format!("{before}\n{added}if [ \"$funcstack[1]\"{end}"),
                None => text,
            }
        }
        Shell::Fish => {
            format!("{text}{}{}", fish_values(), include_str!("../../hooks/complete.fish"))
        }
        _ => text.to_owned(),
    }
}

/// Returns the lines that complete the values of arguments without a dash, which `clap_complete` leaves out for fish.
fn fish_values() -> String {
    let cli = Cli::command();
    let mut lines = String::new();
    for command in cli.get_subcommands() {
        for value in command.get_positionals().flat_map(clap::Arg::get_possible_values) {
            let help = value.get_help().map(|help| format!(" -d '{help}'")).unwrap_or_default();
            lines += &format!(
                "complete -c goenv -n \"__fish_goenv_using_subcommand {}\" -f -a \"{}\"{help}\n",
                command.get_name(),
                value.get_name(),
            );
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_describes_a_value_needs_no_quoting_in_any_shell() {
        let plain = |c: char| c.is_ascii_alphanumeric() || " ,.:=/~_".contains(c);
        for command in Cli::command().get_subcommands() {
            for value in command.get_arguments().flat_map(clap::Arg::get_possible_values) {
                let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.chars().all(plain),
                    "{} {}: {help}",
                    command.get_name(),
                    value.get_name()
                );
            }
        }
    }
}
