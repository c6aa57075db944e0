//! ELF files made by hand, with Go's build info in either of its forms.

/// What an ELF file is to hold.
#[derive(Clone, Debug)]
pub struct Elf {
    /// 64 bits or 32.
    pub wide: bool,
    /// The highest byte first.
    pub big: bool,
    /// As Go 1.13 to 1.17 wrote it: addresses of two strings.
    pub pointers: bool,
    /// With sections, or with segments alone.
    pub sections: bool,
    /// The toolchain.
    pub version: String,
    /// The lines of build info.
    pub info: String,
    /// The loader.
    pub interpreter: Option<String>,
    /// The libraries.
    pub needed: Vec<String>,
}

impl Default for Elf {
    fn default() -> Self {
        Self {
            wide: true,
            big: false,
            pointers: false,
            sections: true,
            version: "go1.26.6".to_owned(),
            info: String::new(),
            interpreter: None,
            needed: Vec::new(),
        }
    }
}

/// The lines of a build in production, and further ones.
pub fn lines(further: &str) -> String {
    format!(
        "path\tbank.example/settle/cmd/settle\nmod\tbank.example/settle\tv1.4.2\t\nbuild\t-buildmode=exe\n\
         build\t-compiler=gc\n{further}build\tGOARCH=amd64\nbuild\tGOOS=linux\nbuild\tGOAMD64=v1\n"
    )
}

/// The settings that production wants.
pub const GOOD: &str = "build\t-trimpath=true\nbuild\tCGO_ENABLED=0\n";

/// Where the file lies in memory.
const BASE: u64 = 0x40_0000;

/// The marks around build info.
const START: [u8; 16] = 0x3077_af0c_9274_0802_41e1_c107_e6d6_18e6_u128.to_be_bytes();
const END: [u8; 16] = 0xf932_4331_8618_2072_0082_4210_4116_d8f2_u128.to_be_bytes();

struct Writer {
    bytes: Vec<u8>,
    wide: bool,
    big: bool,
}

impl Writer {
    fn number(&mut self, value: u64, size: usize) {
        if self.big {
            self.bytes.extend_from_slice(&value.to_be_bytes()[8 - size..]);
        } else {
            self.bytes.extend_from_slice(&value.to_le_bytes()[..size]);
        }
    }

    fn words(&mut self, values: &[u64]) {
        for value in values {
            self.number(*value, if self.wide { 8 } else { 4 });
        }
    }

    fn fill(&mut self, offset: usize) {
        assert!(offset >= self.bytes.len());
        self.bytes.resize(offset, 0);
    }

    fn align(&mut self) {
        self.fill(self.bytes.len().next_multiple_of(16));
    }

    fn program(&mut self, kind: u64, flags: u64, (offset, size): (u64, u64)) {
        self.number(kind, 4);
        let place = [offset, BASE + offset, BASE + offset, size, size];
        if self.wide {
            self.number(flags, 4);
            self.words(&place);
        } else {
            self.words(&place);
            self.number(flags, 4);
        }
        self.words(&[16]);
    }

    fn section(&mut self, name: u64, kind: u64, address: u64, (offset, size): (u64, u64)) {
        self.number(name, 4);
        self.number(kind, 4);
        self.words(&[0, address, offset, size]);
        self.number(0, 4);
        self.number(0, 4);
        self.words(&[1, 0]);
    }
}

fn varint(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl Elf {
    /// Returns the file.
    pub fn build(&self) -> Vec<u8> {
        // Twice: what stands at the front says where the rest lies.
        let (_, places) = self.write(&[(0, 0); 6]);
        self.write(&places).0
    }

    fn write(&self, places: &[(u64, u64); 6]) -> (Vec<u8>, [(u64, u64); 6]) {
        let [interpreter, dynamic, blob, names, headers, all] = *places;
        let mut file = Writer { bytes: Vec::new(), wide: self.wide, big: self.big };
        let (head, program, section) = if self.wide { (64, 56, 64) } else { (52, 32, 40) };
        let order = if self.big { 2 } else { 1 };
        file.bytes.extend_from_slice(b"\x7fELF");
        file.bytes.extend_from_slice(&[if self.wide { 2 } else { 1 }, order, 1]);
        file.fill(16);
        file.number(if self.interpreter.is_some() { 3 } else { 2 }, 2);
        file.number(62, 2);
        file.number(1, 4);
        file.words(&[BASE, head, if self.sections { headers.0 } else { 0 }]);
        file.number(0, 4);
        let count = if self.sections { 3 } else { 0 };
        for value in [head, program, 3, section, count, if count > 0 { 2 } else { 0 }] {
            file.number(value, 2);
        }
        let kind = |kind, is_there: bool| if is_there { kind } else { 0 };
        file.program(1, 6, all);
        file.program(kind(3, self.interpreter.is_some()), 4, interpreter);
        file.program(kind(2, !self.needed.is_empty()), 6, dynamic);

        let at = |file: &Writer| file.bytes.len() as u64;
        let since = |file: &Writer, start: u64| (start, file.bytes.len() as u64 - start);
        let start = at(&file);
        file.bytes.extend_from_slice(self.interpreter.as_deref().unwrap_or_default().as_bytes());
        file.bytes.push(0);
        let interpreter = since(&file, start);
        let strings = at(&file);
        let mut tags = Vec::new();
        for name in &self.needed {
            tags.extend([1, at(&file) - strings]);
            file.bytes.extend_from_slice(name.as_bytes());
            file.bytes.push(0);
        }
        file.align();
        let start = at(&file);
        tags.extend([5, BASE + strings, 10, start - strings, 0, 0]);
        file.words(&tags);
        let dynamic = since(&file, start);
        file.align();
        let start = at(&file);
        self.blob(&mut file, BASE + blob.0);
        let blob = since(&file, start);
        let start = at(&file);
        file.bytes.extend_from_slice(b"\0.go.buildinfo\0.shstrtab\0");
        let new_names = since(&file, start);
        file.align();
        let start = at(&file);
        if self.sections {
            file.section(0, 0, 0, (0, 0));
            file.section(1, 1, BASE + blob.0, blob);
            file.section(15, 3, 0, names);
        }
        let headers = since(&file, start);
        let all = (0, at(&file));
        (file.bytes, [interpreter, dynamic, blob, new_names, headers, all])
    }

    fn blob(&self, file: &mut Writer, address: u64) {
        let mut info = self.info.as_bytes().to_vec();
        if !info.is_empty() {
            info = [&START[..], &info, &END].concat();
        }
        let start = file.bytes.len();
        file.bytes.extend_from_slice(b"\xff Go buildinf:");
        let width = if self.wide { 8 } else { 4 };
        file.bytes.push(width as u8);
        if !self.pointers {
            file.bytes.push(2);
            file.fill(start + 32);
            varint(self.version.len(), &mut file.bytes);
            file.bytes.extend_from_slice(self.version.as_bytes());
            varint(info.len(), &mut file.bytes);
            file.bytes.extend_from_slice(&info);
            return;
        }
        file.bytes.push(u8::from(self.big));
        let strings = address + 32;
        let texts = strings + 4 * width;
        file.words(&[strings, strings + 2 * width]);
        file.fill(start + 32);
        let (version, info_size) = (self.version.len() as u64, info.len() as u64);
        file.words(&[texts, version, texts + version, info_size]);
        file.bytes.extend_from_slice(self.version.as_bytes());
        file.bytes.extend_from_slice(&info);
    }
}

/// Reads bytes as a file is read at a place: fewer than there is room for at its end.
pub fn read_at(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
    let rest = rest.unwrap_or_default();
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}
