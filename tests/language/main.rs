//! The policy language against direnv and bash: what goenv accepts means the same there.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make files and start the programs compared with"
)]

mod cases;
mod host;
mod same;
mod sandbox;
