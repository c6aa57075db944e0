//! PE: Microsoft's "PE Format"; 32 and 64 bits.

use super::NotRead;
use super::image::{Endian, Fields, Image};
use super::layout::{Format, Layout, Linkage, MOST_NEEDED, Span};

const PE32: u16 = 0x10b;
const PE32_PLUS: u16 = 0x20b;
const DYNAMIC_BASE: u16 = 0x40;
/// Initialised data that can be read and written, and nothing else.
const DATA: u32 = 0xc000_0040;
/// A demand for alignment, which says nothing about the kind.
const ALIGNMENT: u32 = 0x60_0000;
/// The size of a section's header, and of an entry of the import table.
const SECTION: usize = 40;
const IMPORT: u64 = 20;

fn damaged(what: &'static str) -> NotRead {
    NotRead::Damaged(Format::Pe, what)
}

fn fields(bytes: &[u8]) -> Fields<'_> {
    Fields { bytes, endian: Endian::Little }
}

/// Reads the headers.
pub(super) fn read<'a>(image: &Image<'a>) -> Result<Layout<'a>, NotRead> {
    let start = image.up_to(0x3c, 4)?;
    let start = fields(&start).u32(0).ok_or_else(|| damaged("it ends within its header"))?;
    let start = u64::from(start);
    let header = image.up_to(start, 24)?;
    if header.get(..4) != Some(b"PE\0\0") {
        return Err(NotRead::Unrecognised("a DOS program".to_owned()));
    }
    let cut = || damaged("it ends within its header");
    let count = fields(&header).u16(6).ok_or_else(cut)?;
    let size = u64::from(fields(&header).u16(20).ok_or_else(cut)?);
    let optional = image.exactly(start + 24, size)?.ok_or_else(cut)?;
    let optional = Optional::read(&fields(&optional))
        .ok_or_else(|| damaged("its optional header is not understood"))?;
    let sections = image.exactly(start + 24 + size, u64::from(count) * SECTION as u64)?;
    let sections = sections.ok_or_else(|| damaged("its section headers are beyond its end"))?;
    let (mut spans, mut data) = (Vec::new(), None);
    for section in sections.chunks_exact(SECTION) {
        let Some(section) = Section::read(&fields(section)) else { continue };
        let span = section.span(optional.base);
        if data.is_none() && section.is_data() {
            data = Some((span.address, u64::from(section.memory)));
        }
        spans.push(span);
    }
    let linkage = Linkage { pie: optional.flags & DYNAMIC_BASE != 0, ..Linkage::default() };
    let mut layout = Layout { image: *image, format: Format::Pe, linkage, spans, data };
    if let Some(imports) = optional.imports {
        layout.linkage.needed = needed(&layout, optional.base, imports)?;
    }
    Ok(layout)
}

/// What matters of the optional header.
struct Optional {
    base: u64,
    flags: u16,
    /// The address of the import table relative to the base.
    imports: Option<u32>,
}

impl Optional {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let (base, directories) = match fields.u16(0)? {
            PE32 => (u64::from(fields.u32(28)?), 92),
            PE32_PLUS => (fields.u64(24)?, 108),
            _ => return None,
        };
        // The import table is the second directory, behind their number and the first.
        let has_imports = fields.u32(directories)? > 1;
        let imports = fields.u32(directories + 12).filter(|address| has_imports && *address != 0);
        Some(Self { base, flags: fields.u16(70)?, imports })
    }
}

struct Section {
    memory: u32,
    address: u32,
    size: u32,
    offset: u32,
    kind: u32,
}

impl Section {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self {
            memory: fields.u32(8)?,
            address: fields.u32(12)?,
            size: fields.u32(16)?,
            offset: fields.u32(20)?,
            kind: fields.u32(36)?,
        })
    }

    fn is_data(&self) -> bool {
        self.address != 0 && self.size != 0 && self.kind & !ALIGNMENT == DATA
    }

    fn span(&self, base: u64) -> Span {
        Span {
            address: base.wrapping_add(u64::from(self.address)),
            size: u64::from(self.size),
            offset: u64::from(self.offset),
        }
    }
}

/// Returns the names in the import table, which an empty entry ends.
fn needed(layout: &Layout<'_>, base: u64, imports: u32) -> Result<Vec<Vec<u8>>, NotRead> {
    let mut names = Vec::new();
    let mut address = base.wrapping_add(u64::from(imports));
    while names.len() < MOST_NEEDED {
        let Some(entry) = layout.bytes(address, IMPORT)? else { break };
        let Some(name) = fields(&entry).u32(12).filter(|name| *name != 0) else { break };
        let name = layout.name_at(base.wrapping_add(u64::from(name)))?;
        names.push(name.unwrap_or_default());
        address = address.wrapping_add(IMPORT);
    }
    Ok(names)
}
