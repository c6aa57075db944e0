//! What goenv keeps: its directories, the state that the shell carries, the policy of the directory.

use super::Problem;
use super::facts::Facts;
use crate::ui::safe_path;

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
    if let Some((why, cure)) = &facts.obstacle {
        let message = format!("goenv is started at every prompt: {why}");
        problems.push(Problem::warning("guard", message, cure.clone()));
    }
    if let Some((stamps, count)) = &facts.stale {
        let shells =
            if *count == 1 { "1 shell that is" } else { &format!("{count} shells that are") };
        let message = format!("{} holds stamps of {shells} gone", safe_path(stamps));
        let help = "start a new shell with the hook, which removes them";
        problems.push(Problem::warning("stale-stamps", message, help));
    }
    match &facts.policy {
        Some(Err((why, cure))) => {
            let help = cure.clone().unwrap_or_else(|| "see: goenv status".to_owned());
            problems.push(Problem::error("policy", why.clone(), help));
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
