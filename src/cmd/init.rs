//! `goenv init [DIR]`: writes a first policy, or says which lines of the one that is there are native.
//!
//! The version is the one that go.work, go.mod, `.go-version` and `.tool-versions` ask for. Never overwrites, never
//! approves, never fetches: the policy that was written is a person's to read and to allow.

use std::path::{Path, PathBuf};

use super::sdk::places;
use super::shown::short;
use crate::admit::Admission;
use crate::error::{Error, Exit};
use crate::files::Text;
use crate::go::Version;
use crate::go::request::{Request, choose};
use crate::load::{self, Loader, Preview, Purpose};
use crate::locate::{self, POLICY_NAME};
use crate::policy::{self, Cause, PolicyError};
use crate::sdk::list::versions;
use crate::sdk::requested::requested;
use crate::sdk::useline;
use crate::shell::quote_argument;
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::watch::Watched;
use crate::world::World;
use crate::{files, inherit};

/// Writes the policy, or surveys the one that is there.
///
/// # Errors
/// If the version files cannot be read or contradict one another, or the policy cannot be written.
pub fn run(dir: Option<&Path>, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let given = dir.map_or_else(|| world.cwd.clone(), |dir| Some(world.absolute(dir)));
    let given = given.ok_or(Error::NoDirectory)?;
    let directory =
        files::real_path(&given).ok_or_else(|| files::FileProblem::Missing(given.clone()))?;
    let policy = directory.join(POLICY_NAME);
    let elsewhere = dir.filter(|_| world.cwd.as_ref() != Some(&directory)).map(quote_argument);
    let from = Standpoint { elsewhere };
    if files::look_at(&policy).is_some() {
        return survey(&policy, &from, world, ui);
    }
    write(&policy, &directory, &from, world, ui)
}

/// From where the directory is asked about: a hint is pasted there.
struct Standpoint {
    /// The directory as it was given, quoted; none where it is the current one.
    elsewhere: Option<String>,
}

impl Standpoint {
    /// Returns a command that takes a directory or a policy.
    fn on(&self, command: &str) -> String {
        match &self.elsewhere {
            None => command.to_owned(),
            Some(directory) => format!("{command} {directory}"),
        }
    }

    /// Returns the command that pins a version in a new policy of the directory: by itself it takes one further up.
    fn pin(&self, version: &str, directory: &Path) -> String {
        let command = self.on(&format!("goenv pin {version}"));
        match self.elsewhere.is_none() && locate::nearest(directory).is_some() {
            true => format!("{command} ."),
            false => command,
        }
    }
}

/// The version that a new policy gets.
struct Chosen {
    version: Version,
    /// The line that asks for it; none where nothing asks.
    request: Option<Request>,
    /// Whether it is here.
    is_here: bool,
}

fn write(
    policy: &Path,
    directory: &Path,
    from: &Standpoint,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let above = locate::nearest(directory);
    let chosen = chosen(directory, from, world)?;
    let version = &chosen.version;
    let why = match &chosen.request {
        Some(request) => safe(relative(request, directory).to_string().as_bytes()),
        None => "the newest Go that was here when this was written".to_owned(),
    };
    files::write_new(policy, format!("# {why}\nuse go {version}\n").as_bytes())?;
    ui.say(Tone::Plain, &format!("wrote {}: use go {version} ({why})", short(policy, world)));
    if let Some(above) = above {
        let above = short(&above.path, world);
        ui.say(
            Tone::Warning,
            &format!("{above} no longer applies here; to keep what it sets, add: source_up"),
        );
    }
    if !chosen.is_here {
        let missing = if version.is_language() { "no release of go" } else { "go" };
        let not = if version.is_language() { "is here" } else { "is not here yet" };
        ui.say(
            Tone::Warning,
            &format!("{missing}{version} {not}; run: goenv sdk install {version}"),
        );
    }
    ui.say(Tone::Plain, &format!("review it, then run: {}", from.on("goenv allow")));
    Ok(Exit::Done)
}

/// Returns the version that the files ask for: the newest release that is here where they name a language, or
/// nothing at all.
fn chosen(directory: &Path, from: &Standpoint, world: &World) -> Result<Chosen, Error> {
    let outside = inherit::outside_of(world);
    let asked = requested(directory, &outside);
    if let Some((file, problem)) = asked.problems.first() {
        let place = format!("{}:{}:{}", safe_path(file), problem.line, problem.column);
        return Err(refused(format!("{place}: {}", safe(problem.message.as_bytes())), None));
    }
    let request = choose(&asked.requests).map_err(|conflict| {
        let pin = from.pin(conflict.first.version.as_str(), directory);
        let hint = format!("change one of the two, or decide: {pin}");
        refused(safe(conflict.to_string().as_bytes()), Some(hint))
    })?;
    let here = versions(&places(world)?);
    let newest = |line: Option<&Version>| {
        let releases = here.iter().rev().filter(|version| !version.is_prerelease());
        let mut releases =
            releases.filter(|version| line.is_none_or(|line| version.language() == line.as_str()));
        releases.next().cloned()
    };
    let Some(request) = request else {
        let version = newest(None).ok_or_else(|| {
            let directory = safe_path(directory);
            refused(
                format!(
                    "nothing in {directory} or above it asks for a Go version, and no Go is here"
                ),
                Some("install one first: goenv sdk install VERSION".to_owned()),
            )
        })?;
        return Ok(Chosen { version, request: None, is_here: true });
    };
    let asked = &request.version;
    let release = if asked.is_language() { newest(Some(asked)) } else { None };
    let is_here =
        release.is_some() || here.iter().any(|version| version.as_str() == asked.as_str());
    let version = release.unwrap_or_else(|| asked.clone());
    Ok(Chosen { version, request: Some(request.clone()), is_here })
}

fn refused(message: String, hint: Option<String>) -> Error {
    Error::Refused { message, hint, exit: Exit::Failed }
}

/// Returns the request with its file as seen from the directory, so that the policy means the same elsewhere.
fn relative(request: &Request, directory: &Path) -> Request {
    let mut up = PathBuf::new();
    for above in directory.ancestors() {
        if let Ok(below) = request.file.strip_prefix(above) {
            return Request { file: up.join(below), ..request.clone() };
        }
        up.push("..");
    }
    request.clone()
}

/// Says which lines of a policy are native, and changes nothing.
fn survey(policy: &Path, from: &Standpoint, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let text = load::read(policy, world, &mut Watched::new(world.now()))?;
    let mut errors = policy::survey(policy, &text.bytes);
    reached(&text, &mut errors, world);
    let count = text.bytes.split_inclusive(|byte| *byte == b'\n').count();
    let others = errors.len();
    let native = match others {
        policy::SURVEYED => "the rest was not looked at".to_owned(),
        _ => format!("{} native", count.saturating_sub(others)),
    };
    let mut report = format!("{} is there already, and stays as it is\n", short(policy, world));
    if others > 0 && others < policy::SURVEYED.min(count) {
        report += &format!("native: {}\n", ranges(count, &errors));
    }
    for error in &errors {
        report += &format!("\n{}\n", error.render(policy.parent().unwrap_or(policy)));
    }
    if others > 0 {
        report.push('\n');
    }
    let lines = if count == 1 { "line" } else { "lines" };
    report += &format!("{count} {lines}: {others} not native, {native}\n");
    ui.data(report.as_bytes())?;
    if others > 0 {
        let rule = "a policy applies whole or not at all";
        let again = from.on("goenv init");
        let mut next = format!("{rule}; rewrite these lines, then look again with: {again}");
        if is_for_bash(&text, &errors, world) {
            next += &format!("; or have bash run all of it: {}", from.on("goenv allow --bash"));
        }
        ui.say(Tone::Warning, &next);
        return Ok(Exit::Failed);
    }
    if String::from_utf8(text.bytes).is_ok_and(|text| useline::find(&text) == Ok(None)) {
        let pin = from.on("goenv pin VERSION");
        ui.say(Tone::Plain, &format!("it names no Go; to add one, run: {pin}"));
    }
    ui.say(Tone::Plain, &format!("review it, then run: {}", from.on("goenv allow")));
    Ok(Exit::Done)
}

/// Returns whether bash could run what is not native, and may.
fn is_for_bash(text: &Text, errors: &[PolicyError], world: &World) -> bool {
    let is_beyond = |error: &PolicyError| error.cause == Cause::Beyond;
    let could = match policy::parse(&text.path, &text.bytes) {
        Ok(_) => errors.iter().all(is_beyond),
        // Line by line, what belongs to a function or a loop looks like a slip.
        Err(first) => {
            is_beyond(&first) && !errors.iter().any(|error| error.cause == Cause::Download)
        }
    };
    let admission = Admission::of(world);
    could && admission.is_ok_and(|admission| admission.leaves_to_bash(text))
}

/// Adds the lines that are refused only where they are reached, and are reached here: `use nix` without a guard.
fn reached(text: &Text, errors: &mut Vec<PolicyError>, world: &World) {
    let outside = inherit::outside_of(world);
    let loader = Loader::new(world, &outside, Purpose::Look);
    let mut lines: Vec<&[u8]> = text.bytes.split(|byte| *byte == b'\n').collect();
    let blank = |lines: &mut Vec<&[u8]>, error: &PolicyError| {
        let line = lines.get_mut((error.place.line as usize).saturating_sub(1));
        line.is_some_and(|line| !std::mem::take(line).is_empty())
    };
    for error in errors.iter() {
        blank(&mut lines, error);
    }
    for _ in errors.len()..policy::SURVEYED {
        let rest = Text { bytes: lines.join(&b'\n'), ..text.clone() };
        let Ok(Preview { result: Err(Error::Policy(error)), .. }) = loader.preview(&rest) else {
            break;
        };
        // Whatever else is wrong with a line, as a file that is not here, is for `goenv allow` to say.
        if error.place.path != text.path || !blank(&mut lines, &error) {
            break;
        }
        if matches!(error.cause, Cause::Beyond | Cause::Download | Cause::Slip) {
            errors.push(*error);
        }
    }
    errors.sort_by_key(|error| error.place.line);
}

/// Returns the lines without an error as `1-3, 5`.
fn ranges(count: usize, errors: &[PolicyError]) -> String {
    let is_native = |line: &usize| !errors.iter().any(|error| error.place.line as usize == *line);
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for line in (1..=count).filter(is_native) {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => ranges.push((line, line)),
        }
    }
    let shown =
        ranges.iter().map(
            |(start, end)| {
                if start == end { start.to_string() } else { format!("{start}-{end}") }
            },
        );
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_a_row_are_one_range() {
        let native = |text: &str| {
            let errors = policy::survey(Path::new("/p/.envrc"), text.as_bytes());
            ranges(text.lines().count(), &errors)
        };
        assert_eq!(native("true\ntrue\ntrue\n"), "1-3");
        assert_eq!(native("npm\ntrue\nnpm\ntrue\ntrue"), "2, 4-5");
        assert_eq!(native("npm\n"), "");
    }
}
