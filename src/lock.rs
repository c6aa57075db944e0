//! Locks between processes: one at a time does what a lock is for.
//!
//! A lock is taken on a file of its own, which stays: what it protects is often renamed. The kernel drops it with the
//! process, however that ends. Never waits longer than two seconds, as a prompt may be waiting.
#![expect(clippy::disallowed_methods, reason = "a lock is an open file that nothing is read from")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// How long another process may hold a lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lock that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock on the file at `path`, which is made where there is none.
    ///
    /// # Errors
    /// If the file cannot be opened or is no regular one, or another process holds the lock for too long.
    pub fn take(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
            .open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut pause = Duration::from_micros(50);
        let mut waited = Duration::ZERO;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => return Ok(Self { _file: file }),
                Err((back, Errno::EWOULDBLOCK | Errno::EINTR)) if waited < PATIENCE => file = back,
                Err((_, Errno::EWOULDBLOCK)) => {
                    return Err(io::Error::other("another process has held it for two seconds"));
                }
                Err((_, errno)) => return Err(errno.into()),
            }
            std::thread::sleep(pause);
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(2));
        }
    }
}
