//! The process's surroundings, read once: environment, directory, user, clock.
//!
//! Nothing else reads them, so that everything else can be tested with plain values. The environment is kept as
//! bytes.

#![expect(clippy::disallowed_methods, reason = "this is the one reader of process state")]

use std::cell::OnceCell;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::env::{Bytes, Env};
use crate::files;

/// What a command may know about where it runs.
#[derive(Clone, Debug)]
pub struct World {
    env: OnceCell<Env>,
    environment: fn() -> Vec<&'static [u8]>,
    /// The physical current directory; `None` if it was deleted.
    pub cwd: Option<PathBuf>,
    /// The effective user.
    pub uid: u32,
    /// goenv's own directories for this user.
    pub dirs: Dirs,
    /// The path or name that goenv was started by.
    pub program: PathBuf,
}

/// Stands for the current directory where that was deleted: no path in it exists.
const DELETED: &str = "(deleted)";

impl World {
    /// Reads the surroundings of this process, whose `environment` has these entries, `NAME=value`.
    pub fn gather(environment: fn() -> Vec<&'static [u8]>) -> Self {
        let uid = nix::unistd::geteuid().as_raw();
        Self {
            env: OnceCell::new(),
            environment,
            dirs: Dirs::of(inherited, uid),
            cwd: std::env::current_dir().ok(),
            uid,
            program: std::env::args_os().next().map(PathBuf::from).unwrap_or_default(),
        }
    }

    /// Returns a world with another environment than this process's.
    pub fn with(env: Env, cwd: Option<PathBuf>) -> Self {
        let uid = nix::unistd::geteuid().as_raw();
        let dirs = Dirs::of(|name| env.get(name).map(<[u8]>::to_vec), uid);
        Self { env: OnceCell::from(env), cwd, dirs, ..Self::gather(Vec::new) }
    }

    /// Returns this world with other directories.
    pub fn with_dirs(&self, dirs: Dirs) -> Self {
        Self { dirs, ..self.clone() }
    }

    /// Returns the environment as it was inherited. It is taken in when it is first asked for, which most prompts,
    /// with their few questions, never do.
    pub fn env(&self) -> &Env {
        self.env.get_or_init(|| Env::inherited(&(self.environment)()))
    }

    /// Returns one variable of the environment.
    pub fn variable(&self, name: impl AsRef<[u8]>) -> Option<Bytes> {
        match self.env.get() {
            Some(env) => env.get(name).map(<[u8]>::to_vec),
            None => inherited(name.as_ref()),
        }
    }

    /// Returns the time since 1970.
    pub fn now(&self) -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// Returns the terminal that stderr is, where people read messages; `None` where it is not a terminal.
    ///
    /// The name is derived from the device's number: asking /proc for it takes ten times as long in a new process.
    pub fn terminal(&self) -> Option<String> {
        let found = nix::sys::stat::fstat(std::io::stderr()).ok()?;
        let is_device = found.st_mode & nix::libc::S_IFMT == nix::libc::S_IFCHR;
        if is_device { terminal_named(found.st_rdev) } else { None }
    }

    /// Returns the interactive shell that started this process: one with job control gives each command a process
    /// group of its own, a script does not.
    pub fn interactive_parent(&self) -> Option<u32> {
        let group = nix::unistd::getpgid(Some(nix::unistd::getppid())).ok()?;
        self.parent().filter(|_| group != nix::unistd::getpgrp())
    }

    /// Returns the process that started this one.
    pub fn parent(&self) -> Option<u32> {
        u32::try_from(nix::unistd::getppid().as_raw()).ok()
    }

    /// Returns whether goenv was started by the name `direnv`: then it answers as direnv.
    pub fn is_direnv(&self) -> bool {
        let name = self.program.as_os_str().as_bytes().strip_suffix(b"direnv");
        name.is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
    }

    /// Returns `path` as an absolute one, without looking at the file system.
    ///
    /// In a directory that was deleted a relative path names nothing, rather than something below `/`.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.cwd.as_deref().unwrap_or(Path::new(DELETED)).join(path)
    }

    /// Returns the absolute path of this program, for hooks: as it was started, links not resolved, because a
    /// resolved path may go away with an upgrade.
    pub fn program(&self) -> PathBuf {
        if self.program.as_os_str().as_bytes().contains(&b'/') {
            return self.absolute(&self.program);
        }
        let found =
            which::which_in_global(&self.program, self.variable("PATH").map(OsString::from_vec));
        found
            .ok()
            .and_then(|mut places| places.find(|place| place.is_absolute()))
            .or_else(|| std::env::current_exe().ok())
            .unwrap_or_else(|| self.program.clone())
    }
}

/// Returns one variable that this process inherited.
fn inherited(name: &[u8]) -> Option<Bytes> {
    std::env::var_os(OsStr::from_bytes(name)).map(OsString::into_vec)
}

#[cfg(target_os = "linux")]
fn terminal_named(device: u64) -> Option<String> {
    use nix::sys::stat::{major, minor};
    // Linux's list of devices: 136 to 143 are pseudo-terminals, 256 in each; 4 are consoles and serial lines.
    match (major(device), minor(device)) {
        (block @ 136..=143, number) => Some(format!("/dev/pts/{}", (block - 136) * 256 + number)),
        (4, number @ 0..=63) => Some(format!("/dev/tty{number}")),
        (4, number @ 64..=255) => Some(format!("/dev/ttyS{}", number - 64)),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn terminal_named<T>(_device: T) -> Option<String> {
    let name = nix::unistd::ttyname(std::io::stderr()).ok()?;
    Some(name.to_string_lossy().into_owned())
}

/// What stands below `state` for what belongs to running shells.
pub const RUN: &str = "run";

/// The directories that goenv keeps things in; `None` where neither `HOME` nor the XDG variable says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirs {
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Approvals and SDKs: `$XDG_DATA_HOME/goenv`.
    pub data: Option<PathBuf>,
    /// The user's rules and signers: `$XDG_CONFIG_HOME/goenv`.
    pub config: Option<PathBuf>,
    /// The audit log and what must outlive a restart: `$XDG_STATE_HOME/goenv`.
    pub state: Option<PathBuf>,
    /// What belongs to running shells: `$XDG_RUNTIME_DIR/goenv`, or below `state`.
    pub runtime: Option<PathBuf>,
}

impl Dirs {
    /// The variables that say which directories these are.
    pub const VARIABLES: [&str; 5] =
        ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"];

    /// Returns the directories for an environment. A relative path in a variable counts as unset, as the XDG
    /// specification says, and so does another user's directory for what belongs to running shells: in it, which a `su`
    /// hands on, nothing would be believed that `uid` wrote.
    pub fn of(variable: impl Fn(&[u8]) -> Option<Bytes>, uid: u32) -> Self {
        let absolute = |name: &str| {
            let path = path_of(variable(name.as_bytes())?);
            path.is_absolute().then_some(path)
        };
        let home = absolute("HOME");
        let dir = |name: &str, below: &str| {
            let base = absolute(name).or_else(|| Some(home.as_ref()?.join(below)));
            Some(base?.join("goenv"))
        };
        let state = dir("XDG_STATE_HOME", ".local/state");
        let is_own = |base: &PathBuf| files::owner(base).is_none_or(|owner| owner == uid);
        let runtime = absolute("XDG_RUNTIME_DIR").filter(is_own).map(|base| base.join("goenv"));
        Self {
            data: dir("XDG_DATA_HOME", ".local/share"),
            config: dir("XDG_CONFIG_HOME", ".config"),
            runtime: runtime.or_else(|| Some(state.as_ref()?.join(RUN))),
            state,
            home,
        }
    }
}

/// Returns a path for bytes of an environment or a file.
pub fn path_of(bytes: impl Into<Bytes>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes.into()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use nix::sys::stat::makedev;

    use super::*;

    #[test]
    fn the_name_direnv_is_the_whole_last_part_of_the_path() {
        let is_direnv = |program: &str| {
            let program = PathBuf::from(program);
            World { program, ..World::with(Env::new(), None) }.is_direnv()
        };
        assert!(["direnv", "./direnv", "/home/ann/bin/direnv"].iter().all(|it| is_direnv(it)));
        assert!(
            !["", "goenv", "/direnv/goenv", "-direnv", "mydirenv", "direnv2"]
                .iter()
                .any(|it| is_direnv(it))
        );
    }

    #[test]
    fn terminals_are_named_by_their_device() {
        let named = |major, minor| terminal_named(makedev(major, minor));
        assert_eq!(named(136, 3).as_deref(), Some("/dev/pts/3"));
        assert_eq!(named(137, 1).as_deref(), Some("/dev/pts/257"));
        assert_eq!(named(4, 1).as_deref(), Some("/dev/tty1"));
        assert_eq!(named(4, 64).as_deref(), Some("/dev/ttyS0"));
        assert_eq!(named(1, 3), None);
    }
}
