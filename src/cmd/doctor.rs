//! `goenv doctor`: what keeps goenv from doing its work here, and what mends it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::sdk::mend;
use super::shown::broken_rules;
use crate::check::rules::Level;
use crate::doctor::facts::{Applied, Facts};
use crate::doctor::{Problem, examine};
use crate::error::{Error, Exit};
use crate::load::{Loader, Purpose};
use crate::shell::Shell;
use crate::ui::Ui;
use crate::world::World;
use crate::{follow, guard, inherit};

/// What to do about rules that are not understood.
const MEND_RULES: &str = "mend that line; until then no policy applies, in any directory";

#[derive(Serialize)]
struct Output<'a> {
    findings: Vec<Found<'a>>,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    id: &'a str,
    level: &'a str,
    message: &'a str,
    help: &'a str,
}

/// Prints what is wrong.
///
/// # Errors
/// If stdout cannot be written.
pub fn run(json: bool, world: &World, ui: &Ui) -> Result<Exit, Error> {
    let carrying = inherit::carried(world);
    let mut facts = Facts::gather(world, &carrying);
    let mut watched: Vec<PathBuf> = Vec::new();
    if let Some(located) = world.cwd.as_deref().and_then(|cwd| follow::nearest(cwd, world)) {
        let outside = inherit::outside(world.env(), &carrying);
        let loaded = Loader::new(world, &outside, Purpose::Look).load(&located);
        watched.extend(located.path.parent().map(Path::to_path_buf));
        watched.extend(loaded.watches.into_iter().map(|watch| watch.path));
        facts.policy = Some(loaded.result.map_err(|error| error.parts()).map(|applied| Applied {
            root: applied.wanted.sdk.as_ref().map(|(_, sdk)| sdk.root.clone()),
            complaint: applied.sdk.and_then(|sdk| {
                let mend = sdk.found.record.as_ref().map(|record| mend(&sdk.found.version, record));
                Some((sdk.health.complaint()?, mend.unwrap_or_default()))
            }),
            locks: applied.wanted.locks,
            env: applied.wanted.env,
        }));
    }
    if facts.policy.is_none() {
        // Without a policy nothing else reads the rules, and in the next directory nothing is trusted.
        facts.policy = broken_rules(world).map(|error| {
            let (why, cure) = error.parts();
            Err((why, cure.or_else(|| Some(MEND_RULES.to_owned()))))
        });
    }
    if facts.shell.is_none_or(Shell::is_guarded) {
        facts.obstacle = guard::obstacle(watched.iter().map(PathBuf::as_path), world);
    }
    let problems = examine(&facts);
    let text = if json { as_json(&problems) } else { screen(&problems).into_bytes() };
    ui.data(&text)?;
    let failed = problems.iter().any(|problem| problem.level == Level::Error);
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn as_json(problems: &[Problem]) -> Vec<u8> {
    let count = |level| problems.iter().filter(|problem| problem.level == level).count();
    crate::ui::json(&Output {
        findings: problems.iter().map(found).collect(),
        errors: count(Level::Error),
        warnings: count(Level::Warning),
    })
}

fn found(problem: &Problem) -> Found<'_> {
    let Problem { id, level, message, help } = problem;
    Found { id, level: level.name(), message, help }
}

fn screen(problems: &[Problem]) -> String {
    if problems.is_empty() {
        return "nothing is wrong\n".to_owned();
    }
    let one = |problem: &Problem| {
        let Problem { id, level, message, help } = problem;
        format!("{}[{id}]: {message}\n  help: {help}\n", level.name())
    };
    problems.iter().map(one).collect()
}
