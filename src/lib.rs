//! goenv gives every directory its own Go, safely and at once.
pub mod env;
pub mod go;
pub mod policy;
pub mod sdk;
