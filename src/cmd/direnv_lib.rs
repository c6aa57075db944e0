//! `goenv direnv-lib`: the functions that direnv needs for goenv's directives, for a team that mixes both tools.

use crate::error::{Error, Exit};
use crate::ui::Ui;

/// Prints the functions.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(ui: &Ui) -> Result<Exit, Error> {
    ui.data(include_bytes!("../../hooks/direnv-lib.sh"))?;
    Ok(Exit::Done)
}
