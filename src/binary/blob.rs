//! The two texts that Go's linker writes into a binary: the toolchain's version, and the build info proper.
//!
//! A header of 32 bytes that begins with a mark, aligned to 16. Go 1.18 and later write the texts behind it, each
//! with its length as a varint; Go 1.13 to 1.17 write the addresses of two strings. Specified by Go's
//! `debug/buildinfo`, which this reads as.

use super::NotRead;
use super::image::{Endian, Fields, Width};
use super::layout::Layout;

const MARK: &[u8] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const HEADER: u64 = 32;
/// Flags: the byte order of addresses, and whether the texts follow.
const BIG: u8 = 1;
const INLINE: u8 = 2;
/// The longest varint.
const VARINT: u64 = 10;
/// How much is searched at a time.
const PIECE: u64 = 1024 * 1024;

/// The longest version: `devel go1.28-0123456789 Sat Jan 2 …` and experiments.
const LONGEST_VERSION: u64 = 4096;
/// The longest build info: the module lines of a thousand dependencies are a tenth of a MiB.
const LONGEST_INFO: u64 = 4 * 1024 * 1024;

/// Returns the version and the build info of a binary.
pub(super) fn read(layout: &Layout<'_>) -> Result<(Vec<u8>, Vec<u8>), NotRead> {
    let none = || NotRead::NoInfo(layout.format);
    let address = find(layout)?.ok_or_else(none)?;
    let header = layout.bytes(address, HEADER)?;
    let header = header.filter(|header| header.len() as u64 == HEADER).ok_or_else(none)?;
    let (Some(size), Some(flags)) = (header.get(14), header.get(15)) else { return Err(none()) };
    let (version, info) = if flags & INLINE != 0 {
        let (version, next) = inline(layout, address.wrapping_add(HEADER), LONGEST_VERSION)?;
        let (info, _) = inline(layout, next, LONGEST_INFO)?;
        (version, info)
    } else {
        let endian = if flags & BIG != 0 { Endian::Big } else { Endian::Little };
        let (width, step) = match size {
            4 => (Width::Four, 4),
            8 => (Width::Eight, 8),
            _ => return Err(none()),
        };
        let fields = Fields { bytes: &header, endian };
        let string = |at, most| {
            let address = fields.word(at, width).unwrap_or_default();
            pointed(layout, address, width, endian, most)
        };
        (string(16, LONGEST_VERSION)?, string(16 + step, LONGEST_INFO)?)
    };
    if version.is_empty() {
        return Err(none());
    }
    Ok((version, unframed(info)))
}

/// Returns the build info without the two marks of 16 bytes around it; nothing where they are missing.
fn unframed(info: Vec<u8>) -> Vec<u8> {
    let end = info.len().saturating_sub(16);
    let is_framed = info.len() >= 33 && info.get(end - 1) == Some(&b'\n');
    if is_framed { info.get(16..end).unwrap_or_default().to_vec() } else { Vec::new() }
}

/// Returns the address of the header.
fn find(layout: &Layout<'_>) -> Result<Option<u64>, NotRead> {
    let Some((start, size)) = layout.data.filter(|(_, size)| *size != 0) else { return Ok(None) };
    let Some(end) = start.checked_add(size) else { return Ok(None) };
    let Some(mut start) = start.checked_next_multiple_of(ALIGNMENT as u64) else { return Ok(None) };
    while start < end {
        let size = PIECE.min(end - start);
        let Some(piece) = layout.bytes(start, size)? else { return Ok(None) };
        let places = piece.chunks(ALIGNMENT).position(|place| place.starts_with(MARK));
        if let Some(place) = places {
            let address = start + (place * ALIGNMENT) as u64;
            return Ok(Some(address).filter(|address| end - address >= HEADER));
        }
        start += size;
    }
    Ok(None)
}

/// Returns the text behind a varint, and the address behind it.
fn inline(layout: &Layout<'_>, address: u64, most: u64) -> Result<(Vec<u8>, u64), NotRead> {
    let none = || NotRead::NoInfo(layout.format);
    let bytes = layout.bytes(address, VARINT)?.ok_or_else(none)?;
    let (length, taken) = varint(&bytes).ok_or_else(none)?;
    let address = address.wrapping_add(taken);
    let text = exactly(layout, address, length, most)?.ok_or_else(none)?;
    Ok((text, address.wrapping_add(length)))
}

/// Returns the string whose header lies at an address; empty where that is not in the file but in zeroed memory.
fn pointed(
    layout: &Layout<'_>,
    address: u64,
    width: Width,
    endian: Endian,
    most: u64,
) -> Result<Vec<u8>, NotRead> {
    if layout.locate(address).is_none() {
        return Ok(Vec::new());
    }
    let step = if width == Width::Four { 4 } else { 8 };
    let header = layout.bytes(address, 2 * step as u64)?.unwrap_or_default();
    let fields = Fields { bytes: &header, endian };
    let text = match (fields.word(0, width), fields.word(step, width)) {
        (_, Some(0)) => Some(Vec::new()),
        (Some(address), Some(length)) => exactly(layout, address, length, most)?,
        _ => None,
    };
    text.ok_or_else(|| NotRead::BadInfo("a string is not in the file".to_owned()))
}

/// Returns a text of that length at an address, `None` where the file does not hold all of it.
fn exactly(
    layout: &Layout<'_>,
    address: u64,
    length: u64,
    most: u64,
) -> Result<Option<Vec<u8>>, NotRead> {
    if length == 0 {
        // Nothing can be read there, and nothing has to be, but the address has to be one.
        return Ok(layout.locate(address).map(|_| Vec::new()));
    }
    if length > most {
        return Err(NotRead::BadInfo(format!("a text of {length} bytes, and {most} are read")));
    }
    Ok(layout.bytes(address, length)?.filter(|bytes| bytes.len() as u64 == length))
}

/// Returns an unsigned varint and how many bytes it takes.
fn varint(bytes: &[u8]) -> Option<(u64, u64)> {
    let mut value = 0_u64;
    for (count, byte) in (0_u32..10).zip(bytes) {
        let part = u64::from(byte & 0x7f);
        let shifted =
            part.checked_shl(7 * count).filter(|shifted| shifted >> (7 * count) == part)?;
        value |= shifted;
        if byte & 0x80 == 0 {
            return Some((value, u64::from(count) + 1));
        }
    }
    None
}
