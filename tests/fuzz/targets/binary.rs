//! The reader of Go binaries: no panic on any bytes, and what it shows moves no cursor.
//!
//! The first byte chooses: the bytes as they are, as lines of build info, or as changes to a file that is whole.
#![no_main]

use goenv::binary::info::BuildInfo;
use goenv::binary::show::{Inspected, json, text};
use goenv::binary::{Image, read};
use goenv::check::format::Colour;
use libfuzzer_sys::fuzz_target;

#[path = "../../common/elf.rs"]
#[allow(dead_code)]
mod elf;

fn show(bytes: &[u8]) {
    let read_at = |offset: u64, buffer: &mut [u8]| Ok(elf::read_at(bytes, offset, buffer));
    match read(&Image::new(bytes.len() as u64, &read_at)) {
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
        Ok(binary) => {
            let inspected = Inspected::new("file".to_owned(), String::new(), binary);
            let shown = text(&inspected, Colour::Off);
            assert!(!shown.contains(|c: char| c.is_control() && c != '\n'));
            let printed = json(&[inspected]);
            assert!(printed.starts_with(b"[\n") && printed.ends_with(b"]\n"));
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice & 3 {
        0 => show(rest),
        1 => drop(BuildInfo::parse(b"go1.26.6", rest)),
        _ => {
            let bit = |number: u8| choice >> number & 1 == 1;
            let mut file = elf::Elf {
                wide: bit(2),
                big: bit(3),
                pointers: bit(4),
                sections: bit(5),
                info: elf::lines(elf::GOOD),
                interpreter: bit(6).then(|| "/lib/ld.so.1".to_owned()),
                needed: if bit(7) { vec!["libc.so.6".to_owned()] } else { Vec::new() },
                ..elf::Elf::default()
            }
            .build();
            for change in rest.chunks_exact(3) {
                let place = usize::from(u16::from_le_bytes([change[0], change[1]]));
                let place = place % file.len();
                file[place] = change[2];
            }
            show(&file);
        }
    }
});
