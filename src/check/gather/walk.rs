//! The work tree: every file below the given paths that the gate has rules for.
//!
//! Links to directories are not followed, as cmd/go does not; a link to a file counts where it stays inside the
//! repository. What cannot be read is noted and never passed over.

#![expect(clippy::disallowed_methods, reason = "walking the work tree is this file's work")]

use std::collections::BTreeSet;
use std::fs::{self, DirEntry};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Error, Exit, File, Found, Judged, LIMIT, Source, World, file, outside};
use crate::check::kind;
use crate::files::{self, FileProblem};

/// The most directory entries that are looked at.
const MOST_ENTRIES: usize = 4_000_000;
/// How deep directories may be nested.
const MOST_LEVELS: usize = 200;

struct Walk {
    root: PathBuf,
    files: Vec<File>,
    seen: BTreeSet<PathBuf>,
    unread: Vec<(PathBuf, String)>,
    entries: usize,
}

/// Returns what lies below the paths, with what it is judged by.
pub(super) fn work_tree(paths: &[PathBuf], world: &World) -> Result<Found, Error> {
    let here = [PathBuf::from(".")];
    let given = if paths.is_empty() { &here[..] } else { paths };
    let mut starts = Vec::new();
    for path in given {
        if world.cwd.is_none() && path.is_relative() {
            return Err(Error::NoDirectory);
        }
        let absolute = world.absolute(path);
        let real = files::real_path(&absolute);
        starts.push(real.ok_or(FileProblem::Missing(absolute))?);
    }
    let root = root_of(&starts).ok_or(Error::NoDirectory)?;
    let mut walk =
        Walk { root, files: Vec::new(), seen: BTreeSet::new(), unread: Vec::new(), entries: 0 };
    for start in &starts {
        if !start.starts_with(&walk.root) {
            return Err(outside(start, &walk.root));
        }
        if start.is_dir() { walk.below(start)? } else { walk.read(start, Judged::Yes) }
    }
    for start in &starts {
        let relative = start.strip_prefix(&walk.root).unwrap_or(start).to_path_buf();
        for path in super::context(&relative) {
            walk.context(&path);
        }
    }
    for path in super::members(&walk.files) {
        walk.context(&path);
    }
    let Walk { root, files, unread, .. } = walk;
    Ok(Found { source: Source::WorkTree(root.clone()), root, files, unread })
}

/// Returns the root of the repository around the first path; without one, the directory that holds all of them.
fn root_of(starts: &[PathBuf]) -> Option<PathBuf> {
    let first = starts.first()?;
    let directory = if first.is_dir() { first } else { first.parent()? };
    let is_repository = |up: &&Path| up.join(".git").exists();
    let holds_all = |up: &&Path| starts.iter().all(|start| start.starts_with(up));
    let mut up = directory.ancestors();
    let root = directory.ancestors().find(is_repository).or_else(|| up.find(holds_all));
    root.map(Path::to_path_buf)
}

impl Walk {
    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_path_buf()
    }

    fn unread(&mut self, path: &Path, why: impl std::fmt::Display) {
        self.unread.push((self.relative(path), why.to_string()));
    }

    fn below(&mut self, start: &Path) -> Result<(), Error> {
        let mut directories = vec![(start.to_path_buf(), 0_usize)];
        while let Some((directory, level)) = directories.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(error) => {
                    self.unread(&directory, files::said(&error));
                    continue;
                }
            };
            for entry in entries {
                self.entries += 1;
                if self.entries > MOST_ENTRIES {
                    let message = format!(
                        "more than {MOST_ENTRIES} files below {}",
                        crate::ui::safe_path(start)
                    );
                    let hint = Some("check its directories one by one".to_owned());
                    return Err(Error::Refused { message, hint, exit: Exit::Failed });
                }
                match entry {
                    Ok(entry) => self.entry(&entry, level, &mut directories),
                    Err(error) => self.unread(&directory, files::said(&error)),
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, level: usize, into: &mut Vec<(PathBuf, usize)>) {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else {
            return self.unread(&entry.path(), "cannot be looked at");
        };
        if kind.is_dir() {
            let walked = name.to_str().is_none_or(kind::is_walked);
            if walked && level < MOST_LEVELS {
                into.push((entry.path(), level + 1));
            } else if walked {
                self.unread(&entry.path(), "directories are nested too deeply");
            }
            return;
        }
        // The gate has no rules for most files: no path is built for those.
        if maybe(name.as_bytes()) {
            self.read(&entry.path(), Judged::Yes);
        }
    }

    fn read(&mut self, path: &Path, judged: Judged) {
        let relative = self.relative(path);
        if kind::of(&relative).is_none() || self.seen.contains(&relative) {
            return;
        }
        let real = files::real_path(path);
        if !real.as_ref().is_some_and(|real| real.starts_with(&self.root)) {
            let what = if real.is_some() {
                "a link that leaves the repository"
            } else {
                "a link to nothing"
            };
            return self.unread(path, what);
        }
        match files::read_data(path, LIMIT) {
            Ok(Some(bytes)) => {
                self.seen.insert(relative.clone());
                self.files.extend(file(relative, bytes, judged));
            }
            Ok(None) => {}
            Err(problem) => {
                // The path stands in the finding already.
                let text = problem.to_string();
                let shown = crate::ui::safe_path(path);
                let why = text.strip_prefix(&shown).unwrap_or(&text).trim_start_matches([':', ' ']);
                self.unread(path, why);
            }
        }
    }

    fn context(&mut self, relative: &Path) {
        let path = self.root.join(relative);
        // A file that is to be judged and could not be read stays unread, and does not come back as mere context.
        let is_unread = self.unread.iter().any(|(unread, _)| unread == relative);
        if !is_unread && files::look_at(&path).is_some() {
            self.read(&path, Judged::Context);
        }
    }
}

/// Returns whether a file of this name could be one that the gate reads.
fn maybe(name: &[u8]) -> bool {
    name.starts_with(b".")
        || name.starts_with(b"go.")
        || name.ends_with(b".yml")
        || name.ends_with(b".yaml")
        || name.windows(b"ockerfile".len()).any(|part| part == b"ockerfile")
        || name.starts_with(b"Containerfile")
}
