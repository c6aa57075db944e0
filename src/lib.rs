//! goenv gives every directory its own Go, safely and at once.
pub mod audit;
pub mod env;
pub mod go;
pub mod policy;
pub mod sdk;
pub mod trust;
