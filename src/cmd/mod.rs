//! The commands, one file each: arguments and the world in, an exit code out. `shown` has what their lines share, `direnv` the
//! command line of that name.

pub mod allow;
pub mod audit;
pub mod check;
pub mod completions;
pub mod deny;
pub mod direnv;
pub mod direnv_lib;
pub mod doctor;
pub mod edit;
pub mod exec;
pub mod export;
pub mod hook;
pub mod init;
pub mod inspect;
pub mod keys;
pub mod metrics;
pub mod pin;
pub mod prune;
pub mod reload;
pub mod sdk;
mod shown;
pub mod sign;
pub mod status;
pub mod verify;
pub mod version;
pub mod why;

use std::path::{Path, PathBuf};

use crate::cli::{Command, Sdk};
use crate::error::{Error, Exit};
use crate::files;
use crate::locate::{self, POLICY_NAME};
use crate::trust::header::Engine;
use crate::ui::Ui;
use crate::world::World;

/// Runs one command.
///
/// # Errors
/// Whatever the command found wrong; the caller says it and takes its exit code.
pub fn run(command: Command, world: &World, ui: &Ui) -> Result<Exit, Error> {
    match command {
        Command::Hook { shell } => hook::run(shell, world, ui),
        Command::Export { format, full } => {
            let scope = if full { export::Scope::Full } else { export::Scope::Change };
            export::run(format, scope, None, world, ui)
        }
        Command::Allow { path, bash } => {
            let engine = if bash { Engine::Bash } else { Engine::Native };
            allow::run(path.as_deref(), engine, world, ui)
        }
        Command::Deny { path } => deny::run(path.as_deref(), world, ui),
        Command::Status { path, json } => status::run(path.as_deref(), json, world, ui),
        Command::Why { name, path, json } => {
            why::run(name.as_deref(), path.as_deref(), json, world, ui)
        }
        Command::Exec { dir, command } => exec::run(&dir, &command, world, ui),
        Command::Doctor { json } => doctor::run(json, world, ui),
        Command::Init { dir } => init::run(dir.as_deref(), world, ui),
        Command::Check(arguments) => check::run(&arguments, world, ui),
        Command::Inspect(arguments) => inspect::run(&arguments, world, ui),
        Command::Edit { path } => edit::run(path.as_deref(), world, ui),
        Command::Sdk(command) => sdk::run(command, world, ui),
        Command::Pin { version, path, platform } => {
            pin::run(&version, path.as_deref(), &platform, world, ui)
        }
        Command::Install { version } => sdk::run(Sdk::Install { version }, world, ui),
        Command::Uninstall { version } => sdk::run(Sdk::Remove { version }, world, ui),
        Command::Versions { json } => sdk::run(Sdk::List { json }, world, ui),
        Command::Which { program } => sdk::which(&program, world, ui),
        Command::Reload => reload::run(world, ui),
        Command::Sign { path, tier, key, expires } => {
            let asked = sign::Asked { tier, key, expires };
            sign::run(path.as_deref(), &asked, world, ui)
        }
        Command::Verify { path, json } => verify::run(path.as_deref(), json, world, ui),
        Command::Keys { command } => keys::run(command, world, ui),
        Command::Audit { command } => audit::run(command, world, ui),
        Command::Metrics { textfile, directories } => {
            metrics::run(textfile.as_deref(), &directories, world, ui)
        }
        Command::Prune => prune::run(world, ui),
        Command::Version { at_least } => version::run(at_least.as_deref(), ui),
        Command::Completions { shell } => completions::run(shell, ui),
        Command::DirenvLib => direnv_lib::run(ui),
    }
}

/// Returns the policy that a command is about: the given file, the one in the given directory, or the nearest one.
/// The directory part is physical, because that is how the prompt finds it; the file itself may not exist yet.
fn policy_path(given: Option<&Path>, world: &World) -> Result<PathBuf, Error> {
    let Some(given) = given else {
        let cwd = world.cwd.as_deref().ok_or(Error::NoDirectory)?;
        let located = locate::nearest(cwd).ok_or_else(|| Error::NoPolicy(cwd.to_path_buf()))?;
        return Ok(located.path);
    };
    let given = world.absolute(given);
    if files::is_directory(&given) {
        let directory = files::real_path(&given).unwrap_or(given);
        return Ok(directory.join(POLICY_NAME));
    }
    let (parent, name) = (given.parent().unwrap_or(&given), given.file_name());
    let missing = || files::FileProblem::Missing(parent.to_path_buf());
    let directory = files::real_path(parent).ok_or_else(missing)?;
    Ok(directory.join(name.unwrap_or(POLICY_NAME.as_ref())))
}

/// Returns the directory that a command asks about as a prompt there would: the given one, that of the given file, or the
/// current one, `None` where that was deleted. Physical, because that is where the prompt begins.
fn directory(given: Option<&Path>, world: &World) -> Result<Option<PathBuf>, Error> {
    let Some(given) = given else { return Ok(world.cwd.clone()) };
    let given = world.absolute(given);
    let directory = match files::look_through(&given) {
        Some(metadata) if metadata.is_dir() => Some(given.as_path()),
        // A link that leads nowhere is a policy too.
        _ => files::look_at(&given).and(given.parent()),
    };
    let directory = directory.and_then(files::real_path);
    Ok(Some(directory.ok_or(files::FileProblem::Missing(given))?))
}
