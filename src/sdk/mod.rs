//! Go SDKs: where they lie, which one a policy gets, and whether it is still what it claims to be.
//!
//! An *SDK* is an unpacked Go release; its *root* is what Go calls GOROOT. [`places`] knows by value where one may
//! lie, [`find`] looks. Docs: docs/reference.md, section "SDKs".

pub mod find;
pub mod places;
pub mod record;
pub mod requested;

pub use find::{Found, Missing, find};
pub use places::{Places, Source};
