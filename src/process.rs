//! Running programs: the command of `exec`, the editor of `edit`, ssh-keygen for `sign` and `audit checkpoint`, git
//! for `check --staged`, and bash for a policy that was approved for it.
//!
//! Of these only the last is on the prompt's path: `export` of a native policy starts no process.

#![expect(clippy::disallowed_methods, reason = "this is the one place that starts programs")]

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};

use crate::env::Env;
use crate::error::Error;
use crate::files;
use crate::ui::safe;

/// Replaces this process by a program that is looked up in the given environment's PATH.
///
/// # Errors
/// If there is no such program or it cannot be run. Otherwise this does not return.
pub fn replace(program: &OsStr, arguments: &[OsString], env: &Env, cwd: &Path) -> Error {
    let path = env.get("PATH").map(OsStr::from_bytes);
    let shown = safe(program.as_bytes());
    let Ok(found) = which::which_in(program, path, cwd) else {
        return not_runnable(program, path.unwrap_or_default(), cwd);
    };
    // A Ctrl-C that `converse` kept waiting ends the command before it begins.
    let _ = interrupt().thread_unblock();
    let error = command(found.as_os_str(), env).arg0(program).args(arguments).exec();
    match error.kind() {
        // It was there just now; the code is env(1)'s.
        ErrorKind::NotFound => {
            let reason = "the program that its first line names, or its loader, is not there";
            Error::NotFound { program: shown, reason: reason.to_owned() }
        }
        _ => Error::NotExecutable { program: shown, reason: files::said(&error) },
    }
}

/// Returns whether a program that was not found is there and cannot be executed, or is not there.
fn not_runnable(program: &OsStr, path: &OsStr, cwd: &Path) -> Error {
    let shown = safe(program.as_bytes());
    let (there, nowhere) = if program.as_bytes().contains(&b'/') {
        (files::look_through(&cwd.join(program)), "there is no such file")
    } else {
        let mut candidates =
            std::env::split_paths(path).map(|directory| cwd.join(directory).join(program));
        let file = candidates
            .find_map(|path| files::look_through(&path).filter(std::fs::Metadata::is_file));
        (file, "there is no such program in PATH")
    };
    match there {
        Some(metadata) => {
            let reason =
                if metadata.is_dir() { "it is a directory" } else { "it is not executable" };
            Error::NotExecutable { program: shown, reason: reason.to_owned() }
        }
        None => Error::NotFound { program: shown, reason: nowhere.to_owned() },
    }
}

/// Runs the user's editor on a file, through `sh`, because `EDITOR` may hold arguments.
///
/// # Errors
/// If there is no editor, or it fails.
pub fn edit(file: &Path, env: &Env) -> Result<(), Error> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| env.get(name))
        .find(|value| !value.is_empty())
        .unwrap_or(b"vi");
    let failed = |reason: String| Error::Run { program: safe(editor), reason };
    let script = [editor, b" \"$1\""].concat();
    let status = command(OsStr::new("sh"), env)
        .arg("-c")
        .arg(OsStr::from_bytes(&script))
        .arg("sh")
        .arg(file)
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(format!("ended with {status}"))) }
}

/// Returns whether a process with this id runs.
pub fn is_alive(process: u32) -> bool {
    let Ok(process) = i32::try_from(process) else { return false };
    // EPERM: it runs and is somebody else's.
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None) != Err(nix::Error::ESRCH)
}

/// Signs bytes with ssh-keygen, which asks for a passphrase, an agent or a hardware key as it does for git.
///
/// # Errors
/// If ssh-keygen cannot be run or does not sign.
pub fn sign(message: &[u8], namespace: &str, key: &Path, env: &Env) -> Result<Vec<u8>, Error> {
    let failed = |reason: String| Error::Run { program: "ssh-keygen".to_owned(), reason };
    let mut child = command(ssh_program("ssh-keygen").as_os_str(), env)
        .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ended early says why itself, and its status tells.
        let _ = stdin.write_all(message);
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed(format!("ended with {}", output.status)))
    }
}

/// Returns the public keys that the user's ssh-agent holds, a line each; nothing without an agent.
pub fn agent_keys(env: &Env) -> Vec<u8> {
    let listed = command(ssh_program("ssh-add").as_os_str(), env)
        .arg("-L")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    listed.map(|output| output.stdout).unwrap_or_default()
}

/// Returns the system's own program: one that stands earlier in PATH would see what is signed.
fn ssh_program(name: &str) -> PathBuf {
    let system = Path::new("/usr/bin").join(name);
    if crate::files::is_program(&system) { system } else { PathBuf::from(name) }
}

/// What a program said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
}

/// Runs git in a directory, with these bytes on its stdin, and returns what it said.
///
/// What a repository's config could make git run for the commands that goenv uses is switched off.
///
/// # Errors
/// If there is no git, or it cannot be run.
pub fn git(arguments: &[&str], directory: &Path, env: &Env, stdin: &[u8]) -> Result<Said, Error> {
    let failed =
        |error: std::io::Error| Error::Run { program: "git".to_owned(), reason: error.to_string() };
    let child = command(OsStr::new("git"), env)
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    told(child, stdin).map_err(failed)
}

/// Writes these bytes to a program's stdin, and returns what it said. Another thread writes, because the program may
/// answer before it has read everything. That it stopped reading is no error: it says why itself.
fn told(mut child: Child, stdin: &[u8]) -> std::io::Result<Said> {
    let pipe = child.stdin.take();
    let output = std::thread::scope(|scope| {
        let write = || pipe.map(|mut pipe| pipe.write_all(stdin));
        std::thread::Builder::new().spawn_scoped(scope, write)?;
        child.wait_with_output()
    })?;
    Ok(Said { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// What to do after some bytes of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Say these, which may be none, and listen.
    Say(Vec<u8>),
    /// Nothing more is to be said or heard.
    Over,
    /// The program is to be ended.
    Stop,
}

/// How long goenv waits for what a program says before it looks whether the program still runs.
const LISTEN: Duration = Duration::from_millis(50);

/// How long goenv goes on reading after a program has ended: what the socket still holds is read in far less.
const BEHIND: Duration = Duration::from_secs(1);

/// How long after a Ctrl-C a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Runs a program that talks to goenv over its stdin, which is a socket; what it writes to stdout goes to stderr.
///
/// The conversation ends when the program does, whatever else has the socket then: nobody waits for a background
/// process. A Ctrl-C ends the program and not goenv, which has to say what became of it; a program that ignores it, or is
/// stopped, or waits for one that is, is killed.
///
/// # Errors
/// If it cannot be run.
pub fn converse(
    program: &Path,
    arguments: &[&OsStr],
    env: &Env,
    directory: &Path,
    mut hear: impl FnMut(&[u8]) -> Turn,
) -> Result<Ended, Error> {
    let failed = |error: std::io::Error| Error::Run {
        program: crate::ui::safe_path(program),
        reason: error.to_string(),
    };
    let (mut ours, theirs) = UnixStream::pair().map_err(failed)?;
    let stderr = std::io::stderr().as_fd().try_clone_to_owned().map_err(failed)?;
    let child = command(program.as_os_str(), env)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::from(stderr))
        .spawn()
        .map_err(failed)?;
    // Only now: a child would inherit that it is blocked. It stays so: what is left to do takes no time.
    let _ = interrupt().thread_block();
    let mut program = Program { child, interrupted: hear_interrupt(), is_killed: false };
    let status = hold(&mut ours, &mut program, &mut hear).map_err(failed)?;
    if program.is_killed {
        return Ok(Ended::Signal(Signal::SIGINT as i32));
    }
    Ok(status.signal().map_or_else(|| Ended::Code(status.code().unwrap_or(1)), Ended::Signal))
}

/// A program that runs, and the Ctrl-C that should end it.
struct Program {
    child: Child,
    /// When there was one.
    interrupted: Arc<OnceLock<Instant>>,
    /// Whether it was killed because it went on.
    is_killed: bool,
}

impl Program {
    /// Returns how it ended, if it did; kills one that goes on for too long after a Ctrl-C.
    fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        let is_late = self.interrupted.get().is_some_and(|since| since.elapsed() > GRACE);
        if ended.is_none() && is_late && !self.is_killed {
            self.child.kill()?;
            self.is_killed = true;
        }
        Ok(ended)
    }
}

/// Has another thread wait for a Ctrl-C, note when it came, and leave it pending as if nobody had seen it.
fn hear_interrupt() -> Arc<OnceLock<Instant>> {
    let interrupted = Arc::new(OnceLock::new());
    let heard = Arc::clone(&interrupted);
    // Without the thread only the program itself hears it.
    let _ = std::thread::Builder::new().spawn(move || {
        if interrupt().wait().is_ok() {
            let _ = heard.set(Instant::now());
            let _ = nix::sys::signal::kill(nix::unistd::getpid(), Signal::SIGINT);
        }
    });
    interrupted
}

/// Holds a conversation to its end, and waits for the program.
fn hold(
    stream: &mut UnixStream,
    program: &mut Program,
    hear: &mut impl FnMut(&[u8]) -> Turn,
) -> std::io::Result<ExitStatus> {
    if talk(stream, program, hear)? == Turn::Stop {
        program.child.kill()?;
    }
    // Nearly always it is about to end; one that closed the socket may do anything.
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = program.ended()? {
            return Ok(status);
        }
        std::thread::sleep(pause);
        pause = LISTEN.min(pause * 2);
    }
}

/// Returns the signal of a Ctrl-C.
fn interrupt() -> SigSet {
    SigSet::from_iter([Signal::SIGINT])
}

/// Listens and answers until the conversation is over, or nobody is there any more.
fn talk(
    stream: &mut UnixStream,
    program: &mut Program,
    hear: &mut impl FnMut(&[u8]) -> Turn,
) -> std::io::Result<Turn> {
    stream.set_read_timeout(Some(LISTEN))?;
    stream.set_write_timeout(Some(LISTEN))?;
    let mut buffer = vec![0; 64 << 10];
    let mut ended: Option<Instant> = None;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Turn::Over),
            Ok(length) => match hear(buffer.get(..length).unwrap_or_default()) {
                Turn::Say(answer) => {
                    if !say(stream, program, &answer)? {
                        return Ok(Turn::Over);
                    }
                    // There may never be a pause: the program, or one that it left in the background, may talk on and on.
                    if program.ended()?.is_some()
                        && ended.get_or_insert_with(Instant::now).elapsed() > BEHIND
                    {
                        return Ok(Turn::Over);
                    }
                }
                end => return Ok(end),
            },
            Err(error) if is_later(&error) => {
                if program.ended()?.is_some() {
                    return Ok(Turn::Over);
                }
            }
            Err(error) if is_gone(&error) => return Ok(Turn::Over),
            Err(error) => return Err(error),
        }
    }
}

/// Says all of an answer; returns whether somebody was there to hear it.
fn say(stream: &mut UnixStream, program: &mut Program, mut answer: &[u8]) -> std::io::Result<bool> {
    while !answer.is_empty() {
        match stream.write(answer) {
            Ok(length) => answer = answer.get(length..).unwrap_or_default(),
            Err(error) if is_later(&error) => {
                if program.ended()?.is_some() {
                    return Ok(false);
                }
            }
            Err(error) if is_gone(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

fn is_later(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn is_gone(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Has a program read a text on its stdin, and returns what it said; it cannot be asked for more.
///
/// # Errors
/// If it cannot be run.
pub fn ask(program: &Path, arguments: &[&str], env: &Env, stdin: &[u8]) -> Result<Said, Error> {
    let failed = |error: std::io::Error| Error::Run {
        program: crate::ui::safe_path(program),
        reason: error.to_string(),
    };
    let child = command(program.as_os_str(), env)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    told(child, stdin).map_err(failed)
}

fn command(program: &OsStr, env: &Env) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
        .envs(env.iter().map(|(name, value)| (OsStr::from_bytes(name), OsStr::from_bytes(value))));
    command
}
