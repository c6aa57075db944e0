//! What `doctor` looks at: startup files, the programs in PATH, go's own settings, goenv's directories, the policy.

use std::path::{Path, PathBuf};

use crate::decide::Carrying;
use crate::env::{Bytes, Env, list};
use crate::go::select::user_file;
use crate::shell::Shell;
use crate::world::{World, path_of};
use crate::{files, guard};

/// The largest startup file that is read.
const LIMIT: u64 = 1024 * 1024;

/// A file that a shell reads when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// The file.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Bytes,
}

/// A `go` that PATH finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Go {
    /// As PATH finds it.
    pub path: PathBuf,
    /// The root of its SDK, where it is one's `bin/go`.
    pub root: Option<PathBuf>,
}

/// Why a policy does not apply, and what mends it.
pub type Complaint = (String, Option<String>);

/// The policy of the directory, as the prompt decides about it.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The environment that it wants.
    pub env: Env,
    /// The root of its SDK.
    pub root: Option<PathBuf>,
    /// What is wrong with the SDK, and what mends it.
    pub complaint: Option<(String, String)>,
    /// Values that no other layer may override.
    pub locks: Vec<(Bytes, Bytes)>,
}

/// Everything that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The shell in which this runs, else the user's; `None` for one without a hook.
    pub shell: Option<Shell>,
    /// Whether the hook has run in the shell in which this runs.
    pub is_hooked: bool,
    /// Its startup files that are there.
    pub startup: Vec<Startup>,
    /// The startup file to write to; empty where nothing says in which home.
    pub startup_file: PathBuf,
    /// Whether the directory of that file is still to be made.
    pub lacks_startup_directory: bool,
    /// Every `goenv` in PATH, in order, without symbolic links.
    pub goenvs: Vec<PathBuf>,
    /// The first `direnv` in PATH, without symbolic links: it may be goenv by that name.
    pub direnv: Option<PathBuf>,
    /// This program, without symbolic links.
    pub own: Option<PathBuf>,
    /// The first `go` in PATH.
    pub go: Option<Go>,
    /// The environment.
    pub env: Env,
    /// The first line of `$GOROOT/VERSION` for the GOROOT that is set, empty where there is none.
    pub goroot_version: String,
    /// The same for the root of the first `go`.
    pub go_version: String,
    /// The file that `go env -w` writes, and what it holds.
    pub user_file: Option<(PathBuf, Bytes)>,
    /// `go.env` of the first go's SDK.
    pub go_env: Option<Bytes>,
    /// What is wrong with goenv's directories, each with its cure.
    pub directories: Vec<(String, String)>,
    /// Where stamps of shells that are gone were left, and of how many shells.
    pub stale: Option<(PathBuf, usize)>,
    /// Why the guard cannot work, and its cure.
    pub obstacle: Option<(String, String)>,
    /// Whether the state that the shell carries is damaged.
    pub is_damaged: bool,
    /// Whether the shell carries an applied policy.
    pub is_applied: bool,
    /// What the directory's policy wants, or why it does not apply; without a policy why none could, or `None`.
    pub policy: Option<Result<Applied, Complaint>>,
}

impl Facts {
    /// Looks at everything but the policy.
    pub fn gather(world: &World, carrying: &Carrying) -> Self {
        let env = world.env();
        let entries: Vec<PathBuf> =
            list::entries(env.get("PATH").unwrap_or_default()).map(path_of).collect();
        let programs = |name: &str| -> Vec<PathBuf> {
            let places = entries.iter().map(|directory| directory.join(name));
            places.filter(|path| files::is_program(path)).collect()
        };
        let go = programs("go").into_iter().next().map(|path| {
            let real = files::real_path(&path);
            let root = real.as_deref().and_then(Path::parent).and_then(Path::parent);
            let root = root
                .filter(|root| files::look_through(&root.join("VERSION")).is_some())
                .map(Path::to_path_buf);
            Go { path, root }
        });
        let first_line = |root: &Path| {
            let text = files::read_data(&root.join("VERSION"), LIMIT).ok().flatten();
            let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
            text.unwrap_or_default().lines().next().unwrap_or_default().to_owned()
        };
        let go_root = go.as_ref().and_then(|go| go.root.as_deref());
        let goroot = env.get("GOROOT").filter(|root| !root.is_empty()).map(path_of);
        let parent = world.interactive_parent();
        // elvish keeps what it starts in its own process group.
        let elvish = || running(world.parent()?).filter(|shell| *shell == Shell::Elvish);
        let shell = parent.and_then(running).or_else(elvish).or_else(|| users(env));
        let candidates = shell.map(|shell| startup_files(shell, env)).unwrap_or_default();
        let real = |path: &PathBuf| files::real_path(path);
        let startup_directory = candidates.first().and_then(|path| path.parent());
        let lacks_startup_directory =
            startup_directory.is_some_and(|path| files::look_through(path).is_none());
        Self {
            shell,
            is_hooked: parent.is_some_and(|parent| guard::has_stamps(parent, world)),
            lacks_startup_directory,
            startup_file: candidates.first().cloned().unwrap_or_default(),
            startup: candidates
                .into_iter()
                .filter_map(|path| {
                    let bytes = files::read_data(&path, LIMIT).ok().flatten()?;
                    Some(Startup { path, bytes })
                })
                .collect(),
            goenvs: programs("goenv").iter().filter_map(real).collect(),
            direnv: programs("direnv").first().and_then(real),
            own: files::real_path(&world.program()),
            goroot_version: goroot.as_deref().map(first_line).unwrap_or_default(),
            go_version: go_root.map(first_line).unwrap_or_default(),
            go_env: go_root.and_then(|root| files::read_data(&root.join("go.env"), LIMIT).ok()?),
            go,
            env: env.clone(),
            user_file: user_file(env).and_then(|path| {
                let bytes = files::read_data(&path, LIMIT).ok().flatten()?;
                Some((path, bytes))
            }),
            directories: directories(world),
            stale: stale(world),
            obstacle: None,
            is_damaged: *carrying == Carrying::Damaged,
            is_applied: carrying
                .state()
                .is_some_and(|state| state.outcome == crate::env::state::Outcome::Applied),
            policy: None,
        }
    }
}

fn stale(world: &World) -> Option<(PathBuf, usize)> {
    let stamps = world.dirs.runtime.as_ref()?.join("stamps");
    let count = guard::left_over(&stamps).len();
    (count > 0).then_some((stamps, count))
}

/// Returns the shell that runs as this process; `None` where the system does not tell what runs.
fn running(process: u32) -> Option<Shell> {
    let path = format!("/proc/{process}/comm");
    let name = files::read_data(Path::new(&path), LIMIT).ok().flatten()?;
    named(std::str::from_utf8(&name).ok()?.trim_end())
}

/// Returns the user's login shell.
fn users(env: &Env) -> Option<Shell> {
    named(path_of(env.get("SHELL")?).file_name()?.to_str()?)
}

fn named(name: &str) -> Option<Shell> {
    match name {
        "bash" => Some(Shell::Bash),
        "zsh" => Some(Shell::Zsh),
        "fish" => Some(Shell::Fish),
        "tcsh" => Some(Shell::Tcsh),
        "elvish" => Some(Shell::Elvish),
        "nu" => Some(Shell::Nushell),
        _ => None,
    }
}

/// Returns the startup files of an interactive shell, the one to write to first; none where nothing says where they are.
fn startup_files(shell: Shell, env: &Env) -> Vec<PathBuf> {
    let set = |name: &str| env.get(name).map(path_of).filter(|path| path.is_absolute());
    let Some(home) = set("HOME") else { return Vec::new() };
    let config = || set("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    match shell {
        Shell::Bash => {
            [".bashrc", ".bash_profile", ".profile"].map(|name| home.join(name)).to_vec()
        }
        Shell::Zsh => {
            let directory = set("ZDOTDIR").unwrap_or(home.clone());
            [".zshrc", ".zprofile", ".zshenv"].map(|name| directory.join(name)).to_vec()
        }
        Shell::Fish => {
            let config = config().join("fish");
            with_parts(config.join("config.fish"), &[config.join("conf.d")], "fish")
        }
        Shell::Tcsh => {
            // It reads the second where there is no first, so a first that is new would hide it.
            let [first, second] = [".tcshrc", ".cshrc"].map(|name| home.join(name));
            let is_there = |path: &PathBuf| files::look_through(path).is_some();
            let file = if !is_there(&first) && is_there(&second) { second } else { first };
            vec![file, home.join(".login")]
        }
        Shell::Elvish => vec![config().join("elvish/rc.elv"), home.join(".elvish/rc.elv")],
        Shell::Nushell => {
            let config = config().join("nushell");
            let data = set("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
            let parts = [data.join("nushell/vendor/autoload"), config.join("autoload")];
            with_parts(config.join("config.nu"), &parts, "nu")
        }
    }
}

/// Returns a startup file, and those in directories beside it that the shell reads too.
fn with_parts(file: PathBuf, directories: &[PathBuf], extension: &str) -> Vec<PathBuf> {
    let parts = directories.iter().flat_map(|directory| files::list(directory));
    let parts = parts.filter(|path| path.extension().is_some_and(|it| it == extension));
    std::iter::once(file).chain(parts).collect()
}

/// Returns what is wrong with the directories of approvals, rules and state, and with those in them.
fn directories(world: &World) -> Vec<(String, String)> {
    let dirs = &world.dirs;
    let is_directory =
        |path: &PathBuf| files::look_at(path).is_some_and(|metadata| metadata.is_dir());
    [&dirs.data, &dirs.config, &dirs.state, &dirs.runtime]
        .into_iter()
        .flatten()
        .flat_map(|directory| {
            let inside = files::list(directory);
            std::iter::once(directory.clone()).chain(inside.into_iter().filter(is_directory))
        })
        .filter_map(|directory| {
            let problem = files::check_directory(&directory, world.uid).err()?;
            let hint = problem.hint().unwrap_or_else(|| "look at the directory".to_owned());
            Some((problem.to_string(), hint))
        })
        .collect()
}
