//! The organisation's file and the user's: of each field the stricter.

use std::collections::btree_map::Entry;

use super::file::{File, read};
use super::{Require, Rules, Source, TierRules};
use crate::trust::header::Engine;

/// Returns the rules of both files, of each field the stricter.
pub(super) fn merge(
    organisation: Option<Source<'_>>,
    user: Option<Source<'_>>,
) -> Result<Rules, String> {
    // A mistake of the organisation's is told first: it weighs more.
    let organisation = organisation.map(|source| read(source, false)).transpose()?;
    let user = user.map(|source| read(source, true)).transpose()?;
    let Some(File { mut rules, .. }) = organisation else {
        return Ok(user.map(|file| file.rules).unwrap_or_default());
    };
    for theirs in rules.tiers.values_mut() {
        theirs.user_signers = theirs.require != Require::Signed;
        if theirs.grants.is_empty() {
            // The organisation speaks of the tier and grants nothing: nor can the user.
            theirs.grants.push(Vec::new());
        }
    }
    if let Some(user) = user {
        tighten(&mut rules, user)?;
    }
    Ok(rules)
}

/// Adds what the user says to the organisation's rules, where it is stricter or where they say nothing.
fn tighten(rules: &mut Rules, user: File<'_>) -> Result<(), String> {
    if let (Some(theirs), Some(own)) = (&rules.tier, &user.rules.tier)
        && theirs != own
    {
        let rule = "and a user's config cannot change it";
        return Err(user.flaw(user.tier_at, format!("the organisation's tier is {theirs}, {rule}")));
    }
    let own = user.rules;
    rules.tier = rules.tier.take().or(own.tier);
    for (name, own) in own.tiers {
        match rules.tiers.entry(name) {
            Entry::Vacant(place) => drop(place.insert(own)),
            Entry::Occupied(mut theirs) => tighten_tier(theirs.get_mut(), own),
        }
    }
    for (version, reason) in own.deny_go {
        rules.deny_go.entry(version).or_insert(reason);
    }
    rules.promote.extend(own.promote);
    if rules.supported.is_empty() {
        rules.supported = own.supported;
    }
    // Who names the mirrors says who vouches for them.
    if rules.mirrors.is_empty() {
        rules.ca = own.ca.or(rules.ca.take());
        rules.mirrors = own.mirrors;
    }
    rules.keyring = rules.keyring.take().or(own.keyring);
    rules.audit = rules.audit.take().or(own.audit);
    rules.syslog |= own.syslog;
    rules.follow = own.follow;
    Ok(())
}

fn tighten_tier(rules: &mut TierRules, own: TierRules) {
    let mut from_user = Vec::new();
    let mut raise = |field: &'static str, stricter: bool| {
        if stricter {
            from_user.push(field);
        }
        stricter
    };
    if raise("require", own.require > rules.require) {
        rules.require = own.require;
    }
    if raise("threshold", own.threshold > rules.threshold) {
        rules.threshold = own.threshold;
    }
    if raise("on_failure", own.on_failure > rules.on_failure) {
        rules.on_failure = own.on_failure;
    }
    if raise("sdk", own.sdk > rules.sdk) {
        rules.sdk = own.sdk;
    }
    if raise("env", own.env > rules.env) {
        rules.env = own.env;
    }
    if raise("strict", own.strict && !rules.strict) {
        rules.strict = true;
    }
    if raise("engine", own.engine == Engine::Native && rules.engine == Engine::Bash) {
        rules.engine = Engine::Native;
    }
    let sooner =
        own.max_age_days.is_some_and(|days| rules.max_age_days.is_none_or(|their| days < their));
    if raise("max_age_days", sooner) {
        rules.max_age_days = own.max_age_days;
    }
    rules.go.extend(own.go);
    rules.grants.extend(own.grants);
    for field in from_user {
        if let Some(place) = own.places.get(field) {
            rules.places.insert(field, place.clone());
        }
    }
}
