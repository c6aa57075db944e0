//! SDKs, tried against real Go releases: what goenv computes, Go must do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, looks at the machine directly and says what it measured"
)]

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod h1;
mod hostile;
mod inspect;
mod mirror;
mod real;
mod select;
mod server;
mod signature;
mod small;
mod tamper;
