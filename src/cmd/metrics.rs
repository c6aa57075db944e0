//! `goenv metrics [DIR…]`: Prometheus text of how directories stand, for node_exporter's textfile collector.
//!
//! Decides as the prompt does and changes nothing but the file it is told to write. That a policy does not apply is what
//! it tells, and no failure.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::go::{Version, request};
use crate::load::{Loader, Purpose};
use crate::locate::POLICY_NAME;
use crate::metrics::{Directory, Sdk, text};
use crate::sdk::requested::requested;
use crate::store::Store;
use crate::trust::Trust;
use crate::ui::{Tone, Ui, safe_path};
use crate::world::World;
use crate::{files, follow, inherit};

/// Prints the metrics of the directories, or of those with an allowed policy, or writes them to a file.
///
/// # Errors
/// If the approvals cannot be read or the file cannot be written.
pub fn run(
    textfile: Option<&Path>,
    directories: &[PathBuf],
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let textfile = textfile.map(|path| world.absolute(path));
    if let Some(path) = textfile.as_ref().filter(|path| !is_collected(path)) {
        let message =
            format!("{} is not collected: its name does not end in .prom", safe_path(path));
        return Err(Error::Refused { message, hint: None, exit: Exit::Usage });
    }
    let outside = inherit::outside_of(world);
    let named: BTreeSet<PathBuf> = match directories {
        [] => allowed(world)?,
        named => named.iter().map(|named| named_by(&world.absolute(named))).collect(),
    };
    let standing: Vec<_> = named.iter().map(|it| standing(it, &outside, world, ui)).collect();
    let text = text(&standing, env!("CARGO_PKG_VERSION"));
    match textfile {
        Some(path) => files::write(&path, text.as_bytes())?,
        None => ui.data(text.as_bytes())?,
    }
    Ok(Exit::Done)
}

fn is_collected(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "prom")
}

/// Returns the directory that a word names. One that is gone stays: that is what an alert is for.
fn named_by(path: &Path) -> PathBuf {
    files::real_path(path).unwrap_or_else(|| path.to_path_buf())
}

/// Returns the directories whose policy was allowed once and is still there.
fn allowed(world: &World) -> Result<BTreeSet<PathBuf>, Error> {
    let policies = Store::of(world).map_err(Error::as_failure)?.policies(world.now())?;
    let there = policies.into_iter().filter(|policy| {
        policy.file_name() == Some(POLICY_NAME.as_ref()) && files::look_at(policy).is_some()
    });
    Ok(there.filter_map(|policy| policy.parent().map(Path::to_path_buf)).collect())
}

fn standing(directory: &Path, outside: &Env, world: &World, ui: &Ui) -> Directory {
    let path = safe_path(directory);
    let is_there = files::is_directory(directory);
    if !is_there {
        ui.say(Tone::Warning, &format!("{path} is not a directory"));
    }
    // Above one that is gone there may be a policy, which is not its own.
    let located = if is_there { follow::nearest(directory, world) } else { None };
    let Some(located) = located else {
        return Directory { path, trust: Trust::none().state.name(), ..Directory::default() };
    };
    let loaded = Loader::new(world, outside, Purpose::Survey).load(&located);
    let trust = loaded.trust.as_ref();
    let header = trust.and_then(|trust| trust.header.as_ref());
    let expires = header.and_then(|header| header.expires.as_ref()).map(|expires| expires.at);
    let inside = loaded.result.as_ref().map_or(outside, |applied| &applied.wanted.env);
    let sdk = loaded.sdk();
    Directory {
        path,
        policy: Some(safe_path(&located.path)),
        tier: loaded.tier().map(ToString::to_string),
        // What was not even judged is as good as a policy that is wrong.
        trust: trust.map_or("invalid", |trust| trust.state.name()),
        applies: loaded.result.is_ok(),
        expires: trust.and_then(|trust| trust.until).or(expires),
        serial: header.and_then(|header| header.serial),
        asked: asked(directory, sdk.as_ref().map(|sdk| sdk.version.as_str()), inside),
        sdk: sdk.map(|sdk| Sdk {
            version: sdk.version,
            root: sdk.root.map(safe_path),
            state: sdk.state,
        }),
    }
}

/// Returns the kinds of version files that ask for a Go, and whether `version` is not one that they ask for.
fn asked(directory: &Path, version: Option<&str>, inside: &Env) -> Vec<(&'static str, bool)> {
    let Some(version) = version.and_then(|text| Version::read(text).ok()) else {
        return Vec::new();
    };
    let requests = requested(directory, inside).requests;
    let unmet = request::conflicts(&version, &requests);
    let drifts = |kind: &str| unmet.iter().any(|request| request.kind.name() == kind);
    let kinds: BTreeSet<_> = requests.iter().map(|request| request.kind.name()).collect();
    kinds.into_iter().map(|kind| (kind, drifts(kind))).collect()
}
