//! The policy language against direnv and bash: what goenv accepts means the same there.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests make files, start the programs compared with, and fail by panics"
)]

mod bash;
mod cases;
mod differences;
mod dotenvs;
mod generate;
mod host;
mod limits;
mod machine;
mod programs;
mod refused;
mod same;
mod sandbox;
mod words;
