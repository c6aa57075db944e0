//! `follow` in the user's config: where there is no policy, go.work, go.mod, `.go-version` or `.tool-versions` choose
//! among the SDKs that are here.
//!
//! A followed file decides as a policy would that holds `use go VERSION` and nothing else, without an approval: a
//! version passes a closed grammar, and nothing is fetched. Whoever has no config file pays one look for it. The
//! files are read by `sdk/requested.rs`. Rules: docs/security.md, section "Follow".

use std::path::{Path, PathBuf};

use crate::admit::{RULES, RULES_LIMIT};
use crate::check::tiers::Admitted;
use crate::env::Env;
use crate::env::state::Stamp;
use crate::error::{Error, Exit};
use crate::files::{self, Text};
use crate::go::Version;
use crate::go::request::{Request, choose};
use crate::inherit;
use crate::locate::{self, Kind, Located};
use crate::policy::PolicyError;
use crate::sdk::list::versions;
use crate::sdk::requested::{File, followed};
use crate::sdk::{Places, find};
use crate::trust::Trust;
use crate::trust::rules::{Follow, Rules, Source};
use crate::ui::{safe, safe_path};
use crate::watch::Watched;
use crate::world::World;

/// What decides for a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Governing {
    /// The policy, or the version file that stands in for one.
    pub located: Option<Located>,
    /// Where there is no policy: the paths whose change changes this, the config among them.
    pub watch: Vec<PathBuf>,
}

/// Returns what decides for `directory`.
pub fn governing(directory: &Path, world: &World) -> Governing {
    match locate::nearest(directory) {
        Some(located) => Governing { located: Some(located), watch: Vec::new() },
        None => without_policy(directory, world),
    }
}

/// Returns the policy, or the version file that stands in for one.
pub fn nearest(directory: &Path, world: &World) -> Option<Located> {
    governing(directory, world).located
}

fn without_policy(directory: &Path, world: &World) -> Governing {
    let Some(config) = world.dirs.config.as_ref().map(|config| config.join(RULES)) else {
        return Governing::default();
    };
    let files = configured(&config, world);
    let mut watch = vec![config];
    if files.is_empty() {
        return Governing { located: None, watch };
    }
    let outside = inherit::outside_of(world);
    let asked = followed(directory, &outside, &files);
    let problem = asked.problems.into_iter().next().map(|(path, _)| path);
    let path = problem.or_else(|| match choose(&asked.requests) {
        Ok(request) => request.map(|request| request.file.clone()),
        Err(conflict) => Some(conflict.first.file),
    });
    watch.extend(asked.watch);
    let kind = Kind::Followed { directory: directory.to_path_buf() };
    Governing { located: path.map(|path| Located { path, kind }), watch }
}

/// Returns the files that the config follows; all of them where it cannot be read or understood, so that this is said
/// where it matters.
fn configured(config: &Path, world: &World) -> Vec<File> {
    if files::stamp(config) == Stamp::ABSENT {
        return Vec::new();
    }
    let text = match files::read_guarded(config, RULES_LIMIT, world.uid, world.now()) {
        Ok(Some(text)) => text,
        Ok(None) => return Vec::new(),
        Err(_) => return File::ALL.to_vec(),
    };
    // Most configs do not speak of it, and need not be understood at every prompt.
    if !text.bytes.windows(b"follow".len()).any(|word| word == b"follow") {
        return Vec::new();
    }
    let source = Source { path: "", text: &text.bytes };
    match Rules::read(None, Some(source)) {
        Ok(rules) => chosen(&rules.follow),
        Err(_) => File::ALL.to_vec(),
    }
}

fn chosen(follow: &[Follow]) -> Vec<File> {
    let file = |follow: &Follow| match follow {
        Follow::GoWork => File::Work,
        Follow::GoMod => File::Mod,
        Follow::GoVersion => File::GoVersion,
        Follow::ToolVersions => File::ToolVersions,
    };
    follow.iter().map(file).collect()
}

/// Returns the verdict where there is no policy and a file is followed.
pub(crate) fn no_policy() -> Trust {
    let reason = "there is no policy, and your config.toml follows this file".to_owned();
    Trust { reason, ..Trust::none() }
}

/// Returns the lines that ask for a version, all that was looked at watched.
pub(crate) fn requests(
    directory: &Path,
    outside: &Env,
    follow: &[Follow],
    watched: &mut Watched,
) -> Result<Vec<Request>, Error> {
    let asked = followed(directory, outside, &chosen(follow));
    asked.watch.iter().for_each(|path| watched.add(path));
    match asked.problems.first() {
        None => Ok(asked.requests),
        Some((file, problem)) => {
            let place = format!("{}:{}:{}", safe_path(file), problem.line, problem.column);
            Err(refuse(format!("{place}: {}", safe(problem.message.as_bytes())), None))
        }
    }
}

/// Returns the line that decides.
pub(crate) fn decides<'a>(directory: &Path, requests: &'a [Request]) -> Result<&'a Request, Error> {
    match choose(requests) {
        Ok(Some(request)) => Ok(request),
        // It was there when the file was located.
        Ok(None) => Err(Error::NoPolicy(directory.to_path_buf())),
        Err(conflict) => Err(refuse(safe(conflict.to_string().as_bytes()), None)),
    }
}

/// Returns the version to use: the one that decides or, where that is a minimum and not here or not admitted, the
/// nearest later release that is here, satisfies every line and is admitted.
pub(crate) fn version(
    decides: &Request,
    requests: &[Request],
    rules: &Rules,
    places: &Places,
    watched: &mut Watched,
) -> Version {
    let asked = &decides.version;
    let Ok(admitted) = Admitted::of(None, rules, &[]) else { return asked.clone() };
    let is_admitted = |version: &Version| admitted.admit(version).is_ok();
    let is_release = !asked.is_language() && is_admitted(asked);
    if decides.kind.is_exact() || (is_release && find(asked, places).is_ok()) {
        return asked.clone();
    }
    places.directories().for_each(|place| watched.add(place));
    let fits = |version: &Version| {
        !version.is_prerelease()
            && is_admitted(version)
            && requests.iter().all(|request| request.admits(version))
    };
    let here: Vec<Version> = versions(places);
    let fitting: Vec<&Version> = here.iter().filter(|version| fits(version)).collect();
    let line = fitting.first().map(|version| version.language());
    let newest = fitting.iter().rev().find(|version| Some(version.language()) == line);
    newest.map_or_else(|| asked.clone(), |version| (*version).clone())
}

/// Returns the policy that the file stands for.
pub(crate) fn stand_in(decides: &Request, version: &Version) -> Text {
    let bytes = format!("use go {version}\n").into_bytes();
    Text { path: decides.file.clone(), bytes, stamp: Stamp::RACY }
}

/// Returns the error of that policy at the line that asks.
pub(crate) fn refused(decides: &Request, error: PolicyError) -> Error {
    let place = format!("{}:{}", safe_path(&decides.file), decides.line);
    refuse(format!("{place}: {}", safe(error.message.as_bytes())), error.hint)
}

fn refuse(message: String, hint: Option<String>) -> Error {
    Error::Refused { message, hint, exit: Exit::Policy }
}
