//! Go SDKs: where they lie, which one a policy gets, and whether it is still what it claims to be.
//!
//! An *SDK* is an unpacked Go release; its *root* is what Go calls GOROOT. [`places`] knows by value where one may
//! lie, [`mod@find`] looks. Docs: docs/reference.md, section "SDKs".

pub mod archive;
pub mod bar;
pub mod dirhash;
pub mod download;
pub mod examine;
pub mod fetch;
pub mod find;
pub mod install;
pub mod inventory;
pub mod list;
pub mod mirror;
pub mod openpgp;
pub mod pin;
pub mod places;
pub mod publish;
mod realpath;
pub mod record;
pub mod requested;
pub mod resolve;
pub mod seal;
pub mod stamp;
pub mod store;
pub mod tree;
pub mod useline;

pub use find::{Found, Missing, find};
pub use pin::{Pin, Pins};
pub use places::{Places, Platform, Source};
pub use record::Record;
pub use resolve::{Need, Refused, Resolved, Why, resolve};
pub use store::Health;
