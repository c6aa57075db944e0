//! Commands that read other files: policy texts, which are part of what is approved, and `.env` data.
//!
//! In: a path as written. Out: the text's effects on the same variables. The host reads the bytes and refuses
//! texts that nobody approved; here are direnv's rules for finding them, and the limits.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::query::is_option;
use crate::env::Bytes;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, End, Evaluator, Inclusion, Status};
use crate::policy::scope::Exporting;
use crate::policy::text::Span;
use crate::policy::{Cause, Kind, Place, dotenv, limits, names, parse};

/// Whether a file may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Then the command fails.
    Fails,
    /// Then nothing happens.
    IsFine,
}

/// The variables that are local to direnv's `_source_up`.
const SOURCE_UP_LOCALS: [&str; 3] = ["envrc", "file", "ok_if_not_exist"];

impl Evaluator<'_> {
    /// `source FILE`, `. FILE`: the directory stays what it is.
    pub(super) fn source(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [file] = arguments else {
            return Err(self.misused(span, "`source` takes one file and no arguments"));
        };
        if file.is_empty() || is_option(file) {
            return Err(self.misused(span, "`source` takes the path of a file"));
        }
        if !file.contains(&b'/') {
            self.expect_not_on_path(file, span)?;
        }
        let path = self.resolve(file);
        let (directory, name) = (self.directory.clone(), file.to_vec());
        match self.include(&path, directory, name, Inclusion::Source, span)? {
            Some((End::Exit, _)) => Ok(Answer::Exit),
            Some((_, Status::Success)) => Ok(Answer::Yes),
            Some((_, Status::Failure)) => {
                let shown = String::from_utf8_lossy(file);
                Ok(Answer::No(format!("the last command of {shown} failed")))
            }
            None => Ok(Answer::No(format!("there is no file {}", String::from_utf8_lossy(file)))),
        }
    }

    /// bash looks for a name without a slash on PATH first.
    fn expect_not_on_path(&mut self, file: &[u8], span: Span) -> Result<(), PolicyError> {
        let path = self.value(b"PATH", span)?.unwrap_or_default();
        for directory in path.split(|byte| *byte == b':').filter(|entry| !entry.is_empty()) {
            let candidate = self.resolve(directory).join(OsStr::from_bytes(file));
            if self.host.look(&candidate).is_some_and(|look| look.kind != Kind::Directory) {
                let shown = String::from_utf8_lossy(file).into_owned();
                let message = format!("bash would source {} from PATH", candidate.display());
                return Err(self.text.error(span, message).hint(format!("source ./{shown}")));
            }
        }
        Ok(())
    }

    /// `source_env FILE|DIR`
    pub(super) fn source_env(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [path] = arguments else {
            return Err(self.misused(span, "`source_env` takes one file or directory"));
        };
        self.source_env_at(path, span)
    }

    /// `source_env_if_exists FILE`
    pub(super) fn source_env_if_exists(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [path] = arguments else {
            return Err(self.misused(span, "`source_env_if_exists` takes one file"));
        };
        let full = self.resolve(path);
        self.host.watch(&full);
        let file = self.host.look(&full).is_some_and(|look| look.kind == Kind::File);
        if path.is_empty() || !file { Ok(Answer::Yes) } else { self.source_env_at(path, span) }
    }

    fn source_env_at(&mut self, path: &[u8], span: Span) -> Outcome {
        // direnv expands a quoted `~` too.
        let mut path = match path.strip_prefix(b"~") {
            Some(rest) => [self.home(span)?.as_slice(), rest].concat(),
            None => path.to_vec(),
        };
        self.expect_plain(&path, span)?;
        if path.is_empty() || is_option(&path) {
            return Err(self.misused(span, "`source_env` takes the path of a file or directory"));
        }
        let look = self.host.look(&self.resolve(&path));
        if look.is_some_and(|look| look.kind == Kind::Directory) {
            path.extend_from_slice(b"/.envrc");
        }
        let full = self.resolve(&path);
        self.host.watch(&full);
        let shown = String::from_utf8_lossy(&path).into_owned();
        let missing = Ok(Answer::No(format!("there is no {shown}")));
        let (parent, name) = split_path(&path);
        let Some(name) = name else {
            return Err(self.misused(span, format!("{shown} is no path of a file")));
        };
        let Some(directory) = self.logical(&parent) else { return missing };
        let file = [directory.as_slice(), b"/", &name].concat();
        let file = Path::new(OsStr::from_bytes(&file)).to_path_buf();
        match self.host.look(&file) {
            None => return missing,
            Some(look) if look.kind != Kind::File => {
                return Err(self.misused(span, format!("{shown} is not a file")));
            }
            Some(_) => {}
        }
        let name = [b"./", name.as_slice()].concat();
        match self.include(&file, directory, name, Inclusion::Policy, span)? {
            Some((End::Exit, _)) => Ok(Answer::Exit),
            Some(_) => Ok(Answer::Yes),
            None => missing,
        }
    }

    /// `source_up [FILE]`, `source_up_if_exists [FILE]`
    pub(super) fn source_up(
        &mut self,
        arguments: &[&[u8]],
        missing: Missing,
        span: Span,
    ) -> Outcome {
        let file: &[u8] = match arguments {
            [] => b".envrc",
            [file] if !file.is_empty() => file,
            _ => return Err(self.misused(span, "`source_up` takes the name of one file")),
        };
        let length = self.directory.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let parent = self.directory.get(..length).unwrap_or_default().to_vec();
        match (self.find_up(file, &parent), missing) {
            (Ok(path), _) => {
                let before = self.shadowed.len();
                self.shadowed.extend(SOURCE_UP_LOCALS);
                let answer = self.source_env_at(&path, span);
                self.shadowed.truncate(before);
                answer
            }
            (Err(_), Missing::IsFine) => Ok(Answer::Yes),
            (Err(_), Missing::Fails) => {
                let shown = String::from_utf8_lossy(file);
                Ok(Answer::No(format!("no {shown} in any directory above")))
            }
        }
    }

    /// Runs the text at `path` in `directory`; `None` where there is none.
    fn include(
        &mut self,
        path: &Path,
        directory: Bytes,
        source_name: Bytes,
        included_by: Inclusion,
        span: Span,
    ) -> Result<Option<(End, Status)>, PolicyError> {
        if self.level >= limits::SOURCE_LEVELS {
            let message =
                format!("texts source one another more than {} deep", limits::SOURCE_LEVELS);
            return Err(self.text.error(span, message).hint("does the file source itself?"));
        }
        if self.sourced >= limits::SOURCED_TEXTS {
            let message = format!("more than {} texts are sourced", limits::SOURCED_TEXTS);
            return Err(self.text.error(span, message));
        }
        let bytes = self.host.policy_text(path).map_err(|refusal| self.refused(refusal, span))?;
        let Some(bytes) = bytes else { return Ok(None) };
        self.spend(bytes.len(), span)?;
        let program = parse::parse(path, &bytes)?;
        self.level += 1;
        self.sourced += 1;
        let text = std::mem::replace(&mut self.text, program.text.clone());
        let directory = std::mem::replace(&mut self.directory, directory);
        let source_name = std::mem::replace(&mut self.source_name, source_name);
        let included_by = std::mem::replace(&mut self.included_by, included_by);
        let ended = self.text_body(&program)?;
        (self.text, self.directory) = (text, directory);
        (self.source_name, self.included_by) = (source_name, included_by);
        self.level -= 1;
        Ok(Some(ended))
    }

    /// `dotenv [FILE]`, `dotenv_if_exists [FILE]`
    pub(super) fn dotenv(&mut self, arguments: &[&[u8]], missing: Missing, span: Span) -> Outcome {
        let file: &[u8] = match arguments {
            [] => b".env",
            [file] if !file.is_empty() && !is_option(file) => file,
            _ => return Err(self.misused(span, "`dotenv` takes one file")),
        };
        let shown = String::from_utf8_lossy(file).into_owned();
        let path = self.resolve(file);
        self.host.watch(&path);
        match self.host.look(&path).map(|look| look.kind) {
            Some(Kind::File) => {}
            Some(Kind::Directory) => {
                let message =
                    format!("{shown} is a directory, which direnv's `dotenv` cannot read");
                return Err(self.text.error(span, message).hint(format!("dotenv {shown}/.env")));
            }
            Some(Kind::Other) | None if missing == Missing::IsFine => return Ok(Answer::Yes),
            Some(Kind::Other) | None => return Ok(Answer::No(format!("there is no {shown}"))),
        }
        let data = self.host.data(&path).map_err(|refusal| self.refused(refusal, span))?;
        let Some(data) = data else { return Ok(Answer::No(format!("there is no {shown}"))) };
        self.spend(data.len(), span)?;
        let pairs = self.read_dotenv(&path, &data)?;
        self.reads_data.set(true);
        for (name, value) in pairs {
            if name == b"path" {
                let message =
                    format!("{shown} sets `path`, which direnv's `dotenv` keeps to itself");
                return Err(self.text.error(span, message).hint("use another name"));
            }
            self.assign(&name, value, Exporting::Yes, span)?;
            self.wanted.dotenv.push((name, self.text.place(span)));
        }
        Ok(Answer::Yes)
    }

    fn read_dotenv(&self, path: &Path, data: &[u8]) -> Result<Vec<(Bytes, Bytes)>, PolicyError> {
        let directory = path.parent().map(|parent| parent.as_os_str().as_bytes().to_vec());
        let mut look_up = |name: &[u8]| match name {
            b"PWD" => Ok(directory.clone()),
            b"SHLVL" | b"OLDPWD" | b"_" => {
                let shown = String::from_utf8_lossy(name);
                Err(names::unreadable(&shown, true).unwrap_or_default())
            }
            b"path" => Err("$path is a variable of direnv's own function".to_owned()),
            name if name.starts_with(b"DIRENV_") => {
                let shown = String::from_utf8_lossy(name);
                Err(names::unreadable(&shown, true).unwrap_or_default())
            }
            // An empty variable gives way to the default.
            name => Ok(self.scope.exported(name).filter(|v| !v.is_empty()).map(<[u8]>::to_vec)),
        };
        dotenv::read(data, &mut look_up).map_err(|error| {
            let number = error.line as usize;
            let lines = &mut data.split(|byte| *byte == b'\n');
            let line = lines.nth(number.saturating_sub(1)).unwrap_or_default();
            let indent = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let column = u32::try_from(indent + 1).unwrap_or(u32::MAX);
            PolicyError {
                place: Place { path: PathBuf::from(path), line: error.line, column },
                source_line: None,
                width: 0,
                message: error.message,
                hint: None,
                cause: Cause::Text,
            }
        })
    }
}

/// Returns the directory and the file's name of a path, as direnv splits it.
fn split_path(path: &[u8]) -> (Bytes, Option<Bytes>) {
    let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
    let whole = path.get(..path.len() - slashes).unwrap_or_default();
    let name = whole.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let parent = whole.get(..whole.len() - name.len()).unwrap_or_default();
    let parent = if parent.is_empty() { b".".to_vec() } else { parent.to_vec() };
    (parent, (!name.is_empty()).then(|| name.to_vec()))
}
