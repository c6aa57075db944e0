//! What the headers of a binary say: where its memory lies in the file, where Go's data begins, how it is linked.

use std::fmt;

use super::image::Image;
use super::{NotRead, elf, macho, pe};

/// The formats of binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Linux's and most Unixes'.
    Elf,
    /// Apple's.
    MachO,
    /// Windows'.
    Pe,
}

impl Format {
    /// Returns the format's name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elf => "elf",
            Self::MachO => "macho",
            Self::Pe => "pe",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF",
            Self::MachO => "Mach-O",
            Self::Pe => "PE",
        })
    }
}

/// How a binary is linked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linkage {
    /// The program that loads it: `PT_INTERP`, `LC_LOAD_DYLINKER`.
    pub interpreter: Option<Vec<u8>>,
    /// The libraries that it needs: `DT_NEEDED`, `LC_LOAD_DYLIB` and its kin, the import table.
    pub needed: Vec<Vec<u8>>,
    /// Whether it can be loaded at any address.
    pub pie: bool,
}

impl Linkage {
    /// Returns whether it runs without a loader and libraries.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }
}

/// The most libraries that are listed.
pub(super) const MOST_NEEDED: usize = 1024;
/// The longest path of a loader or name of a library.
pub(super) const LONGEST_NAME: u64 = 4096;

/// A range of addresses that lies in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) offset: u64,
}

/// What the headers say.
pub(super) struct Layout<'a> {
    /// The file, or in one for several architectures the part for the first, as the go command reads them.
    pub(super) image: Image<'a>,
    pub(super) format: Format,
    pub(super) linkage: Linkage,
    pub(super) spans: Vec<Span>,
    /// Where build info is looked for: an address and a size.
    pub(super) data: Option<(u64, u64)>,
}

/// How many of the first bytes a message shows.
const SHOWN: usize = 4;

impl<'a> Layout<'a> {
    /// Reads the headers.
    pub(super) fn read(image: &Image<'a>) -> Result<Self, NotRead> {
        let start = image.up_to(0, 16)?;
        match start.as_slice() {
            [0x7f, b'E', b'L', b'F', ..] => elf::read(image),
            [b'M', b'Z', ..] => pe::read(image),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
                macho::read(image)
            }
            [0xca, 0xfe, 0xba, 0xbe, ..] => macho::read_fat(image),
            [] => Err(NotRead::Unrecognised("empty".to_owned())),
            [b'#', b'!', ..] => Err(NotRead::Unrecognised("a script".to_owned())),
            bytes => {
                let shown = bytes.iter().take(SHOWN).map(|byte| format!(" {byte:02x}"));
                let text = format!("a file that begins with{}", shown.collect::<String>());
                Err(NotRead::Unrecognised(text))
            }
        }
    }

    /// Returns where an address lies in the file, and how much of its span follows.
    pub(super) fn locate(&self, address: u64) -> Option<(u64, u64)> {
        self.spans.iter().find_map(|span| {
            let within = address.checked_sub(span.address).filter(|within| *within < span.size)?;
            Some((span.offset.checked_add(within)?, span.size - within))
        })
    }

    /// Returns up to `size` bytes at an address: fewer where its span or the file ends; `None` at an address that
    /// is not in the file.
    pub(super) fn bytes(&self, address: u64, size: u64) -> Result<Option<Vec<u8>>, NotRead> {
        let Some((offset, rest)) = self.locate(address) else { return Ok(None) };
        let bytes = self.image.up_to(offset, size.min(rest))?;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Returns the name that stands at an address, up to its NUL.
    pub(super) fn name_at(&self, address: u64) -> Result<Option<Vec<u8>>, NotRead> {
        let bytes = self.bytes(address, LONGEST_NAME)?;
        Ok(bytes.map(|bytes| super::image::until_nul(&bytes).to_vec()))
    }
}
