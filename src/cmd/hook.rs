//! `goenv hook SHELL`: the shell code for a startup file.

use crate::error::{Error, Exit};
use crate::shell::Shell;
use crate::ui::Ui;
use crate::world::World;

/// Prints the hook.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(shell: Shell, world: &World, ui: &Ui) -> Result<Exit, Error> {
    ui.data(&shell.hook(&world.program()))?;
    Ok(Exit::Done)
}
