//! The health of goenv in this shell, on this machine, for this directory.
//!
//! Facts go in, problems come out, each with its cure: [`facts`] looks, the other files judge. Nothing is changed and
//! nothing is run. Ids are stable; those that the gate has too are the gate's. docs/gate.md, section "Doctor".

pub mod facts;
mod go;
mod startup;
mod state;

use crate::check::rules::Level;
use facts::Facts;

/// Something that keeps goenv from doing its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its stable id: `hook-missing`, or the gate's `GOENV105`.
    pub id: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What was found: lower case, no full stop.
    pub message: String,
    /// What mends it.
    pub help: String,
}

/// The ids that the gate does not have.
pub const OWN_IDS: &[&str] = &[
    "hook-missing",
    "other-manager",
    "other-goenv",
    "path-order",
    "GOENV701",
    "permissions",
    "state",
    "guard",
    "stale-stamps",
    "policy",
    "not-applied",
];

/// Returns whether an id is one that the gate does not have.
pub fn is_own(id: &str) -> bool {
    OWN_IDS.iter().any(|own| own.eq_ignore_ascii_case(id))
}

impl Problem {
    fn error(id: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { id, level: Level::Error, message: message.into(), help: help.into() }
    }

    fn warning(id: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { id, level: Level::Warning, message: message.into(), help: help.into() }
    }
}

/// Returns what is wrong, the hook first, then what it sets, then what it keeps.
pub fn examine(facts: &Facts) -> Vec<Problem> {
    let mut problems = startup::examine(facts);
    problems.extend(go::examine(facts));
    problems.extend(state::examine(facts));
    problems
}

#[cfg(test)]
mod tests;
