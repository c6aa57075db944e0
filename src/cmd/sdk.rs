//! `goenv sdk`: the SDKs that are here, and those that come, go and are verified.

use std::path::{Path, PathBuf};

use crate::admit::Admission;
use crate::audit::journal::Journal;
use crate::audit::record::{Event, Outcome, Sdk as Logged};
use crate::cli::Sdk;
use crate::error::{Error, Exit};
use crate::files::{self, FileProblem};
use crate::follow;
use crate::go::Version;
use crate::inherit;
use crate::load::{self, Loader, Purpose};
use crate::locate;
use crate::policy::SdkWanted;
use crate::sdk::bar::Bar;
use crate::sdk::install::{InstallError, Installed, Order, add_archive, install};
use crate::sdk::inventory::{Row, inventory};
use crate::sdk::list::recorded;
use crate::sdk::mirror::{DEFAULT, Mirror, archive_name};
use crate::sdk::pin::Pin;
use crate::sdk::requested::requested;
use crate::sdk::store::{self, AdoptError, Health};
use crate::sdk::tree::Cores;
use crate::sdk::{Pins, Places, Platform, Record, examine, find, useline};
use crate::shell::quote_path;
use crate::ui::{Tone, Ui, push_safe, safe, safe_path};
use crate::watch::Watched;
use crate::world::World;

/// The most differences of one SDK that are shown.
const SHOWN: usize = 20;

/// Runs one of the commands.
///
/// # Errors
/// Whatever it found wrong.
pub fn run(command: Sdk, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let places = places(world)?;
    let is_changing = matches!(command, Sdk::Install { .. } | Sdk::Add { .. } | Sdk::Remove { .. });
    if is_changing && store::is_busy(&places) {
        ui.say(Tone::Plain, "another goenv is changing the SDKs; this one waits until it is done");
    }
    match command {
        Sdk::List { json } => show(json, &places.read_only(), world, ui),
        Sdk::Install { version } => fetch(version.as_deref(), &places, world, ui),
        Sdk::Add { path, sha256 } => add(&path, sha256.as_deref(), &places, world, ui),
        Sdk::Verify { version, all: _ } => verify(version.as_deref(), &places, world, ui),
        Sdk::Remove { version } => remove(&version, &places, world, ui),
    }
}

/// Returns where SDKs are looked for and kept.
pub(super) fn places(world: &World) -> Result<Places, Error> {
    let home = world.dirs.home.clone().ok_or_else(|| Error::NoHome.as_failure())?;
    let outside = inherit::outside_of(world);
    Ok(Places::new(&outside, &home, Platform::host(), world.uid, Path::new("/")))
}

fn refused(message: impl ToString, hint: Option<String>, exit: Exit) -> Error {
    Error::Refused { message: safe(message.to_string().as_bytes()), hint, exit }
}

pub(super) fn version_of(text: &str) -> Result<Version, Error> {
    Version::read(text).map_err(|error| refused(error, None, Exit::Usage))
}

/// Lists the SDKs.
fn show(json: bool, places: &Places, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let current = world.env().get("GOROOT").map(crate::world::path_of);
    let rows = inventory(places, current.as_deref());
    let unlisted: Vec<_> = places.directories().filter_map(files::unlistable).collect();
    for problem in &unlisted {
        ui.say(Tone::Warning, &problem.to_string());
    }
    if json {
        // One row has 250 bytes or more: without room, all are copied again and again.
        ui.data(&crate::ui::json_with_room(&rows, rows.len() * 320))?;
        return Ok(Exit::Done);
    }
    if rows.is_empty() && unlisted.is_empty() {
        ui.say(Tone::Plain, "there is no Go SDK here; run: goenv sdk install VERSION");
    }
    ui.data(table(&rows, world).as_bytes())?;
    Ok(Exit::Done)
}

fn table(rows: &[Row<'_>], world: &World) -> String {
    let widest = |of: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let version = widest(&|row| row.version.as_str().len());
    let source = widest(&|row| row.source.len());
    // Asked once, and written without a formatter: there may be a thousand rows.
    let home = world.dirs.home.as_ref().map(|home| home.components().collect::<PathBuf>());
    let home = home.as_deref().and_then(Path::to_str);
    let mut text = String::with_capacity(rows.len() * (version + source + 80));
    for row in rows {
        text.push_str(if row.current { "* go" } else { "  go" });
        push_padded(&mut text, row.version.as_str(), version);
        push_padded(&mut text, row.state, 8);
        push_padded(&mut text, row.source, source);
        match home.and_then(|home| below(&row.root, home)) {
            Some(below) => {
                text.push_str("~/");
                push_safe(&mut text, below.as_bytes());
            }
            None => push_safe(&mut text, row.root.as_bytes()),
        }
        text.push('\n');
    }
    text
}

/// Adds a word of a column, and what separates it from the next.
fn push_padded(text: &mut String, word: &str, width: usize) {
    const SPACES: &str =
        "                                                                                ";
    text.push_str(word);
    let missing = width.saturating_sub(word.len()) + 2;
    text.push_str(SPACES.get(..missing).unwrap_or(SPACES));
}

/// Returns what of a path lies below `directory`.
fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(directory)?;
    if rest.is_empty() || directory.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
}

/// What this directory's policy asks for: its `use go` line as evaluated or, where something else keeps the policy from
/// that, as it is written.
fn wanted_here(world: &World) -> Option<SdkWanted> {
    let cwd = world.cwd.as_deref()?;
    let located = locate::nearest(cwd)?;
    let text = load::read(&located.path, world, &mut Watched::new(world.now())).ok()?;
    let outside = inherit::outside_of(world);
    // Nothing of it applies: a version and hashes are read from it, approved or not.
    let preview = Loader::new(world, &outside, Purpose::Look).preview(&text).ok();
    let Some(evaluated) = preview.and_then(|preview| preview.result.ok()) else {
        let line = useline::find(std::str::from_utf8(&text.bytes).ok()?).ok()??;
        let directory = located.path.parent()?.to_path_buf();
        return Some(SdkWanted { version: line.version, pins: line.pins, directory });
    };
    evaluated.sdk.map(|(mut wanted, found)| {
        wanted.version.get_or_insert(found.version);
        wanted
    })
}

/// Installs a release.
fn fetch(text: Option<&str>, places: &Places, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let here = wanted_here(world);
    let asked = asked_for(here.as_ref(), world);
    let (version, is_asked) = match text {
        Some(text) => {
            let version = version_of(text)?;
            // However the policy spells it.
            let is_asked = asked.is_ok_and(|asked| asked.as_str() == version.as_str());
            (version, is_asked)
        }
        None => (asked?, true),
    };
    let pinned = here.filter(|_| is_asked);
    let pins = Pins::read(&pinned.map(|here| here.pins).unwrap_or_default())
        .map_err(|error| refused(error, None, Exit::Policy))?;
    let source = source(world)?;
    let order = Order {
        version: &version,
        pins: &pins,
        mirrors: &source.mirrors,
        ca: source.ca.as_deref(),
        keyring: source.keyring.as_deref(),
    };
    let mut bar = Bar::new(&format!("go{version}"));
    let installed = install(&order, places, &mut |progress| bar.show(&progress, ui));
    bar.finish();
    let installed = installed.map_err(|error| match failed(&error) {
        Error::Refused { message, hint: Some(hint), exit } => {
            // Which archive it is, is known but for the newest of a line.
            let archive = match version.is_language() {
                true => "ARCHIVE".to_owned(),
                false => archive_name(&version, &places.platform),
            };
            let by_hand = "download its archive elsewhere, then run: goenv sdk add";
            let hint = hint.replace("run: goenv sdk add ARCHIVE", &format!("{by_hand} {archive}"));
            Error::Refused { message, hint: Some(hint), exit }
        }
        error => error,
    });
    done(installed?, "installed", world, ui)
}

/// Returns the version that this directory asks for.
fn asked_for(here: Option<&SdkWanted>, world: &World) -> Result<Version, Error> {
    if let Some(version) = here.and_then(|here| here.version.as_deref()) {
        return version_of(version);
    }
    // A policy leaves the version to the files of its own directory.
    let directory = here.map(|here| here.directory.as_path()).or(world.cwd.as_deref());
    let requested = requested(directory.ok_or(Error::NoDirectory)?, world.env());
    if let Some((file, problem)) = requested.problems.first() {
        let place = format!("{}:{}:{}", file.display(), problem.line, problem.column);
        return Err(refused(format!("{place}: {}", problem.message), None, Exit::Failed));
    }
    match crate::go::request::choose(&requested.requests) {
        Ok(Some(request)) => Ok(request.version.clone()),
        Ok(None) => Err(refused(
            "nothing here asks for a version of Go",
            Some("name one: goenv sdk install 1.26.6".to_owned()),
            Exit::Usage,
        )),
        Err(conflict) => Err(refused(conflict, None, Exit::Failed)),
    }
}

/// Where releases may come from.
pub(super) struct Sources {
    pub(super) mirrors: Vec<Mirror>,
    pub(super) configured: Configured,
    pub(super) ca: Option<PathBuf>,
    pub(super) keyring: Option<PathBuf>,
}

/// Whether somebody named the mirrors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Configured {
    Yes,
    No,
}

/// Returns the configured mirrors, or go.dev where nobody configured any.
pub(super) fn source(world: &World) -> Result<Sources, Error> {
    let admission = Admission::of(world)?;
    let rules = admission.rules();
    let configured = if rules.mirrors.is_empty() { Configured::No } else { Configured::Yes };
    let named: Vec<_> = match configured {
        Configured::Yes => rules.mirrors.iter().map(String::as_str).collect(),
        Configured::No => vec![DEFAULT],
    };
    let mirrors: Result<Vec<_>, _> = named.into_iter().map(Mirror::read).collect();
    let mirrors = mirrors.map_err(|error| refused(error, None, Exit::Failed))?;
    let (ca, keyring) = (rules.ca.clone(), rules.keyring.clone());
    Ok(Sources { mirrors, configured, ca, keyring })
}

fn failed(error: &InstallError) -> Error {
    let exit = if error.is_wrong() { Exit::Forged } else { Exit::Failed };
    let hint = error.hint().map(|command| format!("run: {command}"));
    let mut message = error.to_string();
    // Where the system said only "not found" of a path of ours, the path is what helps.
    if message.is_empty() {
        message = "the installation failed".to_owned();
    }
    refused(message, hint, exit)
}

fn done(installed: Installed, verb: &str, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let (record, new) = match installed {
        Installed::New(record) => (record, true),
        Installed::Already(record) => (record, false),
    };
    let root = safe_path(&record.root);
    if !new && is_adopted(&record) {
        let adopted = format!("go{} is here already, adopted from {root}", record.version);
        ui.say(Tone::Plain, &adopted);
        return Ok(Exit::Done);
    }
    if !new {
        ui.say(Tone::Plain, &format!("go{} is here already, unaltered: {root}", record.version));
        return Ok(Exit::Done);
    }
    ui.say(Tone::Plain, &format!("{verb} go{} at {root}", record.version));
    describe(&record, ui);
    log(Event::Sdk, &record.version, &record.root, Some(record.h1.clone()), world, ui);
    Ok(Exit::Done)
}

/// Logs that an SDK came, went or is not what it was. It has happened by then: what cannot be logged is a warning.
fn log(event: Event, version: &str, root: &Path, digest: Option<String>, world: &World, ui: &Ui) {
    let rules = crate::transition::rules(world);
    let Some(journal) = Journal::of(world, &rules) else { return };
    let outcome = if event == Event::SdkAltered { Outcome::Deny } else { Outcome::Allow };
    let mut line = journal.record(event, outcome);
    line.path = root.as_os_str().as_encoded_bytes().to_vec();
    line.sdk = Some(Logged { version: version.to_owned(), digest });
    crate::transition::happened(&journal, &line, ui);
}

fn describe(record: &Record, ui: &Ui) {
    if let Some(digest) = &record.archive_sha256 {
        ui.say(Tone::Plain, &format!("  archive sha256:{digest}"));
    }
    ui.say(Tone::Plain, &format!("  tree    {}", record.h1));
}

/// Adopts a directory, or takes an archive into the store.
fn add(
    path: &Path,
    sha256: Option<&str>,
    places: &Places,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let path = world.absolute(path);
    let Some(physical) = crate::files::real_path(&path) else {
        return Err(crate::files::FileProblem::Missing(path).into());
    };
    let expected = sha256.map(|digits| {
        let text =
            if digits.starts_with("h1:") { digits.to_owned() } else { format!("sha256:{digits}") };
        Pin::read(&text).ok_or_else(|| {
            refused(format!("`{digits}` is not a hash of 64 hex digits"), None, Exit::Usage)
        })
    });
    let expected = expected.transpose()?;
    if files::is_directory(&path) {
        if expected.is_some() {
            return Err(refused("a directory has no archive's digest", None, Exit::Usage));
        }
        return adopt(&physical, places, world, ui);
    }
    let mut bar = Bar::new(&safe(path.file_name().unwrap_or_default().as_encoded_bytes()));
    let added =
        add_archive(&path, expected.as_ref(), places, &mut |progress| bar.show(&progress, ui));
    bar.finish();
    let added = added.map_err(|error| match error {
        InstallError::Archive(error) => {
            refused(format!("{}: {error}", path.display()), None, Exit::Failed)
        }
        error => failed(&error),
    });
    done(added?, "added", world, ui)
}

fn adopt(path: &Path, places: &Places, world: &World, ui: &Ui) -> Result<Exit, Error> {
    if crate::files::look_through(&path.join("VERSION")).is_none() {
        let message = format!("{} is no Go SDK: it has no file VERSION", path.display());
        return Err(refused(message, None, Exit::Failed));
    }
    let adopted = store::adopt(path, places).map_err(|error| {
        let hint = match &error {
            AdoptError::Stored { version, .. } => Some(format!("run: goenv sdk verify {version}")),
            AdoptError::Changeable { root, problem: FileProblem::Writable(..) } => {
                Some(format!("run: chmod -R go-w {}", quote_path(root)))
            }
            AdoptError::Changeable { problem, .. } => problem.hint(),
            _ => None,
        };
        refused(error, hint, Exit::Failed)
    })?;
    let store::Adopted { record, replaced } = adopted;
    let mut said = format!("adopted go{} at {}", record.version, safe_path(&record.root));
    for old in &replaced {
        said += &format!(", where go{} was", old.version);
        log(Event::Sdk, &old.version, &old.root, None, world, ui);
    }
    ui.say(Tone::Plain, &said);
    describe(&record, ui);
    log(Event::Sdk, &record.version, &record.root, Some(record.h1.clone()), world, ui);
    Ok(Exit::Done)
}

/// Reads SDKs again.
fn verify(text: Option<&str>, places: &Places, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let versions = match text {
        Some(text) => {
            let version = version_of(text)?;
            // A language version is the newest release of its line here, as in a policy.
            let newest = version.is_language().then(|| find(&version, places).ok()).flatten();
            vec![newest.map_or(version, |found| found.version)]
        }
        // What cannot be listed was not verified.
        None => match files::unlistable(&places.store) {
            Some(problem) => return Err(problem.into()),
            None => recorded(places),
        },
    };
    if versions.is_empty() {
        let rows = inventory(places, None);
        let root = rows.last().map(|row| quote_path(Path::new(&row.root)));
        let root = root.unwrap_or_else(|| "DIRECTORY".to_owned());
        ui.say(Tone::Plain, &format!("no SDK is sealed; seal one with: goenv sdk add {root}"));
    }
    let mut exit = Exit::Done;
    for version in versions {
        let record = match examine::read_record(&version, places) {
            Ok(record) => record,
            // The others are verified all the same.
            Err(reason) if text.is_none() => {
                ui.say(Tone::Error, &not_sealed(&version, &reason, places).text());
                exit = if exit == Exit::Done { Exit::Failed } else { exit };
                continue;
            }
            Err(reason) => return Err(not_sealed(&version, &reason, places)),
        };
        if is_gone(&record.root) {
            ui.data(missing(&version, &record).as_bytes())?;
            ui.say(Tone::Warning, &bring_back(&version));
            exit = if exit == Exit::Done { Exit::Failed } else { exit };
            continue;
        }
        match store::verify(&record, places, Cores::All) {
            Health::Sealed | Health::Unsealed => {
                let (files, megabytes) = (record.files, record.bytes / 1_000_000);
                let line = format!(
                    "go{version} is unaltered: {files} files, {megabytes} MB, {}\n",
                    record.h1
                );
                ui.data(line.as_bytes())?;
            }
            health => {
                exit = Exit::Forged;
                let h1 = Some(record.h1.clone());
                log(Event::SdkAltered, version.as_str(), &record.root, h1, world, ui);
                ui.data(altered(&version, &record, &health).as_bytes())?;
                ui.say(Tone::Warning, &mend(&version, &record));
            }
        }
    }
    Ok(exit)
}

/// Returns what to do about an SDK that was altered.
pub(super) fn mend(version: &Version, record: &Record) -> String {
    match examine::other_version(record) {
        Some(now) => format!(
            "it holds go{now} now; to seal that, run: goenv sdk add {}",
            quote_path(&record.root)
        ),
        // To forget it would take its seal away, and where nothing can be installed it would be used as it is.
        None if is_adopted(record) => {
            let aside = files::with_suffix(&record.root, ".altered");
            let (root, aside) = (quote_path(&record.root), quote_path(&aside));
            format!("{AS_RELEASED}: mv {root} {aside} && goenv sdk install {version}")
        }
        // What goenv unpacked itself stays until the new one is whole.
        None => format!("{AS_RELEASED}: goenv sdk install {version}"),
    }
}

const AS_RELEASED: &str = "to have it as it was released, run";

/// Returns whether somebody else put it where it is: what goenv unpacked itself has the digest of its archive.
fn is_adopted(record: &Record) -> bool {
    record.archive_sha256.is_none()
}

/// Returns whether nothing is at a path, which is no alteration of what was there.
fn is_gone(root: &Path) -> bool {
    crate::files::look_at(root).is_none()
}

fn missing(version: &Version, record: &Record) -> String {
    format!("go{version} is missing: nothing is at {}\n", safe_path(&record.root))
}

/// Returns what to do about an SDK that is gone.
fn bring_back(version: &Version) -> String {
    format!(
        "to have it again, run: goenv sdk install {version}; to forget it: goenv sdk remove {version}"
    )
}

fn altered(version: &Version, record: &Record, health: &Health) -> String {
    let mut text = format!("go{version} at {} was altered:\n", safe_path(&record.root));
    match health {
        Health::Altered(differences) => {
            for difference in differences.iter().take(SHOWN) {
                text += &format!("  {}\n", safe(difference.to_string().as_bytes()));
            }
            if let Some(more) = differences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                text += &format!("  and {more} more\n");
            }
        }
        health => {
            text += &format!("  {}\n", safe(health.complaint().unwrap_or_default().as_bytes()))
        }
    }
    text
}

fn not_sealed(version: &Version, reason: &examine::Reason, places: &Places) -> Error {
    if !matches!(reason, examine::Reason::Absent) {
        let is_damaged = matches!(reason, examine::Reason::NoRecord(_));
        let hint = is_damaged
            .then(|| format!("remove it, and install or add it again: goenv sdk remove {version}"));
        return refused(format!("go{version}: {reason}"), hint, Exit::Failed);
    }
    match find(version, places) {
        Ok(found) => refused(
            format!("go{version} at {} is not sealed", found.root.display()),
            Some(format!("seal it with: goenv sdk add {}", quote_path(&found.root))),
            Exit::Failed,
        ),
        Err(missing) => {
            refused(missing.message(), Some(format!("run: {}", missing.hint())), Exit::Failed)
        }
    }
}

/// Removes an SDK of the store.
fn remove(text: &str, places: &Places, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let version = version_of(text)?;
    if version.is_language() {
        let newest = find(&version, places).ok();
        let hint = newest.map(|newest| format!("run: goenv sdk remove {}", newest.version));
        let message = format!("{version} names a language, not a release");
        return Err(refused(message, hint, Exit::Usage));
    }
    let removed =
        store::remove(&version, places).map_err(|error| refused(error, None, Exit::Failed))?;
    if let Some(root) = &removed {
        log(Event::Sdk, version.as_str(), root, None, world, ui);
    }
    match removed {
        Some(root) if root == places.stored(&version) => {
            ui.say(Tone::Plain, &format!("removed go{version}"));
            Ok(Exit::Done)
        }
        Some(root) if is_gone(&root) => {
            ui.say(Tone::Plain, &format!("forgot go{version}"));
            Ok(Exit::Done)
        }
        Some(root) => {
            let root = safe_path(&root);
            ui.say(Tone::Plain, &format!("forgot go{version}, which stays at {root}"));
            Ok(Exit::Done)
        }
        None => match find(&version, places) {
            Ok(found) => Err(refused(
                format!("go{version} at {} is not goenv's to remove", found.root.display()),
                None,
                Exit::Failed,
            )),
            Err(missing) => Err(refused(missing.message(), None, Exit::Failed)),
        },
    }
}

/// Prints the path of a program of the SDK that this directory gets.
///
/// # Errors
/// If nothing here says which SDK, or it has no such program.
pub fn which(program: &str, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let cwd = world.cwd.as_deref().ok_or(Error::NoDirectory)?;
    let located = follow::nearest(cwd, world);
    let located = located.ok_or_else(|| Error::NoPolicy(cwd.to_path_buf()))?;
    let outside = inherit::outside_of(world);
    let applied = Loader::new(world, &outside, Purpose::Look).load(&located).result?;
    let Some((_, sdk)) = applied.wanted.sdk else {
        let policy = located.path.display();
        return Err(refused(format!("{policy} has no `use go`"), None, Exit::Failed));
    };
    let plain = !program.is_empty() && !program.contains('/');
    let path = sdk.root.join("bin").join(program);
    if !(plain && crate::files::is_program(&path)) {
        let (version, root) = (sdk.version, sdk.root.display());
        return Err(refused(
            format!("go{version} at {root} has no program `{program}`"),
            None,
            Exit::Failed,
        ));
    }
    let mut line = path.into_os_string().into_encoded_bytes();
    line.push(b'\n');
    ui.data(&line)?;
    Ok(Exit::Done)
}
