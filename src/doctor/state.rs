//! What goenv keeps: its directories, the state that the shell carries, the policy of the directory.

use super::Problem;
use super::facts::Facts;

pub(super) fn examine(facts: &Facts) -> Vec<Problem> {
    let mut problems: Vec<Problem> = facts
        .directories
        .iter()
        .map(|(message, hint)| Problem::error("permissions", message.clone(), hint.clone()))
        .collect();
    if facts.is_damaged {
        let message = "GOENV_STATE cannot be read, so leaving undoes nothing";
        problems.push(Problem::warning("state", message, "start a new shell: exec \"$SHELL\""));
    }
    match &facts.policy {
        Some(Err(why)) => {
            problems.push(Problem::error("policy", why.clone(), "see: goenv status"));
        }
        Some(Ok(_)) if !facts.is_applied => {
            let message = "the policy of this directory is not applied in this shell";
            let help = "start a new shell, so that the hook runs: exec \"$SHELL\"";
            problems.push(Problem::warning("not-applied", message, help));
        }
        _ => {}
    }
    problems
}
