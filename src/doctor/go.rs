//! The go that runs: whether it is the policy's, and which layer decides what it does.

use super::Problem;
use super::facts::{Applied, Facts};
use crate::env::Env;
use crate::go::select::{Layer, setting};
use crate::ui::{safe, safe_path};

/// Where managers keep their stand-ins for go.
const SHIMS: &[(&str, &str)] = &[
    ("/.asdf/shims/", "asdf"),
    ("/mise/shims/", "mise"),
    ("/.goenv/shims/", "go-nv's goenv"),
    ("/.gvm/", "gvm"),
];

/// Settings whose value in go's own file changes which Go runs, what it builds, trusts or runs in turn.
const SETTINGS: &[&str] = &[
    "GOTOOLCHAIN",
    "GOROOT",
    "GOFLAGS",
    "GOPROXY",
    "GONOPROXY",
    "GOSUMDB",
    "GONOSUMDB",
    "GOPRIVATE",
    "GOINSECURE",
    "GOEXPERIMENT",
    "GOWORK",
    "GOVCS",
    "GOAUTH",
    "GOCACHEPROG",
    "CC",
    "CXX",
    "PKG_CONFIG",
];

pub(super) fn examine(facts: &Facts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let policy = facts.policy.as_ref().and_then(|policy| policy.as_ref().ok());
    problems.extend(goroot(facts));
    if let Some(policy) = policy.filter(|policy| policy.root.is_some() && facts.is_applied) {
        problems.extend(path(facts, policy));
        problems.extend(toolchain(facts));
    }
    if let Some(policy) = policy {
        problems.extend(user_file(facts, policy));
        problems.extend(locks(facts, policy));
        problems.extend(policy.complaint.iter().map(|(complaint, mend)| {
            let message = format!("the SDK is altered: {}", safe(complaint.as_bytes()));
            Problem::error("GOENV701", message, mend.as_str())
        }));
    }
    problems
}

/// GOROOT against the SDK of the go that PATH finds.
fn goroot(facts: &Facts) -> Option<Problem> {
    let go = facts.go.as_ref()?;
    facts.env.get("GOROOT").filter(|root| !root.is_empty())?;
    let (set, runs) = (&facts.goroot_version, &facts.go_version);
    if go.root.is_none() || set == runs {
        return None;
    }
    let path = safe_path(&go.path);
    let message = match set.is_empty() {
        true => format!("GOROOT names no SDK, and PATH finds {path} of {}", safe(runs.as_bytes())),
        false => {
            let (set, runs) = (safe(set.as_bytes()), safe(runs.as_bytes()));
            format!("GOROOT is that of {set}, and PATH finds {path} of {runs}")
        }
    };
    Some(Problem::error("GOENV105", message, "run: unset GOROOT"))
}

/// What stands before the policy's SDK in PATH.
fn path(facts: &Facts, policy: &Applied) -> Option<Problem> {
    let (go, root) = (facts.go.as_ref()?, policy.root.as_ref()?);
    if go.root.as_ref() == Some(root) {
        return None;
    }
    let path = safe_path(&go.path);
    let manager = SHIMS.iter().find(|(mark, _)| path.contains(mark));
    let whose = manager.map_or_else(String::new, |(_, manager)| format!(", which is {manager}'s"));
    let message = format!("PATH finds {path} before the policy's go{whose}");
    Some(Problem::error(
        "path-order",
        message,
        "leave the directory and enter it again: cd / && cd -",
    ))
}

/// A GOTOOLCHAIN that lets go run another Go than the policy's.
fn toolchain(facts: &Facts) -> Option<Problem> {
    let user = facts.user_file.as_ref().map(|(_, bytes)| bytes.as_slice());
    let variable = facts.env.get("GOTOOLCHAIN");
    let (value, layer) = setting("GOTOOLCHAIN", variable, user, facts.go_env.as_deref())?;
    // The name of the go that is asked is no other.
    if value == "local" || value == facts.go_version {
        return None;
    }
    let value = safe(value.as_bytes());
    let whence = match layer {
        Layer::Environment => "the environment",
        Layer::UserFile => "`go env -w`",
        Layer::Sdk => "the SDK's go.env",
    };
    let message = format!("GOTOOLCHAIN={value} from {whence} lets go run another Go");
    // The environment comes before every file; without it one or the other says `auto`.
    Some(Problem::error("GOENV106", message, "run: export GOTOOLCHAIN=local"))
}

/// Settings of `go env -w` that no variable covers: an empty variable does not either.
fn user_file(facts: &Facts, policy: &Applied) -> Vec<Problem> {
    let Some((path, bytes)) = &facts.user_file else { return Vec::new() };
    let covered = |env: &Env, name: &str| env.get(name).is_some_and(|value| !value.is_empty());
    SETTINGS
        .iter()
        .filter(|name| setting(name, None, Some(bytes), None).is_some())
        .filter(|name| !covered(&policy.env, name))
        .map(|name| {
            let message =
                format!("{name} in {} counts, because the policy sets none", safe_path(path));
            Problem::warning("GOENV107", message, format!("run: go env -u {name}"))
        })
        .collect()
}

/// Locked values that the shell overrides.
fn locks(facts: &Facts, policy: &Applied) -> Vec<Problem> {
    if !facts.is_applied {
        return Vec::new();
    }
    policy
        .locks
        .iter()
        .filter(|(name, value)| facts.env.get(name) != Some(value.as_slice()))
        .map(|(name, _)| {
            let name = safe(name);
            let message = format!("{name} is locked by the policy, and this shell changed it");
            Problem::warning(
                "GOENV107",
                message,
                "leave the directory and enter it again: cd / && cd -",
            )
        })
        .collect()
}
