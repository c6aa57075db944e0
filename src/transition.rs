//! Writes the audit record of a changed decision: a policy applied, was left, or was refused.
//!
//! Prompts are not logged, transitions are: what the shell carries says what was decided before. Names and digests,
//! never values. Where the rules are strict a policy that cannot be logged does not apply. Fields: docs/security.md,
//! section "Audit log".

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::admit::{Admission, beside, organisation_rules};
use crate::audit::journal::Journal;
use crate::audit::log::{Durability, LogError};
use crate::audit::record::{Event, Outcome as How, Record, Sdk};
use crate::decide::Carrying;
use crate::env::State;
use crate::env::state::{Outcome, Stamp, is_for_direnv};
use crate::env::undo::Change;
use crate::error::Error;
use crate::hex::sha256;
use crate::load::{Applied, Loaded};
use crate::trust::Trust;
use crate::trust::header::{self, Engine, Header};
use crate::trust::record;
use crate::trust::rules::Rules;
use crate::ui::{Tone, Ui, safe};
use crate::watch::Watched;
use crate::world::World;

/// Logs what was decided on entering or re-reading a policy, if it is another decision than the shell carries.
///
/// # Errors
/// If it cannot be logged.
pub fn entered(
    loaded: &Loaded,
    state: &State,
    before: &Carrying,
    world: &World,
) -> Result<(), Error> {
    if before.state().is_some_and(|before| is_same(before, state)) {
        return Ok(());
    }
    if let Some(before) = before.state().filter(|before| before.policy != state.policy) {
        left(before, &loaded.rules, world)?;
    }
    let Some(journal) = Journal::of(world, &loaded.rules) else {
        return nowhere(loaded.result.is_ok() && loaded.is_strict());
    };
    let mut record = match &loaded.result {
        Ok(applied) => applied_record(&journal, applied, state),
        Err(error) => refused_record(&journal, error, loaded.trust.as_ref()),
    };
    record.path = state.policy.as_os_str().as_bytes().to_vec();
    record.sha256 = loaded.digest;
    if let Some(trust) = &loaded.trust {
        about(&mut record, trust);
    }
    append(&journal, &record)
}

/// Logs a person's decision on a policy, and for which engine it is, before it takes effect.
///
/// # Errors
/// If it cannot be logged and the rules are strict; else the text to warn with is returned.
pub fn decided(
    event: Event,
    policy: &Path,
    bytes: Option<&[u8]>,
    engine: Engine,
    world: &World,
) -> Result<Option<String>, Error> {
    let rules = rules(world);
    let header = bytes.and_then(|bytes| header::parse(bytes).ok()?).unwrap_or_default();
    let is_strict = rules.of(header.tier.as_ref()).strict;
    let Some(journal) = Journal::of(world, &rules) else {
        return nowhere(is_strict).map(|()| None);
    };
    let mut record = journal.record(event, How::Allow);
    record.path = policy.as_os_str().as_bytes().to_vec();
    record.sha256 = bytes.map(sha256);
    about_header(&mut record, &header);
    record.engine = engine;
    let written = journal.append(&record, Durability::Synced);
    match written.map_err(|error| unwritten(&error)) {
        Err(error) if is_strict => Err(error),
        Err(error) => Ok(Some(error.text())),
        Ok(_) => Ok(None),
    }
}

/// Returns the rules; where they cannot be read nothing is trusted, and the organisation's alone say where it is logged.
pub fn rules(world: &World) -> Rules {
    let mut watched = Watched::new(world.now());
    match Admission::new(world, world.now(), &mut watched) {
        Ok(admission) => admission.into_rules(),
        Err(_) => organisation_rules(&mut watched).unwrap_or_default(),
    }
}

/// Logs that a policy was left, if it was applied.
///
/// # Errors
/// If it cannot be logged.
pub fn left(before: &State, rules: &Rules, world: &World) -> Result<(), Error> {
    if before.outcome != Outcome::Applied {
        return Ok(());
    }
    let journal = Journal::within(world, rules, &before.changes);
    let Some(journal) = journal else { return Ok(()) };
    let mut record = journal.record(Event::Unload, How::Allow);
    record.path = before.policy.as_os_str().as_bytes().to_vec();
    append(&journal, &record)
}

/// Logs that a state that cannot be read was dropped: what it would have undone stays.
///
/// # Errors
/// If it cannot be logged.
pub fn dropped(world: &World) -> Result<(), Error> {
    let Some(journal) = Journal::of(world, &rules(world)) else { return Ok(()) };
    append(&journal, &journal.record(Event::State, How::Deny))
}

/// Returns whether a decision is the one that the shell carries: then a prompt merely looked again.
fn is_same(before: &State, now: &State) -> bool {
    let is_moved = |path: &Path| {
        let stamp = |state: &State| {
            let found = state.watches.iter().find(|watch| watch.path == path);
            found.map(|watch| watch.stamp).filter(|stamp| *stamp != Stamp::RACY)
        };
        matches!((stamp(before), stamp(now)), (Some(before), Some(now)) if before != now)
    };
    before.policy == now.policy
        && before.uid == now.uid
        && before.outcome == now.outcome
        && policy_changes(before).eq(policy_changes(now))
        && !is_moved(&now.policy)
        && !is_moved(&beside(&now.policy))
        && approvals(before).eq(approvals(now))
}

/// Returns the records that approve a shell's policy: another one is for other bytes, or for another engine.
fn approvals(state: &State) -> impl Iterator<Item = &Path> {
    let directory = record::path_name(&state.policy);
    let there = state.watches.iter().filter(|watch| watch.stamp != Stamp::ABSENT);
    let is_record =
        move |path: &&Path| path.parent().is_some_and(|parent| parent.ends_with(&directory));
    there.map(|watch| watch.path.as_path()).filter(is_record)
}

/// Returns what the policy changed, without what is set for those who look at direnv's variables.
fn policy_changes(state: &State) -> impl Iterator<Item = &Change> {
    state.changes.iter().filter(|change| !is_for_direnv(change))
}

fn applied_record(journal: &Journal, applied: &Applied, state: &State) -> Record {
    let mut record = journal.record(Event::Load, How::Allow);
    record.sdk = applied.wanted.sdk.as_ref().map(|(wanted, found)| Sdk {
        version: found.version.clone(),
        digest: wanted.pins.first().map(|(_, digest)| digest.clone()),
    });
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    record.vars = policy_changes(state).map(|change| name(&change.name)).collect();
    record
}

fn refused_record(journal: &Journal, error: &Error, trust: Option<&Trust>) -> Record {
    let rollback = trust.is_some_and(|trust| trust.rollback);
    let event = if rollback { Event::Rollback } else { Event::Refuse };
    let mut record = journal.record(event, How::Deny);
    record.code = error.exit() as u8;
    record
}

/// Adds what a verdict rests on.
fn about(record: &mut Record, trust: &Trust) {
    if let Some(header) = &trust.header {
        about_header(record, header);
    }
    record.engine = trust.engine;
    record.signers.clone_from(&trust.by);
    record.need = trust.need;
}

/// Adds what a policy's header says.
pub fn about_header(record: &mut Record, header: &Header) {
    record.scope = header.scope.as_ref().map(ToString::to_string);
    record.tier = header.tier.as_ref().map(ToString::to_string);
    record.serial = header.serial;
}

/// Logs what has happened already: that it cannot be logged is a warning.
pub fn happened(journal: &Journal, record: &Record, ui: &Ui) {
    if let Err(error) = journal.append(record, Durability::Synced) {
        ui.say(Tone::Warning, &unwritten(&error).text());
    }
}

/// Returns what comes of a decision for which there is no log: whoever could unset HOME could else do without one.
fn nowhere(must_be_logged: bool) -> Result<(), Error> {
    if must_be_logged { Err(Error::NoHome.as_failure()) } else { Ok(()) }
}

fn append(journal: &Journal, record: &Record) -> Result<(), Error> {
    let written = journal.append(record, Durability::Written);
    written.map(drop).map_err(|error| unwritten(&error))
}

fn unwritten(error: &LogError) -> Error {
    Error::failed(safe(error.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::state::Watch;
    use crate::env::undo::{Before, Fingerprint};

    /// What a shell carries that is in a signed or an allowed policy.
    fn carried() -> State {
        let policy = Path::new("/p/.envrc");
        let record = Path::new("/data/allow").join(record::path_name(policy)).join("ab");
        let paths = [&record, Path::new("/home/notes"), policy, Path::new("/p/.envrc.sig")];
        let watch = |(path, stamp): (&Path, u64)| Watch { path: path.into(), stamp: Stamp(stamp) };
        State {
            uid: 1000,
            policy: policy.into(),
            outcome: Outcome::Applied,
            until: None,
            watches: paths.into_iter().zip(10..).map(watch).collect(),
            changes: vec![Change { name: b"A".to_vec(), given: None, before: Before::Unset }],
        }
    }

    fn is_logged(change: impl FnOnce(&mut State)) -> bool {
        let mut now = carried();
        change(&mut now);
        !is_same(&carried(), &now)
    }

    #[test]
    fn a_prompt_that_looked_again_is_not_logged_and_another_decision_is() {
        let stamp = |at: usize, stamp| move |now: &mut State| now.watches[at].stamp = stamp;
        assert!(!is_logged(|_| {}));
        assert!(!is_logged(|now| now.until = Some(7)));
        assert!(is_logged(|now| now.policy = "/q/.envrc".into()));
        assert!(is_logged(|now| now.uid = 0));
        assert!(is_logged(|now| now.outcome = Outcome::Refused(Fingerprint(1))));
        assert!(is_logged(|now| now.changes.clear()));
        // Other signatures or bytes at the same path are another decision, whatever it comes to.
        assert!(is_logged(stamp(2, Stamp(99))) && is_logged(stamp(3, Stamp(99))));
        assert!(is_logged(stamp(3, Stamp::ABSENT)));
        assert!(!is_logged(stamp(2, Stamp::RACY)) && !is_logged(stamp(3, Stamp::RACY)));
        // A file that the policy merely watches is none, nor is a record that was written again.
        assert!(!is_logged(stamp(1, Stamp(99))) && !is_logged(stamp(0, Stamp(99))));
        assert!(is_logged(stamp(0, Stamp::ABSENT)));
        let other = |now: &mut State| now.watches[0].path.set_file_name("cd");
        assert!(is_logged(other));
    }

    #[test]
    fn what_is_set_for_direnvs_readers_is_no_decision() {
        let name = b"DIRENV_DIR".to_vec();
        let change = Change { name, given: None, before: Before::Unset };
        assert!(!is_logged(|now| now.changes.push(change)));
    }
}
