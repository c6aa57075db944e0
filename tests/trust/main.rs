//! Signed policies and the audit log, with the real ssh-keygen and git.

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

mod audit;
mod blocked;
mod example;
mod keys;
mod prompt;
mod race;
mod readonly;
mod repository;
mod signed;
mod token;
mod variables;
mod vectors;
