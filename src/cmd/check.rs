//! `goenv check [PATH…]`: the gate, for a terminal, a git hook and CI.

use crate::admit::Admission;
use crate::check::facts::Facts;
use crate::check::format::{Colour, Form, summary, unordered};
use crate::check::gather::{Origin, Request, gather};
use crate::check::rules::{self, Entry, Level};
use crate::check::standing::Standings;
use crate::check::{Report, check};
use crate::cli::CheckArguments;
use crate::doctor;
use crate::error::{Error, Exit};
use crate::files;
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::world::World;

/// Checks, and prints the report.
///
/// # Errors
/// If something that the check needs cannot be read; findings are no error.
pub fn run(arguments: &CheckArguments, world: &World, ui: &Ui) -> Result<Exit, Error> {
    if let Some(id) = &arguments.explain {
        let entry = rules::named(id).ok_or_else(|| unknown(id))?;
        ui.data(explanation(entry).as_bytes())?;
        return Ok(Exit::Done);
    }
    let admission = Admission::of(world)?;
    let origin = if arguments.staged { Origin::Index } else { Origin::WorkTree };
    let tier = arguments.tier.as_ref();
    let request = Request { paths: &arguments.paths, origin, tier };
    let facts = gather(&request, &admission, world)?;
    let standings =
        Standings::new(&facts, admission.rules(), tier, world.now()).map_err(Error::Rules)?;
    let report = check(&facts, &standings);
    let is_plain = arguments.output.is_some() || !ui.colours_stdout();
    let colour = if is_plain { Colour::Off } else { Colour::On };
    let text = arguments.format.print(&report, &facts, colour);
    match &arguments.output {
        Some(path) => files::write(&world.absolute(path), &text)?,
        None => ui.data(&text)?,
    }
    tell(arguments, &report, &facts, ui);
    Ok(exit(&report))
}

/// Says on stderr how it ended, where a person reads along.
fn tell(arguments: &CheckArguments, report: &Report, facts: &Facts, ui: &Ui) {
    let (form, is_printed) = (arguments.format, arguments.output.is_none());
    // JSON has a field for it.
    if let Some(note) = unevaluated(report, facts).filter(|_| form != Form::Json || !is_printed) {
        ui.say(Tone::Plain, &unordered(&note));
    }
    if form != Form::Text && is_printed {
        return;
    }
    let tone = match () {
        () if report.count(Level::Error) > 0 => Tone::Error,
        () if report.count(Level::Warning) > 0 => Tone::Warning,
        () => Tone::Plain,
    };
    ui.say(tone, &summary(report));
}

/// Returns what is said of policies that only bash could evaluate: nobody is to take silence for a verdict.
fn unevaluated(report: &Report, facts: &Facts) -> Option<String> {
    const SHOWN: usize = 5;
    let all = &report.unevaluated;
    let shown: Vec<String> =
        all.iter().take(SHOWN).map(|path| safe_path(&facts.shown(path))).collect();
    let more = all.len().checked_sub(SHOWN + 1).map(|more| format!(" and {} more", more + 1));
    let (names, more) = (shown.join(", "), more.unwrap_or_default());
    let what = "bash evaluates these, so they were not run, and what they set was not judged";
    (!all.is_empty()).then(|| format!("{what}: {names}{more}"))
}

fn exit(report: &Report) -> Exit {
    match () {
        () if report.is_untrusted() => Exit::Untrusted,
        () if report.count(Level::Error) > 0 => Exit::Failed,
        () => Exit::Done,
    }
}

fn unknown(id: &str) -> Error {
    let shown = safe(id.as_bytes());
    let (message, hint) = match doctor::is_own(id) {
        true => (
            format!("`{shown}` is what goenv doctor finds, and no rule of the gate"),
            "what it means: docs/gate.md, section \"Doctor\"",
        ),
        false => {
            (format!("`{shown}` is no rule of the gate"), "the rules are listed in docs/gate.md")
        }
    };
    Error::Refused { message, hint: Some(hint.to_owned()), exit: Exit::Usage }
}

fn explanation(entry: &Entry) -> String {
    let silence = if entry.rule.may_be_silenced() {
        format!(
            "Exception, in the policy:  #goenv-ignore: {} until 2027-01-31 the reason\n",
            entry.id
        )
    } else {
        "It cannot be silenced.\n".to_owned()
    };
    let Entry { id, level, title, why, cure, .. } = entry;
    format!("{id} ({}): {title}\n\n{why}\n\nCure:  {cure}\n{silence}", level.name())
}
