//! `goenv exec DIR COMMAND…`: runs a command with a directory's environment, after the same decision as the hook's.

use std::ffi::OsString;
use std::path::Path;

use super::shown::aim;
use crate::error::{Error, Exit};
use crate::ui::{Tone, Ui};
use crate::world::World;
use crate::{files, follow, inherit, process};

/// Runs the command in place of this process; the current directory stays.
///
/// # Errors
/// If the directory's policy does not apply, or there is no such command.
pub fn run(dir: &Path, command: &[OsString], world: &World, ui: &Ui) -> Result<Exit, Error> {
    let given = world.absolute(dir);
    let Some(directory) = files::real_path(&given) else {
        return Err(files::FileProblem::Missing(given).into());
    };
    let outside = inherit::outside_of(world);
    let env = match follow::nearest(&directory, world) {
        Some(located) => {
            let entered = super::export::inside(&located, &outside, world);
            let (env, beside) = entered.map_err(|error| aim(error, &located.path, world))?;
            beside.iter().for_each(|line| ui.say(Tone::Warning, line));
            env
        }
        None => outside,
    };
    let Some((program, arguments)) = command.split_first() else { return Ok(Exit::Done) };
    Err(process::replace(program, arguments, &env, &world.absolute(Path::new("."))))
}
