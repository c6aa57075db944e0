//! git's index: what the next commit holds, and which of it is new.
//!
//! The list of the index is read whole, the contents only of what changed and of what that is judged by. Works in a
//! repository without commits and in a shallow one; a bare one has no index, which is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{
    Env, Error, File, Found, Judged, LIMIT, POLICY_FILES, Source, VERSION_FILES, World, file,
    outside,
};
use crate::admit::beside;
use crate::check::bash;
use crate::check::envrc::{self, Command};
use crate::check::evaluate::Stands;
use crate::check::kind::{self, Kind};
use crate::env::Bytes;
use crate::files::{self, FileProblem};
use crate::world::path_of;
use crate::{policy, process};

/// The files of the index by their paths.
#[derive(Debug)]
pub(super) struct Index {
    root: PathBuf,
    objects: BTreeMap<PathBuf, Object>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    id: String,
    is_file: bool,
}

/// Returns what is staged, with what it is judged by.
pub(super) fn staged(paths: &[PathBuf], world: &World) -> Result<Found, Error> {
    let cwd = world.cwd.as_deref().ok_or(Error::NoDirectory)?;
    let top = git(&["rev-parse", "--show-toplevel"], cwd, world.env())?;
    let root = path_of(top.strip_suffix(b"\n").unwrap_or(&top));
    let index = Index::list(&root, world.env())?;
    let mut changed = changed(&root, world.env())?;
    let readers = index.readers(&changed, world.env())?;
    changed.extend(readers);
    let within = within(paths, &root, world)?;
    let is_given = |path: &Path| within.is_empty() || within.iter().any(|up| path.starts_with(up));
    let judged: BTreeSet<PathBuf> = index
        .checked()
        .filter(|path| is_given(path) && is_affected(path, &changed))
        .map(Path::to_path_buf)
        .collect();
    let mut wanted = judged.clone();
    for path in &judged {
        wanted.extend(super::context(path.parent().unwrap_or(Path::new(""))));
    }
    wanted.retain(|path| index.objects.contains_key(path));
    let mut unread = Vec::new();
    let mut files = index.contents(&wanted, &judged, world.env(), &mut unread)?;
    let known = |path: &PathBuf| !wanted.contains(path) && index.objects.contains_key(path);
    let members: BTreeSet<PathBuf> = super::members(&files).into_iter().filter(known).collect();
    files.extend(index.contents(&members, &judged, world.env(), &mut unread)?);
    unread.retain(|(path, _)| judged.contains(path));
    Ok(Found { root, files, unread, source: Source::Index(index) })
}

/// Returns the given paths relative to the root.
fn within(paths: &[PathBuf], root: &Path, world: &World) -> Result<Vec<PathBuf>, Error> {
    let relative = |path: &PathBuf| {
        let absolute = world.absolute(path);
        let real = files::real_path(&absolute).ok_or(FileProblem::Missing(absolute))?;
        real.strip_prefix(root).map(Path::to_path_buf).map_err(|_| outside(&real, root))
    };
    paths.iter().map(relative).collect()
}

/// Returns whether a policy reads what is staged: a text that it surely sources, or a version file that its `use go` asks.
fn reads(policy: &File, changed: &BTreeSet<PathBuf>) -> bool {
    let commands = envrc::commands(&policy.bytes);
    let directory = policy.path.parent().unwrap_or(Path::new(""));
    let asks = commands.iter().map(Command::called).any(|words| {
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        matches!(words.as_slice(), ["use", "go", rest @ ..] if rest.iter().all(|word| word.contains('=')))
    });
    let is_asked = |up: &Path| VERSION_FILES.iter().any(|name| changed.contains(&up.join(name)));
    let is_staged = |text: &Path| changed.contains(text) || changed.contains(&beside(text));
    (asks && directory.ancestors().any(is_asked))
        || !bash::sourced(&commands, directory, &is_staged).is_empty()
}

/// Returns whether a file is staged, or something staged decides about it: its policy or its workspace's members.
fn is_affected(path: &Path, changed: &BTreeSet<PathBuf>) -> bool {
    let kind = kind::of(path);
    let by_policy = |up: &Path| POLICY_FILES.iter().any(|name| changed.contains(&up.join(name)));
    let by_member = || {
        let below = path.parent().unwrap_or(Path::new(""));
        changed.iter().any(|file| file.starts_with(below) && file.ends_with("go.mod"))
    };
    changed.contains(path)
        || path.ancestors().skip(1).any(by_policy)
        || (kind == Some(Kind::Work) && by_member())
}

fn changed(root: &Path, env: &Env) -> Result<BTreeSet<PathBuf>, Error> {
    let arguments = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z"];
    let names = git(&arguments, root, env)?;
    Ok(names.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(path_of).collect())
}

impl Index {
    fn list(root: &Path, env: &Env) -> Result<Self, Error> {
        let list = git(&["ls-files", "--stage", "-z"], root, env)?;
        let mut objects = BTreeMap::new();
        for entry in list.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            // MODE ID STAGE, a tab, the name.
            let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else { continue };
            let (head, name) = entry.split_at(tab);
            let head = String::from_utf8_lossy(head);
            let mut words = head.split(' ');
            let (Some(mode), Some(id)) = (words.next(), words.next()) else { continue };
            let is_file = mode.starts_with("100");
            let object = Object { id: id.to_owned(), is_file };
            objects.insert(path_of(name.get(1..).unwrap_or_default()), object);
        }
        Ok(Self { root: root.to_path_buf(), objects })
    }

    /// Returns the files that the gate has rules for, where the walk would find them.
    fn checked(&self) -> impl Iterator<Item = &Path> {
        let is_found = |path: &&Path| {
            let mut directories = path.components().rev().skip(1);
            kind::of(path).is_some()
                && directories.all(|part| part.as_os_str().to_str().is_none_or(kind::is_walked))
        };
        self.objects.keys().map(PathBuf::as_path).filter(is_found)
    }

    /// Returns the policies that read what is staged.
    fn readers(&self, changed: &BTreeSet<PathBuf>, env: &Env) -> Result<Vec<PathBuf>, Error> {
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        let policies = self.checked().filter(|path| kind::of(path) == Some(Kind::Policy));
        let policies = policies.map(Path::to_path_buf).collect();
        let files = self.contents(&policies, &policies, env, &mut Vec::new())?;
        Ok(files.into_iter().filter(|file| reads(file, changed)).map(|file| file.path).collect())
    }

    /// Returns the files at these paths; what is no file or too large is noted.
    fn contents(
        &self,
        paths: &BTreeSet<PathBuf>,
        judged: &BTreeSet<PathBuf>,
        env: &Env,
        unread: &mut Vec<(PathBuf, String)>,
    ) -> Result<Vec<File>, Error> {
        let objects: Vec<(&PathBuf, &Object)> =
            paths.iter().filter_map(|path| Some((path, self.objects.get(path)?))).collect();
        let ids: String = objects.iter().map(|(_, object)| format!("{}\n", object.id)).collect();
        let sizes = git_with(&["cat-file", "--batch-check"], &self.root, env, ids.as_bytes())?;
        let sizes = String::from_utf8_lossy(&sizes).into_owned();
        let mut small = Vec::new();
        for ((path, object), line) in objects.iter().zip(sizes.lines()) {
            let size = line.rsplit(' ').next().and_then(|size| size.parse::<u64>().ok());
            match size {
                _ if !object.is_file => {
                    unread.push(((*path).clone(), "a link or a submodule, not a file".to_owned()));
                }
                Some(size) if size <= LIMIT => small.push((*path, *object)),
                Some(_) => unread.push(((*path).clone(), format!("larger than {LIMIT} bytes"))),
                None => unread.push(((*path).clone(), "git has no such object".to_owned())),
            }
        }
        let ids: String = small.iter().map(|(_, object)| format!("{}\n", object.id)).collect();
        let contents = blobs(&git_with(&["cat-file", "--batch"], &self.root, env, ids.as_bytes())?);
        let with_kind = |((path, _), bytes): (&(&PathBuf, &Object), Option<Bytes>)| {
            let judged = if judged.contains(*path) { Judged::Yes } else { Judged::Context };
            file((*path).clone(), bytes?, judged)
        };
        Ok(small.iter().zip(contents).filter_map(with_kind).collect())
    }

    /// Returns what stands at a path of the index; where a link or another repository leads only the machine knows.
    pub(super) fn stands(&self, path: &Path) -> Stands {
        let first = self.objects.range(path.to_path_buf()..).next();
        match first.filter(|(found, _)| found.starts_with(path)) {
            Some((found, object)) if found == path => match object.is_file {
                true => Stands::This(policy::Kind::File),
                false => Stands::Whatever,
            },
            Some(_) => Stands::This(policy::Kind::Directory),
            None => {
                let is_within = |up: &&Path| self.objects.get(*up).is_some_and(|it| !it.is_file);
                match path.ancestors().find(is_within) {
                    Some(_) => Stands::Whatever,
                    None => Stands::Nothing,
                }
            }
        }
    }

    /// Returns the bytes of a file of the index.
    pub(super) fn read(&self, path: &Path, env: &Env) -> Option<Bytes> {
        let object = self.objects.get(path).filter(|object| object.is_file)?;
        let id = format!("{}\n", object.id);
        let said = process::git(&["cat-file", "--batch"], &self.root, env, id.as_bytes()).ok()?;
        let bytes = blobs(&said.stdout).into_iter().next().flatten()?;
        (bytes.len() as u64 <= LIMIT).then_some(bytes)
    }
}

/// Returns the contents in the answer of `git cat-file --batch`: `ID TYPE SIZE`, a newline, the bytes, a newline.
pub(super) fn blobs(answer: &[u8]) -> Vec<Option<Bytes>> {
    let mut blobs = Vec::new();
    let mut rest = answer;
    while let Some(newline) = rest.iter().position(|byte| *byte == b'\n') {
        let (head, after) = rest.split_at(newline);
        let after = after.get(1..).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let Some(size) = size.filter(|_| head.split(' ').count() == 3) else {
            // `ID missing`
            blobs.push(None);
            rest = after;
            continue;
        };
        let Some(bytes) = after.get(..size) else { break };
        blobs.push(Some(bytes.to_vec()));
        rest = after.get(size + 1..).unwrap_or_default();
    }
    blobs
}

fn git(arguments: &[&str], directory: &Path, env: &Env) -> Result<Bytes, Error> {
    git_with(arguments, directory, env, b"")
}

/// Returns what git says; its own complaint is the error.
fn git_with(arguments: &[&str], directory: &Path, env: &Env, stdin: &[u8]) -> Result<Bytes, Error> {
    let said = process::git(arguments, directory, env, stdin)?;
    if said.code == Some(0) {
        return Ok(said.stdout);
    }
    let complaint = String::from_utf8_lossy(&said.stderr);
    let line = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
    let line = line.strip_prefix("fatal: ").unwrap_or(line);
    Err(Error::failed(format!("git: {}", crate::ui::safe(line.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_cat_file_is_read() {
        let answer = b"aa blob 3\na\nb\nHEAD:x missing\nbb blob 0\n\ncc blob 9\nshort";
        assert_eq!(blobs(answer), [Some(b"a\nb".to_vec()), None, Some(Vec::new())]);
        assert_eq!(blobs(b""), []);
    }
}
