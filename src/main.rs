//! The `goenv` program: gathers the world once, runs, returns the exit code.

use std::process::ExitCode;

use goenv::world::World;

fn main() -> ExitCode {
    goenv::run(std::env::args_os().collect(), &World::gather())
}
