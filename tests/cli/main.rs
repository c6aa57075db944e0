//! The commands, run as a person or a script runs them; their output is asserted whole.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and looks at the machine directly"
)]

#[path = "../common/mod.rs"]
mod common;

mod approve;
mod bash;
mod commands;
mod direnv;
mod exec;
mod export;
mod follow;
mod go_env;
mod hostile;
mod init;
mod processes;
mod status;
mod surroundings;
