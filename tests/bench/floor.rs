//! An empty program, built as goenv is: what starting a process costs by itself.
fn main() {}
