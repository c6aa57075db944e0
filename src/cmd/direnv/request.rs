//! What is asked for, in direnv's words. Pure: words in, a request or the reason for none out.
//!
//! direnv has no options: a word is matched as it is, and what a command does not take is ignored.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::words::Unsupported;
use crate::error::Error;
use crate::guard::ShellName;
use crate::policy::DIRENV_VERSION;
use crate::shell::{Format, Shell};
use crate::ui::{Tone, safe};

/// What direnv is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Allow(Option<&'a Path>),
    ApplyDump(&'a Path),
    Current(&'a Path),
    Deny(Option<&'a Path>),
    /// The file, and the shell that is to read it.
    Dotenv {
        format: Format,
        file: &'a Path,
    },
    /// The environment as it is, in direnv's own form where no other is named.
    Dump {
        format: Option<Format>,
        file: Option<&'a Path>,
    },
    Edit(Option<&'a Path>),
    /// The directory and the command, as they are given.
    Exec(&'a [OsString]),
    Export {
        format: Format,
        /// The shell's name, where the hook asks.
        guard: Option<ShellName>,
    },
    Help,
    Hook(Shell),
    Log {
        tone: Tone,
        message: String,
    },
    /// What was asked is so.
    Nothing,
    Prune,
    Reload,
    ShowDump(&'a [u8]),
    Status {
        json: bool,
    },
    Stdlib,
    Version,
    Watch(&'a [OsString]),
    WatchDir(&'a [OsString]),
    WatchPrint {
        /// What stands behind each path.
        end: u8,
    },
}

/// Reads the words behind the program's name.
pub(super) fn read(words: &[OsString]) -> Result<Request<'_>, Error> {
    let [command, rest @ ..] = words else { return Ok(Request::Help) };
    let first = rest.first().map(OsString::as_os_str);
    let path = first.filter(|word| !word.is_empty()).map(Path::new);
    match command.as_encoded_bytes() {
        b"export" => export(rest),
        b"hook" => hook(first),
        b"allow" | b"permit" | b"grant" => Ok(Request::Allow(path)),
        b"deny" | b"block" | b"disallow" | b"revoke" => Ok(Request::Deny(path)),
        b"edit" => Ok(Request::Edit(path)),
        b"exec" => Ok(Request::Exec(rest)),
        b"help" | b"--help" => Ok(Request::Help),
        b"log" => log(rest),
        b"prune" => Ok(Request::Prune),
        b"reload" => Ok(Request::Reload),
        b"status" => Ok(Request::Status { json: first.is_some_and(|word| word == "--json") }),
        b"version" | b"--version" => version(first),
        b"apply_dump" => path.map(Request::ApplyDump).ok_or_else(|| Error::failed("no FILE given")),
        b"dotenv" => dotenv(rest),
        b"dump" => dump(rest),
        b"stdlib" => Ok(Request::Stdlib),
        b"watch" => watched(rest).map(Request::Watch),
        b"watch-dir" => {
            watched(rest).map(|paths| Request::WatchDir(paths.get(..1).unwrap_or(paths)))
        }
        b"current" => {
            path.map(Request::Current).ok_or_else(|| Error::failed("missing PATH argument"))
        }
        b"show_dump" => {
            let text = first.ok_or_else(|| Error::failed("missing DUMP argument"))?;
            Ok(Request::ShowDump(text.as_encoded_bytes()))
        }
        b"watch-print" => {
            let end = if first.is_some_and(|word| word == "--null") { 0 } else { b'\n' };
            Ok(Request::WatchPrint { end })
        }
        other => Err(Unsupported::of(other).map_or_else(|| unknown(other), Unsupported::error)),
    }
}

fn unknown(command: &[u8]) -> Error {
    Error::failed(format!("command \"direnv {}\" not found", safe(command)))
}

/// The commands that a policy's functions call, and that are no goenv's.
const INTERNAL: &[&str] = &[
    "apply_dump",
    "current",
    "dotenv",
    "dump",
    "log",
    "show_dump",
    "stdlib",
    "watch",
    "watch-dir",
    "watch-print",
];

/// Returns whether a word is the name of a command that only policies call.
pub(super) fn is_internal(word: &OsStr) -> bool {
    INTERNAL.iter().any(|command| word == *command)
}

/// Reads `dump [SHELL] [FILE]`.
fn dump(words: &[OsString]) -> Result<Request<'_>, Error> {
    let name = words.first().map_or(&b"gzenv"[..], |word| shell_name(word));
    let format = match name {
        b"gzenv" => None,
        name => Some(format_named(name)?),
    };
    let file = words.get(1).filter(|word| !word.is_empty()).map(Path::new);
    Ok(Request::Dump { format, file })
}

/// Reads `dotenv [SHELL] [FILE]`.
fn dotenv(words: &[OsString]) -> Result<Request<'_>, Error> {
    let name = words.first().map_or(&b"bash"[..], |word| shell_name(word));
    let format = format_named(name)?;
    let file = words.get(1).map_or(Path::new(".env"), Path::new);
    Ok(Request::Dotenv { format, file })
}

/// Reads `watch SHELL PATH…` and `watch-dir SHELL DIR`: the shell is the one that a policy runs in.
fn watched(words: &[OsString]) -> Result<&[OsString], Error> {
    match words {
        [] => Err(Error::failed("missing SHELL argument")),
        [_] => Err(Error::failed("missing PATH argument")),
        [shell, paths @ ..] if shell_name(shell) == b"bash" => Ok(paths),
        [shell, ..] => Err(no_shell(shell_name(shell))),
    }
}

/// Reads `export SHELL`; `--guard NAME` is goenv's hook's.
fn export(words: &[OsString]) -> Result<Request<'_>, Error> {
    let name = words.first().map(|word| shell_name(word)).unwrap_or_default();
    let format = format_named(name)?;
    let guard = match words.get(1..) {
        Some([flag, shell, ..]) if flag == "--guard" => shell.to_str().and_then(ShellName::parse),
        _ => None,
    };
    Ok(Request::Export { format, guard })
}

fn hook(word: Option<&OsStr>) -> Result<Request<'_>, Error> {
    let name = word.map(shell_name).unwrap_or_default();
    match name {
        b"bash" => Ok(Request::Hook(Shell::Bash)),
        b"zsh" => Ok(Request::Hook(Shell::Zsh)),
        b"fish" => Ok(Request::Hook(Shell::Fish)),
        b"tcsh" => Ok(Request::Hook(Shell::Tcsh)),
        b"elvish" => Ok(Request::Hook(Shell::Elvish)),
        _ if Format::named(name).is_some() => Err(Error::failed("this feature is not supported")),
        _ => Err(no_shell(name)),
    }
}

/// Returns the name of a shell that may be given by its path, or as a login shell calls itself.
fn shell_name(word: &OsStr) -> &[u8] {
    let name = word.as_encoded_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    name.strip_prefix(b"-").unwrap_or(name)
}

/// Returns what is printed for a shell.
fn format_named(name: &[u8]) -> Result<Format, Error> {
    match name {
        // direnv's own hook, which elvish's users keep in a file, reads JSON.
        b"elvish" => Ok(Format::Json),
        _ => Format::named(name).ok_or_else(|| no_shell(name)),
    }
}

fn no_shell(name: &[u8]) -> Error {
    Error::failed(format!("unknown target shell '{}'", safe(name)))
}

fn log(words: &[OsString]) -> Result<Request<'_>, Error> {
    let [kind, message] = words else {
        return Err(Error::failed("log takes --status or --error, and a message"));
    };
    let tone = match kind.as_encoded_bytes() {
        b"--status" => Tone::Plain,
        b"--error" => Tone::Error,
        other => return Err(Error::failed(format!("log takes no {}", safe(other)))),
    };
    Ok(Request::Log { tone, message: safe(message.as_encoded_bytes()) })
}

/// Compares with the version that a script needs, where it names one; one before a release asks for no more than that
/// release.
fn version(at_least: Option<&OsStr>) -> Result<Request<'_>, Error> {
    let Some(at_least) = at_least else { return Ok(Request::Version) };
    let text = at_least.to_string_lossy();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let release = text.split(['-', '+']).next().unwrap_or_default();
    let shown = safe(text.as_bytes());
    let wanted = crate::cmd::version::numbers(release)
        .ok_or_else(|| Error::failed(format!("v{shown} is not a valid semver version")))?;
    if crate::cmd::version::numbers(DIRENV_VERSION) >= Some(wanted) {
        return Ok(Request::Nothing);
    }
    let older = format!("current version v{DIRENV_VERSION} is older than the desired version");
    Err(Error::failed(format!("{older} v{shown}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect()
    }

    #[test]
    fn direnvs_words_are_understood() {
        let path = Some(Path::new("p/.envrc"));
        let guard = ShellName::parse("7-1");
        for (line, request) in [
            ("", Request::Help),
            ("--help", Request::Help),
            ("help all", Request::Help),
            ("permit p/.envrc", Request::Allow(path)),
            ("grant", Request::Allow(None)),
            ("revoke p/.envrc more", Request::Deny(path)),
            ("disallow", Request::Deny(None)),
            ("edit p/.envrc", Request::Edit(path)),
            ("export json", Request::Export { format: Format::Json, guard: None }),
            ("export elvish", Request::Export { format: Format::Json, guard: None }),
            ("export elv", Request::Export { format: Format::Elvish, guard: None }),
            ("export tcsh", Request::Export { format: Format::Tcsh, guard: None }),
            ("export /bin/bash x", Request::Export { format: Format::Bash, guard: None }),
            ("export zsh --guard 7-1", Request::Export { format: Format::Zsh, guard }),
            ("hook -fish", Request::Hook(Shell::Fish)),
            ("hook tcsh", Request::Hook(Shell::Tcsh)),
            ("hook elvish", Request::Hook(Shell::Elvish)),
            ("status --json", Request::Status { json: true }),
            ("status -v", Request::Status { json: false }),
            ("--version", Request::Version),
            ("version 2.37.1", Request::Nothing),
            ("version v2.9", Request::Nothing),
            ("version 2.37.1-rc1", Request::Nothing),
            ("watch-print --null", Request::WatchPrint { end: 0 }),
            ("dump", Request::Dump { format: None, file: None }),
            (
                "dump json f",
                Request::Dump { format: Some(Format::Json), file: Some(Path::new("f")) },
            ),
            ("dotenv", Request::Dotenv { format: Format::Bash, file: Path::new(".env") }),
            ("dotenv zsh f", Request::Dotenv { format: Format::Zsh, file: Path::new("f") }),
            ("apply_dump f", Request::ApplyDump(Path::new("f"))),
            ("stdlib", Request::Stdlib),
            ("log --status hi", Request::Log { tone: Tone::Plain, message: "hi".to_owned() }),
        ] {
            assert_eq!(read(&words(line)).unwrap(), request, "{line}");
        }
        assert_eq!(read(&words("exec . go -v")).unwrap(), Request::Exec(&words(". go -v")));
        assert_eq!(read(&words("watch bash a b")).unwrap(), Request::Watch(&words("a b")));
        assert_eq!(read(&words("watch-dir bash a b")).unwrap(), Request::WatchDir(&words("a")));
    }

    #[test]
    fn what_is_not_understood_is_refused_in_direnvs_words() {
        for (line, text) in [
            ("frobnicate", "command \"direnv frobnicate\" not found"),
            ("export", "unknown target shell ''"),
            ("export nu", "unknown target shell 'nu'"),
            ("hook json", "this feature is not supported"),
            ("hook murex", "unknown target shell 'murex'"),
            ("version x", "vx is not a valid semver version"),
            ("version 2.38", "current version v2.37.1 is older than the desired version v2.38"),
            ("current", "missing PATH argument"),
            ("dump nu", "unknown target shell 'nu'"),
            ("dotenv gzenv", "unknown target shell 'gzenv'"),
            ("watch zsh a", "unknown target shell 'zsh'"),
            ("watch bash", "missing PATH argument"),
            ("apply_dump", "no FILE given"),
            ("log hi", "log takes --status or --error, and a message"),
        ] {
            let error = read(&words(line)).unwrap_err();
            assert_eq!((error.text().as_str(), error.exit() as u8), (text, 1), "{line}");
        }
    }
}
