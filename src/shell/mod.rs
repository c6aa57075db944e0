//! What `export` prints: a diff as statements of a shell, or as data.
//!
//! A diff goes in, bytes go out. Every value is quoted so that the shell gets the same bytes back; names are
//! identifiers and nothing else. One file for each family of formats. The quoting is proved by real shells in
//! tests/shells.

pub mod dotenv;
pub mod elvish;
pub mod fish;
pub mod gha;
pub mod gitlab;
pub mod json;
pub mod nushell;
pub mod posix;
mod state;
pub mod systemd;
pub mod tcsh;
pub mod vim;

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::env::{Bytes, Diff, Env};
use crate::guard::Guard;

/// The formats of `goenv export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Statements for bash 3.2 and later
    Bash,
    /// Statements for zsh
    Zsh,
    /// Statements for fish
    Fish,
    /// Statements for tcsh
    Tcsh,
    /// Statements for elvish
    // direnv prints JSON for elvish: by this name goenv's hook gets statements from a link named direnv too.
    #[value(alias = "elv")]
    Elvish,
    /// The object of json, where nushell can hold it
    Nushell,
    /// An object of name to string, or null for unset
    Json,
    /// For GitHub Actions, to be added to the file GITHUB_ENV
    Gha,
    /// For artifacts:reports:dotenv of GitLab
    Gitlab,
    /// A .env file
    Dotenv,
    /// For EnvironmentFile= of a systemd unit
    Systemd,
    /// Statements for Vim
    Vim,
}

/// The shells that have a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// bash 3.2 and later, for ~/.bashrc
    Bash,
    /// zsh, for ~/.zshrc
    Zsh,
    /// fish, for ~/.config/fish/config.fish
    Fish,
    /// tcsh, for ~/.tcshrc
    Tcsh,
    /// elvish, for ~/.config/elvish/rc.elv
    Elvish,
    /// nushell, for ~/.config/nushell/config.nu
    Nushell,
}

impl Format {
    /// Returns the format that is called `name` on the command line.
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"bash" => Some(Self::Bash),
            b"zsh" => Some(Self::Zsh),
            b"fish" => Some(Self::Fish),
            b"tcsh" => Some(Self::Tcsh),
            b"elvish" | b"elv" => Some(Self::Elvish),
            b"nushell" => Some(Self::Nushell),
            b"json" => Some(Self::Json),
            b"gha" => Some(Self::Gha),
            b"gitlab" => Some(Self::Gitlab),
            b"dotenv" => Some(Self::Dotenv),
            b"systemd" => Some(Self::Systemd),
            b"vim" => Some(Self::Vim),
            _ => None,
        }
    }

    /// Returns the text that makes the change in this format; empty where there is nothing to change.
    pub fn print(self, diff: &Diff) -> Bytes {
        if diff.is_empty() {
            return Bytes::new();
        }
        match self {
            Self::Bash => posix::print(diff, posix::Dialect::Bash),
            Self::Zsh => posix::print(diff, posix::Dialect::Zsh),
            Self::Fish => fish::print(diff),
            Self::Tcsh => tcsh::print(diff),
            Self::Elvish => elvish::print(diff),
            Self::Nushell => nushell::print(diff),
            Self::Json => json::print(diff),
            Self::Gha => gha::print(diff),
            Self::Gitlab => gitlab::print(diff),
            Self::Dotenv => dotenv::print(diff),
            Self::Systemd => systemd::print(diff),
            Self::Vim => vim::print(diff),
        }
    }

    /// Returns why this format cannot hold the change that makes `to`; of the shells, nushell alone has reasons.
    pub fn refusal(self, diff: &Diff, to: &Env) -> Option<String> {
        match self {
            Self::Nushell => nushell::refusal(diff, to),
            Self::Gitlab => gitlab::refusal(diff),
            Self::Dotenv => dotenv::refusal(diff),
            Self::Systemd => systemd::refusal(diff),
            _ => None,
        }
    }
}

impl Format {
    /// Returns the text that arms a shell's guard; nothing for shells whose tests are not exact enough, and for formats
    /// that no shell evaluates.
    pub fn arm(self, guard: &Guard) -> Bytes {
        match self {
            Self::Bash => posix::arm(guard, posix::Dialect::Bash),
            Self::Zsh => posix::arm(guard, posix::Dialect::Zsh),
            Self::Fish => fish::arm(guard),
            Self::Tcsh
            | Self::Elvish
            | Self::Nushell
            | Self::Json
            | Self::Gha
            | Self::Gitlab
            | Self::Dotenv
            | Self::Systemd
            | Self::Vim => Bytes::new(),
        }
    }
}

impl Shell {
    /// Returns the shell's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Tcsh => "tcsh",
            Self::Elvish => "elvish",
            Self::Nushell => "nushell",
        }
    }

    /// Returns whether it can be guarded: whether its tests see a file's time exactly.
    pub fn is_guarded(self) -> bool {
        matches!(self, Self::Bash | Self::Zsh | Self::Fish)
    }

    /// Returns the code for a startup file, with the program's path put in.
    pub fn hook(self, program: &Path) -> Bytes {
        let program = program.as_os_str().as_bytes();
        let (text, program) = match self {
            Self::Bash => (include_str!("../../hooks/goenv.bash"), posix::quote(program)),
            Self::Zsh => (include_str!("../../hooks/goenv.zsh"), posix::quote(program)),
            Self::Fish => (include_str!("../../hooks/goenv.fish"), fish::quote(program)),
            // The word stands in the text of an alias, which is read twice.
            Self::Tcsh => {
                (include_str!("../../hooks/goenv.tcsh"), tcsh::quote(&tcsh::quote(program)))
            }
            Self::Elvish => (include_str!("../../hooks/goenv.elv"), elvish::quote(program)),
            Self::Nushell => (include_str!("../../hooks/goenv.nu"), nushell::quote(program)),
        };
        let hook = replace(text.as_bytes(), b"@GOENV@", &program);
        if self == Self::Tcsh { tcsh::without_comments(&hook) } else { hook }
    }
}

/// How a language sets a variable and unsets one: what stands before the name, between it and the value, and behind.
struct Statement {
    set: &'static str,
    to: &'static str,
    unset: &'static str,
    end: &'static str,
}

impl Statement {
    /// Returns one statement for each step of a diff, with each value as `quote` writes it.
    fn each<'d>(
        &self,
        steps: impl Iterator<Item = (&'d [u8], Option<&'d [u8]>)>,
        quote: fn(&[u8]) -> Bytes,
    ) -> Bytes {
        let mut out = Bytes::new();
        for (name, value) in steps {
            match value {
                Some(value) => {
                    let [set, to] = [self.set, self.to].map(str::as_bytes);
                    out.extend([set, name, to, &quote(value)].concat());
                }
                None => out.extend([self.unset.as_bytes(), name].concat()),
            }
            out.extend(self.end.as_bytes());
        }
        out
    }
}

/// Returns bytes as one word between two of `mark`, with a backslash before each such byte and each backslash. What is not
/// printable ASCII is written as two hexadecimal digits between the two parts of `escape`.
fn escaped(bytes: &[u8], mark: u8, escape: (&str, &str)) -> Bytes {
    let mark = char::from(mark);
    let mut word = String::from(mark);
    for byte in bytes {
        let letter = char::from(*byte);
        if letter == mark || letter == '\\' {
            word.push('\\');
        }
        if matches!(byte, b' '..=b'~') {
            word.push(letter);
        } else {
            let (before, after) = escape;
            let _ = write!(word, "{before}{byte:02x}{after}");
        }
    }
    word.push(mark);
    word.into_bytes()
}

fn replace(text: &[u8], token: &[u8], by: &[u8]) -> Bytes {
    let mut out = Bytes::with_capacity(text.len() + by.len());
    let mut rest = text;
    while let Some(place) = rest.windows(token.len()).position(|window| window == token) {
        let (before, after) = rest.split_at(place);
        out.extend(before);
        out.extend(by);
        rest = after.get(token.len()..).unwrap_or_default();
    }
    out.extend(rest);
    out
}

/// Returns a path as one shell word, for a command that a person pastes into bash, zsh or fish: bare where that is safe.
pub fn quote_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@%,:=".contains(byte);
    if !bytes.is_empty() && bytes.iter().all(is_plain) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    match std::str::from_utf8(bytes) {
        // Between single quotes fish takes a backslash for more than itself.
        Ok(text) if crate::ui::safe(bytes) == text && !bytes.contains(&b'\\') => {
            String::from_utf8_lossy(&posix::quote(bytes)).into_owned()
        }
        _ => posix::quote_printed(bytes),
    }
}

/// Returns a path as a word of a command that is pasted, and that the command does not take for a flag.
pub fn quote_argument(path: &Path) -> String {
    let is_flag = path.as_os_str().as_bytes().starts_with(b"-");
    quote_path(&if is_flag { Path::new(".").join(path) } else { path.to_path_buf() })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn a_path_to_paste_is_one_word() {
        for (path, expected) in [
            (&b"/srv/a-b_1+c@d%e,f:g=h.i"[..], "/srv/a-b_1+c@d%e,f:g=h.i"),
            (b"", "''"),
            (b"/a b", "'/a b'"),
            (b"/a;id", "'/a;id'"),
            (b"/$(id)", "'/$(id)'"),
            (b"/it's", "'/it'\\''s'"),
            (b"~x", "'~x'"),
            (b"/a\n\x1b", "\"$(printf '/a\\012\\033')\""),
            (b"/\xff'\\", "\"$(printf '/\\377\\047\\134')\""),
            // What a command prints loses the newline at its end.
            (b"/a\n", "$'/a\\012'"),
        ] {
            assert_eq!(quote_path(Path::new(OsStr::from_bytes(path))), expected);
        }
    }

    /// The prompt's way to a format goes past the parser of the command line.
    #[test]
    fn every_format_has_one_name_and_prints_nothing_for_no_change() {
        let empty = Env::new();
        for format in Format::value_variants() {
            let known = format.to_possible_value().unwrap();
            for name in known.get_name_and_aliases() {
                assert_eq!(Format::named(name.as_bytes()), Some(*format));
            }
            assert_eq!(format.print(&Diff::between(&empty, &empty)), b"", "{format:?}");
        }
        assert_eq!(Format::named(b"ksh"), None);
    }

    #[test]
    fn what_a_format_cannot_hold_is_refused() {
        let empty = Env::new();
        let refused = |value: &[u8]| -> Vec<Format> {
            let to: Env = [("A", value)].into_iter().collect();
            let diff = Diff::between(&empty, &to);
            let all = Format::value_variants().iter().copied();
            all.filter(|format| format.refusal(&diff, &to).is_some()).collect()
        };
        assert_eq!(refused(b"plain"), []);
        assert_eq!(refused(b"a\n$b"), [Format::Gitlab, Format::Dotenv]);
        assert_eq!(refused(b"\xff"), [Format::Nushell, Format::Systemd]);
    }

    #[test]
    fn no_path_to_paste_is_a_flag() {
        assert_eq!(quote_argument(Path::new("-rf")), "./-rf");
        assert_eq!(quote_argument(Path::new("a-b")), "a-b");
    }
}
