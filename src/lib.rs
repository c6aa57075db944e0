//! goenv gives every directory its own Go, safely and at once.
//!
//! # Code map
//!
//! Start where a prompt does: a hook (`hooks/`) calls `goenv export`, [`cmd::export`], which reads as one block:
//! [`locate`] the policy (or the version file that the user's config lets decide, [`follow`]), [`decide`] whether
//! anything is to be done, [`load`] it (trust, parse, evaluate, resolve), take the [`env::Diff`] and print it for a
//! [`shell`].
//!
//! The pure core takes values and returns values: [`mod@env`] (environments, diff, undo, the state), [`policy`] (the
//! language), [`trust`] (verdicts), [`go`] (Go's own grammars), [`binary`] (what Go writes into binaries), [`shell`]
//! (quoting). The effects are few files: [`world`] reads the process's surroundings, [`files`] touches files, [`store`]
//! keeps approvals, [`host`] answers what a policy asks, [`sdk`] looks at SDKs, [`process`] runs programs, [`mod@bash`]
//! has bash evaluate what was approved for it, [`ui`] writes.
//!
//! On disk: approvals in `$XDG_DATA_HOME/goenv/allow` and `deny` ([`store`]), SDKs in `$XDG_DATA_HOME/goenv/sdks`
//! ([`sdk`]), large states in `$XDG_RUNTIME_DIR/goenv/undo` ([`inherit`]). More: docs/architecture.md.

#![forbid(unsafe_code)]

pub mod admit;
pub mod audit;
pub mod bash;
pub mod binary;
pub mod check;
pub mod cli;
pub mod cmd;
pub mod count;
pub mod decide;
pub mod doctor;
pub mod enforce;
pub mod env;
pub mod error;
pub mod files;
pub mod follow;
pub mod go;
pub mod guard;
pub mod gzenv;
pub mod hex;
pub mod host;
pub mod inherit;
pub mod limit;
pub mod load;
pub mod locate;
pub mod lock;
pub mod marks;
pub mod metrics;
pub mod policy;
pub mod process;
pub mod sdk;
pub mod shell;
pub mod store;
pub mod stub;
pub mod transition;
pub mod trust;
pub mod ui;
pub mod watch;
pub mod world;

use std::ffi::OsString;

use clap::Parser;

use crate::cli::Cli;
use crate::error::{Error, Exit};
use crate::guard::ShellName;
use crate::ui::{Tone, Ui};
use crate::world::World;

/// Runs goenv with these arguments, the program's name first, and returns the exit code.
pub fn run(args: Vec<OsString>, world: &World) -> u8 {
    let ui = Ui::new(world);
    if world.is_direnv() || cmd::direnv::is_for_policy(&args, world) {
        let world = inherit::at_home(world, &inherit::carried(world));
        return cmd::direnv::run(&args, &world, &ui);
    }
    match prompt_format(&args) {
        // The prompt's own command does without the command line parser, which costs more than all the rest of a
        // prompt where nothing changed.
        Some((format, shell)) => {
            let scope = cmd::export::Scope::Change;
            end(cmd::export::run(format, scope, shell.as_ref(), world, &ui), &ui)
        }
        None => run_command(args, world, &ui),
    }
}

/// Runs what a person asks for. Not inlined, so that what a prompt runs lies close together.
#[inline(never)]
fn run_command(args: Vec<OsString>, world: &World, ui: &Ui) -> u8 {
    let world = &*inherit::at_home(world, &inherit::carried(world));
    match Cli::try_parse_from(cli::asking(args)) {
        Ok(cli) => end(cmd::run(cli.command, world, ui), ui),
        Err(error) => usage(&error, ui),
    }
}

/// Says what went wrong; returns the exit code.
fn end(result: Result<Exit, Error>, ui: &Ui) -> u8 {
    match result {
        Ok(exit) => exit as u8,
        Err(error) => {
            ui.say(Tone::Error, &error.text());
            error.exit() as u8
        }
    }
}

/// Returns the format and the shell's name where the arguments are those of a hook. `--guard` is known here alone:
/// it is the hook's, and nobody else is offered it.
fn prompt_format(args: &[OsString]) -> Option<(shell::Format, Option<ShellName>)> {
    match args {
        [_, command, format, guard @ ..] if command == "export" => {
            let format = shell::Format::named(format.as_encoded_bytes())?;
            match guard {
                [] => Some((format, None)),
                [flag, shell] if flag == "--guard" => {
                    Some((format, Some(ShellName::parse(shell.to_str()?)?)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Prints help to stdout, and what is wrong with a command line to stderr.
fn usage(error: &clap::Error, ui: &Ui) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        ui.raw(&text.to_string());
        return Exit::Usage as u8;
    }
    match ui.data(text.to_string().as_bytes()) {
        Ok(()) => Exit::Done as u8,
        Err(error) => end(Err(Error::Output(error)), ui),
    }
}
