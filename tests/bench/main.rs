//! `cargo bench`: what a prompt costs, as ratios to an empty program and to the real direnv in the same run.
//!
//! Absolute times depend on the machine and on what else it does; ratios of runs that take turns do so much less,
//! and instructions and system calls not at all. Those two need valgrind and strace and are left out, with a
//! word, where these are missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a benchmark fails by panicking, and looks at the machine directly"
)]

mod measure;
mod scene;

use measure::{Cost, Program};
use scene::Scene;

/// How often each program runs for the times.
const ROUNDS: usize = 400;

fn main() {
    let scene = Scene::new();
    let floor = scene.floor();
    println!(
        "{:<44} {:>8} {:>7} {:>14} {:>9}",
        "goenv export bash", "time", "ratio", "instructions", "syscalls"
    );
    row("an empty program (the floor)", &floor, &floor);
    for (name, program) in scene.exports() {
        row(name, &program, &floor);
    }
    println!();
    println!("{:<44} {:>8} {:>7}", "the same directory", "time", "ratio");
    for (name, goenv, direnv) in scene.against_direnv() {
        let (ours, theirs) = measure::times(&goenv, &direnv, ROUNDS / 4);
        println!("{name:<44} {:>6.2}ms", theirs * 1e3);
        println!("{:<44} {:>6.2}ms   1/{:.1}", "  goenv", ours * 1e3, theirs / ours);
    }
}

fn row(name: &str, program: &Program, floor: &Program) {
    let (time, base) = measure::times(program, floor, ROUNDS);
    let Cost { instructions, syscalls } = measure::cost(program);
    let shown =
        |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    println!(
        "{name:<44} {:>6.2}ms {:>7.2} {:>14} {:>9}",
        time * 1e3,
        time / base,
        shown(instructions),
        shown(syscalls)
    );
}
