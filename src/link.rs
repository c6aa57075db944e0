//! Has the linker put the functions that a prompt runs side by side: `prompt.ld` names them.
//!
//! For rustc's own linker, lld, on Linux alone; where somebody chose another one, nothing is asked of it. Without the
//! script goenv does the same, in up to a tenth more time.

#![expect(clippy::disallowed_methods, reason = "cargo asks and answers through the environment")]
#![expect(clippy::print_stdout, reason = "and through stdout")]

use std::env::var;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=src/prompt.ld");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    let is_known = is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64");
    let chosen = var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("fuse-ld"))
        || var("RUSTC_LINKER").is_ok();
    // A build for debugging is linked as fast as can be.
    if is_known && !chosen && is("DEBUG", "false") {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/prompt.ld");
        println!("cargo::rustc-link-arg-bin=goenv=-Wl,-T,{}", script.display());
    }
}
