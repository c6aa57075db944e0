//! An empty program: what starting a process costs by itself.
fn main() {}
