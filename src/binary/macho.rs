//! Mach-O: `mach-o/loader.h` and `mach-o/fat.h`; 32 and 64 bits, either byte order.

use super::NotRead;
use super::image::{Endian, Fields, Image, Width, until_nul};
use super::layout::{Format, Layout, Linkage, MOST_NEEDED, Span};

const LC_SEGMENT: u32 = 0x1;
const LC_SEGMENT_64: u32 = 0x19;
const LC_LOAD_DYLIB: u32 = 0xc;
const LC_LOAD_DYLINKER: u32 = 0xe;
const LC_LAZY_LOAD_DYLIB: u32 = 0x20;
const LC_LOAD_WEAK_DYLIB: u32 = 0x8000_0018;
const LC_REEXPORT_DYLIB: u32 = 0x8000_001f;
const LC_LOAD_UPWARD_DYLIB: u32 = 0x8000_0023;
const MH_PIE: u32 = 0x20_0000;
/// Read and write, and no more.
const READ_WRITE: u32 = 3;

/// The section that Go's linker writes build info into.
const SECTION: &[u8] = b"__go_buildinfo";
/// The most load commands, in bytes.
const MOST_COMMANDS: u64 = 1024 * 1024;
/// The most architectures in one file. A Java class begins like such a file and has 45 or more.
const MOST_PARTS: u32 = 32;

fn damaged(what: &'static str) -> NotRead {
    NotRead::Damaged(Format::MachO, what)
}

/// Reads the first of several binaries in one file.
pub(super) fn read_fat<'a>(image: &Image<'a>) -> Result<Layout<'a>, NotRead> {
    let header = image.up_to(0, 28)?;
    let fields = Fields { bytes: &header, endian: Endian::Big };
    let first = || Some((fields.u32(4)?, fields.u32(16)?, fields.u32(20)?));
    match first() {
        Some((1..=MOST_PARTS, offset, size)) => {
            read(&image.part(u64::from(offset), u64::from(size)))
        }
        _ => Err(NotRead::Unrecognised(
            "a Java class, or a damaged file for several architectures".to_owned(),
        )),
    }
}

/// Reads the headers.
pub(super) fn read<'a>(image: &Image<'a>) -> Result<Layout<'a>, NotRead> {
    let header = image.up_to(0, 32)?;
    let (width, endian) = match header.as_slice() {
        [0xce, 0xfa, 0xed, 0xfe, ..] => (Width::Four, Endian::Little),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => (Width::Eight, Endian::Little),
        [0xfe, 0xed, 0xfa, 0xce, ..] => (Width::Four, Endian::Big),
        [0xfe, 0xed, 0xfa, 0xcf, ..] => (Width::Eight, Endian::Big),
        _ => return Err(damaged("its first part is none")),
    };
    let fields = Fields { bytes: &header, endian };
    let numbers = || Some((fields.u32(20)?, fields.u32(24)?));
    let (size, flags) = numbers().ok_or_else(|| damaged("it ends within its header"))?;
    if u64::from(size) > MOST_COMMANDS {
        return Err(damaged("its load commands are too long"));
    }
    let start = if width == Width::Eight { 32 } else { 28 };
    let commands = image.exactly(start, u64::from(size))?;
    let commands = commands.ok_or_else(|| damaged("its load commands are beyond its end"))?;
    let mut found = Found::default();
    let mut rest = commands.as_slice();
    while rest.len() >= 8 {
        let fields = Fields { bytes: rest, endian };
        let length = fields.u32(4).and_then(|length| usize::try_from(length).ok());
        let command =
            length.filter(|length| *length >= 8).and_then(|length| rest.split_at_checked(length));
        let (command, after) =
            command.ok_or_else(|| damaged("a load command has an impossible length"))?;
        found.command(&Fields { bytes: command, endian });
        rest = after;
    }
    let Found { mut linkage, spans, section, segment } = found;
    linkage.pie = flags & MH_PIE != 0;
    let data = section.or(segment);
    Ok(Layout { image: *image, format: Format::MachO, linkage, spans, data })
}

/// What the load commands say.
#[derive(Default)]
struct Found {
    linkage: Linkage,
    spans: Vec<Span>,
    section: Option<(u64, u64)>,
    segment: Option<(u64, u64)>,
}

impl Found {
    fn command(&mut self, fields: &Fields<'_>) {
        let name = || {
            let at = usize::try_from(fields.u32(8)?).ok()?;
            fields.text(at).map(<[u8]>::to_vec)
        };
        match fields.u32(0) {
            Some(LC_SEGMENT) => drop(self.segment(fields, &FOUR)),
            Some(LC_SEGMENT_64) => drop(self.segment(fields, &EIGHT)),
            Some(LC_LOAD_DYLINKER) => self.linkage.interpreter = name(),
            Some(
                LC_LOAD_DYLIB | LC_LAZY_LOAD_DYLIB | LC_LOAD_WEAK_DYLIB | LC_REEXPORT_DYLIB
                | LC_LOAD_UPWARD_DYLIB,
            ) if self.linkage.needed.len() < MOST_NEEDED => self.linkage.needed.extend(name()),
            _ => {}
        }
    }

    /// Takes in a segment and its sections; `None` where it is cut short.
    fn segment(&mut self, fields: &Fields<'_>, form: &Form) -> Option<()> {
        let word = |at| fields.word(at, form.width);
        let span = Span { address: word(24)?, offset: word(form.offset)?, size: word(form.size)? };
        let memory = word(form.memory)?;
        let is_data = [form.protection, form.protection + 4]
            .iter()
            .all(|at| fields.u32(*at) == Some(READ_WRITE));
        if self.segment.is_none() && is_data && span.address != 0 && span.size != 0 {
            self.segment = Some((span.address, memory));
        }
        if fields.bytes.get(8..24).map(until_nul) != Some(b"__PAGEZERO") {
            self.spans.push(span);
        }
        let count = usize::try_from(fields.u32(form.protection + 8)?).ok()?;
        let sections = fields.bytes.get(form.header..)?.chunks_exact(form.section).take(count);
        for bytes in sections {
            let section = Fields { bytes, endian: fields.endian };
            let name = bytes.get(..16).map(until_nul);
            if self.section.is_none() && name == Some(SECTION) {
                let size = section.word(form.section_size, form.width)?;
                self.section = Some((section.word(32, form.width)?, size));
            }
        }
        Some(())
    }
}

/// Where the fields of a segment stand.
struct Form {
    width: Width,
    memory: usize,
    offset: usize,
    size: usize,
    /// The most that may be allowed, then what is, then how many sections there are.
    protection: usize,
    header: usize,
    section: usize,
    section_size: usize,
}

const FOUR: Form = Form {
    width: Width::Four,
    memory: 28,
    offset: 32,
    size: 36,
    protection: 40,
    header: 56,
    section: 68,
    section_size: 36,
};

const EIGHT: Form = Form {
    width: Width::Eight,
    memory: 32,
    offset: 40,
    size: 48,
    protection: 56,
    header: 72,
    section: 80,
    section_size: 40,
};
