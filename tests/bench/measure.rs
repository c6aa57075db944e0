//! Running a program many times, and counting what it does once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A program with its arguments, directory and environment.
#[derive(Clone)]
pub struct Program {
    pub path: PathBuf,
    pub args: Vec<&'static str>,
    pub directory: PathBuf,
    pub env: BTreeMap<OsString, OsString>,
}

/// What one run does, where the tool that counts it is here.
pub struct Cost {
    pub instructions: Option<u64>,
    pub syscalls: Option<u64>,
}

impl Program {
    fn command(&self, wrapper: &[&str]) -> Command {
        let mut words = wrapper.iter().map(OsString::from).collect::<Vec<_>>();
        words.push(self.path.clone().into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(&self.args).current_dir(&self.directory);
        command
            .env_clear()
            .envs(&self.env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn time(&self) -> f64 {
        let mut command = self.command(&[]);
        let started = Instant::now();
        let _ = command.status().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        started.elapsed().as_secs_f64()
    }
}

/// Returns the times of two programs that take turns, in seconds: the slowest of each one's fastest tenth, which is
/// what it costs where nothing else disturbs it.
pub fn times(a: &Program, b: &Program, rounds: usize) -> (f64, f64) {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        of_a.push(a.time());
        of_b.push(b.time());
    }
    (undisturbed(of_a), undisturbed(of_b))
}

fn undisturbed(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 10]
}

/// Returns what one run costs in instructions (callgrind) and system calls (strace).
pub fn cost(program: &Program) -> Cost {
    Cost { instructions: instructions(program), syscalls: syscalls(program) }
}

fn instructions(program: &Program) -> Option<u64> {
    let output = program
        .command(&["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .stderr(Stdio::piped())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = text.lines().find_map(|line| line.split("Collected :").nth(1))?;
    count.trim().parse().ok()
}

fn syscalls(program: &Program) -> Option<u64> {
    let output = program.command(&["strace", "-f", "-qq"]).stderr(Stdio::piped()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let calls = text.lines().filter(|line| line.contains('(') && line.contains(" = ")).count();
    Some(calls as u64)
}
