//! The text of a `config.toml`: what it alone says, checked.
//!
//! The `toml` crate gives a tree whose every key and value knows its place; each table is gone through once, so that a
//! field's name, type and range stand in one line here. What no line takes is an error.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::super::flaw::{Flaw, shown};
use super::{EnvRule, Follow, OnFailure, Require, Rules, SdkRule, Source, TierRules};
use crate::go::pattern::Pattern;
use crate::trust::header::{Engine, TIER, Tier};

/// The size that a config may have.
const MOST_BYTES: usize = 1024 * 1024;

type Key<'t> = Spanned<DeString<'t>>;
type Value<'t> = Spanned<DeValue<'t>>;

/// What one file says.
pub(super) struct File<'a> {
    source: Source<'a>,
    /// Where the lines of the text end.
    newlines: Vec<usize>,
    pub(super) rules: Rules,
    /// Where the text names the host's tier.
    pub(super) tier_at: usize,
}

/// Reads one file, which may name files to follow if it `is_users`.
pub(super) fn read(source: Source<'_>, is_users: bool) -> Result<File<'_>, String> {
    let newlines = source.text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let newlines = newlines.map(|(at, _)| at).collect();
    let mut file = File { source, newlines, rules: Rules::default(), tier_at: 0 };
    if source.text.len() > MOST_BYTES {
        return Err(file.flaw(0, format!("more than {MOST_BYTES} bytes")));
    }
    let text = std::str::from_utf8(source.text)
        .map_err(|error| file.flaw(error.valid_up_to(), "not UTF-8 text".into()))?;
    let table = DeTable::parse(text).map_err(|error| {
        let message = error.message().lines().collect::<Vec<_>>().join(", ");
        file.flaw(error.span().map_or(0, |span| span.start), message)
    })?;
    file.take(table.get_ref(), is_users)?;
    Ok(file)
}

impl File<'_> {
    /// Takes what the whole file says.
    fn take(&mut self, table: &DeTable<'_>, is_users: bool) -> Result<(), String> {
        const FIELDS: &[&str] = &["tier", "tiers", "go", "sdk", "audit", "follow"];
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "tier" => {
                    self.rules.tier = Some(self.tier(value)?);
                    self.tier_at = value.span().start;
                }
                "tiers" => {
                    for (key, value) in self.table(value)? {
                        let tier = self.tier_named(key.get_ref(), key.span().start)?;
                        let rules = self.tier_rules(value)?;
                        self.rules.tiers.insert(tier, rules);
                    }
                }
                "go" => self.take_go(value)?,
                "sdk" => self.take_sdk(value)?,
                "audit" => self.take_audit(value)?,
                "follow" if is_users => self.rules.follow = self.each(value, follow)?,
                "follow" => {
                    let rule =
                        "follow is a user's own setting, and stands in the user's config.toml";
                    return Err(self.flaw(value.span().start, rule.into()));
                }
                _ => return Err(self.unknown(key, FIELDS)),
            }
        }
        Ok(())
    }

    /// Returns what this file alone says of a tier, the defaults filled in.
    fn tier_rules(&self, value: &Value<'_>) -> Result<TierRules, String> {
        let mut rules = TierRules::default();
        for (key, value) in self.table(value)? {
            let name = self.take_tier(&mut rules, key, value)?;
            rules.places.insert(name, self.place(value));
        }
        if rules.require == Require::Signed && !rules.places.contains_key("on_failure") {
            rules.on_failure = OnFailure::Block;
        }
        Ok(rules)
    }

    /// Takes one field of a tier, and returns its name.
    fn take_tier(
        &self,
        rules: &mut TierRules,
        key: &Key<'_>,
        value: &Value<'_>,
    ) -> Result<&'static str, String> {
        const FIELDS: &[&str] = &[
            "require",
            "threshold",
            "go",
            "max_age_days",
            "on_failure",
            "sdk",
            "env",
            "grant",
            "strict",
            "engine",
        ];
        let name = FIELDS.iter().find(|name| key.get_ref() == *name);
        let name = *name.ok_or_else(|| self.unknown(key, FIELDS))?;
        let release = |byte: u8| byte.is_ascii_alphanumeric() || b".*+<>=,".contains(&byte);
        let variable = |byte: u8| byte.is_ascii_alphanumeric() || b"_*?".contains(&byte);
        match name {
            "require" => {
                let kinds = [("allowed", Require::Allowed), ("signed", Require::Signed)];
                rules.require = self.one_of(value, &kinds)?;
            }
            "threshold" => rules.threshold = self.number(value, name, 1..=8)?,
            "go" => {
                let expected = "a Go release as 1.26.6, 1.26.x or >=1.26.4";
                let releases = self.words(value, release, expected)?;
                let places = value.get_ref().as_array().into_iter().flatten();
                for (word, value) in releases.iter().zip(places) {
                    self.pattern(word, value.span().start)?;
                }
                rules.go.push(releases);
            }
            "max_age_days" => rules.max_age_days = Some(self.number(value, name, 1..=36_500)?),
            "on_failure" => {
                let kinds = [("warn", OnFailure::Warn), ("block", OnFailure::Block)];
                rules.on_failure = self.one_of(value, &kinds)?;
            }
            "sdk" => {
                let kinds = [("any", SdkRule::Any), ("sealed", SdkRule::Sealed)];
                rules.sdk = self.one_of(value, &kinds)?;
            }
            "env" => {
                let kinds = [("any", EnvRule::Any), ("listed", EnvRule::Listed)];
                rules.env = self.one_of(value, &kinds)?;
            }
            "grant" => {
                let expected = "a variable's name as GOPROXY or APP_*";
                rules.grants.push(self.words(value, variable, expected)?);
            }
            "strict" => rules.strict = self.flag(value)?,
            _ => {
                let kinds = [("bash", Engine::Bash), ("native", Engine::Native)];
                rules.engine = self.one_of(value, &kinds)?;
            }
        }
        Ok(name)
    }

    fn take_go(&mut self, value: &Value<'_>) -> Result<(), String> {
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "deny" => {
                    for (version, reason) in self.table(value)? {
                        let at = version.span().start;
                        let version = version.get_ref().clone().into_owned();
                        self.pattern(&version, at)?;
                        self.rules.deny_go.insert(version, self.text(reason)?.to_owned());
                    }
                }
                "promote" => {
                    let order = self.each(value, Self::tier)?;
                    if order.iter().collect::<BTreeSet<_>>().len() < order.len() {
                        return Err(self.flaw(value.span().start, "a tier is named twice".into()));
                    }
                    self.rules.promote.push(order);
                }
                "supported" => {
                    let line = |byte: u8| byte.is_ascii_digit() || byte == b'.';
                    self.rules.supported = self.words(value, line, "a line of Go as 1.26")?;
                }
                _ => return Err(self.unknown(key, &["deny", "promote", "supported"])),
            }
        }
        Ok(())
    }

    fn take_sdk(&mut self, value: &Value<'_>) -> Result<(), String> {
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "mirrors" => self.rules.mirrors = self.each(value, Self::mirror)?,
                "keyring" => self.rules.keyring = Some(self.path(value)?),
                "ca" => self.rules.ca = Some(self.path(value)?),
                _ => return Err(self.unknown(key, &["mirrors", "keyring", "ca"])),
            }
        }
        Ok(())
    }

    fn take_audit(&mut self, value: &Value<'_>) -> Result<(), String> {
        for (key, value) in self.table(value)? {
            match key.get_ref().as_ref() {
                "path" => self.rules.audit = Some(self.path(value)?),
                "syslog" => self.rules.syslog = self.flag(value)?,
                _ => return Err(self.unknown(key, &["path", "syslog"])),
            }
        }
        Ok(())
    }

    /// Refuses what names no release: at a prompt it would be found only once a policy asks for one.
    fn pattern(&self, word: &str, at: usize) -> Result<(), String> {
        Pattern::read(word).map(drop).map_err(|bad| self.flaw(at, bad.to_string()))
    }

    fn tier(&self, value: &Value<'_>) -> Result<Tier, String> {
        self.tier_named(self.text(value)?, value.span().start)
    }

    fn tier_named(&self, name: &str, at: usize) -> Result<Tier, String> {
        let message = || format!("found {}, {TIER}", shown(name.as_bytes()));
        Tier::new(name).ok_or_else(|| self.flaw(at, message()))
    }

    fn mirror(&self, value: &Value<'_>) -> Result<String, String> {
        let url = self.text(value)?;
        if url.starts_with("https://") || url.starts_with("file:///") {
            return Ok(url.to_owned());
        }
        let found = shown(url.as_bytes());
        let message = format!("found mirror {found}, expected an https:// or file:/// URL");
        Err(self.flaw(value.span().start, message))
    }

    fn path(&self, value: &Value<'_>) -> Result<PathBuf, String> {
        let path = Path::new(self.text(value)?);
        if path.is_absolute() {
            return Ok(path.to_path_buf());
        }
        let found = shown(path.as_os_str().as_encoded_bytes());
        Err(self.flaw(value.span().start, format!("found {found}, expected an absolute path")))
    }

    /// Returns the strings of a list, each of `plain` bytes alone.
    fn words(
        &self,
        value: &Value<'_>,
        plain: impl Fn(u8) -> bool,
        expected: &str,
    ) -> Result<Vec<String>, String> {
        self.each(value, |file, value| {
            let word = file.text(value)?;
            if !word.is_empty() && word.bytes().all(&plain) {
                return Ok(word.to_owned());
            }
            let found = shown(word.as_bytes());
            Err(file.flaw(value.span().start, format!("found {found}, expected {expected}")))
        })
    }

    fn each<T>(
        &self,
        value: &Value<'_>,
        read: impl Fn(&Self, &Value<'_>) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let list = value.get_ref().as_array().ok_or_else(|| self.odd(value, "a list"))?;
        list.iter().map(|value| read(self, value)).collect()
    }

    /// Returns what a word stands for.
    fn one_of<T: Copy>(&self, value: &Value<'_>, kinds: &[(&str, T)]) -> Result<T, String> {
        let word = self.text(value)?;
        let kind = kinds.iter().find(|(name, _)| *name == word);
        kind.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<_> = kinds.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let (found, names) = (shown(word.as_bytes()), names.join(" or "));
            self.flaw(value.span().start, format!("found {found}, expected {names}"))
        })
    }

    fn number(
        &self,
        value: &Value<'_>,
        name: &str,
        range: RangeInclusive<u32>,
    ) -> Result<u32, String> {
        let (low, high) = (range.start(), range.end());
        let number = value.get_ref().as_integer();
        let number =
            number.ok_or_else(|| self.odd(value, &format!("a number from {low} to {high}")))?;
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => {
                let message = format!("found {name} {number}, expected {low} to {high}");
                Err(self.flaw(value.span().start, message))
            }
        }
    }

    fn flag(&self, value: &Value<'_>) -> Result<bool, String> {
        value.get_ref().as_bool().ok_or_else(|| self.odd(value, "true or false"))
    }

    fn text<'t>(&self, value: &'t Value<'_>) -> Result<&'t str, String> {
        value.get_ref().as_str().ok_or_else(|| self.odd(value, "a string"))
    }

    fn table<'t, 's>(&self, value: &'t Value<'s>) -> Result<&'t DeTable<'s>, String> {
        value.get_ref().as_table().ok_or_else(|| self.odd(value, "a table"))
    }

    fn odd(&self, value: &Value<'_>, expected: &str) -> String {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        self.flaw(value.span().start, format!("found {article} {found}, expected {expected}"))
    }

    fn unknown(&self, key: &Key<'_>, fields: &[&str]) -> String {
        let (found, fields) = (shown(key.get_ref().as_bytes()), fields.join(", "));
        self.flaw(key.span().start, format!("unknown field {found}, expected one of {fields}"))
    }

    /// Returns the one line that says what is wrong at a byte of the text.
    pub(super) fn flaw(&self, at: usize, message: String) -> String {
        Flaw::at_offset(self.source.text, at, message).at(self.source.path)
    }

    fn place(&self, value: &Value<'_>) -> String {
        let line = self.newlines.partition_point(|newline| *newline < value.span().start) + 1;
        format!("{}:{line}", self.source.path)
    }
}

fn follow(file: &File<'_>, value: &Value<'_>) -> Result<Follow, String> {
    let kinds = [
        ("go.work", Follow::GoWork),
        ("go.mod", Follow::GoMod),
        (".go-version", Follow::GoVersion),
        (".tool-versions", Follow::ToolVersions),
    ];
    file.one_of(value, &kinds)
}
