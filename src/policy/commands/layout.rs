//! `layout`: the variables of usual project layouts.

use super::Outcome;
use crate::env::Bytes;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::scope::Exporting;
use crate::policy::text::Span;
use crate::policy::vocabulary::NO_PROGRAM;

impl Evaluator<'_> {
    /// `layout go|node|php|perl|julia`
    pub(super) fn layout(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [kind] = arguments else {
            return Err(self.misused(span, "`layout` takes one word: go, node, php, perl or julia"));
        };
        match *kind {
            b"go" => self.layout_go(span),
            b"node" => self.path_add(b"PATH", &[b"node_modules/.bin"], span),
            b"php" => self.path_add(b"PATH", &[b"vendor/bin"], span),
            b"perl" => self.layout_perl(span),
            b"julia" => {
                let directory = self.directory.clone();
                self.assign(b"JULIA_PROJECT", directory, Exporting::Yes, span)?;
                Ok(Answer::Yes)
            }
            _ => {
                let shown = String::from_utf8_lossy(kind).into_owned();
                let message = format!("`layout {shown}` is not part of the policy language");
                let hint = match shown.starts_with("python") {
                    true => "export VIRTUAL_ENV=\"$PWD/.venv\"; PATH_add .venv/bin",
                    false => NO_PROGRAM,
                };
                Err(self.text.error(span, message).hint(hint).beyond())
            }
        }
    }

    /// Returns the directory for what a layout keeps.
    pub(super) fn layout_directory(&self) -> Bytes {
        match self.scope.get(b"direnv_layout_dir") {
            Some(directory) if !directory.is_empty() => directory.to_vec(),
            _ => [self.directory.as_slice(), b"/.direnv"].concat(),
        }
    }

    fn layout_go(&mut self, span: Span) -> Outcome {
        let root = [self.layout_directory().as_slice(), b"/go"].concat();
        let bin = [root.as_slice(), b"/bin"].concat();
        self.path_add(b"GOPATH", &[&root], span)?;
        self.path_add(b"PATH", &[&bin], span)?;
        self.assign(b"GOBIN", bin, Exporting::Yes, span)?;
        Ok(Answer::Yes)
    }

    fn layout_perl(&mut self, span: Span) -> Outcome {
        let root = [self.layout_directory().as_slice(), b"/perl5"].concat();
        let joined = |before: &[u8], after: &[u8]| [before, root.as_slice(), after].concat();
        self.assign(b"LOCAL_LIB_DIR", root.clone(), Exporting::Yes, span)?;
        let options = joined(b"--install_base '", b"'");
        self.assign(b"PERL_MB_OPT", options, Exporting::Yes, span)?;
        self.assign(b"PERL_MM_OPT", joined(b"INSTALL_BASE=", b""), Exporting::Yes, span)?;
        self.path_add(b"PERL5LIB", &[&joined(b"", b"/lib/perl5")], span)?;
        self.path_add(b"PERL_LOCAL_LIB_ROOT", &[&root], span)?;
        self.path_add(b"PATH", &[&joined(b"", b"/bin")], span)
    }
}
