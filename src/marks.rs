//! The serial marks of this user: the highest serial seen for each scope.
//!
//! One small file for each scope, named by its digest. Only what applies raises a mark, under a lock and never
//! downwards: two shells may be at it at once. What a mark says, and what may follow it: `trust/serial.rs`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Exit};
use crate::files::{self, FileProblem};
use crate::hex::sha256_hex;
use crate::lock::Lock;
use crate::shell::quote_path;
use crate::trust::decide::raised;
use crate::trust::scope::Scope;
use crate::trust::serial::Mark;
use crate::ui::safe_path;
use crate::watch::Watched;

/// The largest mark: a scope of the longest path.
const LIMIT: u64 = 64 * 1024;
/// The file that is locked while a mark is raised.
const LOCK: &str = ".lock";

/// The directory that holds the marks.
#[derive(Clone, Debug)]
pub struct Marks {
    directory: PathBuf,
    uid: u32,
    now: Duration,
}

impl Marks {
    /// Returns the marks in the directory of this user's state.
    pub fn new(state: &Path, uid: u32, now: Duration) -> Self {
        Self { directory: state.join("serials"), uid, now }
    }

    /// Reads the highest serial seen for a scope.
    ///
    /// # Errors
    /// If the mark may not be read or is not understood.
    pub fn read(&self, scope: &Scope, watched: &mut Watched) -> Result<Option<Mark>, Error> {
        let path = self.path(scope);
        let text = watched.read(&path, LIMIT, self.uid).map_err(Error::UnsafePolicy)?;
        let Some(text) = text else { return Ok(None) };
        Mark::parse(&text.bytes).map(Some).map_err(|flaw| Error::Refused {
            message: flaw.at(&safe_path(&path)),
            hint: Some(format!("to forget which serial was seen, run: rm {}", quote_path(&path))),
            exit: Exit::Untrusted,
        })
    }

    /// Keeps the serial of the policy at `policy`, which is about to apply.
    ///
    /// # Errors
    /// If it cannot be kept, or another shell kept one meanwhile that the policy may not follow.
    pub fn raise(&self, policy: &Path, mark: &Mark) -> Result<(), Error> {
        files::create_private(&self.directory)?;
        let lock = self.directory.join(LOCK);
        let _held = Lock::take(&lock).map_err(|error| FileProblem::system(&lock, &error))?;
        let kept = self.read(&mark.scope, &mut Watched::new(self.now))?;
        let untrusted = |trust| Error::Untrusted(policy.to_path_buf(), trust);
        if let Some(higher) = raised(mark.clone(), kept.as_ref()).map_err(untrusted)? {
            files::write_private(&self.path(&mark.scope), higher.text().as_bytes())?;
        }
        Ok(())
    }

    fn path(&self, scope: &Scope) -> PathBuf {
        self.directory.join(sha256_hex(scope.to_string().as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(serial: u64, fill: u8) -> Mark {
        let scope = Scope::parse("git.example.com/a/b//c").unwrap();
        Mark { scope, serial, sha256: [fill; 32] }
    }

    fn marks(state: &Path) -> Marks {
        Marks::new(state, nix::unistd::geteuid().as_raw(), Duration::from_secs(1_800_000_000))
    }

    fn kept(marks: &Marks) -> Option<u64> {
        let mut watched = Watched::new(Duration::from_secs(1_800_000_000));
        let scope = Scope::parse("git.example.com/a/b//c").unwrap();
        marks.read(&scope, &mut watched).unwrap().map(|mark| mark.serial)
    }

    #[test]
    fn a_mark_is_raised_and_never_lowered() {
        let state = tempfile::tempdir().unwrap();
        let marks = marks(state.path());
        let policy = Path::new("/p/.envrc");
        assert_eq!(kept(&marks), None);
        for _ in 0..2 {
            marks.raise(policy, &mark(7, 1)).unwrap();
            assert_eq!(kept(&marks), Some(7));
        }
        let refused = marks.raise(policy, &mark(6, 1)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "/p/.envrc is invalid: it is serial 6, and serial 7 was seen here: a rollback"
        );
        let refused = marks.raise(policy, &mark(7, 2)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "/p/.envrc is invalid: other content with the same serial 7 was seen here"
        );
        assert_eq!(kept(&marks), Some(7));
    }

    #[test]
    fn shells_that_raise_at_once_leave_the_highest() {
        let state = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let directory = state.path().join(round.to_string());
            let serials: Vec<u64> = (1..=16).map(|n| n * 7 % 17).collect();
            std::thread::scope(|scope| {
                for serial in &serials {
                    let marks = marks(&directory);
                    // Whoever comes late with a lower one is refused, which is what is wanted.
                    scope.spawn(move || drop(marks.raise(Path::new("/p"), &mark(*serial, 1))));
                }
            });
            assert_eq!(kept(&marks(&directory)), Some(16));
        }
    }
}
