//! `goenv keys list|add|revoke`: the trusted signers. The organisation's list is root's and is only read here; the
//! user's own gains lines and loses none: what was trusted when stays to be read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::shown::short;
use crate::admit::{Admission, REVOKED, SIGNERS, SIGNERS_LIMIT, store_places};
use crate::audit::journal::Journal;
use crate::audit::record::{Event, Outcome};
use crate::cli::KeysCommand;
use crate::error::{Error, Exit};
use crate::files;
use crate::lock::Lock;
use crate::trust::date;
use crate::trust::decide::Owner;
use crate::trust::header::{Expiry, Tier};
use crate::trust::signers::{Signer, Validity, edit, find, find_revoked, parse};
use crate::trust::sshsig::Key;
use crate::ui::{Tone, Ui, safe, safe_path};
use crate::watch::Watched;
use crate::world::World;

/// The file that is locked while a list changes.
const LOCK: &str = ".lock";
/// The largest file that is read for a key.
const KEY_LIMIT: u64 = 16 * 1024;

/// Runs one of them.
///
/// # Errors
/// If a list may not be read or written, or what is asked for cannot stand in it.
pub fn run(command: KeysCommand, world: &World, ui: &Ui) -> Result<Exit, Error> {
    match command {
        KeysCommand::List { json } => list(json, world, ui),
        KeysCommand::Add { principal, key, tier, until } => {
            add(&principal, &key, &tier, until.as_deref(), world, ui)
        }
        KeysCommand::Revoke { key } => revoke(&key, world, ui),
    }
}

#[derive(Serialize)]
struct Listed {
    principal: String,
    fingerprint: String,
    namespaces: Vec<String>,
    valid_after: Option<String>,
    valid_before: Option<String>,
    state: &'static str,
    store: &'static str,
    file: String,
    line: u32,
}

/// Lists every signer, and every line that is none.
fn list(json: bool, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let mut watched = Watched::new(world.now());
    let now = i64::try_from(world.now().as_secs()).unwrap_or(i64::MAX);
    let mut listed = Vec::new();
    let mut flaws = Vec::new();
    let mut revocations = Vec::new();
    for (owner, directory, uid) in store_places(&world.dirs, world.uid) {
        let mut read = |name: &str| watched.read(&directory.join(name), SIGNERS_LIMIT, uid);
        if let Some(text) = read(SIGNERS)? {
            let path = safe_path(&text.path);
            for line in parse(&text.bytes) {
                match line {
                    Ok(signer) => listed.push((signer, owner, path.clone())),
                    Err(flaw) => flaws.push(flaw.at(&path)),
                }
            }
        }
        revocations.extend(read(REVOKED)?);
    }
    let keys: Vec<_> = listed.iter().map(|(signer, ..)| signer.key.clone()).collect();
    let mut revoked = Vec::new();
    for text in revocations {
        match find_revoked(&text.bytes, &keys) {
            Ok(keys) => revoked.extend(keys),
            Err(flaw) => flaws.push(flaw.at(&safe_path(&text.path))),
        }
    }
    let rows: Vec<Listed> = listed
        .iter()
        .map(|(signer, owner, path)| row(signer, *owner, path, revoked.contains(&signer.key), now))
        .collect();
    if json {
        ui.data(&crate::ui::json(&rows))?;
    } else {
        let lines = rows.iter().map(|row| {
            let until = row.valid_before.as_ref().map(|day| format!(" until {day}"));
            let line = format!(
                "{} {} {} {}{} {}:{}",
                row.principal,
                row.fingerprint,
                row.namespaces.join(","),
                row.state,
                until.unwrap_or_default(),
                short(Path::new(&row.file), world),
                row.line
            );
            format!("{}\n", safe(line.as_bytes()))
        });
        ui.data(lines.collect::<String>().as_bytes())?;
        if rows.is_empty() && flaws.is_empty() {
            ui.say(
                Tone::Plain,
                "nobody is trusted to sign; to trust a key: goenv keys add NAME FILE",
            );
        }
    }
    for flaw in &flaws {
        ui.say(Tone::Error, flaw);
    }
    Ok(if flaws.is_empty() { Exit::Done } else { Exit::Failed })
}

fn row(signer: &Signer, owner: Owner, path: &str, revoked: bool, now: i64) -> Listed {
    let state = match signer.validity(now) {
        _ if revoked => "revoked",
        Validity::Valid => "valid",
        Validity::NotYet => "not yet valid",
        Validity::Expired => "expired",
    };
    Listed {
        principal: signer.principal.clone(),
        fingerprint: signer.key.fingerprint(),
        namespaces: signer.namespaces.clone(),
        valid_after: signer.valid_after.map(date::rfc3339),
        valid_before: signer.valid_before.map(date::rfc3339),
        state,
        store: match owner {
            Owner::Organisation => "organisation",
            Owner::User => "user",
        },
        file: path.to_owned(),
        line: signer.line,
    }
}

fn misused(message: String) -> Error {
    Error::Refused { message, hint: None, exit: Exit::Usage }
}

/// Refuses what is no day, or a day that is over: the key would never count.
fn last_day(until: &str, world: &World) -> Result<(), Error> {
    let found = safe(until.as_bytes());
    let day = Expiry::new(until).filter(|_| until.len() == 10);
    let day = day.ok_or_else(|| {
        misused(format!("--until: found \"{found}\", expected a date as 2027-02-20"))
    })?;
    let now = i64::try_from(world.now().as_secs()).unwrap_or(i64::MAX);
    if day.at.saturating_add(86_400) <= now {
        return Err(misused(format!("--until: {found} is past")));
    }
    Ok(())
}

/// A key as it was given: the text of a public key or a fingerprint, or a file that holds one.
struct KeyArgument {
    text: String,
    file: Option<PathBuf>,
}

impl KeyArgument {
    /// Reads the file that the words name, or takes them as they are.
    fn new(words: &[OsString], world: &World) -> Result<Self, Error> {
        if let [word] = words {
            let path = world.absolute(Path::new(word));
            if let Some(bytes) = files::read_data(&path, KEY_LIMIT)? {
                let text = String::from_utf8_lossy(&bytes);
                return Self { text: String::new(), file: Some(path) }.with_line_of(&text);
            }
            let word = word.to_string_lossy();
            if !word.contains(' ') && !word.starts_with("SHA256:") {
                let found = safe(word.as_bytes());
                return Err(Error::Refused {
                    message: format!("\"{found}\" is no file and no key"),
                    hint: Some(
                        "name a .pub file, or give the text: 'ssh-ed25519 AAAA…'".to_owned(),
                    ),
                    exit: Exit::Failed,
                });
            }
        }
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        Self { text: String::new(), file: None }.with_line_of(&words.join(" "))
    }

    /// Takes the one line of a text. Of several keys none stands for all: whoever revokes them means each.
    fn with_line_of(self, text: &str) -> Result<Self, Error> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let line = lines.next().unwrap_or_default();
        // Of what is no key, as a private one of many lines, that is told.
        let is_key = line.starts_with("SHA256:") || edit::public_key(line).is_ok();
        if is_key && lines.next().is_some() {
            return Err(self.refused("more than one key; give one at a time"));
        }
        Ok(Self { text: line.to_owned(), ..self })
    }

    /// Returns the error for a key that is none, with the file that it stands in.
    fn refused(&self, what: &str) -> Error {
        let file = self.file.as_ref().map(|file| format!("{}: ", safe_path(file)));
        Error::failed(file.unwrap_or_default() + what)
    }
}

/// Keeps other shells from changing the user's own lists, so that none of two changes is lost.
fn hold(world: &World) -> Result<Lock, Error> {
    let directory = world.dirs.config.as_ref().ok_or_else(|| Error::NoHome.as_failure())?;
    files::create_private(directory)?;
    let lock = directory.join(LOCK);
    Ok(Lock::take(&lock).map_err(|error| files::FileProblem::system(&lock, &error))?)
}

/// Returns the path and the text of one of the user's own lists.
fn own(name: &str, world: &World) -> Result<(PathBuf, Vec<u8>), Error> {
    let path = world.dirs.config.as_ref().ok_or_else(|| Error::NoHome.as_failure())?.join(name);
    let mut watched = Watched::new(world.now());
    let text = watched.read(&path, SIGNERS_LIMIT, world.uid)?;
    Ok((path, text.map(|text| text.bytes).unwrap_or_default()))
}

/// Refuses a key that somebody revoked: whatever list names it, nothing that it signs counts.
fn not_revoked(key: &Key, world: &World) -> Result<(), Error> {
    for (_, directory, uid) in store_places(&world.dirs, world.uid) {
        let path = directory.join(REVOKED);
        let mut watched = Watched::new(world.now());
        let Some(text) = watched.read(&path, SIGNERS_LIMIT, uid)? else { continue };
        let line = edit::revoked_at(&text.bytes, key)
            .map_err(|flaw| Error::failed(flaw.at(&safe_path(&path))))?;
        if let Some(line) = line {
            let (path, fingerprint) = (short(&path, world), key.fingerprint());
            return Err(Error::failed(format!(
                "{path}:{line}: {fingerprint} is revoked, so nothing that it signs counts"
            )));
        }
    }
    Ok(())
}

/// Refuses a key that the organisation lists for somebody else: with two names it would count for neither.
fn not_anothers(principal: &str, key: &Key, world: &World) -> Result<(), Error> {
    for (owner, directory, uid) in store_places(&world.dirs, world.uid) {
        let path = directory.join(SIGNERS);
        let mut watched = Watched::new(world.now());
        let text = watched.read(&path, SIGNERS_LIMIT, uid).ok().flatten();
        let Some(text) = text.filter(|_| owner == Owner::Organisation) else { continue };
        // What is wrong with a line of theirs is not what is asked here.
        let found = find(&text.bytes, std::slice::from_ref(key)).unwrap_or_default();
        if let Some(other) = found.iter().find(|other| other.principal != principal) {
            let (path, name) = (safe_path(&path), safe(other.principal.as_bytes()));
            let line = other.line;
            return Err(Error::failed(format!(
                "{path}:{line}: the key is listed there for \"{name}\", and a key belongs to one principal"
            )));
        }
    }
    Ok(())
}

fn add(
    principal: &str,
    key: &[OsString],
    tiers: &[String],
    until: Option<&str>,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let admission = Admission::of(world)?;
    let mut named = Vec::new();
    for name in tiers {
        let rule = "expected a tier: lower-case letters, digits and hyphens";
        let wrong = || misused(format!("--tier: found \"{}\", {rule}", safe(name.as_bytes())));
        named.push(Tier::new(name).ok_or_else(wrong)?);
    }
    if named.is_empty() {
        named.push(admission.rules().tier.clone().unwrap_or_else(Tier::dev));
    }
    if let Some(until) = until {
        last_day(until, world)?;
    }
    let given = KeyArgument::new(key, world)?;
    let key = edit::public_key(&given.text).map_err(|what| given.refused(&what))?;
    let held = hold(world)?;
    not_revoked(&key, world)?;
    not_anothers(principal, &key, world)?;
    let (path, text) = own(SIGNERS, world)?;
    let added = edit::add(&text, principal, &key, &named, until)
        .map_err(|what| Error::failed(format!("{}: {what}", short(&path, world))))?;
    files::write_private(&path, &added)?;
    drop(held);
    let names: Vec<&str> = named.iter().map(Tier::name).collect();
    let fingerprint = key.fingerprint();
    let line = format!("{principal} may approve {} with {fingerprint}", names.join(", "));
    ui.say(Tone::Plain, &line);
    for tier in named.iter().filter(|tier| !admission.rules().of(Some(tier)).user_signers) {
        let rule = "there the organisation's signers alone count";
        ui.say(Tone::Warning, &format!("not for tier {tier}: {rule}"));
    }
    record(principal, fingerprint, &path, &admission, world, ui);
    Ok(Exit::Done)
}

fn revoke(key: &[OsString], world: &World, ui: &Ui) -> Result<Exit, Error> {
    let admission = Admission::of(world)?;
    let given = KeyArgument::new(key, world)?;
    // On an empty list the key alone can be wrong.
    edit::revoke(b"", &given.text).map_err(|what| given.refused(&what))?;
    let key = given.text;
    let held = hold(world)?;
    let (path, text) = own(REVOKED, world)?;
    let revoked = edit::revoke(&text, &key)
        .map_err(|what| Error::failed(format!("{}: {what}", short(&path, world))))?;
    let fingerprint = edit::public_key(&key).map_or_else(|_| key.clone(), |key| key.fingerprint());
    let Some(text) = revoked else {
        ui.say(Tone::Plain, &format!("{} is revoked already", safe(fingerprint.as_bytes())));
        return Ok(Exit::Done);
    };
    files::write_private(&path, &text)?;
    drop(held);
    ui.say(Tone::Plain, &format!("revoked {}", safe(fingerprint.as_bytes())));
    record("", fingerprint, &path, &admission, world, ui);
    Ok(Exit::Done)
}

fn record(
    principal: &str,
    fingerprint: String,
    path: &std::path::Path,
    admission: &Admission,
    world: &World,
    ui: &Ui,
) {
    use std::os::unix::ffi::OsStrExt;
    let Some(journal) = Journal::of(world, admission.rules()) else { return };
    let mut record = journal.record(Event::Keys, Outcome::Allow);
    record.path = path.as_os_str().as_bytes().to_vec();
    let principal = principal.to_owned();
    record.signers = vec![crate::trust::Approver { principal, fingerprint }];
    crate::transition::happened(&journal, &record, ui);
}
