//! direnv's command line, for whoever calls goenv through a link named `direnv`: plugins, prompts, scripts.
//!
//! Words come in, and direnv's answers go out: its exit codes (0 and 1), its `direnv: …` lines, the forms of its
//! `status`, and the variables `DIRENV_DIR`, `DIRENV_FILE` and `DIRENV_WATCHES`. What is decided, and how, is decided by
//! goenv's commands: nothing here approves anything by itself, direnv's own approvals count for nothing, and no decision
//! is read from `DIRENV_*`. What is understood and what is not: docs/reference.md, section "As direnv".

mod evaluating;
mod request;
mod status;
mod variables;
mod words;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use request::Request;

use crate::error::{Error, Exit};
use crate::locate;
use crate::trust::State;
use crate::trust::header::Engine;
use crate::ui::{Tone, Ui, safe_path};
use crate::world::World;
use crate::{bash, files, gzenv, inherit, policy};

pub(super) use variables::{is_provided, is_quiet, provide};
pub(super) use words::loaded;

/// Returns whether a policy that bash evaluates calls goenv by the path that `$direnv` holds there, with a word of direnv's.
pub fn is_for_policy(args: &[OsString], world: &World) -> bool {
    let is_internal = args.get(1).is_some_and(|word| request::is_internal(word));
    is_internal && world.variable(bash::EVALUATING).is_some()
}

/// Answers a call, the program's name first among the words, and returns the exit code.
pub fn run(args: &[OsString], world: &World, ui: &Ui) -> u8 {
    let words = args.get(1..).unwrap_or_default();
    match request::read(words).and_then(|request| answer(&request, world, ui)) {
        Ok(exit) => exit as u8,
        Err(error) => {
            ui.say(Tone::Error, &words::sentence(&error));
            Exit::Failed as u8
        }
    }
}

fn answer(request: &Request<'_>, world: &World, ui: &Ui) -> Result<Exit, Error> {
    match request {
        Request::Allow(path) => {
            // To have bash run it is asked for by goenv's own name: direnv has no word for it.
            super::allow::run(named(*path, world)?.as_deref(), Engine::Native, world, ui)
        }
        Request::Deny(path) => super::deny::run(named(*path, world)?.as_deref(), world, ui),
        Request::Edit(path) => super::edit::run(*path, world, ui)
            .map_err(|error| if path.is_none() { words::nothing_to_edit(error) } else { error }),
        Request::Exec(words) => exec(words, world, ui),
        Request::Export { format, guard } => {
            let scope = super::export::Scope::Change;
            silent_if_denied(super::export::run(*format, scope, guard.as_ref(), world, ui))
        }
        Request::Help => print(&words::help(), ui),
        Request::Hook(shell) => super::hook::run(*shell, world, ui),
        Request::Log { tone, message } => {
            ui.say(*tone, message);
            Ok(Exit::Done)
        }
        Request::Prune => super::prune::run(world, ui),
        Request::Reload => super::reload::run(world, ui),
        Request::Status { json } => status::run(*json, world, ui),
        Request::Version => print(&format!("{}\n", policy::DIRENV_VERSION), ui),
        Request::Nothing => Ok(Exit::Done),
        Request::Current(path) => current(path, world),
        Request::Dump { format, file } => evaluating::dump(*format, *file, world, ui),
        Request::ApplyDump(file) => evaluating::apply_dump(file, world, ui),
        Request::Dotenv { format, file } => evaluating::dotenv(*format, file, world, ui),
        Request::Watch(paths) => evaluating::watch("watch_file", paths, world, ui),
        Request::WatchDir(directory) => evaluating::watch("watch_dir", directory, world, ui),
        Request::Stdlib => evaluating::stdlib(world, ui),
        Request::ShowDump(text) => {
            let shown: serde_json::Value =
                gzenv::unpack(text).ok_or_else(|| Error::failed(NO_DUMP))?;
            Ok(ui.data(&crate::ui::json(&shown)).map(|()| Exit::Done)?)
        }
        Request::WatchPrint { end } => watch_print(*end, world, ui),
    }
}

const NO_DUMP: &str = "this is no dump of direnv's";

fn print(text: &str, ui: &Ui) -> Result<Exit, Error> {
    ui.data(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Returns the policy that `allow` and `deny` are about: in a directory without one, the next one above it.
fn named(path: Option<&Path>, world: &World) -> Result<Option<PathBuf>, Error> {
    let found = match path.map(|path| files::real_path(&world.absolute(path))) {
        // A file, or what does not exist: as goenv takes it.
        Some(real) if !real.as_deref().is_some_and(files::is_directory) => {
            return Ok(path.map(Path::to_path_buf));
        }
        Some(directory) => directory.as_deref().and_then(locate::nearest),
        None => world.cwd.as_deref().and_then(locate::nearest),
    };
    let missing = || Error::failed(".envrc file not found");
    found.map(|located| Some(located.path)).ok_or_else(missing)
}

/// Runs a command with the environment of a directory; a file stands for its directory, and is the command.
fn exec(words: &[OsString], world: &World, ui: &Ui) -> Result<Exit, Error> {
    let (Some(first), rest) = (words.first().map(Path::new), words.get(1..).unwrap_or_default())
    else {
        return Err(Error::failed("missing DIR and COMMAND arguments"));
    };
    let is_file = files::look_through(&world.absolute(first)).is_some_and(|it| it.is_file());
    match (is_file, first.parent()) {
        (true, Some(directory)) => super::exec::run(&world.absolute(directory), words, world, ui),
        _ if rest.is_empty() => Err(Error::failed("missing COMMAND argument")),
        _ => super::exec::run(first, rest, world, ui),
    }
}

/// Takes a policy that a person denied for a directory without one, as direnv does: they know.
fn silent_if_denied(result: Result<Exit, Error>) -> Result<Exit, Error> {
    match result {
        Err(Error::Untrusted(_, trust)) if trust.state == State::Denied => Ok(Exit::Done),
        other => other,
    }
}

/// Says by its exit code whether a path is watched by this shell and still what it was.
fn current(path: &Path, world: &World) -> Result<Exit, Error> {
    let path = world.absolute(path);
    let carrying = inherit::carried(world);
    let watches = carrying.state().map(|state| state.watches.as_slice()).unwrap_or_default();
    match watches.iter().find(|watch| watch.path == path) {
        Some(watch) if files::stamp(&path) == watch.stamp => Ok(Exit::Done),
        Some(_) => Err(Error::failed(format!("{} has changed", safe_path(&path)))),
        None => Err(Error::failed(format!("{} is not watched", safe_path(&path)))),
    }
}

/// Prints the watched paths of this shell, each with this byte behind it.
fn watch_print(end: u8, world: &World, ui: &Ui) -> Result<Exit, Error> {
    use std::os::unix::ffi::OsStrExt;
    let carrying = inherit::carried(world);
    let watches = carrying.state().map(|state| state.watches.as_slice()).unwrap_or_default();
    let mut text = Vec::new();
    for watch in watches {
        text.extend(watch.path.as_os_str().as_bytes());
        text.push(end);
    }
    Ok(ui.data(&text).map(|()| Exit::Done)?)
}
