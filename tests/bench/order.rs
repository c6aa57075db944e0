//! Which functions a prompt runs, as a script for the linker that puts them side by side.
//!
//! Seen by callgrind in the programs that are measured. Hashes in names are left open, so that the script outlives
//! a change elsewhere; a name that no longer exists costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::Command;

use crate::measure::{self, Program};

/// What the file begins with.
const HEAD: &str = "/* The functions that a prompt runs, side by side: they are then in a few pages that are mapped at once, and not
   in two hundred that are spread over the whole program. Made by: cargo bench -- --order src/prompt.ld */
SECTIONS
{
  .text.prompt :
  {
";

/// What runs where callgrind does not look: the vDSO is set up, libm's choices for a processor, and curve arithmetic by
/// instructions that valgrind does not know.
const UNSEEN: &[&str] = &[
    "*libc.a:dl-object.o(.text .text.*)",
    "*libc.a:dl-lookup.o(.text .text.*)",
    "*libc.a:dl-setup_hash.o(.text .text.*)",
    "*libc.a:strcmp-*.o(.text .text.*)",
    "*libm*.a:s_trunc*.o(.text .text.*)",
    "*libm*.a:e_pow*.o(.text .text.*)",
    "*(.text*.*curve25519_dalek*_avx512ifma*)",
    "*(.text*.*curve25519_dalek*4ifma*)",
];

/// What the file ends with.
const TAIL: &str = "  }
}
INSERT BEFORE .text;
";

/// Returns the script for what these programs run.
pub fn script(programs: &[Program]) -> String {
    let members = members_of_libc();
    let (mut seen, mut lines) = (BTreeSet::new(), String::new());
    for line in UNSEEN {
        let _ = writeln!(lines, "    {line}");
    }
    for name in programs.iter().flat_map(measure::functions) {
        let line = match members.get(&name) {
            Some(member) => format!("*libc.a:{}(.text .text.*)", for_any_processor(member)),
            // What the compiler thinks unlikely has a prefix of its own, and copies have a suffix.
            None if name.starts_with("_R") => {
                let name = without_hashes(name.split('.').next().unwrap_or_default());
                format!("*(.text*.{name} .text*.{name}.*)")
            }
            None if name == "main" => "*(.text.main)".to_owned(),
            None => continue,
        };
        if seen.insert(line.clone()) {
            let _ = writeln!(lines, "    {line}");
        }
    }
    [HEAD, &lines, TAIL].concat()
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
