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
    if shell == Shell::Fish {
        text.extend(fish_values().into_bytes());
    }
    ui.data(&text)?;
    Ok(Exit::Done)
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
