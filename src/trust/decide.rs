//! The verdict on one policy: its bytes × the local decision × signatures × signers × rules.
//!
//! In two steps, so that nothing is read that the answer does not need: [`Open::decide_local`] knows the allow and deny
//! records; where they settle nothing, [`Open::decide`] weighs the signature file. Pure, and never an error for
//! "no": a [`Trust`] says why. It judges the bytes given, and those are what is parsed and applied. Order: a denial,
//! then an approval on this machine where the rules admit one, then signatures. Rules: docs/security.md.

use std::path::Path;

use super::date;
use super::flaw::Flaw;
use super::header::{self, Engine, Header};
use super::rules::{Require, Rules, TierRules};
use super::scope::{Repository, Scope};
use super::serial::{Mark, Order};
use super::signers::{Signer, Validity, find_revoked, is_other_name};
use super::sshsig::{Key, Message, Signature};
use super::{Approver, State, Trust, Weighed};
use crate::hex::sha256;

/// The cure for most signatures that do not count.
const SIGN: &str = "sign it with: goenv sign";

/// What this machine's records say of a policy: of its bytes at its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Nothing.
    None,
    /// These bytes were allowed, for this engine.
    Allowed(Engine),
    /// The path was denied.
    Denied,
}

/// What [`Open::decide_local`] found.
#[derive(Debug)]
pub enum Local<'a> {
    /// The records settle it.
    Settled(Box<Trust>),
    /// Only signatures can approve: read `.envrc.sig`, and where there is one, the rest of the [`Evidence`]; where
    /// there is none, ask for [`Open::unsigned`].
    Open(Open<'a>),
}

/// A policy that is not decided yet.
#[derive(Debug)]
pub struct Open<'a> {
    policy: &'a [u8],
    rules: &'a Rules,
    now: i64,
    header: Result<Option<Header>, Flaw>,
}

/// What a decision about signatures needs.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What `.envrc.sig` holds.
    pub signatures: &'a Result<Vec<Signature>, Flaw>,
    /// The trusted signers: the organisation's first, then the user's.
    pub stores: &'a [Store<'a>],
    /// The repositories that the remotes around the policy name; none where there is no repository or remote.
    pub repositories: &'a [Repository],
    /// Whether the policy is in a repository at all.
    pub in_repository: bool,
    /// The policy's directory, relative to the root of its working tree; of a text with another name, the file.
    pub directory: &'a Path,
    /// The highest serial seen for the header's scope.
    pub mark: Option<&'a Mark>,
}

/// Whose a trust store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Root's, below `/etc/goenv`.
    Organisation,
    /// The user's.
    User,
}

/// An `allowed_signers` file and the `revoked_keys` beside it.
#[derive(Clone, Copy, Debug)]
pub struct Store<'a> {
    /// Whose it is.
    pub owner: Owner,
    /// The path of `allowed_signers`.
    pub path: &'a str,
    /// Its lines that name the keys of the signature file, as [`keys`] gives them.
    pub signers: &'a Result<Vec<Signer>, Flaw>,
    /// The path of `revoked_keys`.
    pub revoked_path: &'a str,
    /// Its text, `None` where there is none.
    pub revoked: Option<&'a [u8]>,
}

/// Returns the keys that signatures name: those to search the trusted signers for.
///
/// None where the file is not understood, which the decision says.
pub fn keys(signatures: &Result<Vec<Signature>, Flaw>) -> Vec<Key> {
    let signatures = signatures.iter().flatten();
    signatures.map(|signature| signature.key.clone()).collect()
}

fn settled<'a>(trust: Trust) -> Local<'a> {
    Local::Settled(Box::new(trust))
}

impl<'a> Open<'a> {
    /// Returns a policy of which its bytes alone are known.
    pub fn new(policy: &'a [u8], rules: &'a Rules, now: i64) -> Self {
        Self { policy, rules, now, header: header::parse(policy) }
    }

    /// Returns whether no approval on this machine can settle it, so that none is to be looked for.
    pub fn must_be_signed(&self) -> bool {
        self.header.is_ok() && self.tier_rules().require == Require::Signed
    }

    /// Returns what the records on this machine say of it.
    pub fn decide_local(self, record: Record) -> Local<'a> {
        if record == Record::Denied {
            let reason = "it was denied with `goenv deny`".to_owned();
            let hint = "review the file, then run `goenv allow`";
            return settled(Trust::refuse(State::Denied, 3, reason, Some(hint.into())));
        }
        let Record::Allowed(engine) = record else { return Local::Open(self) };
        let header = match &self.header {
            Ok(header) => header.clone(),
            Err(flaw) => {
                let reason = format!("its header: {flaw}");
                return settled(Trust::refuse(State::Invalid, 4, reason, None));
            }
        };
        let own = header.clone().unwrap_or_default();
        let tier = self.tier_rules();
        if let Some(no) = wrong_tier(&own, self.rules).or_else(|| engine_forbidden(engine, tier)) {
            return settled(no.with(header));
        }
        if tier.require == Require::Signed {
            return Local::Open(self);
        }
        if let Some(no) = expired(&own, self.now) {
            return settled(no.with(header));
        }
        let reason = "allowed on this machine".to_owned();
        let until = own.expires.map(|expires| expires.at);
        settled(
            Trust { state: State::Allowed, reason, engine, until, ..Trust::none() }.with(header),
        )
    }

    /// Returns the scope that the header gives, for which the serial mark is to be read.
    pub fn scope(&self) -> Option<&Scope> {
        self.header.as_ref().ok()?.as_ref()?.scope.as_ref()
    }

    fn tier_rules(&self) -> &'a TierRules {
        let header = self.header.as_ref().ok().and_then(Option::as_ref);
        self.rules.of(header.and_then(|header| header.tier.as_ref()))
    }

    /// Returns the verdict by signatures.
    pub fn decide(&self, evidence: &Evidence<'_>) -> Trust {
        let trust = self.signed(evidence.signatures, evidence);
        trust.unwrap_or_else(|refusal| *refusal).with(self.header())
    }

    /// Returns the refusal of a policy that nobody signed; `changed` where other bytes at its path were allowed.
    pub fn unsigned(&self, changed: bool) -> Trust {
        let rules = self.tier_rules();
        // What no signature could mend.
        let header = self.header().unwrap_or_default();
        if let Some(no) = wrong_tier(&header, self.rules) {
            return no.with(self.header());
        }
        let (reason, hint) = if rules.require == Require::Signed {
            let place = rules.place("require");
            (format!("signatures are required{place}, and there is no .envrc.sig"), SIGN)
        } else {
            let reason = match changed {
                true => "its content changed since it was allowed",
                false => "nobody has allowed it yet",
            };
            (reason.to_owned(), "review the file, then run `goenv allow`")
        };
        Trust::refuse(State::Blocked, 3, reason, Some(hint.into())).with(self.header())
    }

    fn header(&self) -> Option<Header> {
        self.header.as_ref().ok().cloned().flatten()
    }

    /// Returns the verdict on a policy with a signature file; the refusal as an error, to leave early.
    fn signed(
        &self,
        signatures: &Result<Vec<Signature>, Flaw>,
        evidence: &Evidence<'_>,
    ) -> Result<Trust, Box<Trust>> {
        let invalid =
            |code, reason: String| Box::new(Trust::refuse(State::Invalid, code, reason, None));
        let hint = || Some(SIGN.to_owned());
        let header =
            self.header.as_ref().map_err(|flaw| invalid(4, format!("its header: {flaw}")))?;
        let Some(header) = header else {
            let reason = "it is signed and has no #goenv: header".into();
            return Err(Box::new(Trust::refuse(State::Invalid, 4, reason, hint())));
        };
        let (Some(scope), Some(tier), Some(serial), Some(expires)) =
            (&header.scope, &header.tier, header.serial, &header.expires)
        else {
            let field = header.missing().unwrap_or("a field");
            let reason = format!("its header lacks {field}, which a signed policy needs");
            return Err(Box::new(Trust::refuse(State::Invalid, 4, reason, hint())));
        };
        let signatures = signatures.as_ref().map_err(|flaw| {
            Box::new(Trust::refuse(State::Invalid, 4, flaw.at(".envrc.sig"), hint()))
        })?;
        let rules = self.rules.of(Some(tier));
        let engine = header.engine.unwrap_or_default();
        let no = wrong_tier(header, self.rules)
            .or_else(|| engine_forbidden(engine, rules))
            .or_else(|| expired(header, self.now))
            .or_else(|| too_far(header, self.now, rules))
            .or_else(|| elsewhere(scope, evidence));
        if let Some(no) = no {
            return Err(Box::new(no));
        }
        let keys: Vec<Key> = signatures.iter().map(|signature| signature.key.clone()).collect();
        let known =
            Known::read(&keys, evidence.stores, rules).map_err(|reason| invalid(3, reason))?;
        let count = self.count(signatures, &known, &tier.namespace(), rules.threshold);
        if (count.by.len() as u64) < u64::from(rules.threshold) {
            return Err(Box::new(count.refusal(rules)));
        }
        let mark = Mark { scope: scope.clone(), serial, sha256: sha256(self.policy) };
        let raise = raised(mark, evidence.mark)?;
        let names: Vec<&str> = count.by.iter().map(|by| by.principal.as_str()).collect();
        Ok(Trust {
            state: State::Signed,
            reason: format!("signed by {}", names.join(", ")),
            by: count.by,
            weighed: count.weighed,
            need: rules.threshold,
            engine,
            raise,
            until: Some(count.until.map_or(expires.at, |until| until.min(expires.at))),
            ..Trust::none()
        })
    }

    /// Returns who approved, and why the other signatures do not count.
    fn count(&self, signatures: &[Signature], known: &Known, namespace: &str, need: u32) -> Count {
        let mut count = Count { by: Vec::new(), weighed: Vec::new(), forged: false, until: None };
        let message = Message::new(self.policy);
        for signature in signatures {
            let fingerprint = signature.key.fingerprint();
            let judged = if signature.namespace != namespace {
                let found = super::flaw::shown(signature.namespace.as_bytes());
                Err(format!("is for {found}, expected {namespace}"))
            } else if !signature.is_attended() {
                Err("was made by a hardware key that nobody touched".to_owned())
            } else if !signature.verify(&message) {
                count.forged = true;
                Err("does not match the file".to_owned())
            } else {
                known.signer(&signature.key, namespace, self.now, need)
            };
            let judged = judged.and_then(|signer| {
                let principal = signer.principal.clone();
                let again = count.by.iter().any(|by| by.principal == principal);
                if again { Err(format!("is {principal}'s again")) } else { Ok(signer) }
            });
            if let Ok(signer) = &judged {
                let (principal, fingerprint) = (signer.principal.clone(), fingerprint.clone());
                count.by.push(Approver { principal, fingerprint });
                // The second named is the last at which the key counts.
                let end = signer.valid_before.map(|last| last.saturating_add(1));
                count.until = count.until.into_iter().chain(end).min();
            }
            count.weighed.push(Weighed {
                fingerprint,
                namespace: signature.namespace.clone(),
                doubt: judged.as_ref().err().cloned(),
                principal: judged.ok().map(|signer| signer.principal.clone()),
            });
        }
        count
    }
}

/// Who approved, and why signatures do not count.
struct Count {
    by: Vec<Approver>,
    weighed: Vec<Weighed>,
    forged: bool,
    /// When the first of their keys ends to count.
    until: Option<i64>,
}

impl Count {
    fn refusal(self, rules: &TierRules) -> Trust {
        let (have, need) = (self.by.len(), rules.threshold);
        let place = rules.place("threshold");
        let doubts = (1..).zip(&self.weighed).filter_map(|(number, weighed)| {
            Some(format!("signature {number} {}", weighed.doubt.as_ref()?))
        });
        let doubts = doubts.collect::<Vec<_>>().join("; ");
        let reason = match (need, doubts.is_empty()) {
            (1, _) => doubts,
            (_, true) => format!("{have} of {need} approvals{place}"),
            (_, false) => format!("{have} of {need} approvals{place}: {doubts}"),
        };
        let (state, code, hint) = if self.forged {
            (State::Invalid, 4, "review the change, then have it signed again with `goenv sign`")
        } else {
            (State::Blocked, 3, "see: goenv verify")
        };
        let refusal = Trust::refuse(state, code, reason, Some(hint.into()));
        Trust { by: self.by, weighed: self.weighed, need, ..refusal }
    }
}

/// What the trust stores say of the keys at hand.
struct Known {
    signers: Vec<(Signer, String)>,
    revoked: Vec<Key>,
}

impl Known {
    fn read(keys: &[Key], stores: &[Store<'_>], rules: &TierRules) -> Result<Self, String> {
        let mut known = Self { signers: Vec::new(), revoked: Vec::new() };
        for store in stores {
            match store.revoked {
                Some(text) => {
                    let revoked = find_revoked(text, keys);
                    known.revoked.extend(revoked.map_err(|flaw| flaw.at(store.revoked_path))?);
                }
                None if rules.strict && store.owner == Owner::Organisation => {
                    let rule = "an empty file says that no key is revoked";
                    let place = rules.place("strict");
                    return Err(format!("{} is missing{place}: {rule}", store.revoked_path));
                }
                None => {}
            }
            // Signers whom the organisation does not leave to its users count for nothing; revocations always do.
            if store.owner == Owner::User && !rules.user_signers {
                continue;
            }
            for signer in store.signers.as_ref().map_err(|flaw| flaw.at(store.path))? {
                let place = format!("{}:{}", store.path, signer.line);
                known.one_principal(signer, &place)?;
                known.signers.push((signer.clone(), place));
            }
        }
        Ok(known)
    }

    /// Refuses a key that one store lists for another principal than the other does.
    fn one_principal(&self, signer: &Signer, place: &str) -> Result<(), String> {
        let other = self.signers.iter().find(|(other, _)| is_other_name(other, signer));
        other.map_or(Ok(()), |(_, other)| {
            Err(format!("{place}:1: this key is already listed for another principal in {other}"))
        })
    }

    /// Returns the line of who signs with `key`, or why the key does not count.
    fn signer(&self, key: &Key, namespace: &str, now: i64, need: u32) -> Result<&Signer, String> {
        if self.revoked.contains(key) {
            return Err(format!("is by {}, which is revoked", key.fingerprint()));
        }
        let mut doubt = None;
        for (signer, place) in self.signers.iter().filter(|(signer, _)| signer.key == *key) {
            let (may_sign, validity) = (signer.may_sign(namespace), signer.validity(now));
            let names_nobody = need > 1 && signer.is_wildcard();
            if may_sign && validity == Validity::Valid && !names_nobody {
                return Ok(signer);
            }
            let who = super::flaw::shown(signer.principal.as_bytes());
            let day = |time: Option<i64>| date::day(time.unwrap_or_default());
            let why = match validity {
                _ if !may_sign => format!("who may not sign for {namespace}"),
                Validity::NotYet => format!("whose key counts from {}", day(signer.valid_after)),
                Validity::Expired => format!("whose key ended on {}", day(signer.valid_before)),
                Validity::Valid => format!("which names nobody, and {need} people are needed"),
            };
            doubt = Some(format!("is by {who}, {why} ({place})"));
        }
        Err(doubt.unwrap_or_else(|| format!("is by {}, no trusted signer", key.fingerprint())))
    }
}

/// Returns the refusal of a policy that is for another tier than this host's.
fn wrong_tier(header: &Header, rules: &Rules) -> Option<Trust> {
    let (theirs, ours) = (header.tier.as_ref()?, rules.tier.as_ref()?);
    (theirs != ours).then(|| {
        let reason = format!("it is for tier {theirs}, and this host's tier is {ours}");
        Trust::refuse(State::Blocked, 3, reason, None)
    })
}

/// Returns the refusal of an engine that the rules forbid.
fn engine_forbidden(engine: Engine, rules: &TierRules) -> Option<Trust> {
    let reason = bash_forbidden(rules).filter(|_| engine == Engine::Bash)?;
    Some(Trust::refuse(State::Blocked, 3, reason, None))
}

/// Returns what is said of a policy for bash, where the rules forbid that.
pub fn bash_forbidden(rules: &TierRules) -> Option<String> {
    (rules.engine == Engine::Native).then(|| {
        let place = rules.place("engine");
        format!("it wants bash, and the rules admit the native engine alone{place}")
    })
}

/// Returns the refusal of a policy whose time is over.
fn expired(header: &Header, now: i64) -> Option<Trust> {
    let expires = header.expires.as_ref().filter(|expires| expires.at <= now)?;
    let reason = format!("it expired on {}", expires.text);
    Some(Trust::refuse(State::Invalid, 3, reason, Some(SIGN.into())))
}

/// Returns the refusal of a policy that would hold for longer than the rules admit.
fn too_far(header: &Header, now: i64, rules: &TierRules) -> Option<Trust> {
    let (expires, days) = (header.expires.as_ref()?, rules.max_age_days?);
    (expires.at > now + i64::from(days) * 86_400).then(|| {
        let place = rules.place("max_age_days");
        let reason =
            format!("it expires on {}, more than {days} days from now{place}", expires.text);
        Trust::refuse(State::Invalid, 3, reason, Some(SIGN.into()))
    })
}

/// Returns the refusal of a policy that is meant for another place.
fn elsewhere(scope: &Scope, evidence: &Evidence<'_>) -> Option<Trust> {
    let here = |repository: &Repository| Scope::new(repository.clone(), evidence.directory);
    let here: Vec<Scope> = evidence.repositories.iter().filter_map(here).collect();
    if here.contains(scope) {
        return None;
    }
    let (reason, hint) = match here.first() {
        Some(here) => {
            let hint =
                "to have it apply here, review it, remove its .envrc.sig and run: goenv sign";
            (format!("it is for {scope}, and this is {here}"), Some(hint.to_owned()))
        }
        None => {
            let (why, hint) = unplaced(evidence.in_repository);
            (format!("it is for {scope}, and {why}"), Some(hint.to_owned()))
        }
    };
    Some(Trust::refuse(State::Invalid, 3, reason, hint))
}

/// Returns why a place has no name, and what gives it one.
pub fn unplaced(in_repository: bool) -> (&'static str, &'static str) {
    if in_repository {
        ("no git remote says where this is", "run: git remote add NAME URL")
    } else {
        ("this is in no git repository", "run: git init && git remote add origin URL")
    }
}

/// Returns the mark to keep, if it is higher than the one kept, or the refusal of a rollback.
pub fn raised(mark: Mark, kept: Option<&Mark>) -> Result<Option<Mark>, Box<Trust>> {
    let seen = kept.map_or(0, |kept| kept.serial);
    let serial = mark.serial;
    match mark.order(kept) {
        Order::Newer => Ok(Some(mark)),
        Order::Same => Ok(None),
        Order::Older => {
            let reason =
                format!("it is serial {serial}, and serial {seen} was seen here: a rollback");
            let hint = "sign the old content with a new serial: `goenv sign`";
            let refusal = Trust::refuse(State::Invalid, 3, reason, Some(hint.into()));
            Err(Box::new(Trust { rollback: true, ..refusal }))
        }
        Order::Conflict => {
            let reason = format!("other content with the same serial {serial} was seen here");
            let hint = "have it signed with a new serial: `goenv sign`";
            let refusal = Trust::refuse(State::Invalid, 4, reason, Some(hint.into()));
            Err(Box::new(Trust { rollback: true, ..refusal }))
        }
    }
}

#[cfg(test)]
mod tests;
