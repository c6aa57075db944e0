//! The `goenv` program: gathers the world once, runs, returns the exit code.
//!
//! On Linux it starts without the Rust runtime's set-up. That reads /proc/self/maps and maps a second stack to be able
//! to name a stack overflow, which is a third of a prompt's system calls and a tenth of its time; nothing in
//! goenv recurses without a limit. The two things that it does for safety's sake are done here. The rest of the
//! program forbids unsafe code.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

/// Runs goenv on this process's arguments and surroundings; returns the exit code.
fn run() -> u8 {
    // The process ends with it: nothing of an environment is given back piece by piece.
    let world = goenv::world::World::gather(start::environment);
    let world = std::mem::ManuallyDrop::new(world);
    goenv::run(std::env::args_os().collect(), &world)
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> std::process::ExitCode {
    run().into()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod start {
    #![expect(clippy::disallowed_methods, reason = "world.rs reads what this gives it")]

    use std::os::unix::ffi::OsStringExt;

    /// Returns the entries of the environment, `NAME=value`.
    pub(super) fn environment() -> Vec<&'static [u8]> {
        let entry = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            &*[name.into_vec(), value.into_vec()].join(&b'=').leak()
        };
        std::env::vars_os().map(entry).collect()
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod start {
    #![expect(
        unsafe_code,
        reason = "the C library calls main by its name and holds the environment, and a signal is ignored"
    )]
    #![expect(clippy::disallowed_methods, reason = "the standard files are set up here")]

    use std::ffi::{CStr, c_char, c_int};
    use std::fs::File;
    use std::os::fd::AsRawFd;

    use nix::libc;
    use nix::sys::signal::{SigHandler, Signal, signal};

    /// What the C library calls. glibc hands the arguments to `std::env::args_os` before.
    #[unsafe(no_mangle)]
    extern "C" fn main(_count: c_int, _words: *const *const c_char) -> c_int {
        open_standard_files();
        // SAFETY: ignoring a signal runs no handler.
        let ignored = unsafe { signal(Signal::SIGPIPE, SigHandler::SigIgn) };
        debug_assert!(ignored.is_ok(), "SIGPIPE can be ignored");
        super::run().into()
    }

    /// Returns the entries of the environment, `NAME=value`, where they lie: a copy of 30 kB of PATH is not free.
    pub(super) fn environment() -> Vec<&'static [u8]> {
        unsafe extern "C" {
            static environ: *const *const c_char;
        }
        let mut entries = Vec::new();
        // SAFETY: the list ends with a null pointer, each of its texts with a null byte, and neither ever changes: only
        // `set_var` and its kin could, which are unsafe, and this is the only file that may be.
        unsafe {
            let mut next = environ;
            while !next.is_null() && !(*next).is_null() {
                entries.push(CStr::from_ptr(*next).to_bytes());
                next = next.add(1);
            }
        }
        entries
    }

    /// Opens /dev/null in place of each of stdin, stdout and stderr that is closed, so that no file that is opened
    /// later takes its number and is written to.
    fn open_standard_files() {
        // SAFETY: asking for the flags of a number changes nothing, whether a file has it or not.
        if (0..3).all(|number| unsafe { libc::fcntl(number, libc::F_GETFD) } != -1) {
            return;
        }
        loop {
            match File::options().read(true).write(true).open("/dev/null") {
                Ok(file) if file.as_raw_fd() > 2 => return,
                Ok(file) => std::mem::forget(file),
                Err(_) => std::process::exit(1),
            }
        }
    }
}
