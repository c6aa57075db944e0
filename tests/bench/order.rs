//! Which functions a prompt runs, as a script for the linker that puts them side by side.
//!
//! Seen by callgrind in the programs that are measured. Hashes in names are left open, so that the script outlives
//! a change elsewhere; a name that no longer exists costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use crate::measure::{self, Program};

/// What the file begins with.
const HEAD: &str = "/* The functions that a prompt runs, side by side, and the tables that they jump by, and the C library's constants:
   they are then in a few pages that are mapped at once, and not in two hundred that are spread over the whole program.
   Made by: cargo bench -- --order src/prompt.ld */
";

/// Where a function is, as far as the linker can tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<T> {
    /// Somewhere in a member of an archive.
    Member(T),
    /// In a section of its name; so are the tables that it jumps by.
    Function(T),
}

/// What runs where callgrind does not look: before and after the program, the vDSO is set up, libm's choices for a processor, and curve arithmetic by
/// instructions that valgrind does not know.
const UNSEEN: &[Place<&str>] = &[
    Place::Member("*crt1.o"),
    Place::Member("*crtbeginT.o"),
    Place::Member("*libgcc_eh.a:unwind-dw2-fde-dip.o"),
    Place::Member("*libc.a:dl-object.o"),
    Place::Member("*libc.a:dl-lookup.o"),
    Place::Member("*libc.a:dl-setup_hash.o"),
    Place::Member("*libc.a:strcmp-*.o"),
    Place::Member("*libm*.a:s_trunc*.o"),
    Place::Member("*libm*.a:e_pow*.o"),
    Place::Function("*curve25519_dalek*_avx512ifma*"),
    Place::Function("*curve25519_dalek*4ifma*"),
];

/// Sections of other names that every program runs, and one that it looks at the beginning of.
const ALSO_RUN: &str = "    KEEP(*(.init))\n    KEEP(*(.fini))\n    *(.iplt)\n";
/// Linux maps a file by pieces of this size: the functions begin with one.
const PIECE: &str = " ALIGN(0x10000)";
const ALSO_SEEN: &str = "  .eh_frame : { *(.eh_frame) }\n";

/// Returns the script for what these programs run.
pub fn script(programs: &[Program]) -> String {
    let members = members_of_libc();
    let unseen = UNSEEN.iter().map(|place| match *place {
        Place::Member(name) => Place::Member(name.to_owned()),
        Place::Function(name) => Place::Function(name.to_owned()),
    });
    let mut runs: BTreeMap<Place<String>, usize> = BTreeMap::new();
    let mut places: Vec<_> = unseen.collect();
    for program in programs {
        let run = measure::functions(program);
        let run: BTreeSet<_> = run.iter().filter_map(|name| place(name, &members)).collect();
        places.extend(run.iter().filter(|place| !runs.contains_key(place)).cloned());
        run.into_iter().for_each(|place| *runs.entry(place).or_default() += 1);
    }
    // What every prompt runs comes first, and what one of them runs comes last, so that each has its own close together.
    places.sort_by_key(|place| match place {
        Place::Member(_) if !runs.contains_key(place) => 0,
        _ => programs.len() - runs.get(place).copied().unwrap_or(1),
    });
    let constants = section(".rodata", "", &lines(".rodata", &places), ALSO_SEEN);
    let functions = section(".text", PIECE, &(ALSO_RUN.to_owned() + &lines(".text", &places)), "");
    [HEAD, &constants, &functions].concat()
}

/// Returns where a function is, `None` of what cannot be moved.
fn place(name: &str, members: &BTreeMap<String, String>) -> Option<Place<String>> {
    if let Some(member) = members.get(name) {
        return Some(Place::Member(format!("*libc.a:{}", for_any_processor(member))));
    }
    match name {
        "main" => Some(Place::Function("main".to_owned())),
        _ if name.starts_with("_R") => {
            Some(Place::Function(without_hashes(name.split('.').next().unwrap_or_default())))
        }
        _ => None,
    }
}

/// Returns the lines that name what these places have of one kind of section.
fn lines(kind: &str, places: &[Place<String>]) -> String {
    let mut lines = String::new();
    for place in places {
        let _ = match place {
            Place::Member(name) => writeln!(lines, "    {name}({kind} {kind}.*)"),
            // What the compiler thinks unlikely has a prefix of its own, and copies have a suffix.
            Place::Function(name) => writeln!(lines, "    *({kind}*.{name} {kind}*.{name}.*)"),
        };
    }
    lines
}

/// Returns the part of the script that puts these `lines` before all others of their kind, at what `place` says, and after them the section `next`.
fn section(kind: &str, place: &str, lines: &str, next: &str) -> String {
    let first = format!("  {kind}.prompt :{place}\n  {{\n{lines}  }}\n");
    format!("SECTIONS\n{{\n{first}{next}}}\nINSERT BEFORE {kind};\n")
}

/// Returns the name of a Rust function with every crate's hash, and every place in the name that depends on their
/// lengths, left open.
fn without_hashes(name: &str) -> String {
    let (mut open, mut rest) = (String::new(), name);
    while let Some(at) = rest.find(['s', 'B']) {
        let (before, after) = rest.split_at(at + 1);
        let digits = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let is_hash = before.ends_with("Cs") && digits > 8 || before.ends_with('B') && digits < 4;
        match after.get(digits..).and_then(|after| after.strip_prefix('_')) {
            Some(after) if is_hash => {
                let _ = write!(open, "{before}*_");
                rest = after;
            }
            _ => {
                open.push_str(before);
                rest = after;
            }
        }
    }
    open + rest
}

/// Returns the members for every processor where this one is for some: valgrind's is not the user's.
fn for_any_processor(member: &str) -> String {
    match member.split_once('-') {
        Some((stem, kind)) if kind.contains("avx") || kind.contains("sse") => format!("{stem}-*.o"),
        _ => member.to_owned(),
    }
}

/// Returns which member of the C library's archive defines a function.
fn members_of_libc() -> BTreeMap<String, String> {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let archive = said("cc", &["-print-file-name=libc.a"]);
    let symbols = said("nm", &["-A", "--defined-only", &archive]);
    let member = |line: &str| {
        let (place, symbol) = line.rsplit_once(' ')?;
        let member = place.strip_prefix(&archive)?.split(':').nth(1)?;
        Some((symbol.to_owned(), member.to_owned()))
    };
    symbols.lines().filter_map(member).collect()
}
