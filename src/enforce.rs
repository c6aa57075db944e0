//! Holds what a policy wants against the rules: the Go it pins, the variables it sets, the directories it puts on PATH.
//!
//! Runs on the values after expansion and refuses the whole policy. The classes of names and the rules for values are
//! pure and lie in `trust/variables.rs`; here is the look at directories. Rules: docs/security.md, section
//! "Variables".

use std::path::Path;

use crate::check::tiers;
use crate::env::{Bytes, Diff, Env, list};
use crate::error::{Error, Exit};
use crate::files;
use crate::policy::{Place, Wanted, limits};
use crate::trust::header::Tier;
use crate::trust::rules::{Rules, TierRules};
use crate::trust::variables::{Approval, Change, Context, Objection, added_entries, judge};
use crate::trust::{State, Trust};
use crate::ui::{safe, safe_path};
use crate::watch::Watched;
use crate::world::path_of;

/// Refuses a policy that sets what it may not; where another go on PATH would change that, it is watched.
///
/// # Errors
/// The first objection, with the place of the setting.
pub fn variables(
    policy: &Path,
    wanted: &Wanted,
    outside: &Env,
    trust: &Trust,
    rules: &TierRules,
    uid: u32,
    watched: &mut Watched,
) -> Result<(), Error> {
    data(policy, wanted, outside, trust, rules)?;
    let diff = Diff::between(outside, &wanted.env);
    size(policy, &diff)?;
    let change = |(name, after)| Change { name, before: outside.get(name), after };
    let mut changes: Vec<Change> = diff.steps().map(change).collect();
    if wanted.sdk.is_some() {
        // In bash `use go` may have been undone, or run where it changes nothing: in a subshell.
        let own: [&[u8]; 2] = [b"GOROOT", b"GOTOOLCHAIN"];
        changes.extend(own.map(|name| change((name, wanted.env.get(name)))));
    }
    let root = wanted.sdk.as_ref().map(|(_, sdk)| sdk.root.clone().into_os_string());
    let approval = match trust.state {
        State::Signed => Approval::Signed,
        _ => Approval::Allowed,
    };
    let sdk_root = root.as_ref().map(|root| root.as_encoded_bytes());
    let objections = judge(&changes, Context { approval, rules, sdk_root });
    if let Some(objection) = objections.into_iter().next() {
        return Err(refusal(policy, wanted, &objection));
    }
    let path = changes.iter().find(|change| change.name == b"PATH");
    for entry in path.map(added_entries).unwrap_or_default() {
        path_entry(policy, wanted, &path_of(entry), rules, uid, watched)?;
    }
    first_go(policy, wanted, watched)
}

/// Refuses an environment in which the shell could start no program.
fn size(policy: &Path, diff: &Diff) -> Result<(), Error> {
    // The string that a process is given is NAME=value and a NUL.
    let string = |(name, value): (&[u8], Option<&[u8]>)| Some(name.len() + value?.len() + 2);
    let found: usize = diff.steps().filter_map(string).sum();
    if found <= limits::ENVIRONMENT {
        return Ok(());
    }
    let (shown, most) = (safe_path(policy), limits::ENVIRONMENT);
    let message = format!("{shown}: what the policy sets has {found} bytes, more than {most}");
    let hint = Some("put what is large into a file, and its path into the variable".to_owned());
    Err(Error::Refused { message, hint, exit: Exit::Policy })
}

/// Refuses what data sets that nobody approved: a `.env` file, and where the policy is signed any other file too. bash is
/// not to have it either, for the programs that it runs.
///
/// # Errors
/// The first objection, with the place of the setting.
pub fn data(
    policy: &Path,
    wanted: &Wanted,
    outside: &Env,
    trust: &Trust,
    rules: &TierRules,
) -> Result<(), Error> {
    for (name, place) in &wanted.dotenv {
        if let Some(objection) = objection(name, wanted, outside, Approval::Dotenv, rules) {
            return Err(refused(&place.shown(&safe_path(&place.path)), &objection));
        }
    }
    let signed = trust.state == State::Signed;
    let names = wanted.from_data.iter().filter(|name| signed && wanted.env.get(name).is_some());
    for name in names {
        if let Some(objection) = objection(name, wanted, outside, Approval::Data, rules) {
            return Err(refusal(policy, wanted, &objection));
        }
    }
    Ok(())
}

fn objection(
    name: &[u8],
    wanted: &Wanted,
    outside: &Env,
    approval: Approval,
    rules: &TierRules,
) -> Option<Objection> {
    let change = Change { name, before: outside.get(name), after: wanted.env.get(name) };
    judge(&[change], Context { approval, rules, sdk_root: None }).pop()
}

/// Refuses a `use go` whose release the policy's tier does not admit.
///
/// # Errors
/// With the place of the line that asks for it, or of the line that is not understood.
pub fn releases(wanted: &Wanted, tier: Option<&Tier>, rules: &Rules) -> Result<(), Error> {
    tiers::judge(wanted, tier, rules).map_err(|bad| {
        let place = bad.place.map(|place| format!("{}: ", place.shown(&safe_path(&place.path))));
        let message = format!("{}{}", place.unwrap_or_default(), safe(bad.message.as_bytes()));
        let hint = bad.is_release.then(|| "pin an admitted release: goenv pin VERSION".to_owned());
        Error::Refused { message, hint, exit: Exit::Policy }
    })
}

/// Refuses a PATH that finds another go than that of `use go`, which would run with its GOROOT.
fn first_go(policy: &Path, wanted: &Wanted, watched: &mut Watched) -> Result<(), Error> {
    let Some((_, sdk)) = &wanted.sdk else { return Ok(()) };
    let path = wanted.env.get(b"PATH").unwrap_or_default();
    find_go(path, &sdk.root, |go| watched.program(go)).map_err(|why| {
        let place = place_of(policy, wanted, b"PATH");
        let message = format!("{place}: PATH: {why}: `use go` sets which one runs");
        let hint = Some("put `use go` after what changes PATH".to_owned());
        Error::Refused { message, hint, exit: Exit::Policy }
    })
}

/// Asks whether PATH finds the go of the SDK at `root`, whichever directory is the current one; `is_program` looks at
/// what may come before it.
///
/// # Errors
/// Why it does not, in words.
pub fn find_go(
    path: &[u8],
    root: &Path,
    mut is_program: impl FnMut(&Path) -> bool,
) -> Result<(), String> {
    let bin = root.join("bin");
    let mut relative = None;
    for directory in list::entries(path).map(path_of) {
        if !directory.is_absolute() {
            relative.get_or_insert(directory);
            continue;
        }
        let go = directory.join("go");
        // By a link it may be the same one.
        let is_it = || files::real_path(&go) == files::real_path(&bin.join("go"));
        if directory != bin && !is_program(&go) {
            continue;
        }
        return match relative {
            Some(relative) => Err(of_current_directory(&relative)),
            None if directory == bin || is_it() => Ok(()),
            None => Err(format!("{} has another go, and comes first", safe_path(&directory))),
        };
    }
    Err(format!("{} is not on it", safe_path(&bin)))
}

fn of_current_directory(entry: &Path) -> String {
    let entry = match entry.as_os_str().is_empty() {
        true => "an empty entry".to_owned(),
        false => format!("the entry {}", safe_path(entry)),
    };
    format!("{entry} comes first, so a go in the current directory would run")
}

/// Refuses a directory on PATH that others can put programs into, or another directory in its place. One that does not exist
/// yet is fine where others cannot make it.
fn path_entry(
    policy: &Path,
    wanted: &Wanted,
    directory: &Path,
    rules: &TierRules,
    uid: u32,
    watched: &Watched,
) -> Result<(), Error> {
    let refuse = |why: String, hint: Option<String>| {
        let place = place_of(policy, wanted, b"PATH");
        Err(Error::Refused { message: format!("{place}: PATH: {why}"), hint, exit: Exit::Policy })
    };
    // The SDK was looked at when it was found.
    if wanted.sdk.as_ref().is_some_and(|(_, sdk)| sdk.root.join("bin") == directory) {
        return Ok(());
    }
    if let Err(problem) = watched.check_place(directory, uid) {
        return refuse(problem.to_string(), problem.hint());
    }
    // By a link too: a repository, or a home, can have one that leads there.
    let is_inside = |directory: &Path| directory.starts_with(repository_of(policy));
    let leads_inside = || files::real_path(directory).is_some_and(|real| is_inside(&real));
    if rules.strict && (is_inside(directory) || leads_inside()) {
        let shown = safe_path(directory);
        return refuse(
            format!("{shown} is inside the repository, whose programs nobody reviewed"),
            None,
        );
    }
    Ok(())
}

/// Returns the root of the working tree that a policy is in, or its directory where it is in none.
fn repository_of(policy: &Path) -> &Path {
    let is_root = |directory: &&Path| files::look_at(&directory.join(".git")).is_some();
    let here = policy.parent().unwrap_or(policy);
    here.ancestors().find(is_root).unwrap_or(here)
}

fn refusal(policy: &Path, wanted: &Wanted, objection: &Objection) -> Error {
    refused(&place_of(policy, wanted, objection.name.as_bytes()), objection)
}

fn refused(place: &str, objection: &Objection) -> Error {
    let Objection { name, why, .. } = objection;
    let message = format!("{place}: {}: {why}", safe(name.as_bytes()));
    Error::Refused { message, hint: None, exit: Exit::Policy }
}

/// Returns `path:line` of the last setting of a variable; of one that bash set the path alone.
fn place_of(policy: &Path, wanted: &Wanted, name: &[u8]) -> String {
    let is_it = |(origin, _): &&(Bytes, Place)| origin == name;
    match wanted.origins.iter().rev().find(is_it) {
        Some((_, place)) => place.shown(&safe_path(&place.path)),
        None => format!("{}:1", safe_path(policy)),
    }
}
