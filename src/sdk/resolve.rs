//! From a `use go` line to the SDK that it gets: the version, the tree, its health, its pins.
//!
//! A line without a version takes it from the version files. Where the line pins a hash, or the rules ask for it,
//! only a sealed SDK that is unaltered and fits is used; elsewhere what is wrong is returned beside the SDK, for
//! `status` to say. Never downloads anything.

use std::path::PathBuf;

use super::find::{self, Found, Standing};
use super::pin::{Fit, Pins, fit};
use super::places::Places;
use super::requested::{Requested, requested};
use super::store::{Health, verify};
use super::tree::Cores;
use crate::env::Env;
use crate::go::Version;
use crate::go::request::choose;
use crate::policy::SdkWanted;
use crate::shell::quote_path;
use crate::ui::safe;

/// What the rules ask of an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any SDK of the version.
    Any,
    /// A sealed one, unaltered.
    Sealed,
}

/// The SDK that a `use go` line gets.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The SDK.
    pub found: Found,
    /// Whether it is what it was.
    pub health: Health,
    /// What the version files ask for, where the line leaves the version to them.
    pub requested: Option<Requested>,
}

impl Resolved {
    /// Returns what to say of an SDK that is not what it was when it was sealed; make it safe before it is printed.
    pub fn alteration(&self) -> Option<String> {
        let (version, root) = (&self.found.version, self.found.root.display());
        let complaint = self.health.complaint()?;
        Some(format!("go{version} at {root} was altered: {complaint}"))
    }

    /// Returns every path whose change can change the answer.
    pub fn watch(&self) -> impl Iterator<Item = &PathBuf> {
        let requested = self.requested.iter().flat_map(|requested| &requested.watch);
        let Found { seen, before, absent, .. } = &self.found;
        let seen = seen.iter().map(|(path, _)| path);
        seen.chain(before).chain(absent).chain(requested)
    }
}

/// Why a `use go` line gets no SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What is wrong.
    pub why: Why,
    /// What to say: lower case, no full stop.
    pub message: String,
    /// A command or a line that mends it.
    pub hint: Option<String>,
    /// The SDK that was asked for, where its version is known.
    pub sdk: Option<Unused>,
    /// Paths whose change can change the answer.
    pub watch: Vec<PathBuf>,
}

/// An SDK that was asked for and is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// Its version.
    pub version: Version,
    /// Its root and whether it is what it was; nothing where it is not here.
    pub here: Option<(PathBuf, Health)>,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The line, or a version file that it leaves the version to, is wrong.
    Line,
    /// The SDK is not here.
    Missing,
    /// It is here and is not sealed, as it would have to be.
    Unsealed,
    /// It is not what was pinned or what it was.
    Wrong,
}

/// Returns what to write, or to look at, in place of what is no version: `v1.26.6`, `1.26.x`, `latest`.
fn meant(text: &str) -> String {
    let mut rest = text.trim_start_matches(|c: char| !c.is_ascii_digit()).trim_end_matches('+');
    loop {
        match (Version::read(rest), rest.rsplit_once('.')) {
            (Ok(version), _) => return format!("use go {version}"),
            (Err(_), Some((shorter, _))) => rest = shorter,
            (Err(_), None) => return "name a release that is here: goenv sdk list".to_owned(),
        }
    }
}

/// Resolves a `use go` line.
pub fn resolve(
    wanted: &SdkWanted,
    env: &Env,
    places: &Places,
    need: Need,
) -> Result<Resolved, Box<Refused>> {
    let pins = Pins::read(&wanted.pins).map_err(|bad| line(bad.to_string(), None))?;
    let (version, requested) = match &wanted.version {
        Some(text) => {
            let read = Version::read(text);
            (read.map_err(|bad| line(bad.to_string(), Some(meant(text))))?, None)
        }
        None => {
            let requested = requested(&wanted.directory, env);
            (from_files(&requested, wanted)?, Some(requested))
        }
    };
    let found = find::find(&version, places).map_err(|missing| {
        let (message, hint) = (shown(&missing.message()), Some(missing.hint()));
        let sdk = Some(Unused { version: missing.version, here: None });
        let mut watch = missing.watch;
        watch.extend(requested.iter().flat_map(|requested| requested.watch.iter().cloned()));
        Box::new(Refused { why: Why::Missing, message, hint, sdk, watch })
    })?;
    // One core: a prompt may be waiting, and it starts no threads.
    let health = match &found.record {
        Some(_) if found.standing == Standing::AsSealed => Health::Sealed,
        Some(record) => verify(record, places, Cores::One),
        None => Health::Unsealed,
    };
    let resolved = Resolved { found, health, requested };
    match judge(&resolved, &pins, places, need) {
        Ok(()) => Ok(resolved),
        Err((why, message, hint)) => {
            let watch = resolved.watch().cloned().collect();
            let (message, hint) = (shown(&message), Some(hint));
            let Resolved { found, health, .. } = resolved;
            let sdk = Some(Unused { version: found.version, here: Some((found.root, health)) });
            Err(Box::new(Refused { why, message, hint, sdk, watch }))
        }
    }
}

/// Returns a message in which no path moves the cursor.
fn shown(message: &str) -> String {
    safe(message.as_bytes())
}

fn line(message: String, hint: Option<String>) -> Box<Refused> {
    let message = shown(&message);
    Box::new(Refused { why: Why::Line, message, hint, sdk: None, watch: Vec::new() })
}

/// Returns the version that the files ask for.
fn from_files(requested: &Requested, wanted: &SdkWanted) -> Result<Version, Box<Refused>> {
    let refuse = |message: String, hint| {
        let message = shown(&message);
        let watch = requested.watch.clone();
        Box::new(Refused { why: Why::Line, message, hint, sdk: None, watch })
    };
    if let Some((file, problem)) = requested.problems.first() {
        let (file, message) = (file.display(), &problem.message);
        let text = format!("{file}:{}:{}: {message}", problem.line, problem.column);
        return Err(refuse(text, None));
    }
    match choose(&requested.requests) {
        Ok(Some(request)) => Ok(request.version.clone()),
        Ok(None) => Err(refuse(
            format!(
                "no go.work, go.mod, .go-version or .tool-versions in {} or above names a Go version",
                wanted.directory.display()
            ),
            Some("use go 1.26.6".to_owned()),
        )),
        Err(conflict) => {
            Err(refuse(conflict.to_string(), Some(format!("use go {}", conflict.first.version))))
        }
    }
}

/// Holds what was found against the pins and the rules.
fn judge(
    resolved: &Resolved,
    pins: &Pins,
    places: &Places,
    need: Need,
) -> Result<(), (Why, String, String)> {
    if pins.is_empty() && need == Need::Any {
        return Ok(());
    }
    let Resolved { found, .. } = resolved;
    let (version, root) = (&found.version, found.root.display());
    let platform = &places.platform;
    if !pins.is_empty() && pins.of(platform).next().is_none() {
        let known: Vec<_> = pins.platforms().iter().map(ToString::to_string).collect();
        let hint = match &found.record {
            Some(record) => format!("use go {version} {pins} {platform}={}", record.h1),
            None => format!("goenv pin {version}"),
        };
        let known = known.join(" and ");
        let message = format!("go{version} is pinned for {known} and not for {platform}");
        return Err((Why::Line, message, hint));
    }
    let Some(record) = &found.record else {
        let who =
            if pins.is_empty() { "the rules ask for a sealed one" } else { "its hash is pinned" };
        let message = format!("go{version} at {root} is not sealed, and {who}");
        return Err((Why::Unsealed, message, format!("goenv sdk add {}", quote_path(&found.root))));
    };
    if let Some(message) = resolved.alteration() {
        return Err((Why::Wrong, message, format!("goenv sdk verify {version}")));
    }
    for pin in pins.of(platform) {
        let (why, message) = match fit(record, pin) {
            Fit::Fits => continue,
            Fit::Differs(is) => {
                (Why::Wrong, format!("go{version} at {root} is {is}, and {pin} is pinned"))
            }
            Fit::Unknown => (
                Why::Unsealed,
                format!(
                    "go{version} at {root} was adopted, so its archive is not known, and {pin} is pinned"
                ),
            ),
        };
        // What is here stays until one is here that fits.
        return Err((why, message, format!("goenv sdk install {version}")));
    }
    Ok(())
}
