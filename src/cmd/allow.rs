//! `goenv allow [PATH]`: approves exactly the bytes that it read, after showing what they would change; with `--bash` as a
//! program for bash, after showing the text, because what it changes only running it could show.

use std::path::Path;

use super::shown::{aim, names, short};
use crate::admit::{self, Admission};
use crate::audit::record::Event;
use crate::bash;
use crate::env::list::{self, Edit};
use crate::env::{Diff, Env};
use crate::error::{Error, Exit};
use crate::files::Text;
use crate::inherit;
use crate::load::{self, Loader, Preview, Purpose};
use crate::locate::{Kind, Located};
use crate::store::Store;
use crate::transition::decided;
use crate::trust::header::Engine;
use crate::trust::record::{Approved, Record};
use crate::trust::variables::{Change, sensitive};
use crate::ui::{Tone, Ui, safe};
use crate::watch::Watched;
use crate::world::World;

/// The most lines of a changed policy that are shown.
const SHOWN_LINES: usize = 200;

/// Shows and approves the policy.
///
/// # Errors
/// If there is no policy, it may not be read, it does not parse, or the approval cannot be kept.
pub fn run(path: Option<&Path>, engine: Engine, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let policy = super::policy_path(path, world)?;
    let store = Store::of(world)?;
    let text = load::read(&policy, world, &mut Watched::new(world.now()))?;
    let outside = inherit::outside_of(world);
    if engine == Engine::Bash {
        return for_bash(text, &outside, &store, world, ui);
    }
    let preview = Loader::new(world, &outside, Purpose::Look).preview(&text);
    let preview = preview.map_err(|error| with_other_way(error, &text, world))?;
    let record = Record {
        engine,
        policy: Approved { path: policy.clone(), bytes: text.bytes },
        sourced: preview.sourced.clone(),
    };
    if let Some(earlier) = store.latest(&policy, world.now()) {
        show_changes(&earlier, &record, world, ui);
    }
    let unlogged = decided(Event::Allow, &policy, Some(&record.policy.bytes), engine, world)?;
    store.allow(&record)?;
    unlogged.iter().for_each(|warning| ui.say(Tone::Warning, warning));
    ui.say(
        Tone::Plain,
        &format!("allowed {}{}", short(&policy, world), effect(&preview, &outside)),
    );
    for text in texts(&record).iter().skip(1) {
        ui.say(Tone::Plain, &format!("  with {}", short(&text.path, world)));
    }
    point_at(&preview, &outside, ui);
    warn(obstacle(&policy, preview, &outside, world), &policy, world, ui);
    Ok(Exit::Done)
}

/// Approves a policy as a program for bash: nothing of it runs before that, here or anywhere.
fn for_bash(
    text: Text,
    outside: &Env,
    store: &Store,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    bash::check(&text.path, &text.bytes, outside)?;
    let mut watched = Watched::new(world.now());
    let admission = Admission::new(world, world.now(), &mut watched)?;
    if let Some(no) = admission.forbids(&text, Engine::Bash) {
        return Err(Error::Untrusted(text.path, Box::new(no)));
    }
    let path = text.path.clone();
    let shown = short(&path, world);
    let policy = Approved { path: path.clone(), bytes: text.bytes.clone() };
    let record = Record { engine: Engine::Bash, policy, sourced: Vec::new() };
    ui.say(
        Tone::Warning,
        &format!("{shown} is a program: bash runs it with your rights whenever it is loaded"),
    );
    match store.latest(&path, world.now()).filter(|earlier| is_changed(earlier, &record)) {
        Some(earlier) => show_changes(&earlier, &record, world, ui),
        None => ui.raw(&whole(&record.policy.bytes)),
    }
    let unlogged = decided(Event::Allow, &path, Some(&record.policy.bytes), Engine::Bash, world)?;
    store.allow(&record)?;
    unlogged.iter().for_each(|warning| ui.say(Tone::Warning, warning));
    ui.say(Tone::Plain, &format!("allowed {shown} for bash"));
    // What else the rules say of it; it is not run to find that out.
    let verdict = admission.verdict(&text, &mut watched)?;
    warn(admit::refusal(&path, &verdict), &path, world, ui);
    Ok(Exit::Done)
}

/// Returns whether bash was allowed to run another version of a policy.
fn is_changed(earlier: &Record, now: &Record) -> bool {
    earlier.engine == now.engine && earlier.policy.bytes != now.policy.bytes
}

/// Returns the lines of a text, made terminal-safe.
fn whole(text: &[u8]) -> String {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let lines = text.split(|byte| *byte == b'\n').map(|line| format!("  | {}", safe(line)));
    cut_off(lines.collect())
}

/// Returns an error about what only bash could run, with the way to let bash run it; any other error as it is.
fn with_other_way(error: Error, text: &Text, world: &World) -> Error {
    let admission = Admission::of(world);
    match (error, admission) {
        (Error::Policy(error), Ok(admission)) => {
            aim(load::other_way(*error, text, &admission).into(), &text.path, world)
        }
        (error, _) => error,
    }
}

/// Returns the policy and the texts that it reads, each once, however often it reads them.
fn texts(record: &Record) -> Vec<&Approved> {
    let mut texts: Vec<&Approved> = vec![&record.policy];
    for text in &record.sourced {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Names the variables that deserve a second look, each with the reason.
fn point_at(preview: &Preview, outside: &Env, ui: &Ui) {
    let Ok(wanted) = &preview.result else { return };
    let diff = Diff::between(outside, &wanted.env);
    let changes: Vec<Change> = diff
        .steps()
        .map(|(name, after)| Change { name, before: outside.get(name), after })
        .filter(|change| !(wanted.sdk.is_some() && is_of_sdk(change.name)))
        .collect();
    for (name, why) in sensitive(&changes) {
        ui.say(Tone::Warning, &format!("{}: {why}", safe(name.as_bytes())));
    }
}

/// Returns whether `use go` sets the variable.
fn is_of_sdk(name: &[u8]) -> bool {
    matches!(name, b"GOROOT" | b"GOTOOLCHAIN")
}

/// Returns what the policy would change, by name.
fn effect(preview: &Preview, outside: &Env) -> String {
    let Ok(wanted) = &preview.result else { return String::new() };
    let sdk = wanted.sdk.as_ref().map(|(_, sdk)| format!(" go{}", sdk.version)).unwrap_or_default();
    let effect = format!("{sdk}{}", names(&Diff::between(outside, &wanted.env), outside));
    if effect.is_empty() { effect } else { format!(":{effect}") }
}

/// Returns why the next prompt there will not apply the policy, though it is approved; what the rules say of it, they say
/// only then.
fn obstacle(policy: &Path, preview: Preview, outside: &Env, world: &World) -> Option<Error> {
    // An SDK that is not admitted need not be installed.
    preview.refused.or_else(|| {
        let located = Located { path: policy.to_path_buf(), kind: Kind::Policy };
        Loader::new(world, outside, Purpose::Look).load(&located).result.err()
    })
}

/// Says in one line that the approval is kept and the policy does not apply yet, why, and what mends it.
fn warn(obstacle: Option<Error>, policy: &Path, world: &World, ui: &Ui) {
    let Some(error) = obstacle.map(|error| aim(error, policy, world)) else { return };
    let (why, hint) = match &error {
        // That it is blocked would contradict what was just said.
        Error::Untrusted(_, trust) => (trust.reason.clone(), trust.hint.clone()),
        _ => error.parts(),
    };
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    ui.say(Tone::Warning, &format!("allowed, and does not apply yet: {why}{hint}"));
}

/// Shows the lines that are not what was approved last.
fn show_changes(earlier: &Record, now: &Record, world: &World, ui: &Ui) {
    let known = texts(earlier);
    for text in texts(now) {
        let before = known.iter().find(|before| before.path == text.path);
        let before = before.map(|before| before.bytes.as_slice()).unwrap_or_default();
        if before != text.bytes {
            ui.say(Tone::Plain, &format!("{} since it was allowed:", short(&text.path, world)));
            ui.raw(&changed_lines(before, &text.bytes));
        }
    }
}

/// Returns the lines that went and that came, made terminal-safe.
fn changed_lines(before: &[u8], after: &[u8]) -> String {
    let lines = |bytes: &'_ [u8]| -> Vec<Vec<u8>> {
        bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    };
    let (old, new) = (lines(before), lines(after));
    let old: Vec<&[u8]> = old.iter().map(Vec::as_slice).collect();
    let new: Vec<&[u8]> = new.iter().map(Vec::as_slice).collect();
    let mut shown: Vec<String> = Vec::new();
    for edit in list::between(&old, &new) {
        match edit {
            Edit::Keep(_) => {}
            Edit::Remove(lines) => {
                shown.extend(lines.iter().map(|line| format!("  - {}", safe(line))));
            }
            Edit::Add(lines) => {
                shown.extend(lines.iter().map(|line| format!("  + {}", safe(line))))
            }
        }
    }
    cut_off(shown)
}

/// Returns the first lines of many, and how many more there are.
fn cut_off(mut shown: Vec<String>) -> String {
    let more = shown.len().saturating_sub(SHOWN_LINES);
    shown.truncate(SHOWN_LINES);
    if more > 0 {
        shown.push(format!("  … and {more} lines more"));
    }
    shown.push(String::new());
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::changed_lines;

    #[test]
    fn only_what_changed_is_shown_and_nothing_moves_the_cursor() {
        let before = b"use go 1.24.11\nexport A=1\n";
        let after = b"use go 1.26.6\nexport A=1\nexport B=$'\x1b[2J'\n";
        let text = "  - use go 1.24.11\n  + use go 1.26.6\n  + export B=$'\\u{1b}[2J'\n";
        assert_eq!(changed_lines(before, after), text);
    }
}
