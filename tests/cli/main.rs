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

/// Returns how `export json` ended and what it printed, without goenv's own variables.
fn without_own(done: &common::Done) -> (i32, String) {
    let text = if done.stdout().is_empty() { "{}".to_owned() } else { done.stdout() };
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).unwrap();
    object.retain(|name, _| !name.starts_with("GOENV_"));
    (done.code(), serde_json::to_string(&object).unwrap())
}
