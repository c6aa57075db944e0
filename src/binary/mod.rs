//! What a Go binary was built with, and whether a tier admits it.
//!
//! The bytes of a file go in through an [`Image`], a [`Binary`] comes out: Go's build info ([`info`]) and how the file
//! is linked ([`layout`]), read from ELF, Mach-O and PE without a Go toolchain; [`judge`] compares it with a tier, and
//! [`show`] prints it. Everything in the file is hostile: each table and text has a limit, and no number is believed.
//! Build info is evidence and no proof: whoever can write the file can write it. docs/gate.md, section "Binaries".

mod blob;
mod elf;
pub mod image;
pub mod info;
pub mod judge;
pub mod layout;
mod macho;
mod pe;
mod quote;
pub mod show;

pub use image::Image;
use info::BuildInfo;
use layout::{Format, Layout, Linkage};

/// A Go binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// What it was built with.
    pub info: BuildInfo,
    /// The format of the file.
    pub format: Format,
    /// How it is linked.
    pub linkage: Linkage,
}

/// Why a file is not read as a Go binary.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// It has another format, or none.
    #[error("cannot be judged: it is neither ELF, Mach-O nor PE, but {0}")]
    Unrecognised(String),
    /// It has a format and breaks its rules.
    #[error("is a damaged {0} file: {1}")]
    Damaged(Format, &'static str),
    /// It is a binary and not Go's, or build info was taken out of it.
    #[error("is no Go binary: there is no Go build info in this {0} file")]
    NoInfo(Format),
    /// It has build info that cannot be understood.
    #[error("has build info that is damaged: {0}")]
    BadInfo(String),
    /// The system said no.
    #[error("could not be read: {0}")]
    System(std::io::Error),
}

/// Reads a binary.
///
/// # Errors
/// If it is none, none of Go's, or damaged.
pub fn read(image: &Image<'_>) -> Result<Binary, NotRead> {
    let layout = Layout::read(image)?;
    let (version, modules) = blob::read(&layout)?;
    let info = BuildInfo::parse(&version, &modules).map_err(NotRead::BadInfo)?;
    let Layout { format, linkage, .. } = layout;
    Ok(Binary { info, format, linkage })
}

#[cfg(test)]
mod tests;
