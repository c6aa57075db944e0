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

use super::{GOENV, Sandbox, parse_env, settle};

/// The shells with a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    pub const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Bash => &["--norc", "--noprofile", "-i"],
            Self::Zsh => &["-f", "-i"],
            Self::Fish => &["--no-config", "-i"],
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
        }
    }

    /// The line that installs the hook.
    pub fn hook(self) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("eval \"$(goenv hook {})\"", self.name()),
            Self::Fish => "goenv hook fish | source".to_owned(),
        }
    }

    /// Returns a line that sets a variable, exported.
    pub fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("export {name}={value}"),
            Self::Fish => format!("set -gx {name} {value}"),
        }
    }

    /// Returns a line that unsets a variable.
    pub fn unset(self, name: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("unset {name}"),
            Self::Fish => format!("set -e {name}"),
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
        let size = Winsize { ws_row: 50, ws_col: 500, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", shell.name()])
            .args(shell.args())
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
        self.run(&format!("env -0 > {dump}"));
        let mut env = parse_env(&fs::read(&self.dump).unwrap());
        // What the shell changes by itself at every command or directory.
        for name in ["_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES"] {
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
        self.run(&format!("{command} > {dump}"));
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
        let mut pty = Pty::start(shell, sandbox);
        let hook = sandbox.goenv(&sandbox.home(), &["hook", shell.name()]).success().stdout();
        let hook = sandbox.file("hook", hook.replace(GOENV, &counter.to_string_lossy()));
        let _ = pty.run(&format!("source {}", hook.display()));
        Self { pty, calls }
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
    haystack.windows(needle.len()).position(|window| window == needle)
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
