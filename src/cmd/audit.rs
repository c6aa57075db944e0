//! `goenv audit log|verify|export|checkpoint`: reads the log of this user, or one that an auditor has; only `checkpoint`
//! writes, and elsewhere.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::admit::{Admission, beside};
use crate::audit::checkpoint::{Anchored, Checkpoint, NAMESPACE};
use crate::audit::export::cef;
use crate::audit::journal::Journal;
use crate::audit::log::{Log, LogError};
use crate::audit::record::{MOST_LINE, Tip};
use crate::audit::verify::{Finding, Report, Severity, verify};
use crate::cli::{AuditCommand, AuditFormat};
use crate::error::{Error, Exit};
use crate::files;
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::world::World;

/// Runs one of them.
///
/// # Errors
/// If the log may not be read, or an anchor is none.
pub fn run(command: AuditCommand, world: &World, ui: &Ui) -> Result<Exit, Error> {
    match command {
        AuditCommand::Log { file, lines, json } => {
            latest(&log_of(file.as_deref(), world)?, lines, json, ui)
        }
        AuditCommand::Verify { file, anchor, json } => {
            check(&log_of(file.as_deref(), world)?, anchor.as_deref(), json, world, ui)
        }
        AuditCommand::Export { file, format } => {
            export(&log_of(file.as_deref(), world)?, format, ui)
        }
        AuditCommand::Checkpoint { file, key } => {
            checkpoint(&journal_of(world)?, &world.absolute(&file), key.as_deref(), world, ui)
        }
    }
}

fn journal_of(world: &World) -> Result<Journal, Error> {
    let admission = Admission::of(world)?;
    Journal::of(world, admission.rules()).ok_or_else(|| Error::NoHome.as_failure())
}

/// Returns the log whose current file was named, or else this user's.
fn log_of(file: Option<&Path>, world: &World) -> Result<Log, Error> {
    let Some(file) = file else { return Ok(journal_of(world)?.log().clone()) };
    let file = world.absolute(file);
    // A log of one's own may not have begun; one that is named is there, or the name is wrong.
    if files::look_at(&file).is_none() {
        return Err(files::FileProblem::Missing(file).into());
    }
    Log::at(&file).ok_or_else(|| {
        Error::failed(format!("{} is no log: a log's name ends in .jsonl", safe_path(&file)))
    })
}

fn unreadable(error: &LogError) -> Error {
    Error::failed(safe(error.to_string().as_bytes()))
}

/// Shows every line of the log, oldest first, newline included, until nobody wants more; one longer than any record is cut. A
/// file that was put aside may end in the middle of a line, which gets its newline here.
fn each_line(
    log: &Log,
    mut see: impl FnMut(&[u8]) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    for (path, file) in log.opened().map_err(|error| unreadable(&error))? {
        let file = file.map_err(|error| unreadable(&error))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let limit = 2 * MOST_LINE as u64;
            let read = std::io::Read::take(&mut reader, limit).read_until(b'\n', &mut line);
            match read {
                Ok(0) => break,
                Ok(_) => {
                    let is_end =
                        !line.ends_with(b"\n") && reader.fill_buf().is_ok_and(<[u8]>::is_empty);
                    line.extend(is_end.then_some(b'\n'));
                    if see(&line)?.is_break() {
                        return Ok(());
                    }
                }
                Err(error) => return Err(Error::failed(format!("{}: {error}", safe_path(&path)))),
            }
        }
    }
    Ok(())
}

fn latest(log: &Log, lines: usize, json: bool, ui: &Ui) -> Result<Exit, Error> {
    let mut kept = VecDeque::new();
    each_line(log, |line| {
        kept.push_back(line.to_vec());
        if kept.len() > lines {
            kept.pop_front();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if kept.is_empty() && lines > 0 && !json {
        ui.say(Tone::Plain, "there is no record yet");
    }
    for line in kept {
        if json {
            let _ = ui.foreign(&line)?;
        } else {
            ui.data(shown(&line).as_bytes())?;
        }
    }
    Ok(Exit::Done)
}

/// Returns a record as one line for people: when, what, how, where, by whom.
fn shown(line: &[u8]) -> String {
    let Ok(record) = serde_json::from_slice::<Value>(line) else {
        return format!("not a record: {}\n", safe(line.trim_ascii_end()));
    };
    let text = |key: &str| match record.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    };
    let list = |key: &str, fields: &[&str]| {
        let items = record.get(key).and_then(Value::as_array).into_iter().flatten();
        // Of a signer the name, or the key where nobody has named it.
        let text = |item: &Value| {
            let mut known = fields.iter().filter_map(|field| item.pointer(field)?.as_str());
            known.find(|text| !text.is_empty()).unwrap_or_default().to_owned()
        };
        items.map(text).collect::<Vec<_>>().join(" ")
    };
    let mut parts = vec![text("ts"), text("seq"), text("ev"), text("res"), text("path")];
    let serial = text("serial");
    if !serial.is_empty() {
        parts.push(format!("{} serial {serial}", text("tier")));
    }
    let signers = list("signers", &["/p", "/k"]);
    if !signers.is_empty() {
        parts.push(format!("by {signers}"));
    }
    if let Some(version) = record.pointer("/sdk/v").and_then(Value::as_str) {
        parts.push(format!("go{version}"));
    }
    let engine = text("engine");
    if !engine.is_empty() {
        parts.push(format!("in {engine}"));
    }
    parts.push(list("vars", &[""]));
    parts.retain(|part| !part.is_empty());
    format!("{}\n", safe(parts.join(" ").as_bytes()))
}

/// Verifies every file of the log as one chain, and returns its end.
fn each_report(
    log: &Log,
    mut see: impl FnMut(Tip),
    mut report: impl FnMut(&Path, Report) -> Result<(), Error>,
) -> Result<Tip, Error> {
    let mut tip = Tip::default();
    for (path, file) in log.opened().map_err(|error| unreadable(&error))? {
        let file = file.map_err(|error| unreadable(&error))?;
        let verified = verify(BufReader::new(file), tip, &mut see)
            .map_err(|error| Error::failed(format!("{}: {error}", safe_path(&path))))?;
        tip = verified.tip;
        report(&path, verified)?;
    }
    Ok(tip)
}

#[derive(Default, Serialize)]
struct Verified {
    records: u64,
    first: u64,
    last: u64,
    hash: String,
    tampered: bool,
    anchor: Option<Anchored>,
    findings: Vec<Found>,
    omitted: u64,
    /// Whose log the checkpoint is of.
    #[serde(skip)]
    origin: String,
    /// The number of the checkpoint's record.
    #[serde(skip)]
    at: u64,
}

#[derive(Serialize)]
struct Found {
    file: String,
    line: u64,
    level: Severity,
    message: String,
}

/// Says what is wrong with the log, and how it stands to a checkpoint.
fn check(
    log: &Log,
    anchor: Option<&Path>,
    json: bool,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let anchor = anchor.map(|path| read_anchor(&world.absolute(path))).transpose()?;
    let mut anchored = None;
    let mut verified = Verified::default();
    let see = |seen: Tip| {
        if anchor.as_ref().is_some_and(|anchor| anchor.tip.seq == seen.seq) {
            anchored = Some(seen.hash);
        }
    };
    let tip = each_report(log, see, |path, report| {
        verified.first = if verified.records == 0 { report.first } else { verified.first };
        verified.records += report.records;
        verified.tampered |= report.is_tampered;
        verified.omitted += report.omitted;
        verified.findings.extend(report.findings.into_iter().map(|finding| found(path, finding)));
        Ok(())
    })?;
    verified.last = tip.seq;
    verified.hash = crate::hex::hex(&tip.hash);
    verified.origin = anchor.as_ref().map(|anchor| anchor.origin.clone()).unwrap_or_default();
    verified.at = anchor.as_ref().map(|anchor| anchor.tip.seq).unwrap_or_default();
    verified.anchor = anchor.map(|anchor| anchor.against(anchored));
    verified.tampered |= verified.anchor.is_some_and(|anchored| anchored != Anchored::Holds);
    tell(&verified, json, ui)?;
    Ok(if verified.tampered { Exit::Forged } else { Exit::Done })
}

fn found(path: &Path, finding: Finding) -> Found {
    let Finding { line, severity, message } = finding;
    Found { file: safe_path(path), line, level: severity, message }
}

fn tell(verified: &Verified, json: bool, ui: &Ui) -> Result<(), Error> {
    if json {
        return Ok(ui.data(&crate::ui::json(verified))?);
    }
    for found in &verified.findings {
        let tone = match found.level {
            Severity::Tampered => Tone::Error,
            Severity::Warning => Tone::Warning,
        };
        ui.say(tone, &format!("{}:{}: {}", found.file, found.line, found.message));
    }
    if verified.omitted > 0 {
        ui.say(Tone::Warning, &format!("and {} more like these", verified.omitted));
    }
    match verified.anchor {
        Some(Anchored::Truncated) if verified.at < verified.first => {
            let message =
                "the log begins after the checkpoint: the part that should hold it is not here";
            ui.say(Tone::Error, message);
        }
        Some(Anchored::Truncated) => {
            ui.say(Tone::Error, "the log ends before the checkpoint: it was cut");
        }
        Some(Anchored::Rewritten) => {
            let origin = safe(verified.origin.as_bytes());
            let message = "the log has another record than the checkpoint, which is of the log of";
            ui.say(Tone::Error, &format!("{message} {origin}"));
        }
        Some(Anchored::Holds) | None => {}
    }
    let verdict = match (verified.tampered, verified.findings.is_empty()) {
        (true, _) => "does not verify",
        (false, true) => "verifies",
        (false, false) => "verifies, with warnings",
    };
    let records = match verified.records {
        0 => "no records".to_owned(),
        1 => format!("record {}", verified.first),
        records => format!("{records} records, {} to {}", verified.first, verified.last),
    };
    let anchor = match verified.anchor {
        Some(Anchored::Holds) => ", and holds the checkpoint",
        _ => "",
    };
    Ok(ui.data(format!("{records}: the log {verdict}{anchor}\n").as_bytes())?)
}

fn read_anchor(path: &Path) -> Result<Checkpoint, Error> {
    let text = files::read_data(path, 4096)?
        .ok_or_else(|| files::FileProblem::Missing(path.to_path_buf()))?;
    Checkpoint::parse(&text).map_err(|flaw| Error::failed(flaw.at(&safe_path(path))))
}

fn export(log: &Log, format: AuditFormat, ui: &Ui) -> Result<Exit, Error> {
    each_line(log, |line| {
        Ok(match format {
            AuditFormat::Jsonl => ui.foreign(line)?,
            AuditFormat::Cef => match cef(line) {
                Some(cef) => ui.part(format!("{cef}\n").as_bytes())?,
                None => ControlFlow::Continue(()),
            },
        })
    })?;
    Ok(Exit::Done)
}

/// Verifies the log, then writes and signs where it ends.
fn checkpoint(
    journal: &Journal,
    path: &Path,
    key: Option<&Path>,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let tip = each_report(
        journal.log(),
        |_| {},
        |file, report| {
            if report.is_tampered {
                let message =
                    format!("{} does not verify, so no checkpoint is made", safe_path(file));
                let hint = Some("see: goenv audit verify".to_owned());
                return Err(Error::Refused { message, hint, exit: Exit::Forged });
            }
            Ok(())
        },
    )?;
    let text = Checkpoint { origin: journal.origin(), tip }.text();
    let (_, signature) = super::sign::signature(text.as_bytes(), NAMESPACE, key, world)?;
    files::write(path, text.as_bytes())?;
    files::write(&beside(path), &signature)?;
    ui.say(Tone::Plain, &format!("record {} is fixed in {}", tip.seq, safe_path(path)));
    Ok(Exit::Done)
}
