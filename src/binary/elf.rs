//! ELF: the System V ABI, chapters 4 and 5; 32 and 64 bits, either byte order.

use super::NotRead;
use super::image::{Endian, Fields, Image, Width, until_nul};
use super::layout::{Format, LONGEST_NAME, Layout, Linkage, MOST_NEEDED, Span};

const ET_DYN: u16 = 3;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PF_X: u32 = 1;
const PF_W: u32 = 2;
const SHN_XINDEX: u32 = 0xffff;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DF_1_PIE: u64 = 0x0800_0000;

/// The section that Go's linker writes build info into.
const SECTION: &[u8] = b".go.buildinfo";
/// The most sections: what 16 bits count.
const MOST_SECTIONS: u64 = 65_536;
/// The most of the sections' names and of the dynamic table that is read.
const MOST_TABLE: u64 = 1024 * 1024;

/// Where the fields of the headers stand, which depends on the width.
struct Form {
    width: Width,
    endian: Endian,
}

struct Program {
    kind: u32,
    flags: u32,
    memory: u64,
    span: Span,
}

struct Section {
    name: u32,
    address: u64,
    offset: u64,
    size: u64,
    link: u32,
}

fn damaged(what: &'static str) -> NotRead {
    NotRead::Damaged(Format::Elf, what)
}

/// Reads the headers.
pub(super) fn read<'a>(image: &Image<'a>) -> Result<Layout<'a>, NotRead> {
    let header = image.up_to(0, 64)?;
    let form = match (header.get(4), header.get(5)) {
        (Some(class @ (1 | 2)), Some(order @ (1 | 2))) => Form {
            width: if *class == 1 { Width::Four } else { Width::Eight },
            endian: if *order == 1 { Endian::Little } else { Endian::Big },
        },
        _ => return Err(damaged("its class or byte order is unknown")),
    };
    let fields = Fields { bytes: &header, endian: form.endian };
    let cut = || damaged("it ends within its header");
    let kind = fields.u16(16).ok_or_else(cut)?;
    let programs = form.programs(image, &fields)?;
    let data = match form.section(image, &fields)? {
        Some(data) => Some(data),
        None => programs.iter().find(|program| program.is_data()).map(Program::data),
    };
    let mut layout = Layout {
        image: *image,
        format: Format::Elf,
        linkage: Linkage::default(),
        spans: programs.iter().map(|program| program.span).collect(),
        data,
    };
    layout.linkage = form.linkage(kind, &programs, &layout)?;
    Ok(layout)
}

impl Program {
    fn is_data(&self) -> bool {
        self.kind == PT_LOAD && self.flags & (PF_X | PF_W) == PF_W
    }

    fn data(&self) -> (u64, u64) {
        (self.span.address, self.memory)
    }
}

impl Form {
    fn pick(&self, four: usize, eight: usize) -> usize {
        match self.width {
            Width::Four => four,
            Width::Eight => eight,
        }
    }

    /// Returns `count` entries of `size` bytes at `offset`, each at least as long as the format says.
    fn table(
        image: &Image<'_>,
        offset: u64,
        count: u64,
        size: u64,
    ) -> Result<Option<Vec<u8>>, NotRead> {
        match count.checked_mul(size) {
            Some(total) => image.exactly(offset, total),
            None => Ok(None),
        }
    }

    fn programs(&self, image: &Image<'_>, header: &Fields<'_>) -> Result<Vec<Program>, NotRead> {
        let (at, least) = (self.pick(28, 32), self.pick(32, 56));
        let read = || {
            let offset = header.word(at, self.width)?;
            let size = u64::from(header.u16(self.pick(42, 54))?);
            let count = u64::from(header.u16(self.pick(44, 56))?);
            Some((offset, size, count))
        };
        let (offset, size, count) = read().ok_or_else(|| damaged("it ends within its header"))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        if size < least as u64 {
            return Err(damaged("its program headers are too short"));
        }
        let table = Self::table(image, offset, count, size)?
            .ok_or_else(|| damaged("its program headers are beyond its end"))?;
        let size = usize::try_from(size).unwrap_or(least);
        Ok(table.chunks_exact(size).filter_map(|entry| self.program(entry)).collect())
    }

    fn program(&self, bytes: &[u8]) -> Option<Program> {
        let fields = Fields { bytes, endian: self.endian };
        let word = |four, eight| fields.word(self.pick(four, eight), self.width);
        Some(Program {
            kind: fields.u32(0)?,
            flags: fields.u32(self.pick(24, 4))?,
            memory: word(20, 40)?,
            span: Span { offset: word(4, 8)?, address: word(8, 16)?, size: word(16, 32)? },
        })
    }

    /// Returns the address and size of Go's section, `None` where there are no sections or none of that name.
    fn section(
        &self,
        image: &Image<'_>,
        header: &Fields<'_>,
    ) -> Result<Option<(u64, u64)>, NotRead> {
        let least = self.pick(40, 64);
        let read = || {
            let offset = header.word(self.pick(32, 40), self.width)?;
            let size = u64::from(header.u16(self.pick(46, 58))?);
            let count = u64::from(header.u16(self.pick(48, 60))?);
            let names = u32::from(header.u16(self.pick(50, 62))?);
            Some((offset, size, count, names))
        };
        let (offset, size, mut count, mut names) =
            read().ok_or_else(|| damaged("it ends within its header"))?;
        if offset == 0 {
            return Ok(None);
        }
        if size < least as u64 {
            return Err(damaged("its section headers are too short"));
        }
        let beyond = || damaged("its section headers are beyond its end");
        if count == 0 || names == SHN_XINDEX {
            // What 16 bits do not hold stands in the first section.
            let first = image.exactly(offset, size)?.ok_or_else(beyond)?;
            let first = self.parse_section(&first).ok_or_else(beyond)?;
            count = if count == 0 { first.size } else { count };
            names = if names == SHN_XINDEX { first.link } else { names };
        }
        if count > MOST_SECTIONS {
            return Err(damaged("it has too many sections"));
        }
        let table = Self::table(image, offset, count, size)?.ok_or_else(beyond)?;
        let size = usize::try_from(size).unwrap_or(least);
        let sections: Vec<Section> =
            table.chunks_exact(size).filter_map(|entry| self.parse_section(entry)).collect();
        let Some(names) = sections.get(names as usize) else { return Ok(None) };
        let names = image.up_to(names.offset, names.size.min(MOST_TABLE))?;
        let names = Fields { bytes: &names, endian: self.endian };
        let found =
            sections.iter().find(|section| names.text(section.name as usize) == Some(SECTION));
        Ok(found.map(|section| (section.address, section.size)))
    }

    fn parse_section(&self, bytes: &[u8]) -> Option<Section> {
        let fields = Fields { bytes, endian: self.endian };
        let word = |four, eight| fields.word(self.pick(four, eight), self.width);
        Some(Section {
            name: fields.u32(0)?,
            address: word(12, 16)?,
            offset: word(16, 24)?,
            size: word(20, 32)?,
            link: fields.u32(self.pick(24, 40))?,
        })
    }

    fn linkage(
        &self,
        kind: u16,
        programs: &[Program],
        layout: &Layout<'_>,
    ) -> Result<Linkage, NotRead> {
        let mut linkage = Linkage::default();
        let of_kind = |kind| programs.iter().find(move |program| program.kind == kind);
        if let Some(program) = of_kind(PT_INTERP) {
            let path = layout.image.up_to(program.span.offset, program.span.size.min(LONGEST_NAME));
            linkage.interpreter = Some(until_nul(&path?).to_vec());
        }
        let mut says_pie = false;
        if let Some(program) = of_kind(PT_DYNAMIC) {
            let size = program.span.size.min(MOST_TABLE);
            let table = layout.image.up_to(program.span.offset, size)?;
            let entries = self.dynamic(&table);
            let value =
                |tag| entries.iter().find(|(found, _)| *found == tag).map(|(_, value)| *value);
            says_pie = value(DT_FLAGS_1).is_some_and(|flags| flags & DF_1_PIE != 0);
            let strings = value(DT_STRTAB).unwrap_or_default();
            let needed = entries.iter().filter(|(tag, _)| *tag == DT_NEEDED).take(MOST_NEEDED);
            for (_, name) in needed {
                let name = layout.name_at(strings.wrapping_add(*name))?;
                linkage.needed.push(name.unwrap_or_default());
            }
        }
        // A library is loaded at any address too, but is not started.
        linkage.pie = kind == ET_DYN && (says_pie || linkage.interpreter.is_some());
        Ok(linkage)
    }

    /// Returns the tags and values of the dynamic table.
    fn dynamic(&self, table: &[u8]) -> Vec<(u64, u64)> {
        let size = self.pick(8, 16);
        let entry = |bytes| {
            let fields = Fields { bytes, endian: self.endian };
            Some((fields.word(0, self.width)?, fields.word(size / 2, self.width)?))
        };
        let entries = table.chunks_exact(size).filter_map(entry);
        entries.take_while(|(tag, _)| *tag != 0).collect()
    }
}
