//! Rules for signatures: whether they approve a policy, its end and its serial, and the texts that it reads.
//!
//! A finding here that says so makes the gate end with 3. docs/gate.md.

use std::cmp::Ordering;
use std::path::Path;

use super::Finding;
use super::envrc::Command;
use super::facts::{Facts, Policy, Signatures};
use super::lines::{column, lines};
use super::rules::Rule;
use super::standing::{Standing, Standings};
use crate::trust::decide::bash_forbidden;
use crate::trust::header::{self, Tier};
use crate::trust::rules::TierRules;

/// Signature, signer, serial and end.
pub fn trust(
    policy: &Policy,
    standings: &Standings<'_>,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) {
    let command = sign(&policy.path, policy.sign_for.as_ref(), facts);
    let ended = expired(policy, standings.now, &command);
    // The verdict on one that has expired, or may not have bash, says nothing else of its signatures.
    let tier = policy.sound_header().and_then(|header| header.tier.as_ref());
    let is_over = ended.is_some()
        || (policy.is_for_bash() && bash_forbidden(standings.rules.of(tier)).is_some());
    findings.extend(ended);
    findings.extend(signatures(policy, is_over, &command, facts));
    findings.extend(rolled_back(policy, &command));
}

/// Returns that the policy has expired, if it has; `command` signs it.
fn expired(policy: &Policy, now: i64, command: &str) -> Option<Finding> {
    let expires = policy.sound_header()?.expires.as_ref().filter(|expires| expires.at <= now)?;
    let (line, column) = header_place(policy, "expires");
    let message = format!("the policy expired on {}", expires.text);
    let later = match policy.is_signed() {
        true => format!("Review it, and sign it with a later date: {command}"),
        false => "Review it, and write a later date into this line".to_owned(),
    };
    // The prompt refuses it whatever its signatures are worth.
    let finding = Finding::new(Rule::Expired, &policy.path, message)
        .help(later)
        .untrusted(policy.is_signed());
    Some(finding.at(line, column, expires.text.len()))
}

/// Returns that the policy is for bash, where `rules` admit the native engine alone.
pub fn forbidden(policy: &Policy, rules: &TierRules) -> Option<Finding> {
    let reason = bash_forbidden(rules).filter(|_| policy.is_for_bash())?;
    let (line, column) = header_place(policy, "engine");
    let finding = Finding::new(Rule::PolicyError, &policy.path, reason);
    Some(finding.untrusted(policy.is_signed()).at(line, column, "bash".len()))
}

/// Returns what is wrong with the signatures of a policy. Where it is refused whatever they are worth, only that there are
/// none is said.
fn signatures(policy: &Policy, is_over: bool, command: &str, facts: &Facts) -> Option<Finding> {
    let found = |rule: Rule, reason: &str| Finding::new(rule, &policy.path, reason);
    let sign = format!("Review the policy, then sign and commit both files: {command}");
    match &policy.signatures {
        Signatures::Missing(reason) => Some(found(Rule::Signature, reason).help(sign)),
        Signatures::Fail { .. } if is_over => None,
        Signatures::Fail { reason, is_forged: true, .. } => {
            Some(found(Rule::Signature, reason).help(sign))
        }
        Signatures::Fail { reason, hint, .. } => {
            let tier = policy.sound_header().and_then(|header| header.tier.as_ref());
            let finding = found(Rule::Signer, reason);
            Some(match (hint, tier) {
                (Some(hint), _) => finding.help(facts.aimed(hint, &policy.path)),
                (None, Some(tier)) => finding.help(format!(
                    "Have it signed by those whom allowed_signers lists for tier {tier}, or list \
                     a signer: goenv keys add NAME KEY.pub --tier {tier}"
                )),
                (None, None) => finding,
            })
        }
        Signatures::Hold | Signatures::NotAsked => None,
    }
}

/// Returns that the serial went back, or stayed for another text, since the last commit.
fn rolled_back(policy: &Policy, command: &str) -> Option<Finding> {
    let committed = policy.committed.as_ref()?;
    let before = header::parse(committed).ok().flatten()?.serial?;
    let now = policy.sound_header()?.serial?;
    let message = match now.cmp(&before) {
        Ordering::Less => format!("the serial went back from {before} to {now}"),
        Ordering::Equal if *committed != policy.bytes => {
            format!("the policy changed and its serial is still {now}")
        }
        _ => return None,
    };
    let (line, column) = header_place(policy, "serial");
    let finding = Finding::new(Rule::Serial, &policy.path, message)
        .help(format!("Sign the policy again, which raises the serial: {command}"));
    Some(finding.at(line, column, now.to_string().len()))
}

/// Returns the command that signs a text, for `tier` where it would take another.
fn sign(path: &Path, tier: Option<&Tier>, facts: &Facts) -> String {
    let tier = tier.map_or_else(String::new, |tier| format!("--tier {tier} "));
    format!("goenv sign {tier}{}", facts.pasted(path))
}

/// Returns where the value of a header's field stands.
fn header_place(policy: &Policy, key: &str) -> (u32, u32) {
    let start = format!("#goenv: {key} ");
    let found = lines(&policy.bytes).find(|(_, line)| line.starts_with(start.as_bytes()));
    found.map_or((1, 1), |(number, _)| (number, column(start.len())))
}

/// Text that a signed policy reads: it counts if it is signed for the policy's own tier.
pub fn texts(
    policy: &Policy,
    standing: &Standing<'_>,
    commands: &[Command],
    facts: &Facts,
    findings: &mut Vec<Finding>,
) {
    let tier = policy.sign_for.as_ref().or(standing.tier.as_ref());
    for (sourced, flaw) in &policy.sourced {
        let Some(flaw) = flaw else { continue };
        let name = sourced.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let words = commands.iter().flat_map(|command| command.words.iter().skip(1));
        let found = words.into_iter().find(|word| word.text.ends_with(&name));
        let message = format!("{} {flaw}, and a signed policy reads it", sourced.display());
        let finding = Finding::new(Rule::Unpinned, &policy.path, message)
            .help(format!("sign it too: {}", sign(sourced, tier, facts)));
        findings.push(match found {
            Some(word) => finding.at(word.line, word.column, word.width),
            None => finding,
        });
    }
}
