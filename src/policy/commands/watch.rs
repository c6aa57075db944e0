//! `watch_file` and `watch_dir`: what else a change of which changes the outcome.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::env::Bytes;
use crate::policy::Kind;
use crate::policy::ast::{Argument, Run};
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::expand::looks_like_glob;
use crate::policy::pattern::Pattern;
use crate::policy::text::Span;

/// How many paths one `watch_dir`, or one glob, may name.
const MOST: usize = 4096;

impl Evaluator<'_> {
    /// `watch_file PATH…`: a glob that matches nothing watches nothing, as under bash's nullglob.
    pub(super) fn watch_file(&mut self, run: &Run, span: Span) -> Outcome {
        for path in self.watched_paths(run, span)? {
            self.host.watch(&path);
        }
        Ok(Answer::Yes)
    }

    /// `watch_dir DIR`: the directory and everything below it.
    pub(super) fn watch_dir(&mut self, run: &Run, span: Span) -> Outcome {
        let paths = self.watched_paths(run, span)?;
        let [directory] = paths.as_slice() else {
            return Err(self.misused(span, "`watch_dir` takes one directory"));
        };
        let mut open = vec![directory.clone()];
        let mut seen = 0;
        while let Some(path) = open.pop() {
            seen += 1;
            if seen > MOST {
                let message = format!("more than {MOST} paths would be watched");
                return Err(self.text.error(span, message).hint("watch_file FILE…"));
            }
            self.host.watch(&path);
            let directory = self.host.look(&path).is_some_and(|l| l.kind == Kind::Directory);
            if directory && self.host.link(&path).is_none() {
                let names = self.host.names(&path);
                open.extend(names.iter().map(|name| path.join(OsStr::from_bytes(name))));
            }
        }
        Ok(Answer::Yes)
    }

    fn watched_paths(&mut self, run: &Run, span: Span) -> Result<Vec<PathBuf>, PolicyError> {
        let mut paths = Vec::new();
        for argument in &run.arguments {
            let Argument::Word(word) = argument else { continue };
            for field in self.raw_fields(word)? {
                if looks_like_glob(&field.pattern) {
                    paths.extend(self.globbed(&field.pattern, span)?);
                } else {
                    paths.push(self.resolve(&field.text));
                }
            }
        }
        Ok(paths)
    }

    /// Returns the paths that a glob matches, each part of it in each directory found so far.
    fn globbed(&mut self, glob: &[u8], span: Span) -> Result<Vec<PathBuf>, PolicyError> {
        let start: &[u8] = if glob.starts_with(b"/") { b"/" } else { &self.directory };
        let mut found = vec![Path::new(OsStr::from_bytes(start)).to_path_buf()];
        for part in parts(glob) {
            let pattern = Pattern::new(&part).map_err(|message| self.text.error(span, message))?;
            let mut next = Vec::new();
            for directory in found {
                if !looks_like_glob(&part) {
                    let plain = plain(&part);
                    let path = directory.join(OsStr::from_bytes(&plain));
                    next.extend(self.host.look(&path).map(|_| path));
                    continue;
                }
                for name in self.host.names(&directory) {
                    let hidden = name.starts_with(b".") && !part.starts_with(b".");
                    self.spend(pattern.cost(name.len()) + 1, span)?;
                    // A name beyond ASCII may match or not by locale; watching it does no harm.
                    if !hidden && pattern.matches(&name).unwrap_or(true) {
                        next.push(directory.join(OsStr::from_bytes(&name)));
                    }
                }
            }
            if next.len() > MOST {
                let message = format!("more than {MOST} paths would be watched");
                return Err(self.text.error(span, message));
            }
            found = next;
        }
        Ok(found)
    }
}

/// Returns the parts of a pattern between slashes, escaped or not.
fn parts(pattern: &[u8]) -> Vec<Bytes> {
    let mut parts = vec![Bytes::new()];
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        let pair: &[u8] = match (byte, bytes.as_slice().first()) {
            (b'\\', Some(b'/')) => b"/",
            (b'\\', Some(_)) => b"\\",
            _ => std::slice::from_ref(byte),
        };
        if pair == b"/" {
            parts.push(Bytes::new());
        }
        if let (Some(part), true) = (parts.last_mut(), pair != b"/") {
            part.extend_from_slice(pair);
        }
        if *byte == b'\\' {
            let next = bytes.next().filter(|next| **next != b'/');
            if let (Some(part), Some(next)) = (parts.last_mut(), next) {
                part.push(*next);
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns a part without its escapes.
fn plain(part: &[u8]) -> Bytes {
    let mut plain = Bytes::new();
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        plain.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    plain
}
