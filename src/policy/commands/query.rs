//! What `$(…)` answers without starting a process.
//!
//! In: a query and its arguments. Out: what the command of that name would print, or why it would fail. Only the
//! host looks at files.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::env::Bytes;
use crate::policy::Kind;
use crate::policy::ast::{Substitution, Word};
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::text::Span;
use crate::policy::vocabulary::Query;

/// What a command prints, or why it fails.
type Reply = Result<Bytes, String>;

impl Evaluator<'_> {
    /// Returns what a substitution stands for: trailing line ends are cut off.
    pub(in crate::policy) fn substitute(
        &mut self,
        substitution: &Substitution,
    ) -> Result<Bytes, PolicyError> {
        let span = substitution.span;
        self.failed_query = None;
        let reply = match &substitution.directory {
            Some(words) => self.pwd_after_cd(words, &substitution.arguments, span)?,
            None => {
                let arguments = self.query_fields(&substitution.arguments)?;
                let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
                self.ask(substitution.query, &arguments, span)?
            }
        };
        match reply {
            Ok(mut text) => {
                while text.last() == Some(&b'\n') {
                    text.pop();
                }
                Ok(text)
            }
            // Finding nothing is an answer; other failures would leave half a value.
            Err(why) if self.tolerant || substitution.query == Query::FindUp => {
                self.failed_query = Some(why);
                Ok(Bytes::new())
            }
            Err(why) => Err(self.text.error(span, why)),
        }
    }

    fn query_fields(&mut self, words: &[Word]) -> Result<Vec<Bytes>, PolicyError> {
        let outer = std::mem::replace(&mut self.in_query, true);
        let mut fields = Vec::new();
        for word in words {
            fields.extend(self.fields(word)?);
        }
        self.in_query = outer;
        Ok(fields)
    }

    /// Runs a query as a statement: what it prints is a message.
    pub(super) fn print_query(&mut self, query: Query, arguments: &[&[u8]], span: Span) -> Outcome {
        match self.ask(query, arguments, span)? {
            Ok(text) => {
                self.say(self.out, text, span)?;
                Ok(Answer::Yes)
            }
            Err(why) => Ok(Answer::No(why)),
        }
    }

    fn ask(&mut self, query: Query, arguments: &[&[u8]], span: Span) -> Result<Reply, PolicyError> {
        for program in programs(query) {
            self.expect_program(program, span)?;
        }
        match (query, arguments) {
            (Query::Pwd, [] | [b"-L"]) => Ok(Ok(self.directory.clone())),
            (Query::Pwd, [b"-P"]) => Ok(self.real(&self.directory.clone())),
            (Query::Dirname, [path]) if !is_option(path) => Ok(Ok(dirname(path))),
            (Query::Basename, [path]) if !is_option(path) => Ok(Ok(basename(path, b""))),
            (Query::Basename, [path, suffix]) if !is_option(path) => Ok(Ok(basename(path, suffix))),
            (Query::Realpath, [path]) | (Query::Readlink, [b"-f", path]) if !is_option(path) => {
                Ok(self.real(path))
            }
            (Query::ExpandPath, []) => Ok(Ok(self.directory.clone())),
            (Query::ExpandPath, [path]) => self.expand_path(path, None, span).map(Ok),
            (Query::ExpandPath, [path, base]) => self.expand_path(path, Some(base), span).map(Ok),
            (Query::FindUp, [file]) => Ok(self.find_up(file, &self.directory.clone())),
            (Query::UserRelPath, [path]) => self.user_rel_path(path, span).map(Ok),
            (Query::DirenvLayoutDir, []) => Ok(Ok(self.layout_directory())),
            (Query::SemverSearch, [directory, prefix, partial]) => {
                self.semver_search(directory, prefix, partial, span).map(Ok)
            }
            (Query::GoEnv, [name]) => self.go_env(name, span).map(Ok),
            (Query::Cat, [_, ..]) if !arguments.iter().any(|path| is_option(path)) => {
                self.cat(arguments, span)
            }
            _ => Err(self.misused(span, usage(query))),
        }
    }

    /// Refuses what bash would run as a program that a changed PATH does not have any more.
    pub(super) fn expect_program(&mut self, name: &str, span: Span) -> Result<(), PolicyError> {
        let path = self.scope.get(b"PATH").unwrap_or_default().to_vec();
        if path.ends_with(&self.outer_path) || self.host.program(name.as_bytes(), &path).is_some() {
            return Ok(());
        }
        let message = format!("bash could not run `{name}` here: it is not on PATH any more");
        let hint = "put directories before those that PATH has: PATH_add DIR";
        Err(self.text.error(span, message).hint(hint))
    }

    /// `$(cd DIR && pwd)`
    fn pwd_after_cd(
        &mut self,
        words: &[Word],
        pwd: &[Word],
        span: Span,
    ) -> Result<Reply, PolicyError> {
        let to = self.query_fields(words)?;
        let to: Vec<&[u8]> = to.iter().map(Vec::as_slice).collect();
        let pwd = self.query_fields(pwd)?;
        let pwd: Vec<&[u8]> = pwd.iter().map(Vec::as_slice).collect();
        let home;
        let (physical, target) = match to.as_slice() {
            [] => {
                home = self.home(span)?;
                (false, home.as_slice())
            }
            [b"-P", path] | [b"-P", b"--", path] if !is_option(path) => (true, *path),
            [b"-L" | b"--", path] if !is_option(path) => (false, *path),
            [path] if !is_option(path) => (false, *path),
            _ => return Err(self.misused(span, "$(cd DIR && pwd) takes one directory")),
        };
        let physical = match pwd.as_slice() {
            [] | [b"-L"] => physical,
            [b"-P"] => true,
            _ => return Err(self.misused(span, usage(Query::Pwd))),
        };
        let searched = !matches!(target, [b'/' | b'.', ..] | []);
        if searched && self.scope.get(b"CDPATH").is_some_and(|path| !path.is_empty()) {
            let message = "CDPATH is set, so `cd` might go elsewhere";
            return Err(self.text.error(span, message).hint("begin the directory with ./"));
        }
        Ok(match self.logical(target) {
            Some(directory) if physical => self.real(&directory),
            Some(directory) => Ok(directory),
            None => Err(format!("there is no directory {}", String::from_utf8_lossy(target))),
        })
    }

    /// Returns the directory that `cd` would make `$PWD`, if it exists: `..` is taken off the text.
    pub(super) fn logical(&mut self, target: &[u8]) -> Option<Bytes> {
        let mut path = match target {
            [b'/', ..] => Bytes::new(),
            _ => self.directory.clone(),
        };
        for step in target.split(|byte| *byte == b'/') {
            match step {
                b"" | b"." => {}
                b".." => {
                    self.expect_directory(&path)?;
                    let length = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                    path.truncate(length);
                }
                _ => {
                    if path.last() != Some(&b'/') {
                        path.push(b'/');
                    }
                    path.extend_from_slice(step);
                }
            }
        }
        if path.is_empty() {
            path.push(b'/');
        }
        self.expect_directory(&path)?;
        Some(path)
    }

    fn expect_directory(&mut self, path: &[u8]) -> Option<()> {
        let look = self.host.look(&self.resolve(path))?;
        (look.kind == Kind::Directory && look.access.execute).then_some(())
    }

    /// `realpath`, `readlink -f`: the last part of the path need not exist.
    fn real(&mut self, path: &[u8]) -> Reply {
        let shown = String::from_utf8_lossy(path);
        let missing = || format!("there is nothing at {shown}");
        if path.is_empty() {
            return Err(missing());
        }
        let full = self.resolve(path);
        if let Some(real) = self.host.real_path(&full) {
            return Ok(real.as_os_str().as_bytes().to_vec());
        }
        let plain = !path.ends_with(b"/") && self.host.link(&full).is_none();
        let (Some(parent), Some(name), true) = (full.parent(), full.file_name(), plain) else {
            return Err(missing());
        };
        let parent: PathBuf = self.host.real_path(parent).ok_or_else(missing)?;
        let is_directory = self.host.look(&parent).is_some_and(|look| look.kind == Kind::Directory);
        if !is_directory {
            return Err(missing());
        }
        Ok(parent.join(name).as_os_str().as_bytes().to_vec())
    }

    /// direnv's `find_up`: the nearest file called `file` from `directory` upwards.
    pub(super) fn find_up(&mut self, file: &[u8], directory: &[u8]) -> Reply {
        let mut directory = directory;
        loop {
            let path = [directory, b"/", file].concat();
            let named = if file.starts_with(b"/") { file } else { &path };
            let found = !file.is_empty()
                && self
                    .host
                    .look(Path::new(OsStr::from_bytes(named)))
                    .is_some_and(|look| look.kind == Kind::File);
            if found {
                let prefix = if directory.is_empty() { b"/" } else { directory };
                return Ok([prefix, b"/", file].concat());
            }
            if directory.is_empty() || directory == b"/" {
                return Err(format!("no {} here or above", String::from_utf8_lossy(file)));
            }
            let length = directory.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            directory = directory.get(..length).unwrap_or_default();
        }
    }

    fn user_rel_path(&self, path: &[u8], span: Span) -> Result<Bytes, PolicyError> {
        let path = path.strip_prefix(b"-").unwrap_or(path);
        let home = self.scope.get(b"HOME").unwrap_or_default();
        self.expect_plain(home, span)?;
        let relative = match path.strip_prefix(home) {
            // direnv compares texts, not directories: /home/uzzz becomes ~zzz.
            Some(rest) if !home.is_empty() => [b"~", rest].concat(),
            _ => path.to_vec(),
        };
        if is_option(&relative) {
            return Err(self.misused(span, "the path begins with `-`"));
        }
        Ok(relative)
    }

    fn cat(&mut self, files: &[&[u8]], span: Span) -> Result<Reply, PolicyError> {
        self.reads_data.set(true);
        let mut text = Bytes::new();
        for file in files {
            let path = self.resolve(file);
            let shown = String::from_utf8_lossy(file).into_owned();
            let data = match file.is_empty() {
                true => None,
                false => self.host.data(&path).map_err(|refusal| self.refused(refusal, span))?,
            };
            let Some(data) = data else { return Ok(Err(format!("there is no file {shown}"))) };
            if data.contains(&0) {
                let message = format!("{shown} contains a NUL byte, which no variable can hold");
                return Err(self.text.error(span, message));
            }
            self.spend(data.len(), span)?;
            text.extend_from_slice(&data);
        }
        Ok(Ok(text))
    }

    /// direnv's `semver_search`: the highest version among directories called PREFIX and a version.
    fn semver_search(
        &mut self,
        directory: &[u8],
        prefix: &[u8],
        partial: &[u8],
        span: Span,
    ) -> Result<Bytes, PolicyError> {
        let start = [prefix, partial].concat();
        for text in [directory, &start] {
            self.expect_plain(text, span)?;
        }
        if directory.is_empty() || is_option(directory) {
            return Err(self.misused(span, usage(Query::SemverSearch)));
        }
        let path = self.resolve(directory);
        let mut versions = Vec::new();
        for name in self.host.names(&path) {
            let entry = path.join(OsStr::from_bytes(&name));
            let Some(version) = name.strip_prefix(prefix).filter(|v| v.starts_with(partial)) else {
                continue;
            };
            let directory = self.host.look(&entry).is_some_and(|l| l.kind == Kind::Directory);
            if directory && self.host.link(&entry).is_none() {
                versions.push(version.to_vec());
            }
        }
        // Equal keys are ordered by the bytes of the whole version, the least first.
        versions.sort_by(|a, b| semver_key(b).cmp(&semver_key(a)).then_with(|| a.cmp(b)));
        Ok(versions.into_iter().next().unwrap_or_default())
    }
}

/// Returns the first three numbers between dots, without leading zeros so that they compare by length first.
fn semver_key(version: &[u8]) -> Vec<(usize, Bytes)> {
    let number = |field: &[u8]| {
        let digits: Bytes = field.iter().copied().take_while(u8::is_ascii_digit).collect();
        let significant: Bytes = digits.into_iter().skip_while(|digit| *digit == b'0').collect();
        (significant.len(), significant)
    };
    let mut fields = version.split(|byte| *byte == b'.').map(number);
    (0..3).map(|_| fields.next().unwrap_or_default()).collect()
}

/// Returns whether a program would take `argument` for an option.
pub(super) fn is_option(argument: &[u8]) -> bool {
    argument.starts_with(b"-")
}

fn trim_slashes(path: &[u8]) -> &[u8] {
    let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
    path.get(..path.len() - slashes).unwrap_or_default()
}

fn dirname(path: &[u8]) -> Bytes {
    let whole = trim_slashes(path);
    let directory = match whole.iter().rposition(|byte| *byte == b'/') {
        Some(at) => trim_slashes(whole.get(..at).unwrap_or_default()),
        None if whole.is_empty() && !path.is_empty() => b"",
        None => return b".".to_vec(),
    };
    if directory.is_empty() { b"/".to_vec() } else { directory.to_vec() }
}

fn basename(path: &[u8], suffix: &[u8]) -> Bytes {
    let whole = trim_slashes(path);
    if whole.is_empty() {
        return if path.is_empty() { Bytes::new() } else { b"/".to_vec() };
    }
    let name = whole.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    match name.strip_suffix(suffix) {
        Some(stem) if !stem.is_empty() => stem.to_vec(),
        _ => name.to_vec(),
    }
}

/// Returns the programs that bash runs to answer a query.
fn programs(query: Query) -> &'static [&'static str] {
    match query {
        Query::Basename => &["basename"],
        Query::Cat => &["cat"],
        Query::Dirname => &["dirname"],
        Query::Readlink => &["readlink"],
        Query::Realpath => &["realpath"],
        Query::SemverSearch => &["find", "sort", "head"],
        _ => &[],
    }
}

fn usage(query: Query) -> &'static str {
    match query {
        Query::Basename => "`basename` takes a path, and a suffix to cut off",
        Query::Cat => "`cat` takes files and no options",
        Query::DirenvLayoutDir => "`direnv_layout_dir` takes no arguments",
        Query::Dirname => "`dirname` takes one path",
        Query::ExpandPath => "`expand_path` takes a path, and a directory that it is relative to",
        Query::FindUp => "`find_up` takes the name of a file",
        Query::GoEnv => "`go env` takes the name of one variable",
        Query::Pwd => "`pwd` takes nothing but -L or -P",
        Query::Readlink => "`readlink` is understood as `readlink -f PATH`",
        Query::Realpath => "`realpath` takes one path and no options",
        Query::SemverSearch => "`semver_search` takes a directory, a prefix and a partial version",
        Query::UserRelPath => "`user_rel_path` takes one path",
    }
}
