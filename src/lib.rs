//! goenv gives every directory its own Go, safely and at once.
pub mod audit;
pub mod env;
pub mod policy;
pub mod trust;
