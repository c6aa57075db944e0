//! Paths: direnv's `expand_path`, and the commands that put paths into list variables.

use super::Outcome;
use crate::env::Bytes;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::pattern::Pattern;
use crate::policy::scope::Exporting;
use crate::policy::text::Span;

impl Evaluator<'_> {
    /// `path_add NAME DIR…`: puts directories before those that a list variable has.
    pub(super) fn path_add(&mut self, name: &[u8], directories: &[&[u8]], span: Span) -> Outcome {
        let before = self.list_value(name, span)?;
        self.put_before(name, directories, &before, span)
    }

    /// Gives a list variable the directories, and behind them the entries of `before`.
    pub(super) fn put_before(
        &mut self,
        name: &[u8],
        directories: &[&[u8]],
        before: &[u8],
        span: Span,
    ) -> Outcome {
        let mut value = Bytes::new();
        for directory in directories {
            let path = self.expand_path(directory, None, span)?;
            if path.contains(&b':') {
                let shown = match directory.contains(&b':') {
                    true => String::from_utf8_lossy(directory),
                    false => String::from_utf8_lossy(&path),
                };
                let message = format!("`{shown}` contains `:`, which separates entries of a list");
                return Err(self.text.error(span, message));
            }
            if !value.is_empty() {
                value.push(b':');
            }
            value.extend(path);
        }
        if !before.is_empty() {
            if !directories.is_empty() {
                value.push(b':');
            }
            // bash's `read` loses the last entry where it is empty.
            value.extend(before.strip_suffix(b":").unwrap_or(before));
        }
        self.assign(name, value, Exporting::Yes, span)?;
        Ok(Answer::Yes)
    }

    /// Returns the value of a list variable.
    pub(super) fn list_value(&self, name: &[u8], span: Span) -> Result<Bytes, PolicyError> {
        let value = self.value(name, span)?.unwrap_or_default();
        if value.contains(&b'\n') {
            let shown = String::from_utf8_lossy(name).into_owned();
            let message =
                format!("{shown} holds a line end, and direnv would drop what follows it");
            return Err(self.text.error(span, message));
        }
        Ok(value)
    }

    /// Returns the entries of a list variable as bash's `read` splits them: the last one is lost where empty.
    pub(super) fn entries(&self, name: &[u8], span: Span) -> Result<Vec<Bytes>, PolicyError> {
        let value = self.list_value(name, span)?;
        let mut entries: Vec<Bytes> =
            value.split(|byte| *byte == b':').map(<[u8]>::to_vec).collect();
        if entries.last().is_some_and(Vec::is_empty) {
            entries.pop();
        }
        Ok(entries)
    }

    /// Returns `path` made absolute and tidy, symbolic links not being looked at.
    pub(super) fn expand_path(
        &self,
        path: &[u8],
        base: Option<&[u8]>,
        span: Span,
    ) -> Result<Bytes, PolicyError> {
        let mut reply = self.directory.clone();
        for path in [base.unwrap_or_default(), path] {
            reply = self.walk(reply, path, span)?;
        }
        Ok(reply)
    }

    fn walk(&self, mut reply: Bytes, path: &[u8], span: Span) -> Result<Bytes, PolicyError> {
        self.expect_plain(path, span)?;
        match path {
            [b'/', b'/'] => reply = b"//".to_vec(),
            [b'/', b'/', next, ..] if *next != b'/' => reply = b"//".to_vec(),
            [b'/', ..] => reply = b"/".to_vec(),
            _ => {}
        }
        for step in path.split(|byte| *byte == b'/') {
            match step {
                b"" | b"." => {}
                b".." => {
                    self.expect_plain(&reply, span)?;
                    reply = self.parent(&reply, span)?;
                }
                _ => {
                    if reply.last() == Some(&b'/') {
                        reply.pop();
                    }
                    reply.push(b'/');
                    reply.extend_from_slice(step);
                }
            }
        }
        Ok(reply)
    }

    fn parent(&self, path: &[u8], span: Span) -> Result<Bytes, PolicyError> {
        if path == b"/" {
            return Err(self.text.error(span, "this path leads above `/`"));
        }
        let keep = |path: &[u8], slash: bool| {
            let drop = path.iter().rev().take_while(|byte| (**byte == b'/') == slash).count();
            path.len() - drop
        };
        let mut kept = path.to_vec();
        for slash in [true, false, true] {
            kept.truncate(keep(&kept, slash));
        }
        Ok(if kept.is_empty() { b"/".to_vec() } else { kept })
    }

    /// Refuses a path that direnv's functions would take for a pattern, or cut at a line end.
    pub(super) fn expect_plain(&self, path: &[u8], span: Span) -> Result<(), PolicyError> {
        let shown = String::from_utf8_lossy(path);
        if path.contains(&b'\n') {
            return Err(self.text.error(span, "a path with a line end is not understood here"));
        }
        if path.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\' | b'(')) {
            let message = format!("direnv would take `{shown}` for a pattern");
            return Err(self.text.error(span, message));
        }
        Ok(())
    }
}

impl Evaluator<'_> {
    /// `path_add NAME DIR…`, the name being an argument.
    pub(super) fn path_add_to(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let Some((name, directories)) = arguments.split_first() else {
            return Err(self.misused(span, "`path_add` takes a variable and directories"));
        };
        self.expect_not_local(name, &["path", "i", "var_name", "path_array"], span)?;
        self.path_add(name, directories, span)
    }

    /// `path_rm NAME PATTERN…`, the name being an argument.
    pub(super) fn path_rm_from(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let Some((name, patterns)) = arguments.split_first() else {
            return Err(self.misused(span, "`path_rm` takes a variable and patterns"));
        };
        let locals = ["path", "i", "discard", "var_name", "path_array"];
        self.expect_not_local(name, &locals, span)?;
        self.path_rm(name, patterns, span)
    }

    fn expect_not_local(
        &self,
        name: &[u8],
        locals: &[&str],
        span: Span,
    ) -> Result<(), PolicyError> {
        if locals.iter().any(|local| local.as_bytes() == name) {
            let shown = String::from_utf8_lossy(name);
            let message = format!("{shown} belongs to direnv's own function, which would lose it");
            return Err(self.text.error(span, message).hint("use another name"));
        }
        Ok(())
    }

    /// `path_rm NAME PATTERN…`: drops the entries that one or more repeats of a pattern match.
    pub(super) fn path_rm(&mut self, name: &[u8], patterns: &[&[u8]], span: Span) -> Outcome {
        // direnv's function leaves these behind, two of them as arrays.
        const LEFT_BEHIND: [&[u8]; 4] = [b"patterns", b"results", b"result", b"pattern"];
        for left in LEFT_BEHIND {
            if self.scope.get(left).is_some() || left == name {
                let shown = String::from_utf8_lossy(left).into_owned();
                let message = format!("direnv's function would overwrite the variable {shown}");
                return Err(self.text.error(span, message).hint("use another name"));
            }
        }
        if self.options.allexport {
            let message = "under `set -a`, direnv's function would export its own variables";
            return Err(self.text.error(span, message).hint("write this line after `set +a`"));
        }
        if self.options.nounset && self.value(name, span)?.is_none() {
            let shown = String::from_utf8_lossy(name).into_owned();
            return Err(self.text.error(span, format!("{shown} is not set")));
        }
        let mut compiled = Vec::new();
        for text in patterns {
            if text.is_empty() || text.iter().any(|byte| matches!(byte, b'|' | b'(' | b')')) {
                let message = "this pattern means something else inside direnv's function";
                return Err(self.text.error(span, message));
            }
            let pattern = Pattern::new(text).map_err(|message| self.text.error(span, message))?;
            compiled.push(pattern);
        }
        let mut kept = Vec::new();
        for entry in self.entries(name, span)? {
            let mut dropped = false;
            for pattern in &compiled {
                self.spend(pattern.cost(entry.len()) + 1, span)?;
                dropped |= pattern
                    .matches_repeated(&entry)
                    .map_err(|message| self.text.error(span, message))?;
            }
            if !dropped {
                kept.push(entry);
            }
        }
        let joined = kept.join(&b':');
        if joined.starts_with(b"-") {
            return Err(self.text.error(span, "direnv would take the result for an option"));
        }
        self.assign(name, joined, Exporting::Yes, span)?;
        self.spoilt.extend(LEFT_BEHIND.map(<[u8]>::to_vec));
        Ok(Answer::Yes)
    }

    /// `MANPATH_add DIR`: where MANPATH is unset, an empty last entry stands for the system's.
    pub(super) fn manpath_add(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [directory] = arguments else {
            return Err(self.misused(span, "`MANPATH_add` takes one directory"));
        };
        let directory = self.expand_path(directory, None, span)?;
        let before = self.value(b"MANPATH", span)?.unwrap_or_default();
        let value = [directory.as_slice(), b":", before.as_slice()].concat();
        self.assign(b"MANPATH", value, Exporting::Yes, span)?;
        Ok(Answer::Yes)
    }

    /// `load_prefix DIR`: the variables that a `./configure --prefix=DIR` installation needs.
    pub(super) fn load_prefix(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [prefix] = arguments else {
            return Err(self.misused(span, "`load_prefix` takes one directory"));
        };
        let root = self.expand_path(prefix, None, span)?;
        let below = |rest: &[u8]| [root.as_slice(), rest].concat();
        self.manpath_add(&[&below(b"/man")], span)?;
        self.manpath_add(&[&below(b"/share/man")], span)?;
        for (name, rest) in [
            (b"CPATH".as_slice(), b"/include".as_slice()),
            (b"LD_LIBRARY_PATH", b"/lib"),
            (b"LIBRARY_PATH", b"/lib"),
            (b"PATH", b"/bin"),
            (b"PKG_CONFIG_PATH", b"/lib/pkgconfig"),
        ] {
            self.path_add(name, &[&below(rest)], span)?;
        }
        Ok(Answer::Yes)
    }
}
