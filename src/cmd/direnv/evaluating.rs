//! What an `.envrc` calls direnv for while bash evaluates it: dumps of an environment, `.env` files, watched paths.
//!
//! In: the environment of whoever calls, and files that they name. Out: text for stdout, which a policy evaluates, or a
//! dump in a file. Nothing here decides anything: what a policy makes of it is judged with the rest of its outcome.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::env::{Bytes, Diff, Env, is_identifier};
use crate::error::{Error, Exit};
use crate::files::FileProblem;
use crate::policy::dotenv;
use crate::shell::Format;
use crate::shell::posix::quote;
use crate::ui::{Ui, safe, safe_path};
use crate::world::{World, path_of};
use crate::{bash, files, gzenv};

/// The largest file that is read: as large as what a policy's bash may say.
const LIMIT: u64 = 16 * 1024 * 1024;
/// The largest `.env` file that is read.
const DATA_LIMIT: u64 = 1024 * 1024;

/// Prints the environment, or writes it into the file that is named, in a variable where not by a word. A number is an open
/// file.
pub(super) fn dump(
    format: Option<Format>,
    file: Option<&Path>,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let text = match format {
        Some(format) => printed(format, world.env())?,
        None => gzenv::pack(&bash::told(world.env())),
    };
    let named = file.map(Path::to_path_buf);
    let named = named.or_else(|| world.variable("DIRENV_DUMP_FILE_PATH").map(path_of));
    let Some(file) = named.filter(|file| !file.as_os_str().is_empty()) else {
        ui.data(&text)?;
        return Ok(Exit::Done);
    };
    let is_number = file.as_os_str().as_bytes().iter().all(u8::is_ascii_digit);
    let file = if is_number { Path::new("/dev/fd").join(file) } else { world.absolute(&file) };
    files::fill(&file, &text)?;
    Ok(Exit::Done)
}

/// Returns what sets the variables of an environment.
fn printed(format: Format, env: &Env) -> Result<Bytes, Error> {
    // Any process can give another one a name that is a command where a shell reads it.
    let holds = |name: &[u8]| format == Format::Json || is_identifier(name);
    let held: Env = env.iter().filter(|(name, _)| holds(name)).collect();
    let none = Env::new();
    let diff = Diff::between(&none, &held);
    match format.refusal(&diff, &held) {
        Some(why) => Err(Error::failed(why)),
        None => Ok(format.print(&diff)),
    }
}

fn read(file: &Path, limit: u64, world: &World) -> Result<Bytes, Error> {
    let path = world.absolute(file);
    let read = files::read_data(&path, limit)?;
    Ok(read.ok_or(FileProblem::Missing(path))?)
}

/// Prints what makes this environment the one of a dump, for bash.
pub(super) fn apply_dump(file: &Path, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let text = read(file, LIMIT, world)?;
    let loaded = bash::loaded(text.trim_ascii(), world.env());
    let loaded = loaded.ok_or_else(|| Error::failed(super::NO_DUMP))?;
    ui.data(&Format::Bash.print(&Diff::between(world.env(), &loaded)))?;
    Ok(Exit::Done)
}

/// Prints the variables of a `.env` file.
pub(super) fn dotenv(format: Format, file: &Path, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let (data, path) = (read(file, DATA_LIMIT, world)?, world.absolute(file));
    let directory = path.parent().map(|parent| parent.as_os_str().as_bytes().to_vec());
    let mut look_up = |name: &[u8]| match name {
        b"PWD" => Ok(directory.clone()),
        name => Ok(world.variable(name).filter(|value| !value.is_empty())),
    };
    let at = |line: u32, what: &str| Error::failed(format!("{}:{line}: {what}", safe_path(&path)));
    let pairs = dotenv::read(&data, &mut look_up)
        .map_err(|error| at(error.line, &safe(error.message.as_bytes())))?;
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !is_identifier(name)) {
        return Err(Error::failed(format!("{}: {} is no name", safe_path(&path), safe(name))));
    }
    ui.data(&printed(format, &pairs.into_iter().collect())?)?;
    Ok(Exit::Done)
}

/// Prints a command of a policy that watches these paths.
pub(super) fn watch(
    command: &str,
    paths: &[OsString],
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    if world.variable(bash::EVALUATING).is_none() {
        let what = format!("only a policy can be told to watch: write `{command}` into it");
        return Err(Error::failed(what));
    }
    let mut text = command.as_bytes().to_vec();
    for path in paths {
        text.push(b' ');
        text.extend(quote(world.absolute(Path::new(path)).as_os_str().as_bytes()));
    }
    text.extend(b";\n");
    ui.data(&text)?;
    Ok(Exit::Done)
}

/// Prints the functions that an `.envrc` finds, for scripts; in a policy they are there.
pub(super) fn stdlib(world: &World, ui: &Ui) -> Result<Exit, Error> {
    if world.variable(bash::EVALUATING).is_none() {
        ui.data(&bash::for_scripts(&world.program()))?;
    }
    Ok(Exit::Done)
}
