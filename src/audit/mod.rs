//! The audit log: one JSON line for each changed decision, each with the hash of the line before.
//!
//! [`record`] makes lines and reads what the chain needs of them; [`verify`] finds edits, swaps, deletions and torn
//! lines in a stream; [`export`] and [`checkpoint`] are texts for other programs. All of these are pure. [`log`]
//! appends to the file, under a lock, with one write; [`journal`] knows whose it is. Names and digests are logged, never values. A chain cannot
//! show that its end was cut off: [`checkpoint`]s and [`syslog`] can. Specified in docs/security.md.

pub mod checkpoint;
pub mod export;
pub mod journal;
pub mod log;
pub mod record;
pub mod syslog;
pub mod verify;
