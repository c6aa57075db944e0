//! Go's own grammars and rules, read as the go command reads them.
//!
//! Pure: text comes in, versions and findings go out. Nothing here looks at the machine or runs Go.

pub mod host;
pub mod modfile;
pub mod pattern;
pub mod request;
pub mod select;
pub mod version;
pub mod versionfile;

pub use pattern::Pattern;
pub use version::Version;
