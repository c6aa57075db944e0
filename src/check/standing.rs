//! What holds in each directory: the policy that governs it, the Go that it pins and the releases that are admitted.
//!
//! The nearest policy on the way up governs a file, as at the prompt; where there is none, the rules alone do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::envrc;
use super::eol::Supported;
use super::facts::{Facts, Policy};
use super::tiers::{Admitted, BadLine};
use crate::go::Version;
use crate::trust::header::Tier;
use crate::trust::rules::{Rules, TierRules};

/// What holds in the directory of a policy.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The policy; `None` where only the rules hold.
    pub policy: Option<&'a Policy>,
    /// The tier that it is judged by.
    pub tier: Option<Tier>,
    /// The version of its `use go` line.
    pub pin: Option<Version>,
    /// What may run.
    pub admitted: Admitted,
    /// Why `admitted` says less than it should.
    pub bad: Option<BadLine>,
}

/// What holds in every directory of a repository.
#[derive(Clone, Debug)]
pub struct Standings<'a> {
    of_policy: BTreeMap<PathBuf, Standing<'a>>,
    without: Standing<'a>,
    /// The rules of the organisation and of the user.
    pub rules: &'a Rules,
    /// The lines of Go that get fixes.
    pub supported: Supported,
    /// The time, in seconds since 1970.
    pub now: i64,
}

impl<'a> Standings<'a> {
    /// Returns what holds, judged by `tier` or else by each policy's own.
    ///
    /// # Errors
    /// If what the rules name as a supported line is not a line of Go.
    pub fn new(
        facts: &'a Facts,
        rules: &'a Rules,
        tier: Option<&Tier>,
        now: Duration,
    ) -> Result<Self, String> {
        let supported = Supported::of(&rules.supported)?;
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let standing = |policy: &'a Policy| {
            let own = policy.sound_header().and_then(|header| header.tier.clone());
            Standing::new(Some(policy), tier.cloned().or(own), rules)
        };
        let of_policy = facts
            .policies
            .iter()
            .map(|policy| (policy.directory().to_path_buf(), standing(policy)))
            .collect();
        let without = Standing::new(None, tier.cloned(), rules);
        Ok(Self { of_policy, without, rules, supported, now })
    }

    /// Returns what holds for the file at `path`.
    pub fn of(&self, path: &Path) -> &Standing<'a> {
        let directories = path.ancestors().skip(1);
        directories.filter_map(|up| self.of_policy.get(up)).next().unwrap_or(&self.without)
    }

    /// Returns each policy's standing.
    pub fn policies(&self) -> impl Iterator<Item = (&'a Policy, &Standing<'a>)> {
        self.of_policy.values().filter_map(|standing| Some((standing.policy?, standing)))
    }

    /// Returns the rules of a standing's tier.
    pub fn tier_rules(&self, standing: &Standing<'_>) -> &'a TierRules {
        self.rules.of(standing.tier.as_ref())
    }

    /// Returns what is said of a version whose line has ended.
    pub fn ended(&self, version: &Version) -> Option<String> {
        let supported = &self.supported;
        supported.ended(version).then(|| {
            let (line, lines) = (version.language(), supported.names());
            let source = &supported.source;
            format!("Go {line} gets no security fixes: supported are {lines} ({source})")
        })
    }

    /// Returns what mends a file that names the Go of an ended line: `here` is how it names another one. Where the
    /// policy's Go has ended too, the file follows the policy.
    pub fn supports(&self, standing: &Standing<'_>, here: &str, facts: &Facts) -> String {
        match standing.pin.as_ref().is_some_and(|pin| self.supported.ended(pin)) {
            true => format!(
                "Move the policy to a supported line, {}, and this file with it: {here}",
                standing.pins("VERSION", facts)
            ),
            false => format!("Name a release of a supported line here: {here}"),
        }
    }
}

impl<'a> Standing<'a> {
    fn new(policy: Option<&'a Policy>, tier: Option<Tier>, rules: &Rules) -> Self {
        let tier = tier.or_else(|| rules.tier.clone());
        let directives =
            policy.and_then(Policy::evaluated).map(|wanted| wanted.governance.as_slice());
        let admitted = Admitted::of(tier.as_ref(), rules, directives.unwrap_or_default());
        let (admitted, bad) = match admitted {
            Ok(admitted) => (admitted, None),
            Err(bad) => (Admitted::default(), Some(bad)),
        };
        let pin = policy.and_then(pin);
        Self { policy, tier, pin, admitted, bad }
    }

    /// Returns the command that pins `version` in this policy, or in a new one at the root where there is none. It names the
    /// path: without one, goenv pins in the policy that is nearest to the current directory.
    pub fn pins(&self, version: &str, facts: &Facts) -> String {
        let Some(policy) = self.policy else {
            let root = Path::new("");
            let root = if facts.here.as_deref() == Some(root) { Path::new(".") } else { root };
            return format!("goenv pin {version} {}", facts.pasted(root));
        };
        facts.aimed(&format!("goenv pin {version}"), &policy.path)
    }

    /// Returns the tier's name for messages.
    pub fn tier_name(&self) -> String {
        self.tier.as_ref().map_or_else(|| "any".to_owned(), ToString::to_string)
    }

    /// Returns what is wrong with `least` as the least Go of a module: no admitted release meets it, or it is older
    /// than every one.
    pub fn minimum(&self, least: &Version) -> Option<String> {
        if let Some(pin) = &self.pin {
            let meets = pin >= least || (pin.is_language() && !newer_line(least, pin));
            if !meets {
                return Some(format!("go {least} is newer than the pinned go{pin}"));
            }
        }
        let (tier, listed) = (self.tier_name(), self.admitted.listed());
        if !self.admitted.is_limited() {
            return None;
        }
        if !self.admitted.reaches(least) {
            let of = if listed.is_empty() { String::new() } else { format!(": {listed}") };
            return Some(format!("no release that tier {tier} admits meets go {least}{of}"));
        }
        if self.admitted.is_listed() && !self.admitted.goes_back_to(least) {
            return Some(format!(
                "go {least} is older than every release that tier {tier} admits: {listed}"
            ));
        }
        None
    }

    /// Returns what is wrong with `version` as the Go that is used somewhere else than at the prompt.
    pub fn exact(&self, version: &Version) -> Option<String> {
        if let Some(pin) = &self.pin {
            let same =
                pin.names(version) || (pin.is_language() && pin.language() == version.language());
            if !same {
                return Some(format!("go{version} is not the pinned go{pin}"));
            }
        }
        self.admitted.admit(version).err().map(|no| format!("go{version} {no}"))
    }

    /// Returns what is wrong with naming a whole line, `1.26`, of which the newest release is used.
    pub fn line(&self, line: &Version) -> Option<String> {
        let language = line.language();
        match &self.pin {
            Some(pin) if pin.language() != language => {
                Some(format!("Go {language} is not the pinned go{pin}"))
            }
            Some(_) => None,
            None if self.admitted.is_listed() && !self.admitted.has_line(&language) => {
                let (tier, listed) = (self.tier_name(), self.admitted.listed());
                Some(format!("tier {tier} admits no release of Go {language}: {listed}"))
            }
            None => None,
        }
    }

    /// Returns whether anything says which Go is to be used.
    pub fn is_decided(&self) -> bool {
        self.pin.is_some() || self.admitted.is_listed()
    }
}

fn newer_line(least: &Version, pin: &Version) -> bool {
    let line = |version: &Version| Version::parse(&version.language());
    line(least) > line(pin)
}

/// Returns the version that a policy's `use go` line names: as evaluated, or as written where bash evaluates it.
fn pin(policy: &Policy) -> Option<Version> {
    if let Some(wanted) = policy.evaluated() {
        let (_, found) = wanted.sdk.as_ref()?;
        return Version::read(&found.version).ok();
    }
    envrc::commands(&policy.bytes).iter().find_map(|command| {
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        match words.as_slice() {
            ["use", "go", version, ..] => Version::read(version).ok(),
            _ => None,
        }
    })
}
