//! What bounds a policy: each limit has its own error.
//!
//! Sizes are in bytes. A policy is hostile until it is approved, and `allow` parses it before that.

/// The size of one policy text.
pub(super) const POLICY: usize = 1 << 20;
/// How deep texts may source one another.
pub(super) const SOURCE_LEVELS: usize = 16;
/// How many texts one policy may source in all.
pub(crate) const SOURCED_TEXTS: usize = 256;
/// A value with its name: Linux refuses longer environment strings (`MAX_ARG_STRLEN`).
pub(crate) const VALUE: usize = 128 << 10;
/// All variables that a policy sets, with their names: macOS gives a program 1 MiB for its environment and arguments, Linux
/// commonly 2 MiB, and a shell that has more starts none, not even goenv on leaving.
pub(crate) const ENVIRONMENT: usize = 512 << 10;
/// How many variables one policy may set.
pub(crate) const VARIABLES: usize = 4096;
/// How deep commands, and expansions in words, may be nested.
pub(super) const NESTING: usize = 64;
/// How many bytes all expansions of one evaluation may produce: far beyond any policy, short of a stall.
pub(super) const WORK: usize = 16 << 20;
/// How much all messages of one evaluation may say.
pub(super) const MESSAGES: usize = 1 << 20;
/// How many lines a survey names.
pub const SURVEYED: usize = 100;
