//! SDKs, tried against real Go releases: what goenv computes, Go must do.
#![expect(
    clippy::disallowed_methods,
    reason = "tests set up their own files and run real programs"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "tests say what they measured")]

mod h1;
mod real;
mod select;
mod tamper;
