//! `cargo bench`: what a prompt costs, as ratios to an empty program, and beside direnv and mise where they are
//! installed, in the same run.
//!
//! The empty program is static, and built in two ways: with all the flags that goenv is built with, which is the least
//! that a process can cost (the floor), and as a plain build makes it.
//!
//! Absolute times depend on the machine and on what else it does; ratios of runs that take turns do so much less,
//! and instructions and system calls not at all. Those two need valgrind and strace and are left out, as `-`, where
//! these are missing. `cargo bench -- --picture FILE` also draws the ratios; `cargo bench -- --order FILE` measures
//! nothing and writes down which functions a prompt runs.

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
mod order;
mod picture;
mod scene;

use measure::{Cost, Program, ratio};
use scene::{Scene, Size};

/// How often each program runs for the times.
const ROUNDS: usize = 400;

fn main() {
    let small = Scene::new(Size::Small);
    if let Some(file) = argument("--order") {
        let programs: Vec<_> = small.exports().into_iter().map(|(_, program)| program).collect();
        std::fs::write(&file, order::script(&programs)).unwrap();
        return println!("written: {file}");
    }
    let (floor, plain) = (small.floor(), small.plain());
    let mut bars = Vec::new();
    println!(
        "{:<46} {:>6} {:>8} {:>13} {:>9}",
        "goenv export bash", "floor", "plain", "instructions", "syscalls"
    );
    let exports = small.exports();
    let empty = [
        ("an empty program (the floor)", &floor),
        ("an empty program, plain static build", &plain),
    ];
    let all = exports.iter().map(|(name, program)| (*name, program));
    for (name, program) in empty.into_iter().chain(all) {
        let to = |base: &Program| ratio(program, base, ROUNDS);
        let (to_floor, to_plain) = (to(&floor), to(&plain));
        println!("{name:<46} {to_floor:>6.2} {to_plain:>8.2} {}", counts(program));
        bars.push((name, to_floor));
    }

    let mut large = Scene::new(Size::Large);
    in_a_large_firm(&mut large, &exports, &floor);

    println!("\n{:<46} {:>6} {:>13} {:>9}", "1,000 SDKs", "ratio", "instructions", "syscalls");
    for (name, program) in large.listings(&small) {
        let ratio = ratio(&program, &floor, ROUNDS);
        println!("{name:<46} {ratio:>6.2} {}", counts(&program));
    }

    compare(&small, &floor);

    println!("\n{:<46} {:>6}", "an unchanged prompt in the shell, no process", "µs");
    for directory in ["watched", "allowed"] {
        let paths = small.watched(directory);
        for shell in ["bash", "zsh", "fish"] {
            let cost = small.guard(shell, directory).map(|program| measure::number(&program));
            let row = format!("{shell}, {paths} watched paths");
            println!("{row:<46} {:>6}", cost.as_deref().unwrap_or("-"));
        }
    }

    if let Some(file) = argument("--picture") {
        std::fs::write(&file, picture::draw(&bars)).unwrap();
        println!("\ndrawn: {file}");
    }
}

/// Prints what the same costs after years in a large firm, as ratios to the small case: beside its files alone, and in
/// its environment too, which costs every program something that is started there.
fn in_a_large_firm(large: &mut Scene, small: &[(&'static str, Program)], floor: &Program) {
    let here = |large: &Scene| {
        let mut programs = large.exports();
        let (_, outside) = programs[0].clone();
        let empty = Program { path: floor.path.clone(), args: Vec::new(), ..outside };
        programs.insert(0, ("an empty program", empty));
        programs
    };
    let with_both = here(large);
    large.sets_environment(Size::Small);
    let with_files = here(large);
    println!(
        "\n{:<46} {:>6} {:>13}",
        "in a large firm, to the same in a small one", "ratio", "variables too"
    );
    let small = std::iter::once(floor).chain(small.iter().map(|(_, program)| program));
    for (small, ((name, files), (_, both))) in small.zip(with_files.iter().zip(&with_both)) {
        let [files, both] = [files, both].map(|large| ratio(large, small, ROUNDS / 2));
        println!("{name:<46} {files:>6.2} {both:>13.2}");
    }
}

/// Prints what entering the same directory, and a prompt after that, costs with each program that is here.
fn compare(scene: &Scene, floor: &Program) {
    let rivals = scene.rivals();
    let head = ["the same directory", "enter", "to goenv", "unchanged"];
    println!("\n{:<46} {:>6} {:>13} {:>9}", head[0], head[1], head[2], head[3]);
    for rival in &rivals {
        let rounds = if rival.name == "goenv" { ROUNDS } else { ROUNDS / 8 };
        let enter = ratio(&rival.enter, floor, rounds);
        let to_goenv = ratio(&rival.enter, &rivals[0].enter, rounds);
        let unchanged = ratio(&rival.unchanged, floor, rounds);
        println!("{:<46} {enter:>6.2} {to_goenv:>13.1} {unchanged:>9.2}", rival.name);
    }
    println!("(goenv's hook starts nothing at an unchanged prompt; direnv's and mise's do)");
}

/// Returns the word behind an option.
fn argument(option: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != option).nth(1)
}

/// Returns the columns that do not depend on the clock.
fn counts(program: &Program) -> String {
    let Cost { instructions, syscalls } = measure::cost(program);
    let shown =
        |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    format!("{:>13} {:>9}", shown(instructions), shown(syscalls))
}
