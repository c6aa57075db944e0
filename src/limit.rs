//! Writing where the size of files is limited (`ulimit -f`): an error, and not the end of the process.
//!
//! A file and bytes in. The system sends a signal as well, whose default is to end who wrote: a prompt would then say
//! nothing, and leave a shell in the policy of the directory that it left. It is kept waiting while goenv writes.

use std::fs::File;
use std::io::{self, Write as _};

use nix::sys::signal::{SigSet, Signal};

/// Writes all of the bytes.
///
/// # Errors
/// If the system says no, which it also does at the limit.
pub fn write_all(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    let signal = SigSet::from_iter([Signal::SIGXFSZ]);
    // Where it cannot be kept waiting it does what it did.
    let _ = signal.thread_block();
    let written = file.write_all(bytes);
    // One that came waits for ever: it would end the process now.
    if written.is_ok() {
        let _ = signal.thread_unblock();
    }
    written
}
