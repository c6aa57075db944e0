//! `goenv why [NAME] [PATH]`: the chain of reasons behind a variable, here or in another directory, with file and line; for
//! what bash set with the file alone.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde::Serialize;

use super::shown::{aim, short};
use crate::error::{Error, Exit};
use crate::load::{Loader, Purpose};
use crate::policy::Place;
use crate::ui::{Ui, safe, safe_path};
use crate::world::World;
use crate::{follow, inherit};

#[derive(Serialize)]
struct Reason {
    name: String,
    path: String,
    line: Option<u32>,
    column: Option<u32>,
}

/// Prints where the policy of a directory sets the variable, or all that it sets.
///
/// # Errors
/// If there is no policy, or it does not apply.
pub fn run(
    name: Option<&OsStr>,
    path: Option<&Path>,
    json: bool,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let directory = super::directory(path, world)?.ok_or(Error::NoDirectory)?;
    let located = follow::nearest(&directory, world);
    let located = located.ok_or(Error::NoPolicy(directory))?;
    let outside = inherit::outside_of(world);
    let loaded = Loader::new(world, &outside, Purpose::Look).load(&located);
    let wanted = loaded.result.map_err(|error| aim(error, &located.path, world))?.wanted;
    let asked = name.map(OsStr::as_bytes);
    let is_asked = |name: &[u8]| asked.is_none_or(|asked| asked == name);
    let places = || wanted.origins.iter().filter(|(name, _)| is_asked(name));
    if json {
        let reasons: Vec<Reason> = places().map(|(name, place)| reason(name, place)).collect();
        ui.data(&crate::ui::json(&reasons))?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (name, place) in places() {
        text += &format!("{}\t{}\n", safe(name), place.shown(&short(&place.path, world)));
    }
    if let (true, Some(name)) = (text.is_empty(), asked) {
        let known = if outside.get(name).is_some() { "comes from outside" } else { "is not set" };
        text = format!("{}\t{known}; no line of the policy sets it\n", safe(name));
    }
    ui.data(text.as_bytes())?;
    Ok(Exit::Done)
}

fn reason(name: &[u8], place: &Place) -> Reason {
    let (line, column) = place.known().unzip();
    Reason { name: safe(name), path: safe_path(&place.path), line, column }
}
