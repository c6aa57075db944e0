//! The audit log: one JSON line for each changed decision, each with the hash of the line before.
