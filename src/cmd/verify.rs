//! `goenv verify [PATH]`: verifies a policy's signatures, offline, and says of each whose it is or why it does not
//! count. The fields of the JSON are stable: docs/reference.md.

use std::path::Path;

use serde::Serialize;

use super::shown::{Verdict, aimed, short};
use crate::admit::{Admission, beside};
use crate::error::{Error, Exit};
use crate::trust::header::{self, Header};
use crate::trust::{State, Trust, Weighed};
use crate::ui::{self, Tone, Ui, safe, safe_path};
use crate::watch::Watched;
use crate::world::World;
use crate::{files, load};

#[derive(Serialize)]
struct Report {
    policy: String,
    valid: bool,
    trust: Verdict,
    scope: Option<String>,
    serial: Option<u64>,
    expires: Option<String>,
    tier: Option<String>,
    need: u32,
    signatures: Vec<Block>,
}

#[derive(Serialize)]
struct Block {
    fingerprint: String,
    namespace: String,
    principal: Option<String>,
    counts: bool,
    reason: Option<String>,
}

/// Verifies and reports.
///
/// # Errors
/// If the policy has no signature, or something may not be read.
pub fn run(path: Option<&Path>, json: bool, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let path = super::policy_path(path, world)?;
    let mut watched = Watched::new(world.now());
    let text = load::read(&path, world, &mut watched)?;
    let admission = Admission::new(world, world.now(), &mut watched)?;
    if files::look_at(&beside(&path)).is_none() {
        let message = format!("{} does not exist", safe_path(&beside(&path)));
        if json {
            let header = header::parse(&text.bytes).ok().flatten();
            let tier = header.as_ref().and_then(|header| header.tier.as_ref());
            let need = admission.rules().of(tier).threshold;
            let reason = message.clone();
            let state = State::Blocked;
            let trust = Trust { state, reason, need, header, ..Trust::none() };
            ui.data(&ui::json(&report(&path, &trust)))?;
        }
        let hint = Some(aimed("sign the policy with: goenv sign", &path, world));
        return Err(Error::Refused { message, hint, exit: Exit::Untrusted });
    }
    let trust = admission.verdict_by_signature(&text, &mut watched)?;
    if json {
        ui.data(&ui::json(&report(&path, &trust)))?;
    } else {
        ui.data(screen(&path, &trust, world).as_bytes())?;
        if let Some(hint) = trust.cure() {
            ui.say(Tone::Plain, &aimed(hint, &path, world));
        }
    }
    Ok(match trust.code {
        0 => Exit::Done,
        4 => Exit::Forged,
        _ => Exit::Untrusted,
    })
}

fn report(path: &Path, trust: &Trust) -> Report {
    let header = trust.header.clone().unwrap_or_default();
    Report {
        policy: safe_path(path),
        valid: trust.applies(),
        trust: Verdict::of(trust),
        scope: header.scope.as_ref().map(ToString::to_string),
        serial: header.serial,
        expires: header.expires.map(|expires| expires.text),
        tier: header.tier.as_ref().map(ToString::to_string),
        need: trust.need,
        signatures: trust.weighed.iter().map(block).collect(),
    }
}

fn block(weighed: &Weighed) -> Block {
    Block {
        fingerprint: weighed.fingerprint.clone(),
        namespace: weighed.namespace.clone(),
        principal: weighed.principal.clone(),
        counts: weighed.doubt.is_none(),
        reason: weighed.doubt.clone(),
    }
}

/// Returns the report for people: a label and its facts a line.
fn screen(path: &Path, trust: &Trust, world: &World) -> String {
    let mut lines = vec![("policy", short(path, world)), ("verdict", verdict(trust))];
    lines.extend(trust.header.as_ref().map(facts).unwrap_or_default());
    for (number, weighed) in (1..).zip(&trust.weighed) {
        let fact = match (&weighed.principal, &weighed.doubt) {
            (Some(principal), _) => format!("{number} by {principal} {}", weighed.fingerprint),
            (None, Some(doubt)) => format!("{number} {doubt}"),
            (None, None) => continue,
        };
        lines.push(("signature", fact));
    }
    lines.iter().map(|(label, fact)| format!("{label:<10} {}\n", safe(fact.as_bytes()))).collect()
}

fn verdict(trust: &Trust) -> String {
    if trust.applies() {
        return trust.reason.clone();
    }
    format!("{}: {}", trust.state.name(), trust.reason)
}

fn facts(header: &Header) -> Vec<(&'static str, String)> {
    let facts = [
        ("scope", header.scope.as_ref().map(ToString::to_string)),
        ("tier", header.tier.as_ref().map(ToString::to_string)),
        ("serial", header.serial.map(|serial| serial.to_string())),
        ("expires", header.expires.as_ref().map(|expires| expires.text.clone())),
    ];
    facts.into_iter().filter_map(|(label, fact)| Some((label, fact?))).collect()
}
