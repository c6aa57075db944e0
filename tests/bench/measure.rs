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
    pub args: Vec<OsString>,
    pub directory: PathBuf,
    pub env: BTreeMap<OsString, OsString>,
}

/// What one run does, where the tool that counts it is here.
pub struct Cost {
    pub instructions: Option<u64>,
    pub syscalls: Option<u64>,
}

impl Program {
    /// Returns the program with `word` among its arguments replaced by a path.
    pub fn with(mut self, word: &str, path: PathBuf) -> Self {
        for argument in &mut self.args {
            if argument == word {
                *argument = path.clone().into();
            }
        }
        self
    }

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

/// Returns what one program costs in times of another. The two take turns; of each the fastest tenth counts, which is
/// what it costs where nothing else disturbs it.
pub fn ratio(program: &Program, base: &Program, rounds: usize) -> f64 {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(program.time());
        theirs.push(base.time());
    }
    undisturbed(ours) / undisturbed(theirs)
}

fn undisturbed(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 10]
}

/// Returns the number that a program prints.
pub fn number(program: &Program) -> String {
    let output =
        program.command(&[]).stdout(Stdio::piped()).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{} failed", program.path.display());
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
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

/// Returns the functions that one run goes through, by their names in the program's symbols: a run that is not the
/// first, which may leave something to be read.
pub fn functions(program: &Program) -> Vec<String> {
    let first = program.command(&[]).status().unwrap();
    assert!(first.success(), "{:?} failed", program.args);
    let trace = tempfile::NamedTempFile::new().unwrap();
    let to = format!("--callgrind-out-file={}", trace.path().display());
    let status = program
        .command(&["valgrind", "--tool=callgrind", "--demangle=no", &to])
        .status()
        .expect("valgrind is here");
    assert!(status.success(), "valgrind failed");
    let text = std::fs::read_to_string(trace.path()).unwrap();
    let name = |line: &str| {
        let (_, named) =
            line.strip_prefix("fn=(").or(line.strip_prefix("cfn=("))?.split_once(") ")?;
        // A function that calls itself is told apart by a number.
        Some(named.split('\'').next().unwrap_or(named).to_owned())
    };
    text.lines().filter_map(name).collect()
}

fn syscalls(program: &Program) -> Option<u64> {
    let output = program.command(&["strace", "-f", "-qq"]).stderr(Stdio::piped()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // Where two threads take turns, a call stands on two lines; its result on one.
    let calls = text.lines().filter(|line| line.contains(" = ")).count();
    Some(calls as u64)
}
