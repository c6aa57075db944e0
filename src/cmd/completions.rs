//! `goenv completions SHELL`: the completions for a shell.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Prints the completions.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: clap_complete::Shell, ui: &Ui) -> Result<Exit, Error> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "goenv", &mut text);
    ui.data(&text)?;
    Ok(Exit::Done)
}
