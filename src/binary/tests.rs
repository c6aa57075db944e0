//! Binaries made by hand: both forms of build info, all widths and byte orders, and what is no binary.

#[path = "../../tests/common/elf.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "shared with the test programs")]
mod elf;

use elf::{Elf, GOOD, lines};
use proptest::prelude::*;

use super::*;

fn of_bytes(bytes: &[u8]) -> Result<Binary, NotRead> {
    let read_at = |offset: u64, buffer: &mut [u8]| Ok(elf::read_at(bytes, offset, buffer));
    read(&Image::new(bytes.len() as u64, &read_at))
}

fn said(bytes: &[u8]) -> String {
    of_bytes(bytes).unwrap_err().to_string()
}

/// Returns one of the forms that build info has had, in a kind of ELF.
fn form(number: u32) -> Elf {
    let bit = |bit: u32| number >> bit & 1 == 1;
    Elf {
        wide: bit(0),
        big: bit(1),
        pointers: bit(2),
        sections: bit(3),
        info: lines(GOOD),
        interpreter: Some("/lib/ld.so.1".to_owned()),
        needed: vec!["libc.so.6".to_owned(), "libresolv.so.2".to_owned()],
        ..Elf::default()
    }
}

fn forms() -> impl Iterator<Item = Elf> {
    (0..16).map(form)
}

#[test]
fn both_forms_are_read_in_every_width_and_order() {
    for form in forms() {
        let binary = of_bytes(&form.build()).unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert_eq!(binary.info.go_version, "go1.26.6", "{form:?}");
        assert_eq!(binary.info.main.version, "v1.4.2", "{form:?}");
        assert_eq!(binary.info.setting("CGO_ENABLED"), Some("0"), "{form:?}");
        let linkage = Linkage {
            interpreter: Some(b"/lib/ld.so.1".to_vec()),
            needed: vec![b"libc.so.6".to_vec(), b"libresolv.so.2".to_vec()],
            pie: true,
        };
        assert_eq!((binary.format, &binary.linkage), (Format::Elf, &linkage), "{form:?}");
        assert!(!binary.linkage.is_static());
    }
    let plain = of_bytes(&Elf::default().build()).unwrap();
    assert!(plain.linkage.is_static() && !plain.linkage.pie);
    assert_eq!(plain.info, BuildInfo { go_version: "go1.26.6".to_owned(), ..BuildInfo::default() });
}

#[test]
fn what_is_no_go_binary_says_what_it_is() {
    let none =
        |what: &str| format!("cannot be judged: it is neither ELF, Mach-O nor PE, but {what}");
    for (bytes, expected) in [
        (&b""[..], none("empty")),
        (b"#!/bin/sh\n", none("a script")),
        (b"PK\x03\x04zip", none("a file that begins with 50 4b 03 04")),
        (b"\x00", none("a file that begins with 00")),
        (
            b"\xca\xfe\xba\xbe\0\0\0\x41\0\0\0\0",
            none("a Java class, or a damaged file for several architectures"),
        ),
        (b"MZ", "is a damaged PE file: it ends within its header".to_owned()),
        (&[&b"MZ"[..], &[0; 200]].concat(), none("a DOS program")),
        (b"\x7fELF", "is a damaged ELF file: its class or byte order is unknown".to_owned()),
        (b"\x7fELF\x02\x01", "is a damaged ELF file: it ends within its header".to_owned()),
        (b"\xcf\xfa\xed\xfe", "is a damaged Mach-O file: it ends within its header".to_owned()),
    ] {
        assert_eq!(said(bytes), expected, "{bytes:?}");
    }
    let mut file = Elf::default().build();
    let mark = file.windows(4).position(|part| part == b"\xff Go").unwrap();
    file[mark] = 0;
    assert_eq!(said(&file), "is no Go binary: there is no Go build info in this ELF file");
    let bad = Elf { info: "path\tx\nmod\tm\n".to_owned(), ..Elf::default() };
    assert_eq!(
        said(&bad.build()),
        "has build info that is damaged: line 2: a module has neither two nor three columns"
    );
}

/// A length of many gigabytes is refused before anything is allocated, wherever it stands.
#[test]
fn no_length_is_believed() {
    let file = Elf { info: lines(GOOD), ..Elf::default() }.build();
    let mark = file.windows(4).position(|part| part == b"\xff Go").unwrap();
    let mut large = file.clone();
    large[mark + 32..mark + 41]
        .copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(
        said(&large),
        "has build info that is damaged: a text of 9223372036854775807 bytes, and 4096 are read"
    );
    let sections = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut file = file.clone();
        change(&mut file);
        said(&file)
    };
    let beyond = "is a damaged ELF file: its section headers are beyond its end";
    assert_eq!(sections(&|file| file[60..62].copy_from_slice(&[0xff, 0xff])), beyond);
    assert_eq!(sections(&|file| file[47] = 0x7f), beyond);
    let beyond = "is a damaged ELF file: its program headers are beyond its end";
    assert_eq!(sections(&|file| file[39] = 0x7f), beyond);
    assert_eq!(sections(&|file| file[56..58].copy_from_slice(&[0xff, 0xff])), beyond);
}

#[test]
fn a_file_that_is_cut_short_anywhere_is_refused_or_whole() {
    for form in forms() {
        let file = form.build();
        let whole = of_bytes(&file).unwrap();
        for end in 0..file.len() {
            if let Ok(binary) = of_bytes(&file[..end]) {
                assert_eq!(binary.info, whole.info, "{form:?} cut at {end}");
            }
        }
    }
}

#[test]
fn a_read_that_fails_is_the_systems_fault() {
    let read_at = |_: u64, _: &mut [u8]| Err(std::io::Error::other("broken"));
    let error = read(&Image::new(4096, &read_at)).unwrap_err();
    assert_eq!(error.to_string(), "could not be read: broken");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damage_never_panics(
        number in 0_u32..16,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut file = form(number).build();
        for (place, byte) in flips {
            let place = place.index(file.len());
            file[place] = byte;
        }
        let _ = of_bytes(&file);
    }

    #[test]
    fn headers_of_every_format_never_panic(
        magic in prop::sample::select(vec![
            b"\x7fELF\x02\x01\x01\0".to_vec(), b"\x7fELF\x01\x02\x01\0".to_vec(),
            b"\xcf\xfa\xed\xfe".to_vec(), b"\xfe\xed\xfa\xce".to_vec(),
            b"\xca\xfe\xba\xbe\0\0\0\x01".to_vec(), pe_start(),
        ]),
        rest in prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0xff), any::<u8>()], 0..600),
    ) {
        let _ = of_bytes(&[magic, rest].concat());
    }
}

/// The beginning of a PE file, up to the fields of its header.
fn pe_start() -> Vec<u8> {
    let mut start = b"MZ".to_vec();
    start.resize(0x3c, 0);
    start.extend_from_slice(b"\x40\0\0\0PE\0\0");
    start
}
