//! Real shells on a pseudo-terminal: what is typed arrives as from a keyboard.
//!
//! Every prompt is numbered, and a line is sent only when the prompt before it stands there: fish loses what is
//! typed ahead. The shell gets the terminal as its controlling one through `setsid --ctty`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};

use super::{GOENV, Sandbox, parse_env, settle, tool};

/// The shells with a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
    Tcsh,
    Elvish,
    Nushell,
}

impl Shell {
    pub const ALL: [Self; 6] =
        [Self::Bash, Self::Zsh, Self::Fish, Self::Tcsh, Self::Elvish, Self::Nushell];

    /// Those that ask by themselves whether anything changed.
    pub const GUARDED: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Tcsh => "tcsh",
            Self::Elvish => "elvish",
            Self::Nushell => "nushell",
        }
    }

    /// Returns the program; Debian has no nushell.
    pub fn program(self) -> PathBuf {
        match self {
            Self::Nushell => tool("node/node_modules/@nushell/linux-x64/bin/nu"),
            _ => self.name().into(),
        }
    }

    /// The arguments that keep it from reading startup files.
    pub fn bare(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["--norc", "--noprofile"],
            Self::Zsh | Self::Tcsh => &["-f"],
            Self::Fish => &["--no-config"],
            Self::Elvish => &["-norc"],
            Self::Nushell => &["--no-config-file", "--no-history"],
        }
    }

    fn interactive(self) -> &'static [&'static str] {
        match self {
            Self::Bash | Self::Zsh | Self::Fish => &["-i"],
            Self::Tcsh | Self::Elvish | Self::Nushell => &[],
        }
    }

    /// A prompt with a number that grows by one with each command.
    fn numbered_prompt(self) -> &'static str {
        match self {
            Self::Bash => r"PS1='[\#]> '; PS2=",
            Self::Zsh => "PROMPT_EOL_MARK= PS1='[%!]> '",
            Self::Fish => {
                "set -g n 1; function _count --on-event fish_postexec; set -g n (math $n + 1); end; \
                 function fish_prompt; echo -n \"[$n]> \"; end; set -g fish_greeting"
            }
            Self::Tcsh => "set prompt='[%h]> '",
            // It draws again only what differs from the prompt before, so that no two begin with the same letter.
            Self::Elvish => {
                "var n = (num 0); set edit:before-readline = [$@edit:before-readline { set n = (+ $n 1) }]; \
                 set edit:prompt = { put [a b][(% $n 2)]'['$n']> ' }; set edit:rprompt = { }"
            }
            // What is no text is not exported.
            Self::Nushell => {
                "$env.N = {n: 0}; $env.config.hooks.pre_prompt ++= [{|| $env.N.n += 1 }]; \
                 $env.PROMPT_COMMAND = {|| $\"[($env.N.n)]> \" }; $env.PROMPT_INDICATOR = \"\"; \
                 $env.PROMPT_COMMAND_RIGHT = \"\""
            }
        }
    }

    /// What the terminal is told when the shell begins to read from it: what is typed before would be lost.
    fn ready(self) -> &'static [u8] {
        match self {
            Self::Bash | Self::Zsh | Self::Fish | Self::Tcsh => b"",
            Self::Elvish | Self::Nushell => b"\x1b[?2004h",
        }
    }

    /// The line that installs the hook; nushell reads it from a file that is there already.
    pub fn hook(self, sandbox: &Sandbox) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("eval \"$(goenv hook {})\"", self.name()),
            Self::Fish => "goenv hook fish | source".to_owned(),
            Self::Tcsh => "eval \"`goenv hook tcsh`\"".to_owned(),
            Self::Elvish => "eval (goenv hook elvish | slurp)".to_owned(),
            Self::Nushell => {
                let hook = sandbox.run(&sandbox.home(), "goenv", &["hook", "nushell"]);
                let file = sandbox.file("tmp/goenv.nu", hook.success().bytes());
                format!("source {}", file.display())
            }
        }
    }

    /// The line that reads a file of its own code.
    pub fn source(self, file: &std::path::Path) -> String {
        match self {
            Self::Elvish => format!("eval (slurp < {})", file.display()),
            _ => format!("source {}", file.display()),
        }
    }

    /// Returns a line that sets a variable, exported.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("export {name}={value}"),
            Self::Fish => format!("set -gx {name} {value}"),
            Self::Tcsh => format!("setenv {name} {value}"),
            Self::Elvish => format!("set-env {name} {value}"),
            Self::Nushell => format!("$env.{name} = \"{value}\""),
        }
    }

    /// Returns a line that puts an entry before and one behind those of PATH.
    pub fn extend_path(self, first: &str, last: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("export PATH={first}:$PATH:{last}"),
            Self::Fish => format!("set -gx PATH {first} $PATH {last}"),
            Self::Tcsh => format!("setenv PATH {first}:${{PATH}}:{last}"),
            Self::Elvish => format!("set paths = [{first} $@paths {last}]"),
            Self::Nushell => format!("$env.PATH = [{first} ...$env.PATH {last}]"),
        }
    }

    /// Returns a line that unsets a variable.
    pub fn unset(self, name: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
            Self::Tcsh => format!("unsetenv {name}"),
            Self::Elvish => format!("unset-env {name}"),
            Self::Nushell => format!("hide-env {name}"),
        }
    }

    /// Returns a line that writes what a command says into a file.
    fn write(self, command: &str, file: &str) -> String {
        match self {
            Self::Nushell => format!("{command} | save --raw --force {file}"),
            _ => format!("{command} > {file}"),
        }
    }
}

/// A shell on a pseudo-terminal.
pub struct Pty {
    pub shell: Shell,
    master: File,
    child: Child,
    seen: Vec<u8>,
    next: u32,
    dump: PathBuf,
}

impl Pty {
    /// Starts a shell in the sandbox's home, without the hook.
    pub fn start(shell: Shell, sandbox: &Sandbox) -> Self {
        Self::start_in(shell, sandbox, &sandbox.home(), &sandbox.env)
    }

    /// Starts a shell in a directory with an environment of its own.
    pub fn start_in(
        shell: Shell,
        sandbox: &Sandbox,
        directory: &std::path::Path,
        env: &BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    ) -> Self {
        let args = [shell.bare(), shell.interactive()].concat();
        Self::start_with(&args, shell, sandbox, directory, env)
    }

    /// Starts a shell in the sandbox's home as its user does: it reads its startup files.
    pub fn start_as_user(shell: Shell, sandbox: &Sandbox) -> Self {
        Self::start_with(shell.interactive(), shell, sandbox, &sandbox.home(), &sandbox.env)
    }

    fn start_with(
        args: &[&str],
        shell: Shell,
        sandbox: &Sandbox,
        directory: &std::path::Path,
        env: &BTreeMap<std::ffi::OsString, std::ffi::OsString>,
    ) -> Self {
        let size = Winsize { ws_row: 50, ws_col: 500, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = Command::new("setsid")
            .args(["--ctty", "--wait"])
            .arg(shell.program())
            .args(args)
            .current_dir(directory)
            .env_clear()
            .envs(env)
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap_or_else(|error| panic!("setsid: {error}"));
        let dump = sandbox.path("tmp").join(format!("env-{}", child.id()));
        let mut pty =
            Self { shell, master: pty.master.into(), child, seen: Vec::new(), next: 0, dump };
        pty.first_prompt();
        pty
    }

    fn first_prompt(&mut self) {
        let ready = self.shell.ready();
        self.wait(|seen| find(seen, ready));
        self.send(self.shell.numbered_prompt());
        // Which number comes first depends on the shell and its version; take the one that is shown.
        self.wait(|seen| {
            let text = String::from_utf8_lossy(seen).into_owned();
            let end = text.rfind("]> ")?;
            let start = text[..end].rfind('[')?;
            text[start + 1..end].parse::<u32>().ok()
        });
        let text = String::from_utf8_lossy(&self.seen).into_owned();
        let end = text.rfind("]> ").unwrap();
        let start = text[..end].rfind('[').unwrap();
        self.next = text[start + 1..end].parse::<u32>().unwrap() + 1;
        self.seen.clear();
    }

    fn send(&mut self, line: &str) {
        self.master.write_all(line.as_bytes()).unwrap();
        self.master.write_all(b"\r").unwrap();
    }

    /// Types a line and returns what the terminal showed until the next prompt.
    #[track_caller]
    pub fn run(&mut self, line: &str) -> String {
        self.send(line);
        let prompt = format!("[{}]> ", self.next);
        self.wait(|seen| find(seen, prompt.as_bytes()));
        self.next += 1;
        let shown = String::from_utf8_lossy(&self.seen).into_owned();
        self.seen.clear();
        shown
    }

    /// Types a line that ends the shell and returns what the terminal showed.
    pub fn end(&mut self, line: &str) -> String {
        self.send(line);
        let started = Instant::now();
        while self.read(Duration::from_millis(100)) && started.elapsed() < TIMEOUT {}
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Returns the shell's environment as a program gets it, byte for byte.
    #[track_caller]
    pub fn env(&mut self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        // A shell with noclobber does not write over a file.
        let _ = fs::remove_file(&self.dump);
        let dump = self.dump.display().to_string();
        self.run(&self.shell.write("env -0", &dump));
        let mut env = parse_env(&fs::read(&self.dump).unwrap());
        // What the shell changes by itself at every command or directory.
        let own = ["_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES"];
        for name in own.into_iter().chain(["CMD_DURATION_MS", "LAST_EXIT_CODE"]) {
            env.remove(name.as_bytes());
        }
        env
    }

    /// Returns one variable as a program gets it.
    #[track_caller]
    pub fn get(&mut self, name: &str) -> Option<String> {
        self.env().get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// Returns what a command writes to stdout.
    #[track_caller]
    pub fn output(&mut self, command: &str) -> String {
        // A shell with noclobber does not write over a file.
        let _ = fs::remove_file(&self.dump);
        let dump = self.dump.display().to_string();
        self.run(&self.shell.write(command, &dump));
        String::from_utf8_lossy(&fs::read(&self.dump).unwrap()).into_owned()
    }

    #[track_caller]
    fn wait<T>(&mut self, found: impl Fn(&[u8]) -> Option<T>) {
        let started = Instant::now();
        while found(&self.seen).is_none() {
            let alive = self.read(Duration::from_millis(50));
            assert!(
                alive && started.elapsed() < TIMEOUT,
                "{}: no prompt {} in time; the terminal shows:\n{}",
                self.shell.name(),
                self.next,
                String::from_utf8_lossy(&self.seen)
            );
        }
    }

    /// Reads what is there within `patience`; returns whether the terminal is still open.
    fn read(&mut self, patience: Duration) -> bool {
        let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(patience).unwrap();
        if poll(&mut ready, timeout).unwrap_or(0) == 0 {
            return true;
        }
        let mut buffer = [0; 4096];
        match self.master.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.seen.extend(&buffer[..count]);
                // A terminal tells where its cursor is; nushell waits for that. The question can come in two parts.
                let new = self.seen.len().saturating_sub(count + 3);
                if find(&self.seen[new..], b"\x1b[6n").is_some() {
                    self.master.write_all(b"\x1b[1;1R").unwrap();
                }
                true
            }
            // The last program on the terminal ended.
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }
}

/// A shell whose hook calls goenv through a program that counts.
pub struct Counted {
    pub pty: Pty,
    hook: PathBuf,
    calls: PathBuf,
}

impl Counted {
    /// Starts it in the sandbox's home.
    pub fn start(shell: Shell, sandbox: &Sandbox) -> Self {
        let calls = sandbox.file("tmp/calls", "");
        let script =
            format!("#!/bin/sh\necho \"$*\" >> {}\nexec {GOENV} \"$@\"\n", calls.display());
        let counter = sandbox.file("counter", script);
        fs::set_permissions(&counter, fs::Permissions::from_mode(0o755)).unwrap();
        let hook = sandbox.goenv(&sandbox.home(), &["hook", shell.name()]).success().stdout();
        let hook = sandbox.file("hook", hook.replace(GOENV, &counter.to_string_lossy()));
        let mut counted = Self { pty: Pty::start(shell, sandbox), hook, calls };
        counted.install();
        counted
    }

    /// Reads the hook, as the startup file does.
    pub fn install(&mut self) {
        let _ = self.pty.run(&self.pty.shell.source(&self.hook));
    }

    /// Returns how often goenv was called.
    pub fn calls(&self) -> usize {
        fs::read_to_string(&self.calls).unwrap().lines().count()
    }

    /// Lets what was just written grow older than the clock's granularity, and the guard be armed.
    pub fn rest(&mut self) {
        settle();
        let _ = self.pty.run("true");
    }
}

const TIMEOUT: Duration = Duration::from_secs(30);

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
