//! The `goenv` program.
fn main() {}
