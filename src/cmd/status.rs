//! `goenv status [PATH]`: one screen of what applies here, or in another directory, and why; `--json` for programs.
//!
//! Decides as the prompt there does and changes nothing. The fields of the JSON are stable: docs/reference.md.

use std::path::Path;

use serde::Serialize;

use super::shown::{Verdict, aim, broken_rules, short};
use crate::decide::Carrying;
use crate::enforce::find_go;
use crate::env::{self, Diff, Env};
use crate::error::{Error, Exit};
use crate::go::Version;
use crate::go::request::{self, Request};
use crate::load::{Applied, Loaded, Loader, Purpose, SdkStanding};
use crate::sdk::requested::requested;
use crate::trust::header::Engine;
use crate::trust::variables::{Change, added_entries, sensitive};
use crate::trust::{State, Trust};
use crate::ui::{Ui, safe, safe_path};
use crate::world::{World, path_of};
use crate::{follow, inherit};

#[derive(Serialize)]
struct Status {
    policy: Option<String>,
    applied: bool,
    engine: &'static str,
    trust: Verdict,
    scope: Option<String>,
    serial: Option<u64>,
    expires: Option<String>,
    tier: Option<String>,
    problem: Option<String>,
    sdk: Option<Sdk>,
    requested: Vec<Asked>,
    conflicts: Vec<String>,
    notes: Vec<String>,
    watches: Vec<String>,
}

#[derive(Serialize)]
struct Sdk {
    version: String,
    root: Option<String>,
    state: &'static str,
    pins: Vec<String>,
}

#[derive(Serialize)]
struct Asked {
    file: String,
    line: u32,
    kind: &'static str,
    version: String,
}

/// Prints the status of a directory, which is the current one or that of `path`.
///
/// # Errors
/// If there is no such path, or stdout cannot be written.
pub fn run(path: Option<&Path>, json: bool, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let directory = super::directory(path, world)?;
    let carrying = inherit::carried(world);
    let outside = inherit::outside(world.env(), &carrying);
    let here = directory.as_deref();
    let status = match here.and_then(|directory| follow::nearest(directory, world)) {
        Some(located) => {
            let policy = &located.path;
            let mut loaded = Loader::new(world, &outside, Purpose::Look).load(&located);
            loaded.result = loaded.result.map_err(|error| aim(error, policy, world));
            let inside = loaded.result.as_ref().map_or(&outside, |applied| &applied.wanted.env);
            let requests = requests(here, inside);
            of_policy(policy, &loaded, &requests, &outside, &carrying, world)
        }
        None => of_no_policy(&requests(here, &outside), world),
    };
    if json {
        ui.data(&crate::ui::json(&status))?;
    } else {
        ui.data(screen(&status, here, world).as_bytes())?;
    }
    Ok(Exit::Done)
}

fn of_no_policy(requests: &[Request], world: &World) -> Status {
    Status {
        policy: None,
        applied: false,
        engine: "native",
        trust: Verdict { state: "none", by: Vec::new(), reason: "there is no policy".to_owned() },
        scope: None,
        serial: None,
        expires: None,
        tier: None,
        problem: broken_rules(world).map(|error| error.text()),
        sdk: None,
        requested: requests.iter().map(asked).collect(),
        conflicts: Vec::new(),
        notes: Vec::new(),
        watches: Vec::new(),
    }
}

fn of_policy(
    policy: &Path,
    loaded: &Loaded,
    requests: &[Request],
    outside: &Env,
    carrying: &Carrying,
    world: &World,
) -> Status {
    let applied = loaded.result.as_ref().ok();
    let is_applied = carrying.state().is_some_and(|state| is_in_force(state, policy));
    let header = loaded.trust.as_ref().and_then(|trust| trust.header.as_ref());
    let mut conflicts = Vec::new();
    if let Some(applied) = applied {
        conflicts.extend(unmet(applied, requests));
        if is_applied {
            conflicts.extend(overridden(applied, world));
        }
    }
    Status {
        policy: Some(safe_path(policy)),
        applied: is_applied && applied.is_some(),
        engine: loaded.trust.as_ref().map_or(Engine::Native, |trust| trust.engine).name(),
        trust: verdict(loaded),
        scope: header.and_then(|header| Some(header.scope.as_ref()?.to_string())),
        serial: header.and_then(|header| header.serial),
        expires: header.and_then(|header| Some(header.expires.as_ref()?.text.clone())),
        tier: header.and_then(|header| Some(header.tier.as_ref()?.to_string())),
        problem: problem(loaded),
        sdk: sdk(loaded),
        requested: requests.iter().map(asked).collect(),
        conflicts,
        notes: unsigned_data(loaded, outside).into_iter().collect(),
        watches: loaded.watches.iter().map(|watch| safe_path(&watch.path)).collect(),
    }
}

/// Returns what bash leaves open of a signed policy: natively what nobody signed is known to be in none of these names.
fn unsigned_data(loaded: &Loaded, outside: &Env) -> Option<String> {
    let (Some(trust), Ok(applied)) = (&loaded.trust, &loaded.result) else { return None };
    if trust.state != State::Signed || trust.engine != Engine::Bash {
        return None;
    }
    let wanted = &applied.wanted;
    let bin = wanted.sdk.as_ref().map(|(_, sdk)| sdk.root.join("bin"));
    let is_of_sdk = |change: &Change<'_>| match change.name {
        b"GOROOT" | b"GOTOOLCHAIN" => bin.is_some(),
        b"PATH" => added_entries(change).iter().all(|entry| Some(path_of(*entry)) == bin),
        _ => false,
    };
    let diff = Diff::between(outside, &wanted.env);
    let changes = diff
        .steps()
        .map(|(name, after)| Change { name, before: outside.get(name), after })
        .filter(|change| change.after.is_some() && !is_of_sdk(change));
    let (path, others): (Vec<_>, Vec<_>) = changes.partition(|change| change.name == b"PATH");
    let mut names: Vec<String> = sensitive(&others).into_iter().map(|(name, _)| name).collect();
    names.extend(path.iter().map(|_| "PATH".to_owned()));
    let names = safe(names.join(", ").as_bytes());
    let what = "bash does not tell whether data is in it that nobody signed";
    (!names.is_empty()).then(|| format!("{names}: {what}"))
}

fn is_in_force(state: &env::State, policy: &Path) -> bool {
    state.policy == policy && state.outcome == env::state::Outcome::Applied
}

/// Returns the verdict; where there was none, why the policy was not even judged.
fn verdict(loaded: &Loaded) -> Verdict {
    let Some(trust) = &loaded.trust else {
        let reason = loaded.result.as_ref().err().map(Error::text).unwrap_or_default();
        return Verdict { state: "invalid", by: Vec::new(), reason };
    };
    Verdict::of(trust)
}

/// Returns what keeps a trusted policy, or a followed file, from applying.
fn problem(loaded: &Loaded) -> Option<String> {
    let is_fine = |trust: &Trust| trust.applies() || trust.state == State::None;
    let is_fine = loaded.trust.as_ref().is_some_and(is_fine);
    loaded.result.as_ref().err().filter(|_| is_fine).map(Error::text)
}

fn sdk(loaded: &Loaded) -> Option<Sdk> {
    let SdkStanding { wanted, version, root, state } = loaded.sdk()?;
    let pins = wanted.pins.iter().map(|(platform, hash)| format!("{platform}={hash}")).collect();
    Some(Sdk { version, root: root.map(safe_path), state, pins })
}

fn requests(directory: Option<&Path>, env: &Env) -> Vec<Request> {
    directory.map(|directory| requested(directory, env).requests).unwrap_or_default()
}

fn asked(request: &Request) -> Asked {
    Asked {
        file: safe_path(&request.file),
        line: request.line,
        kind: request.kind.name(),
        version: request.version.to_string(),
    }
}

/// Returns what version files ask for and the SDK does not give. `GOTOOLCHAIN=local` keeps Go from switching.
fn unmet(applied: &Applied, requests: &[Request]) -> Vec<String> {
    let Some((_, sdk)) = &applied.wanted.sdk else { return Vec::new() };
    let Ok(version) = Version::read(&sdk.version) else { return Vec::new() };
    request::conflicts(&version, requests)
        .iter()
        .map(|request| {
            format!("{}; this directory has go{version}", safe(request.to_string().as_bytes()))
        })
        .collect()
}

/// Returns what keeps this shell from running the policy's Go, though the policy is applied.
fn overridden(applied: &Applied, world: &World) -> Vec<String> {
    let Some((_, sdk)) = &applied.wanted.sdk else { return Vec::new() };
    let mut conflicts = Vec::new();
    for name in ["GOROOT", "GOTOOLCHAIN"] {
        if world.env().get(name) != applied.wanted.env.get(name) {
            conflicts.push(format!(
                "{name} was changed in this shell; leave and enter again to mend it"
            ));
        }
    }
    let path = world.env().get("PATH").unwrap_or_default();
    if let Err(why) = find_go(path, &sdk.root, crate::files::is_program) {
        conflicts.push(format!("PATH: {why}; leave and enter again to mend it"));
    }
    conflicts
}

/// Returns the verdict and its reason; a reason that begins with the verdict says both.
fn trust_line(trust: &Verdict) -> String {
    let Verdict { state, reason, .. } = trust;
    if reason.starts_with(state) { reason.clone() } else { format!("{state}: {reason}") }
}

/// Returns the status of a directory for people: a label and its facts a line.
fn screen(status: &Status, directory: Option<&Path>, world: &World) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    match (&status.policy, directory) {
        (None, None) => lines.push(("policy", format!("none: {}", Error::NoDirectory))),
        (None, Some(directory)) => {
            let is_here = world.cwd.as_deref() == Some(directory);
            let place = if is_here { "this directory".to_owned() } else { short(directory, world) };
            lines.push(("policy", format!("none in {place} or above it")));
        }
        (Some(policy), _) => {
            lines.push(("policy", short(Path::new(policy), world)));
            lines.push(("trust", trust_line(&status.trust)));
            if status.engine == Engine::Bash.name() {
                lines.push(("engine", "bash, which runs it with your rights".to_owned()));
            }
            let applied = if status.applied { "in this shell" } else { "not in this shell" };
            lines.push(("applied", applied.to_owned()));
        }
    }
    if let Some(problem) = &status.problem {
        lines.push(("problem", problem.clone()));
    }
    if let Some(sdk) = &status.sdk {
        let root = sdk.root.as_ref().map(|root| short(Path::new(root), world) + " ");
        let (version, root) = (&sdk.version, root.unwrap_or_default());
        lines.push(("sdk", format!("go{version} {root}({})", sdk.state)));
    }
    for asked in &status.requested {
        let file = short(Path::new(&asked.file), world);
        lines
            .push(("requested", format!("{file}:{} {} {}", asked.line, asked.kind, asked.version)));
    }
    let home = world.dirs.home.as_deref().map(|home| format!("{}/", safe_path(home)));
    let below = |text: &str| Some(format!("~/{}", text.strip_prefix(home.as_deref()?)?));
    lines.extend(status.conflicts.iter().map(|conflict| {
        // One that is about a line of a file begins with its path.
        ("conflict", below(conflict).unwrap_or_else(|| conflict.clone()))
    }));
    lines.extend(status.notes.iter().map(|note| ("note", note.clone())));
    if !status.watches.is_empty() {
        lines.push(("watching", format!("{} paths", status.watches.len())));
    }
    lines.iter().map(|(label, fact)| format!("{label:<10} {fact}\n")).collect()
}
