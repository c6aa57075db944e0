//! SDKs, tried against real Go releases: what goenv computes, Go must do.
#![expect(
    clippy::disallowed_methods,
    reason = "tests set up their own files and run real programs"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]
#![expect(clippy::print_stdout, reason = "tests say what they measured")]

mod h1;
mod hostile;
mod mirror;
mod real;
mod select;
mod server;
mod small;
mod tamper;
