//! What the documents say, against the program: commands, exit codes, fields, policies, links, and the guide's steps.

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

mod commands;
mod document;
mod fields;
mod guide;
mod hooks;
mod links;
mod policies;
mod security;
mod tour;
