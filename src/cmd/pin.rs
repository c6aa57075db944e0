//! `goenv pin VERSION [PATH]`: writes the `use go` line of a policy, with the hashes of the SDK.
//!
//! The hash of this platform's SDK is from its record; of another platform's release, and of one that is not here, from
//! the mirror's list. One that is here without a seal has no hash yet: then `sdk add` is named, and nobody is asked whom
//! nobody configured. The policy is another one afterwards and wants approval again.

use std::path::{Path, PathBuf};

use super::sdk::{Configured, places, source, version_of};
use super::shown::{aimed, short};
use crate::admit::beside;
use crate::error::{Error, Exit};
use crate::files;
use crate::go::Version;
use crate::locate::{self, POLICY_NAME};
use crate::sdk::download::Client;
use crate::sdk::examine::{other_version, read_record};
use crate::sdk::fetch::listed;
use crate::sdk::mirror::archive_name;
use crate::sdk::store::{Health, health};
use crate::sdk::tree::Cores;
use crate::sdk::{Pins, Places, Platform, find, useline};
use crate::shell::{quote_argument, quote_path};
use crate::ui::{Tone, Ui, safe};
use crate::world::World;

/// Writes the line.
///
/// # Errors
/// If a hash cannot be had, or the line is not one that can be written for the user.
pub fn run(
    text: &str,
    given: Option<&Path>,
    platforms: &[String],
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let version = version_of(text)?;
    let places = places(world)?;
    if version.is_language() {
        let newest = find(&version, &places)
            .map_or(format!("{version}.0"), |newest| newest.version.to_string());
        let policy = given.map_or_else(String::new, |given| format!(" {}", quote_argument(given)));
        return Err(refused(
            format!("{version} names a language, not a release"),
            Some(format!("pin a release: goenv pin {newest}{policy}")),
            Exit::Usage,
        ));
    }
    let path = policy(given, world)?;
    let old = files::read_guarded(&path, files::POLICY_LIMIT, world.uid, world.now())
        .map_err(Error::UnsafePolicy)?;
    let is_new = old.is_none();
    let old = old.map(|text| text.bytes).unwrap_or_default();
    let old = String::from_utf8(old)
        .map_err(|_| refused(format!("{} is not UTF-8", path.display()), None, Exit::Policy))?;
    let line = useline::find(&old)
        .map_err(|error| refused(format!("{}: {error}", path.display()), None, Exit::Policy))?;

    let mut wanted = vec![places.platform.clone()];
    let named = line.iter().flat_map(|line| &line.pins).map(|(platform, _)| platform);
    for text in platforms.iter().chain(named) {
        let platform = Platform::parse(text).ok_or_else(|| {
            refused(format!("`{text}` is not a platform like linux/amd64"), None, Exit::Usage)
        })?;
        if !wanted.contains(&platform) {
            wanted.push(platform);
        }
    }
    let pins: Result<Vec<_>, Error> = wanted
        .iter()
        .map(|platform| Ok((platform.to_string(), hash(&version, platform, &places, world)?)))
        .collect();
    let pins = Pins::read(&pins?).map_err(|error| refused(error, None, Exit::Failed))?;
    let new = useline::write(&old, line.as_ref(), version.as_str(), &pins);
    if new == old {
        let said = format!("{}: {}; nothing changed", short(&path, world), pinned(&version, &pins));
        ui.say(Tone::Plain, &said);
        return Ok(Exit::Done);
    }
    files::write(&path, new.as_bytes())?;
    say(&version, &pins, &path, is_new, world, ui);
    Ok(Exit::Done)
}

/// Returns the policy: the one that is given, the nearest one upward, or a new one here.
fn policy(given: Option<&Path>, world: &World) -> Result<PathBuf, Error> {
    if given.is_some() {
        let path = super::policy_path(given, world)?;
        // What has another name is a directory that was misspelt, and no policy to be.
        let may_be_new = path.file_name().is_some_and(|name| name == POLICY_NAME);
        return match may_be_new || files::look_at(&path).is_some() {
            true => Ok(path),
            false => Err(files::FileProblem::Missing(path).into()),
        };
    }
    let cwd = world.cwd.as_deref().ok_or(Error::NoDirectory)?;
    Ok(locate::nearest(cwd).map_or_else(|| cwd.join(POLICY_NAME), |located| located.path))
}

fn say(version: &Version, pins: &Pins, path: &Path, is_new: bool, world: &World, ui: &Ui) {
    ui.say(Tone::Plain, &format!("{}: {}", short(path, world), pinned(version, pins)));
    let signed = files::look_at(&beside(path)).is_some();
    let command = if signed { "goenv sign" } else { "goenv allow" };
    let wants = if is_new {
        "it is new, so it wants approval"
    } else {
        "it changed, so it wants approval again"
    };
    ui.say(Tone::Plain, &aimed(&format!("{wants}: {command}"), path, world));
}

/// Returns what the line says, in words.
fn pinned(version: &Version, pins: &Pins) -> String {
    let platforms: Vec<_> = pins.platforms().iter().map(ToString::to_string).collect();
    format!("use go {version}, pinned for {}", platforms.join(", "))
}

fn refused(message: impl ToString, hint: Option<String>, exit: Exit) -> Error {
    Error::Refused { message: safe(message.to_string().as_bytes()), hint, exit }
}

/// Returns the hash of a release for a platform.
fn hash(
    version: &Version,
    platform: &Platform,
    places: &Places,
    world: &World,
) -> Result<String, Error> {
    if *platform == places.platform
        && let Ok(record) = read_record(version, places)
        && other_version(&record).is_none()
    {
        if health(&record, places, Cores::All) != Health::Sealed {
            return Err(refused(
                format!(
                    "go{version} at {} was altered, so its hash is not pinned",
                    record.root.display()
                ),
                Some(format!("run: goenv sdk verify {version}")),
                Exit::Forged,
            ));
        }
        return Ok(match record.archive_sha256 {
            Some(digits) => format!("sha256:{digits}"),
            None => record.h1,
        });
    }
    let source = source(world)?;
    let unsealed = unsealed(version, platform, places);
    if let (Some(root), Configured::No) = (&unsealed, source.configured) {
        let message =
            format!("go{version} at {} is not sealed, so its hash is not known", root.display());
        return Err(refused(message, Some(sealing(root)), Exit::Failed));
    }
    let failed = |why: String| {
        let hint = match &unsealed {
            Some(root) => Some(sealing(root)),
            // What the mirrors do not have, they do not install either.
            None if *platform == places.platform => Some(format!(
                "download its archive elsewhere, then run: goenv sdk add {}",
                archive_name(version, platform)
            )),
            None => None,
        };
        refused(format!("no hash of go{version} for {platform}: {why}"), hint, Exit::Failed)
    };
    let client = Client::new(&source.mirrors, source.ca.as_deref())
        .map_err(|error| failed(error.to_string()))?;
    let mut last = "no mirror is configured".to_owned();
    for mirror in &source.mirrors {
        match listed(mirror, &client, version, platform) {
            Ok(Some(listed)) => return Ok(format!("sha256:{}", listed.sha256)),
            Ok(None) => last = format!("{mirror} lists none"),
            Err(error) => last = error.to_string(),
        }
    }
    Err(failed(last))
}

/// Returns the root of this platform's SDK, where it is here and was never sealed.
fn unsealed(version: &Version, platform: &Platform, places: &Places) -> Option<PathBuf> {
    let here = (*platform == places.platform).then(|| find(version, places).ok())??;
    here.record.is_none().then_some(here.root)
}

fn sealing(root: &Path) -> String {
    format!("seal it, which needs no network: goenv sdk add {}", quote_path(root))
}
