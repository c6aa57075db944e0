//! The hooks in the real shells: by pseudo-terminal, and the quoting of what `export` prints.

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

mod completions;
mod doctor;
mod follow;
mod guard;
mod hook;
mod quoting;
mod unguarded;
