//! `on_git_branch`, answered from `.git/HEAD`.

use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use super::Outcome;
use crate::policy::Kind;
use crate::policy::error::PolicyError;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::text::Span;

impl Evaluator<'_> {
    /// `on_git_branch [BRANCH]`
    pub(super) fn on_git_branch(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let branch = match arguments {
            [] if self.options.nounset => {
                let message = "direnv's `on_git_branch` without a branch fails under `set -u`";
                return Err(self.text.error(span, message));
            }
            [] => None,
            [b"-r", ..] => {
                let message = "regular expressions are not part of the policy language";
                return Err(self
                    .text
                    .error(span, message)
                    .hint("name the branch: on_git_branch main"));
            }
            [branch] => Some(*branch).filter(|branch| !branch.is_empty()),
            _ => return Err(self.misused(span, "`on_git_branch` takes one branch")),
        };
        let path = self.value(b"PATH", span)?.unwrap_or_default();
        if self.host.program(b"git", &path).is_none() {
            return Ok(Answer::No("`on_git_branch` needs git, and none is on PATH".to_owned()));
        }
        for steering in [b"GIT_DIR".as_slice(), b"GIT_WORK_TREE", b"GIT_CEILING_DIRECTORIES"] {
            if self.scope.exported(steering).is_some() {
                let shown = String::from_utf8_lossy(steering).into_owned();
                let message = format!("{shown} is set, so only git itself knows the repository");
                return Err(self.text.error(span, message));
            }
        }
        let Some(directory) = self.git_directory(span)? else {
            return Ok(Answer::No("this is no git repository".to_owned()));
        };
        let Some(branch) = branch else { return Ok(Answer::Yes) };
        let head = directory.join("HEAD");
        self.host.watch(&head);
        let head = self.host.data(&head).map_err(|refusal| self.refused(refusal, span))?;
        let head = head.unwrap_or_default();
        let current = head.trim_ascii().strip_prefix(b"ref: refs/heads/").unwrap_or_default();
        if current == branch {
            return Ok(Answer::Yes);
        }
        Ok(Answer::No(format!("the branch is {}", String::from_utf8_lossy(current))))
    }

    /// Returns the nearest `.git` directory, or the one that a `.git` file names.
    fn git_directory(&mut self, span: Span) -> Result<Option<PathBuf>, PolicyError> {
        let start = self.resolve(b"");
        let Some(start) = self.host.real_path(&start) else { return Ok(None) };
        for directory in start.ancestors() {
            let git = directory.join(".git");
            match self.host.look(&git).map(|look| look.kind) {
                Some(Kind::Directory) if self.host.look(&git.join("HEAD")).is_some() => {
                    return Ok(Some(git));
                }
                Some(Kind::File) => {
                    let data = self.host.data(&git).map_err(|r| self.refused(r, span))?;
                    let data = data.unwrap_or_default();
                    let Some(target) = data.trim_ascii().strip_prefix(b"gitdir: ") else {
                        return Ok(None);
                    };
                    return Ok(Some(directory.join(std::ffi::OsStr::from_bytes(target))));
                }
                _ => {}
            }
        }
        Ok(None)
    }
}
