//! The texts of `config.toml`: what each file says, checked, and the stricter of two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::super::flaw::{Flaw, shown};
use super::{EnvRule, Follow, OnFailure, Require, Rules, SdkRule, Source, TierRules};
use crate::trust::header::{Engine, Tier};

/// The size that a config may have.
const MOST_BYTES: usize = 1024 * 1024;

/// What one file says, and where.
pub(super) struct File<'a> {
    source: Source<'a>,
    text: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Text {
    tier: Option<Spanned<Tier>>,
    #[serde(default)]
    tiers: BTreeMap<Tier, TierText>,
    #[serde(default)]
    go: GoText,
    #[serde(default)]
    sdk: SdkText,
    #[serde(default)]
    audit: AuditText,
    follow: Option<Spanned<Vec<Follow>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct TierText {
    require: Option<Spanned<Require>>,
    threshold: Option<Spanned<i64>>,
    go: Option<Spanned<Vec<String>>>,
    max_age_days: Option<Spanned<i64>>,
    on_failure: Option<Spanned<OnFailure>>,
    sdk: Option<Spanned<SdkRule>>,
    env: Option<Spanned<EnvRule>>,
    grant: Option<Spanned<Vec<String>>>,
    strict: Option<Spanned<bool>>,
    engine: Option<Spanned<EngineText>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum EngineText {
    Bash,
    Native,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct GoText {
    #[serde(default)]
    deny: BTreeMap<String, Spanned<String>>,
    promote: Option<Spanned<Vec<Tier>>>,
    supported: Option<Spanned<Vec<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SdkText {
    mirrors: Option<Spanned<Vec<String>>>,
    keyring: Option<Spanned<PathBuf>>,
    ca: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct AuditText {
    path: Option<Spanned<PathBuf>>,
    syslog: Option<bool>,
}

/// Returns what the organisation's file says.
pub(super) fn organisation(source: Source<'_>) -> Result<File<'_>, String> {
    let file = parse(source)?;
    if let Some(follow) = &file.text.follow {
        let rule = "follow is a user's own setting, and stands in the user's config.toml";
        return Err(file.flaw(follow, rule.into()));
    }
    Ok(file)
}

/// Returns what the user's file says.
pub(super) fn user(source: Source<'_>) -> Result<File<'_>, String> {
    parse(source)
}

fn parse(source: Source<'_>) -> Result<File<'_>, String> {
    let at = |offset: usize, message: String| {
        Flaw::at_offset(source.text, offset, message).at(source.path)
    };
    if source.text.len() > MOST_BYTES {
        return Err(at(0, format!("more than {MOST_BYTES} bytes")));
    }
    let text = std::str::from_utf8(source.text)
        .map_err(|error| at(error.valid_up_to(), "not UTF-8 text".into()))?;
    let text = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        at(error.span().map_or(0, |span| span.start), message)
    })?;
    let file = File { source, text };
    file.check()?;
    Ok(file)
}

impl File<'_> {
    fn flaw<T>(&self, place: &Spanned<T>, message: String) -> String {
        Flaw::at_offset(self.source.text, place.span().start, message).at(self.source.path)
    }

    fn place<T>(&self, place: &Spanned<T>) -> String {
        let flaw = Flaw::at_offset(self.source.text, place.span().start, "");
        format!("{}:{}", self.source.path, flaw.line)
    }

    /// Refuses values that TOML's types admit and the rules do not.
    fn check(&self) -> Result<(), String> {
        for tier in self.text.tiers.values() {
            self.within(tier.threshold.as_ref(), 1..=8, "threshold")?;
            self.within(tier.max_age_days.as_ref(), 1..=36_500, "max_age_days")?;
            let release = |byte: u8| byte.is_ascii_alphanumeric() || b".*+<>=,".contains(&byte);
            self.each(tier.go.as_ref(), release, "a Go release as 1.26.6, 1.26.x or >=1.26.4")?;
            let name = |byte: u8| byte.is_ascii_alphanumeric() || b"_*?".contains(&byte);
            self.each(tier.grant.as_ref(), name, "a variable's name as GOPROXY or APP_*")?;
        }
        let sdk = &self.text.sdk;
        if let Some(mirrors) = &sdk.mirrors {
            let is_odd =
                |url: &&String| !url.starts_with("https://") && !url.starts_with("file:///");
            if let Some(mirror) = mirrors.get_ref().iter().find(is_odd) {
                let found = shown(mirror.as_bytes());
                let message = format!("found mirror {found}, expected an https:// or file:/// URL");
                return Err(self.flaw(mirrors, message));
            }
        }
        for path in [&self.text.audit.path, &sdk.keyring, &sdk.ca].into_iter().flatten() {
            if !path.get_ref().is_absolute() {
                let found = shown(path.get_ref().as_os_str().as_encoded_bytes());
                return Err(self.flaw(path, format!("found {found}, expected an absolute path")));
            }
        }
        let line = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        self.each(self.text.go.supported.as_ref(), line, "a line of Go as 1.26")?;
        if let Some(promote) = &self.text.go.promote {
            let distinct: BTreeSet<_> = promote.get_ref().iter().collect();
            if distinct.len() < promote.get_ref().len() {
                return Err(self.flaw(promote, "a tier is named twice".into()));
            }
        }
        Ok(())
    }

    fn within(
        &self,
        number: Option<&Spanned<i64>>,
        range: std::ops::RangeInclusive<i64>,
        name: &str,
    ) -> Result<(), String> {
        match number {
            Some(number) if !range.contains(number.get_ref()) => {
                let (low, high) = (range.start(), range.end());
                let found = number.get_ref();
                Err(self.flaw(number, format!("found {name} {found}, expected {low} to {high}")))
            }
            _ => Ok(()),
        }
    }

    fn each(
        &self,
        list: Option<&Spanned<Vec<String>>>,
        plain: impl Fn(u8) -> bool,
        expected: &str,
    ) -> Result<(), String> {
        let Some(list) = list else { return Ok(()) };
        let odd = |text: &&String| text.is_empty() || !text.bytes().all(&plain);
        list.get_ref().iter().find(odd).map_or(Ok(()), |text| {
            Err(self.flaw(list, format!("found {}, expected {expected}", shown(text.as_bytes()))))
        })
    }

    /// Returns what this file alone says of a tier that it speaks of, the defaults filled in.
    fn tier(&self, tier: &Tier) -> Option<TierRules> {
        let text = self.text.tiers.get(tier)?;
        let mut rules = TierRules::default();
        let mut places = BTreeMap::new();
        if let Some(require) = self.take("require", text.require.as_ref(), &mut places) {
            rules.require = require;
        }
        if rules.require == Require::Signed {
            rules.on_failure = OnFailure::Block;
        }
        if let Some(threshold) = self.take("threshold", text.threshold.as_ref(), &mut places) {
            rules.threshold = u32::try_from(threshold).unwrap_or(u32::MAX);
        }
        rules.go.extend(self.take("go", text.go.as_ref(), &mut places));
        rules.max_age_days = self
            .take("max_age_days", text.max_age_days.as_ref(), &mut places)
            .and_then(|days| u32::try_from(days).ok());
        if let Some(on_failure) = self.take("on_failure", text.on_failure.as_ref(), &mut places) {
            rules.on_failure = on_failure;
        }
        if let Some(sdk) = self.take("sdk", text.sdk.as_ref(), &mut places) {
            rules.sdk = sdk;
        }
        if let Some(env) = self.take("env", text.env.as_ref(), &mut places) {
            rules.env = env;
        }
        rules.grants.extend(self.take("grant", text.grant.as_ref(), &mut places));
        if let Some(strict) = self.take("strict", text.strict.as_ref(), &mut places) {
            rules.strict = strict;
        }
        let engine = self.take("engine", text.engine.as_ref(), &mut places);
        if engine == Some(EngineText::Native) {
            rules.engine = Engine::Native;
        }
        rules.places = places;
        Some(rules)
    }

    fn take<T: Clone>(
        &self,
        field: &'static str,
        value: Option<&Spanned<T>>,
        places: &mut BTreeMap<&'static str, String>,
    ) -> Option<T> {
        let value = value?;
        places.insert(field, self.place(value));
        Some(value.get_ref().clone())
    }
}

/// Returns the rules of both files, of each field the stricter.
pub(super) fn merge(
    organisation: Option<File<'_>>,
    user: Option<File<'_>>,
) -> Result<Rules, String> {
    let both = [organisation.as_ref(), user.as_ref()].into_iter().flatten();
    let names: BTreeSet<Tier> =
        both.clone().flat_map(|file| file.text.tiers.keys().cloned()).collect();
    let mut rules =
        Rules { tier: host_tier(organisation.as_ref(), user.as_ref())?, ..Rules::default() };
    for name in names {
        let theirs = organisation.as_ref().and_then(|file| file.tier(&name));
        let own = user.as_ref().and_then(|file| file.tier(&name));
        rules.tiers.insert(name, stricter(theirs, own));
    }
    for file in both {
        for (version, reason) in &file.text.go.deny {
            let reason = || reason.get_ref().clone();
            rules.deny_go.entry(version.clone()).or_insert_with(reason);
        }
        let promote = file.text.go.promote.as_ref().map(|order| order.get_ref().clone());
        rules.promote.extend(promote);
        if rules.supported.is_empty() {
            let lines = file.text.go.supported.as_ref();
            rules.supported = lines.map(|lines| lines.get_ref().clone()).unwrap_or_default();
        }
        let sdk = &file.text.sdk;
        // Who names the mirrors says who vouches for them.
        if rules.mirrors.is_empty() {
            rules.ca = sdk.ca.as_ref().map(|path| path.get_ref().clone()).or(rules.ca.take());
            rules.mirrors =
                sdk.mirrors.as_ref().map(|list| list.get_ref().clone()).unwrap_or_default();
        }
        let keyring = || sdk.keyring.as_ref().map(|path| path.get_ref().clone());
        rules.keyring = rules.keyring.take().or_else(keyring);
        let path = || file.text.audit.path.as_ref().map(|path| path.get_ref().clone());
        rules.audit = rules.audit.take().or_else(path);
        rules.syslog |= file.text.audit.syslog == Some(true);
        if let Some(follow) = &file.text.follow {
            rules.follow.clone_from(follow.get_ref());
        }
    }
    Ok(rules)
}

/// Returns this host's tier: the organisation's, or the user's where it names none.
fn host_tier(
    organisation: Option<&File<'_>>,
    user: Option<&File<'_>>,
) -> Result<Option<Tier>, String> {
    let theirs = organisation.and_then(|file| file.text.tier.as_ref()).map(Spanned::get_ref);
    if let (Some(theirs), Some(user)) = (theirs, user) {
        let own = user.text.tier.as_ref().filter(|own| own.get_ref() != theirs);
        if let Some(own) = own {
            let rule = "and a user's config cannot change it";
            return Err(user.flaw(own, format!("the organisation's tier is {theirs}, {rule}")));
        }
    }
    let own = user.and_then(|file| file.text.tier.as_ref()).map(Spanned::get_ref);
    Ok(theirs.or(own).cloned())
}

/// Returns the stricter of what the organisation and the user say of one tier.
fn stricter(theirs: Option<TierRules>, own: Option<TierRules>) -> TierRules {
    let Some(mut rules) = theirs else { return own.unwrap_or_default() };
    rules.user_signers = rules.require != Require::Signed;
    if rules.grants.is_empty() {
        // The organisation speaks of the tier and grants nothing: nor can the user.
        rules.grants.push(Vec::new());
    }
    let Some(own) = own else { return rules };
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
    rules
}
