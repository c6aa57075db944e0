//! The gate: the same findings at a terminal, in a git hook and in CI, with the real programs that run it there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and looks at the machine directly"
)]

#[path = "../common/mod.rs"]
mod common;

mod bash;
mod doctor;
mod example;
mod formats;
mod go;
mod hints;
mod hostile;
mod inspect;
mod metrics;
mod repository;
mod runners;
mod signed;
mod speed;
mod staged;
mod tiers;
