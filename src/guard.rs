//! The guard: what a shell asks by itself at its next prompt, so that an unchanged one starts no process.
//!
//! For every watched path that is there, a stamp file gets the path's modification time, and the shell's own tests say
//! whether the two still agree; for every path that is not there, whether it still is not. The policy's directory
//! is among the first, so that an older file moved over the policy is seen. As git does for its index, the guard is
//! not armed while anything changed within the clock's granularity: a further change could leave the same times.
//! Rules: docs/hooks.md.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env::State;
use crate::env::state::{Stamp, Watch};
use crate::files::{self, Checked, FileProblem};
use crate::locate::POLICY_NAME;
use crate::world::World;

/// The time that both files of a probe have, in whole seconds since 1970.
pub const PROBE_SECONDS: u64 = 1_000_000_000;

/// The file that is there as long as a shell's stamps are.
const PROBE: &str = "newer";

/// The name that a shell has for its stamps: its process id and a random number, because shells in several containers
/// can have one id, and share the place of the stamps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellName(String);

impl ShellName {
    /// Reads it as the hook gives it: `PID-NUMBER`, or the process id alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (process, number) = text.split_once('-').unwrap_or((text, "0"));
        let is_number = |text: &str| text.parse::<u32>().is_ok() && !text.starts_with('+');
        (is_number(process) && is_number(number)).then(|| Self(text.to_owned()))
    }
}

/// Returns the process id in the name of a directory of stamps.
fn process_of(directory: &Path) -> Option<u32> {
    directory.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

/// Returns whether the shell with that process id has been guarded, so that the hook runs in it.
pub fn has_stamps(process: u32, world: &World) -> bool {
    let Some(runtime) = &world.dirs.runtime else { return false };
    let of_shell = |directory: &PathBuf| process_of(directory) == Some(process);
    let directories = files::list(&runtime.join("stamps"));
    directories.iter().filter(|it| of_shell(it)).any(|it| files::look_at(&it.join(PROBE)).is_some())
}

/// What a shell has to ask; any yes means that goenv has to be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// The physical directory that the shell is in: a path through a link can lead elsewhere later, and the directory
    /// can be moved.
    pub here: PathBuf,
    /// The policy's directory with the stamp file that has its time: only that it became newer says anything.
    pub directory: Option<(PathBuf, PathBuf)>,
    /// Paths that are there, each with the stamp file that has its time.
    pub kept: Vec<(PathBuf, PathBuf)>,
    /// Paths that are not there.
    pub gone: Vec<PathBuf>,
    /// Two files, the second a nanosecond newer: a shell whose test sees no difference cannot be guarded.
    pub probe: (PathBuf, PathBuf),
    /// When the policy's approval ends, in seconds since 1970.
    pub until: Option<u64>,
}

/// One question to the shell's own tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question<'a> {
    /// `-nt`: has the path a later time than the stamp?
    Newer(&'a Path, &'a Path),
    /// `-ot`: has it an earlier one?
    Older(&'a Path, &'a Path),
    /// `! -e`: is it gone?
    Missing(&'a Path),
    /// `-e`: is it there?
    There(&'a Path),
    /// `-L`: is it a link, dangling or not?
    Link(&'a Path),
    /// `! -ef`: is the shell in another directory than this?
    Elsewhere(&'a Path),
}

impl Guard {
    /// Returns what to ask, the likeliest yes first.
    pub fn questions(&self) -> Vec<Question<'_>> {
        let mut questions = Vec::new();
        for (path, stamp) in &self.kept {
            questions.push(Question::Newer(path, stamp));
            questions.push(Question::Older(path, stamp));
            // Shells disagree about the age of what is not there.
            questions.push(Question::Missing(path));
        }
        if let Some((directory, stamp)) = &self.directory {
            questions.push(Question::Newer(directory, stamp));
        }
        for path in &self.gone {
            questions.push(Question::There(path));
            // A policy that is a dangling link is there too, and refused.
            if path.file_name() == Some(POLICY_NAME.as_ref()) {
                questions.push(Question::Link(path));
            }
        }
        questions.push(Question::Elsewhere(&self.here));
        // Stamps that were wiped say nothing.
        questions.push(Question::Missing(&self.probe.1));
        questions
    }
}

/// Arms the guard of the shell with this name; `None` where it cannot be relied on at this prompt. `watch` holds
/// what beside the state's watches decides where there is no policy.
pub fn arm(
    shell: &ShellName,
    state: Option<&State>,
    watch: &[PathBuf],
    world: &World,
) -> Option<Guard> {
    let policy = state.map(|state| state.policy.as_path());
    let watches = state.map(|state| state.watches.as_slice()).unwrap_or_default();
    let directory = world.dirs.runtime.as_ref()?.join("stamps").join(&shell.0);
    let (now, here) = (world.now(), world.cwd.as_deref()?);
    let mut guard = Guard {
        here: here.to_path_buf(),
        probe: (directory.join("older"), directory.join(PROBE)),
        gone: nearer(policy.filter(|path| is_policy(path)), here),
        directory: None,
        kept: Vec::new(),
        until: state.and_then(|state| state.until),
    };
    let mut times = Vec::new();
    // Looked at before the policy is: a policy that is replaced later makes it newer.
    let parent = policy.and_then(Path::parent);
    if let Some(parent) = parent {
        times.push((parent.to_path_buf(), files::settled_mtime(parent, now)?));
    }
    for Watch { path, stamp } in watches {
        match *stamp {
            Stamp::ABSENT if files::stamp(path) == Stamp::ABSENT => guard.gone.push(path.clone()),
            // What is not what it was when the decision was made is asked about by the next `export`.
            stamp if files::stamp(path) == stamp => {
                times.push((path.clone(), files::settled_mtime(path, now)?));
            }
            _ => return None,
        }
    }
    for path in watch.iter().filter(|path| !is_watched(watches, path)) {
        match files::stamp(path) {
            Stamp::ABSENT => guard.gone.push(path.clone()),
            _ => times.push((path.clone(), files::settled_mtime(path, now)?)),
        }
    }
    guard.kept = set_stamps(&directory, times, world.uid).ok()?;
    guard.directory = parent.map(|_| guard.kept.remove(0));
    Some(guard)
}

/// Returns whether this is a policy, and no version file that stands in for one: any policy is nearer than that.
fn is_policy(path: &Path) -> bool {
    path.file_name() == Some(POLICY_NAME.as_ref())
}

fn is_watched(watches: &[Watch], path: &Path) -> bool {
    watches.iter().any(|watch| watch.path == path)
}

/// Returns the places in which a nearer policy could appear.
fn nearer(policy: Option<&Path>, cwd: &Path) -> Vec<PathBuf> {
    let end = policy.and_then(Path::parent);
    let below = cwd.ancestors().take_while(|directory| Some(*directory) != end);
    below.map(|directory| directory.join(POLICY_NAME)).collect()
}

/// Gives each path's time to a stamp file of its own, and returns the pairs.
fn set_stamps(
    directory: &Path,
    times: Vec<(PathBuf, Duration)>,
    uid: u32,
) -> Result<Vec<(PathBuf, PathBuf)>, FileProblem> {
    if files::look_at(&directory.join(PROBE)).is_none() {
        begin(directory, uid)?;
    }
    let mut kept = Vec::with_capacity(times.len());
    for (index, (path, time)) in times.into_iter().enumerate() {
        let stamp = directory.join(index.to_string());
        files::set_stamp(&stamp, time)?;
        kept.push((path, stamp));
    }
    Ok(kept)
}

/// Returns why no shell with this environment can be guarded, and what mends it.
///
/// `watched` are the paths that decide here.
pub fn obstacle<'a>(
    mut watched: impl Iterator<Item = &'a Path>,
    world: &World,
) -> Option<(String, String)> {
    let Some(runtime) = &world.dirs.runtime else {
        let message = "neither XDG_RUNTIME_DIR nor HOME names a place for stamps".to_owned();
        return Some((message, "set HOME".to_owned()));
    };
    if let Err(problem) = files::check_writable(&runtime.join("stamps")) {
        let help = "set XDG_RUNTIME_DIR to a directory that you can write".to_owned();
        return Some((format!("stamps cannot be kept: {problem}"), help));
    }
    if let Err(problem) = Checked::default().place(&runtime.join("stamps"), world.uid) {
        let help = "set XDG_RUNTIME_DIR to a directory that is yours alone".to_owned();
        return Some((format!("stamps cannot be kept: {problem}"), help));
    }
    let path = watched.find(|path| files::is_from_the_future(path, world.now()))?;
    let message = format!("{} has a time that is yet to come", crate::ui::safe_path(path));
    Some((message, format!("run: touch {}", crate::shell::quote_path(path))))
}

/// Returns the directories of stamps whose shells are gone.
pub fn left_over(stamps: &Path) -> Vec<PathBuf> {
    let is_gone = |directory: &PathBuf| {
        process_of(directory).is_some_and(|shell| !crate::process::is_alive(shell))
    };
    files::list(stamps).into_iter().filter(is_gone).collect()
}

/// Makes the directory of a shell that is guarded for the first time, and removes those of shells that are gone.
fn begin(directory: &Path, uid: u32) -> Result<(), FileProblem> {
    left_over(directory.parent().unwrap_or(directory))
        .iter()
        .for_each(|it| files::remove_directory(it));
    files::create_private(directory)?;
    // Who can put other stamps in their place keeps a shell in what was revoked.
    Checked::default().place(directory, uid)?;
    files::set_stamp(&directory.join("older"), Duration::new(PROBE_SECONDS, 0))?;
    files::set_stamp(&directory.join(PROBE), Duration::new(PROBE_SECONDS, 1))
}

#[cfg(test)]
mod tests {
    use super::{ShellName, nearer};
    use std::path::Path;

    #[test]
    fn a_shells_name_is_numbers_and_no_path() {
        assert!(
            ["77", "77-1", "77-3276732767"].iter().all(|name| ShellName::parse(name).is_some())
        );
        for name in ["", "-", "77-", "-1", "+7", "7-+1", "..", "7/../x", "7-1-2", "a"] {
            assert_eq!(ShellName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn a_nearer_policy_can_appear_between_the_directory_and_the_policy() {
        let places = |policy: Option<&str>, cwd| -> Vec<String> {
            let places = nearer(policy.map(Path::new), Path::new(cwd));
            places.iter().map(|place| place.display().to_string()).collect()
        };
        assert_eq!(places(Some("/p/.envrc"), "/p"), [] as [&str; 0]);
        assert_eq!(places(Some("/p/.envrc"), "/p/a/b"), ["/p/a/b/.envrc", "/p/a/.envrc"]);
        assert_eq!(places(None, "/p"), ["/p/.envrc", "/.envrc"]);
    }
}
