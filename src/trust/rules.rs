//! What the organisation and the user demand: two `config.toml` texts → one set of rules.
//!
//! The organisation's file is root's; the user's can tighten it and never loosen it: of each field the stricter
//! value holds, of each list what both admit. Unknown keys are errors with file and line. A host without either
//! file has `Rules::default()` and never reaches the TOML parser. Fields: docs/reference.md.

mod file;
mod merge;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::header::{Engine, Tier};
use super::signers::matches;

/// A config text and the name under which errors speak of it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file's path.
    pub path: &'a str,
    /// Its bytes.
    pub text: &'a [u8],
}

/// What approves a policy. The later of two is the stricter, here and below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Require {
    /// A person at this machine, by `goenv allow`, or signatures.
    #[default]
    Allowed,
    /// Signatures alone.
    Signed,
}

/// What stands in for `go` where a policy is present and does not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnFailure {
    /// A message, and the environment as it was outside.
    #[default]
    Warn,
    /// Beyond that a `go` that says why and exits 126.
    Block,
}

/// Which SDKs a policy may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SdkRule {
    /// Any that is here.
    #[default]
    Any,
    /// Those alone whose every file goenv has recorded.
    Sealed,
}

/// Which variables a policy may set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvRule {
    /// Any but those that no policy may set.
    #[default]
    Any,
    /// Those alone that are granted.
    Listed,
}

/// A file whose version `follow` lets choose the SDK where there is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follow {
    /// `go.work`.
    GoWork,
    /// `go.mod`.
    GoMod,
    /// `.go-version`.
    GoVersion,
    /// `.tool-versions`.
    ToolVersions,
}

/// The rules for the policies of one tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierRules {
    /// What approves a policy.
    pub require: Require,
    /// How many distinct principals must have signed, where signatures approve.
    pub threshold: u32,
    /// Patterns of the releases that may run, as in `allow_go`: each list must admit one; none admits all.
    pub go: Vec<Vec<String>>,
    /// How many days from now a signed policy's expiry may lie at most.
    pub max_age_days: Option<u32>,
    /// What stands in for `go` where a policy does not apply.
    pub on_failure: OnFailure,
    /// Which SDKs may be used.
    pub sdk: SdkRule,
    /// Which variables may be set.
    pub env: EnvRule,
    /// Patterns of granted names: every list must hold one that matches.
    grants: Vec<Vec<String>>,
    /// Whether Go's own config file, PATH entries inside the repository, an unwritable audit log and a missing
    /// `revoked_keys` are refused.
    pub strict: bool,
    /// `Native` where bash must not evaluate policies.
    pub engine: Engine,
    /// Whether the user's own `allowed_signers` counts: not where the organisation requires signatures.
    pub user_signers: bool,
    /// Where the fields that a file gives stand: field → `path:line`.
    pub places: BTreeMap<&'static str, String>,
}

impl TierRules {
    /// The rules where nobody made any.
    const DEFAULT: Self = Self {
        require: Require::Allowed,
        threshold: 1,
        go: Vec::new(),
        max_age_days: None,
        on_failure: OnFailure::Warn,
        sdk: SdkRule::Any,
        env: EnvRule::Any,
        grants: Vec::new(),
        strict: false,
        engine: Engine::Bash,
        user_signers: true,
        places: BTreeMap::new(),
    };

    /// Returns whether the rules grant the variable `name`.
    pub fn grants(&self, name: &[u8]) -> bool {
        let granted =
            |list: &Vec<String>| list.iter().any(|pattern| matches(pattern.as_bytes(), name));
        !self.grants.is_empty() && self.grants.iter().all(granted)
    }

    /// Returns ` (path:line)` for a field that a file gives, for the end of a message; empty where none does.
    pub(super) fn place(&self, field: &str) -> String {
        self.places.get(field).map(|place| format!(" ({place})")).unwrap_or_default()
    }
}

impl Default for TierRules {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The organisation's and the user's rules, merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// This host's tier: policies of another are refused here.
    pub tier: Option<Tier>,
    tiers: BTreeMap<Tier, TierRules>,
    /// Go releases that may not run, by version or pattern, with the reason.
    pub deny_go: BTreeMap<String, String>,
    /// Orders of promotion: a later tier's releases must lie inside an earlier one's. Every order holds.
    pub promote: Vec<Vec<Tier>>,
    /// The lines of Go that get security fixes, in place of the table that goenv ships; none for that table.
    pub supported: Vec<String>,
    /// Where SDKs come from: the organisation's, or the user's where it names none.
    pub mirrors: Vec<String>,
    /// The OpenPGP keyring that release signatures must verify against; none asks for no signature.
    pub keyring: Option<PathBuf>,
    /// The CA file that alone vouches for the mirrors; none leaves it to the public authorities.
    pub ca: Option<PathBuf>,
    /// The directory of the audit log, where it is not the user's own.
    pub audit: Option<PathBuf>,
    /// Whether each audit record's number and hash also go to syslog.
    pub syslog: bool,
    /// Which files choose the SDK where there is no policy, in order.
    pub follow: Vec<Follow>,
}

impl Rules {
    /// Returns the merged rules of the files that exist, or one line that names file, line and column.
    pub fn read(
        organisation: Option<Source<'_>>,
        user: Option<Source<'_>>,
    ) -> Result<Self, String> {
        merge::merge(organisation, user)
    }

    /// Returns the rules for a policy of `tier`; one without a tier is of this host's.
    pub fn of(&self, tier: Option<&Tier>) -> &TierRules {
        static DEFAULT: TierRules = TierRules::DEFAULT;
        let tier = tier.or(self.tier.as_ref());
        tier.and_then(|tier| self.tiers.get(tier)).unwrap_or(&DEFAULT)
    }

    /// Returns the tiers that a file speaks of, with their rules.
    pub fn tiers(&self) -> impl Iterator<Item = (&Tier, &TierRules)> {
        self.tiers.iter()
    }
}

#[cfg(test)]
mod tests;
