//! The bytes of a file that claims to be a binary, read a piece at a time.
//!
//! Offsets and sizes that the file states go in, bytes come out. Nothing is believed: a piece is within the file and
//! no larger than its reader says, so that a file of a few bytes can neither ask for memory nor send a read astray.

use std::io;

use super::NotRead;

/// How bytes are read at a place: fewer than asked for at the end of the file alone.
pub type ReadAt<'a> = dyn Fn(u64, &mut [u8]) -> io::Result<usize> + 'a;

/// A file, or a part of one, of which pieces can be read.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    start: u64,
    size: u64,
    read: &'a ReadAt<'a>,
}

/// The largest piece that is read at once.
const MOST: u64 = 8 * 1024 * 1024;

impl<'a> Image<'a> {
    /// Returns the image of a file of this size.
    pub fn new(size: u64, read: &'a ReadAt<'a>) -> Self {
        Self { start: 0, size, read }
    }

    /// Returns the part that begins at `offset` and is no longer than `size`; empty beyond the end.
    pub(super) fn part(&self, offset: u64, size: u64) -> Self {
        let offset = offset.min(self.size);
        Self {
            start: self.start.saturating_add(offset),
            size: size.min(self.size - offset),
            read: self.read,
        }
    }

    /// Returns up to `size` bytes at `offset`: fewer where the image ends.
    pub(super) fn up_to(&self, offset: u64, size: u64) -> Result<Vec<u8>, NotRead> {
        let part = self.part(offset, size.min(MOST));
        let mut bytes = vec![0; usize::try_from(part.size).unwrap_or_default()];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match (self.read)(part.start + filled as u64, rest) {
                Ok(0) => break,
                Ok(read) => filled += read.min(rest.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NotRead::System(error)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Returns exactly `size` bytes at `offset`, `None` where the image ends before them or they are too many.
    pub(super) fn exactly(&self, offset: u64, size: u64) -> Result<Option<Vec<u8>>, NotRead> {
        let bytes = self.up_to(offset, size)?;
        Ok(Some(bytes).filter(|bytes| bytes.len() as u64 == size))
    }
}

/// The order of the bytes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

/// The size of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// 32 bits.
    Four,
    /// 64 bits.
    Eight,
}

/// Numbers and names in a piece of an image; `None` beyond its end.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) endian: Endian,
}

impl<'a> Fields<'a> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(match self.endian {
            Endian::Little => u16::from_le_bytes(bytes),
            Endian::Big => u16::from_be_bytes(bytes),
        })
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(match self.endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        })
    }

    pub(super) fn u64(&self, at: usize) -> Option<u64> {
        let bytes = self.array(at)?;
        Some(match self.endian {
            Endian::Little => u64::from_le_bytes(bytes),
            Endian::Big => u64::from_be_bytes(bytes),
        })
    }

    /// Returns an address, or another number that is as wide.
    pub(super) fn word(&self, at: usize, width: Width) -> Option<u64> {
        match width {
            Width::Four => self.u32(at).map(u64::from),
            Width::Eight => self.u64(at),
        }
    }

    /// Returns the bytes from `at` to the first NUL, or to the end of the piece.
    pub(super) fn text(&self, at: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..).map(until_nul)
    }
}

/// Returns the bytes before the first NUL.
pub(super) fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}
