//! The sentences that direnv's users and plugins know. Pure: values in, text out.

use crate::cmd::shown::signed;
use crate::env::{Diff, Env};
use crate::error::Error;
use crate::policy::DIRENV_VERSION;
use crate::trust::State;
use crate::ui::{safe, safe_path};

/// A command of direnv's that goenv does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unsupported {
    name: &'static str,
    reason: &'static str,
}

const NOT_CALLED: &str = "no policy calls it";

const UNSUPPORTED: &[Unsupported] = &[
    Unsupported { name: "check-required", reason: NOT_CALLED },
    Unsupported { name: "fetchurl", reason: "nothing is fetched for a policy" },
    Unsupported { name: "watch-list", reason: NOT_CALLED },
];

impl Unsupported {
    /// Returns the command of this name, if it is one of these.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        UNSUPPORTED.iter().copied().find(|command| command.name.as_bytes() == name)
    }

    /// Returns why there is no answer.
    pub(super) fn error(self) -> Error {
        Error::failed(format!("goenv has no `direnv {}`: {}", self.name, self.reason))
    }
}

/// Returns what stands behind `direnv: error `. Plugins look for the sentence about a blocked file, and offer to allow it:
/// it is said only where that helps.
pub(super) fn sentence(error: &Error) -> String {
    match error {
        Error::Untrusted(path, trust) if trust.state == State::Blocked => {
            let (path, hint) = (safe_path(path), trust.hint.as_deref().unwrap_or_default());
            if hint.contains("goenv allow") {
                return format!("{path} is blocked. Run `direnv allow` to approve its content");
            }
            let hint = if hint.is_empty() { String::new() } else { format!("; {hint}") };
            format!("{path} is not trusted: {}{hint}", trust.reason)
        }
        Error::NoPolicy(_) => ".envrc not found".to_owned(),
        _ => error.text(),
    }
}

/// Returns what `edit` without a path says where there is nothing to edit.
pub(super) fn nothing_to_edit(error: Error) -> Error {
    match error {
        Error::NoPolicy(_) => Error::failed(
            ".envrc or .env not found. Use `direnv edit .` to create a new .envrc in the current directory",
        ),
        other => other,
    }
}

/// Returns the lines about a policy that was loaded: its path, what it said, and the names that it changes, as direnv
/// orders them.
pub(in crate::cmd) fn loaded(
    path: &str,
    messages: Vec<String>,
    outside: &Env,
    inside: &Env,
) -> Vec<String> {
    let mut lines = vec![format!("loading {path}")];
    lines.extend(messages);
    let diff = Diff::between(outside, inside);
    let names = signed(&diff, outside).map(|(sign, name)| format!("{sign}{}", safe(name)));
    let mut names: Vec<String> = names.collect();
    names.sort();
    if !names.is_empty() {
        lines.push(format!("export {}", names.join(" ")));
    }
    lines
}

/// Returns the page of `direnv help`.
pub(super) fn help() -> String {
    format!(
        "goenv {}, called direnv: it answers as direnv {DIRENV_VERSION}\n{COMMANDS}",
        env!("CARGO_PKG_VERSION")
    )
}

const COMMANDS: &str = "\
Usage: direnv COMMAND [...ARGS]

Available commands
------------------
allow [PATH_TO_RC]: (permit, grant)
  Shows what an .envrc changes, and approves exactly its content
block [PATH_TO_RC]: (deny, disallow, revoke)
  Blocks an .envrc, whatever its content
edit [PATH_TO_RC]:
  Opens an .envrc in $EDITOR, and approves it if it changed
exec DIR COMMAND [...ARGS]:
  Runs a command with the environment of DIR
export SHELL:
  Prints the change for this directory: bash, zsh, fish, tcsh, elvish, json, gha, gitlab, dotenv,
  systemd, vim
help:
  Prints this
hook SHELL:
  Prints the line for a startup file: bash, zsh, fish, tcsh, elvish
prune:
  Removes the approvals of files that are gone
reload:
  Makes the next prompt load the .envrc again
status [--json]:
  Prints what is loaded and found here
stdlib:
  Prints the functions that an .envrc finds, for bash
version [AT_LEAST]:
  Prints the version of direnv that is answered for, or compares with it

Everything else: goenv --help
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::Trust;

    fn blocked(reason: &str, hint: &str) -> Error {
        let trust = Trust {
            state: State::Blocked,
            reason: reason.to_owned(),
            hint: Some(hint.to_owned()),
            ..Trust::none()
        };
        Error::Untrusted("/p/.envrc".into(), Box::new(trust))
    }

    #[test]
    fn a_plugin_is_told_to_allow_only_where_that_helps() {
        let error = blocked("nobody has allowed it yet", "review the file, then run `goenv allow`");
        let told = "/p/.envrc is blocked. Run `direnv allow` to approve its content";
        assert_eq!(sentence(&error), told);
        let error = blocked("signatures are required, and there is no .envrc.sig", "sign it");
        let told = "/p/.envrc is not trusted: signatures are required, and there is no .envrc.sig; sign it";
        assert_eq!(sentence(&error), told);
    }

    #[test]
    fn names_are_told_in_direnvs_order() {
        let outside: Env = [("B", "1"), ("C", "1"), ("PATH", "/bin")].into_iter().collect();
        let inside: Env =
            [("A", "1"), ("C", "1"), ("PATH", "/p:/bin"), ("Z", "1")].into_iter().collect();
        let lines = loaded("~/p/.envrc", vec!["said".to_owned()], &outside, &inside);
        assert_eq!(lines, ["loading ~/p/.envrc", "said", "export +A +Z -B ~PATH"]);
        assert_eq!(loaded("p", Vec::new(), &outside, &outside), ["loading p"]);
    }
}
