//! `goenv export FORMAT`: the change for this directory. This is what every prompt runs.
//!
//! stdout carries the shell's text alone and is valid whatever happens; people are told on stderr, once.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::direnv;
use super::shown::{names, short};
use crate::decide::{self, Action, Carrying};
use crate::env::state::{self, Outcome};
use crate::env::undo::{self, Fingerprint};
use crate::env::{Diff, Env, State};
use crate::error::{Error, Exit};
use crate::follow::Governing;
use crate::guard::ShellName;
use crate::load::{Applied, Loaded, Loader, Purpose};
use crate::locate::Located;
use crate::policy::Wanted;
use crate::shell::{Format, nushell};
use crate::ui::{self, Tone, Ui};
use crate::world::World;
use crate::{files, follow, guard, inherit, stub, transition};

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What changes.
    Change,
    /// The directory's whole set, also what is already applied.
    Full,
}

/// Prints what this directory changes; for a shell, also what it can ask by itself at its next prompt.
///
/// # Errors
/// If the policy does not apply, after the way back to the environment outside was printed.
pub fn run(
    format: Format,
    scope: Scope,
    shell: Option<&ShellName>,
    world: &World,
    ui: &Ui,
) -> Result<Exit, Error> {
    let carrying = inherit::carried(world);
    let world = &*inherit::at_home(world, &carrying);
    let governing = world.cwd.as_deref().map(|cwd| follow::governing(cwd, world));
    let Governing { located, watch } = governing.unwrap_or_default();
    let action = decide(located.as_ref(), &carrying, world);
    if action == Action::Nothing && scope == Scope::Change {
        arm(format, shell, carrying.state(), &watch, world, ui)?;
        return Ok(Exit::Done);
    }
    if carrying == Carrying::Damaged {
        ui.say(Tone::Warning, DAMAGED);
        if let Err(error) = transition::dropped(world) {
            ui.say(Tone::Warning, &error.text());
        }
    }
    let outside = inherit::outside(world.env(), &carrying);
    let entered = match &located {
        Some(located) => Some(enter(located, Some(format), &action, &outside, &carrying, world)?),
        None => None,
    };
    let inside = entered.as_ref().map_or(&outside, |entered| &entered.inside);
    let before = if scope == Scope::Full { &outside } else { world.env() };
    print(format, before, inside, ui)?;
    let state = entered.as_ref().map(|entered| &entered.state);
    arm(format, shell, state, &watch, world, ui)?;
    match entered {
        Some(Entered { told: Err(_), repeats: true, .. }) if scope == Scope::Change => {}
        Some(entered) => {
            entered.beside.iter().for_each(|line| ui.say(Tone::Warning, line));
            entered.told?.iter().for_each(|line| ui.say(Tone::Plain, line));
        }
        None => tell_left(&carrying, world, ui),
    }
    Ok(Exit::Done)
}

const DAMAGED: &str = "GOENV_STATE cannot be read and is dropped; what it would have undone stays";

fn decide(located: Option<&Located>, carrying: &Carrying, world: &World) -> Action {
    let is_in_effect = |state: &State| {
        undo::is_in_effect(|name| world.variable(name), &state.changes)
            && (!world.is_direnv() || direnv::is_provided(state, world))
    };
    let is_over = |until| world.now().as_secs() >= until;
    decide::decide(located, carrying, world.uid, is_in_effect, is_over, first_changed)
}

fn first_changed(state: &State) -> Option<&Path> {
    files::first_changed(&state.watches)
}

/// Prints what the shell can ask by itself; nothing where that cannot be relied on.
fn arm(
    format: Format,
    shell: Option<&ShellName>,
    state: Option<&State>,
    watch: &[PathBuf],
    world: &World,
    ui: &Ui,
) -> Result<(), Error> {
    if let Some(guard) = shell.and_then(|shell| guard::arm(shell, state, watch, world)) {
        ui.data(&format.arm(&guard))?;
    }
    Ok(())
}

/// A policy that was entered.
struct Entered {
    /// The environment inside; the one outside where the policy does not apply.
    inside: Env,
    /// What the shell carries from now on.
    state: State,
    /// What to say, or why the policy does not apply.
    told: Result<Vec<String>, Error>,
    /// What else is wrong.
    beside: Vec<String>,
    /// Whether the shell was told just that already: the same complaint is made once.
    repeats: bool,
}

/// Enters a policy, for a format to be printed in.
fn enter(
    located: &Located,
    format: Option<Format>,
    action: &Action,
    outside: &Env,
    carrying: &Carrying,
    world: &World,
) -> Result<Entered, Error> {
    let mut loaded = Loader::new(world, outside, Purpose::Apply).load(located);
    if let Some(error) = unheld(format, located, &loaded, outside) {
        loaded.result = Err(error);
    }
    let mut state = State {
        uid: world.uid,
        policy: located.path.clone(),
        outcome: Outcome::Applied,
        until: loaded.until(),
        watches: std::mem::take(&mut loaded.watches),
        changes: Vec::new(),
    };
    let mut blocked = settle(&mut state, &loaded, outside, world);
    let tier = loaded.tier().map(|tier| tier.name().to_owned());
    let mut warning = None;
    if let Err(error) = transition::entered(&loaded, &state, carrying, world) {
        if loaded.result.is_ok() && loaded.is_strict() {
            loaded.result = Err(error);
            blocked = settle(&mut state, &loaded, outside, world);
        } else {
            warning = Some(error.text());
        }
    }
    let mut beside = Vec::new();
    let (inside, told) = match loaded.result {
        Ok(applied) => {
            beside.extend(altered(&applied));
            let mut lines = lines(&applied.wanted, action, &state.policy, outside, world);
            lines.extend(warning);
            let mut inside = with_state(applied.wanted.env, &mut state, world)?;
            if let Some(tier) = tier {
                inside.set(state::TIER, tier);
            }
            (inside, Ok(lines))
        }
        Err(error) => {
            beside.extend(warning);
            let inside = match blocked {
                Ok(Some(blocked)) => blocked,
                Ok(None) => outside.clone(),
                Err(problem) => {
                    let message = "another go may run, because none that refuses could be put here";
                    beside.push(format!("{message}: {problem}"));
                    outside.clone()
                }
            };
            (with_state(inside, &mut state, world)?, Err(error))
        }
    };
    let repeats = carrying
        .state()
        .is_some_and(|known| known.policy == state.policy && known.outcome == state.outcome);
    Ok(Entered { inside, state, told, beside, repeats })
}

/// Returns the error that nushell cannot hold what the policy wants: such a policy is refused as any other, and once. The
/// other formats with reasons to refuse are asked for by a person, and refuse when they are printed.
fn unheld(
    format: Option<Format>,
    located: &Located,
    loaded: &Loaded,
    outside: &Env,
) -> Option<Error> {
    let format = format.filter(|format| *format == Format::Nushell)?;
    let applied = loaded.result.as_ref().ok()?;
    let mut inside = applied.wanted.env.clone();
    inside.set(state::POLICY, located.path.as_os_str().as_bytes());
    format.refusal(&Diff::between(outside, &inside), &inside).map(Error::failed)
}

/// Writes into the state what became of the policy; returns the environment in which other programs stand for Go, where
/// the policy does not apply and the rules ask for that.
///
/// # Errors
/// If those programs cannot be written.
fn settle(
    state: &mut State,
    loaded: &Loaded,
    outside: &Env,
    world: &World,
) -> Result<Option<Env>, Error> {
    let error = match &loaded.result {
        Ok(applied) => {
            state.changes = undo::record(outside, &applied.wanted.env);
            return Ok(None);
        }
        Err(error) => error,
    };
    let reason = error.text();
    state.outcome = Outcome::Refused(Fingerprint::of(reason.as_bytes()));
    state.until = None;
    let blocked = match loaded.blocks() {
        true => stub::block(outside, &reason, world).map(Some),
        false => Ok(None),
    };
    let inside = blocked.as_ref().ok().and_then(Option::as_ref);
    state.changes = undo::record(outside, inside.unwrap_or(outside));
    blocked
}

/// Returns the environment inside, for a command that runs there, and what is wrong with it all the same.
///
/// # Errors
/// If the policy does not apply.
pub fn inside(
    located: &Located,
    outside: &Env,
    world: &World,
) -> Result<(Env, Vec<String>), Error> {
    let Entered { told, inside, beside, .. } =
        enter(located, None, &Action::Load, outside, &Carrying::Nothing, world)?;
    told.map(|_| (inside, beside))
}

/// Returns what to say of an SDK that is not what it was when it was sealed, where nothing pins it and it is used.
fn altered(applied: &Applied) -> Option<String> {
    let sdk = applied.sdk.as_ref()?;
    let alteration = ui::safe(sdk.alteration()?.as_bytes());
    Some(format!("{alteration}; see: goenv sdk verify {}", sdk.found.version))
}

/// Adds the variables that carry the state, and as direnv those that its users look at.
fn with_state(mut env: Env, state: &mut State, world: &World) -> Result<Env, Error> {
    if world.is_direnv() {
        direnv::provide(&mut env, state);
    }
    if state.outcome == Outcome::Applied {
        env.set(state::POLICY, state.policy.as_os_str().as_bytes());
    }
    env.set(state::STATE, inherit::carry(state, world)?);
    Ok(env)
}

/// Prints the change; the state comes last, so that a shell that stops half-way does not believe that it is done.
fn print(format: Format, from: &Env, to: &Env, ui: &Ui) -> Result<(), Error> {
    let mut diff = Diff::between(from, to);
    let held;
    match format.refusal(&diff, to) {
        None => {}
        // A policy that wants such a value was refused before. This one is from before the policy, in the shell that
        // nushell was started from, and must not keep the policy in force.
        Some(_) if format == Format::Nushell => {
            held = reduced(from, to, ui);
            diff = Diff::between(from, &held);
        }
        Some(message) => return Err(Error::failed(message)),
    }
    diff.put_last(state::STATE.as_bytes());
    Ok(ui.data(&format.print(&diff))?)
}

/// Returns the environment as nushell can hold it, and warns of what is left out.
fn reduced(from: &Env, to: &Env, ui: &Ui) -> Env {
    let mut held = to.clone();
    for reason in nushell::reduce(from, &mut held) {
        ui.say(Tone::Warning, &format!("{reason}; it is not put back"));
    }
    held
}

/// Returns what the policy says and one line of what changed: names, never values. Where a reload changed nothing
/// there is nothing to say.
fn lines(
    wanted: &Wanted,
    action: &Action,
    policy: &Path,
    outside: &Env,
    world: &World,
) -> Vec<String> {
    let mut lines: Vec<String> = wanted.messages.iter().map(|message| ui::safe(message)).collect();
    let names = names(&Diff::between(world.env(), &wanted.env), world.env());
    if *action == Action::Load || !names.is_empty() {
        if world.is_direnv() {
            return match direnv::is_quiet(world) {
                true => lines,
                false => direnv::loaded(&short(policy, world), lines, outside, &wanted.env),
            };
        }
        let sdk = wanted.sdk.as_ref();
        let sdk = sdk.map(|(_, sdk)| format!(" go{}", sdk.version)).unwrap_or_default();
        let nothing = sdk.is_empty() && names.is_empty();
        let names = if nothing { " nothing to change" } else { names.as_str() };
        lines.push(format!("{}:{sdk}{names}", short(policy, world)));
    }
    lines
}

fn tell_left(carrying: &Carrying, world: &World, ui: &Ui) {
    if let Some(state) = carrying.state().filter(|state| state.outcome == Outcome::Applied) {
        if let Err(error) = transition::left(state, &transition::rules(world), world) {
            ui.say(Tone::Warning, &error.text());
        }
        match world.is_direnv() {
            true if direnv::is_quiet(world) => {}
            true => ui.say(Tone::Plain, "unloading"),
            false => ui.say(Tone::Plain, &format!("left {}", short(&state.policy, world))),
        }
    }
}
