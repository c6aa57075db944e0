//! A world for policies, and the real direnv in it.
//!
//! Its own home and XDG directories, goenv's functions in direnv's `lib/`, and a project with the files that cases
//! ask about. A missing direnv fails the test.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use goenv::env::Env;
use goenv::policy::{PolicyError, Wanted, evaluate, parse};

use crate::host::RealHost;

/// What direnv itself sets or leaves alone.
const NOT_COMPARED: &[&str] =
    &["PWD", "OLDPWD", "SHLVL", "_", "PS1", "SHELL", "COMP_WORDBREAKS", "SHELLOPTS"];

/// Variables of an environment that are compared.
pub(crate) type Pairs = BTreeMap<String, String>;

pub(crate) struct Sandbox {
    pub(crate) root: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let sandbox = Self { root: tempfile::tempdir().unwrap() };
        let lib = sandbox.path("config/direnv/lib");
        std::fs::create_dir_all(&lib).unwrap();
        let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks/direnv-lib.sh");
        std::fs::copy(functions, lib.join("goenv.sh")).unwrap();
        std::fs::create_dir_all(sandbox.path("home/bin")).unwrap();
        for version in ["1.25.3", "1.26.6"] {
            let sdk = sandbox.path(&format!("data/goenv/sdks/go{version}.linux-amd64"));
            std::fs::create_dir_all(sdk.join("bin")).unwrap();
            write(&sdk.join("VERSION"), &format!("go{version}\ntime 2026-01-01T00:00:00Z\n"));
            write(&sdk.join("go.env"), "GOPROXY=https://proxy.golang.org,direct\n");
            program(&sdk.join("bin/go"));
        }
        sandbox
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(below)
    }

    /// Returns the environment as it is outside of every project.
    pub(crate) fn outside(&self) -> Env {
        let directory = |name: &str| self.path(name).to_str().unwrap().to_owned();
        let mut env = Env::new();
        for (name, value) in [
            ("HOME", directory("home")),
            ("XDG_CONFIG_HOME", directory("config")),
            ("XDG_DATA_HOME", directory("data")),
            ("XDG_CACHE_HOME", directory("cache")),
        ] {
            env.set(name, value);
        }
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "C.UTF-8"),
            ("TERM", "dumb"),
            ("MANPATH", "/usr/share/man"),
            ("DIRENV_LOG_FORMAT", ""),
            ("EMPTY", ""),
            ("SPACES", " a  b\tc\n"),
            ("INHERITED", "yes"),
            ("LIST", "/a/b::/c:"),
            ("STARS", "*.txt [ab]"),
            ("PATHLIKE", "/one/two/three.tar.gz"),
            ("QUOTES", "it's \"quoted\" \\ $HOME"),
            ("ACCENTS", "gr\u{fc}\u{df}e"),
            ("lower", "case"),
        ] {
            env.set(name, value);
        }
        env
    }

    /// Makes a project with the files that cases ask about, and returns its directory.
    pub(crate) fn project(&self, name: &str) -> PathBuf {
        let directory = self.path("work").join(name).join("project");
        let files = [
            ("data.txt", "first line\nsecond line\n\n"),
            (".env", "FROM_DOTENV=1\nexport REF=\"$FROM_DOTENV $INHERITED\"\nLITERAL='$HOME'\n"),
            ("other.env", "OTHER=\"a\\nb\" # said\nX: y\n"),
            ("plain.sh", "SOURCED=plain\nexport SOURCED_TOO=\"${BASH_SOURCE[0]} $PWD\"\n"),
            ("sub/.envrc", "export SUB=\"$PWD\" SUB_SOURCE=\"${BASH_SOURCE[0]}\"\nPATH_add bin\n"),
            ("sub/deep/.envrc", "source_up\nexport DEEP=1\n"),
            ("versions/go-1.9.2/x", ""),
            ("versions/go-1.10.1/x", ""),
            ("versions/go-2.0/x", ""),
            ("with space/.envrc", "export SPACED=\"$PWD\"\n"),
            ("../.envrc", "export PARENT=\"$PWD\" INHERITED=parent\n"),
            ("../up.sh", "export UP=\"$PWD\"\n"),
        ];
        for (file, text) in files {
            write(&directory.join(file), text);
        }
        program(&directory.join("bin/tool"));
        symlink("sub", directory.join("link")).unwrap();
        symlink("missing", directory.join("dangling")).unwrap();
        directory
    }

    /// Returns what goenv makes of `text` as `file`.
    pub(crate) fn goenv(&self, file: &Path, text: &[u8]) -> Result<Wanted, PolicyError> {
        let mut host = RealHost { sdks: self.path("data/goenv/sdks"), ..RealHost::default() };
        evaluate(&parse(file, text)?, &self.outside(), &mut host)
    }

    fn direnv(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("direnv");
        command.args(arguments).env_clear().stdin(Stdio::null()).current_dir(self.root.path());
        for (name, value) in self.outside().iter() {
            command.env(os(name), os(value));
        }
        command
    }

    /// Returns the environment that the program makes of `directory`, the policy there allowed by these commands, or what
    /// it says.
    pub(crate) fn program_env(&self, directory: &Path, allow: &[&[&str]]) -> Result<Pairs, String> {
        let directory = directory.to_str().unwrap();
        for command in allow {
            self.allowed(&[command, &[directory][..]].concat())?;
        }
        let mut pairs = pairs_of(&self.allowed(&["exec", directory, "/usr/bin/env", "-0"])?);
        pairs.retain(|name, _| !name.starts_with("GOENV_"));
        Ok(pairs)
    }

    /// Runs the program; returns its stdout, or its stderr where it fails.
    pub(crate) fn allowed(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goenv"));
        command.args(arguments).env_clear().stdin(Stdio::null()).current_dir(self.root.path());
        for (name, value) in self.outside().iter() {
            command.env(os(name), os(value));
        }
        let output = command.output().unwrap();
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Returns the environment that direnv makes of `directory`, or what it says against it.
    pub(crate) fn direnv_env(&self, directory: &Path) -> Result<Pairs, String> {
        let directory = directory.to_str().unwrap();
        let allowed = self.direnv(&["allow", directory]).output();
        let allowed = allowed.expect("these tests compare with the real direnv: install it");
        assert!(allowed.status.success(), "{}", String::from_utf8_lossy(&allowed.stderr));
        let output = self.direnv(&["exec", directory, "/usr/bin/env", "-0"]).output().unwrap();
        match output.status.success() {
            true => Ok(pairs_of(&output.stdout)),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

/// Returns the pairs of `env -0` that are compared.
pub(crate) fn pairs_of(dump: &[u8]) -> Pairs {
    let entries = dump.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    let pairs = entries.filter_map(|entry| {
        let at = entry.iter().position(|byte| *byte == b'=')?;
        Some((text(&entry[..at]), text(&entry[at + 1..])))
    });
    pairs.filter(|(name, _)| is_compared(name)).collect()
}

/// Returns the pairs of what goenv wants that are compared.
pub(crate) fn pairs_wanted(wanted: &Wanted) -> Pairs {
    let pairs = wanted.env.iter().map(|(name, value)| (text(name), text(value)));
    pairs.filter(|(name, _)| is_compared(name)).collect()
}

fn is_compared(name: &str) -> bool {
    !name.starts_with("DIRENV_") && !name.starts_with("BASH_FUNC_") && !NOT_COMPARED.contains(&name)
}

/// Returns the differences between two environments, one a line.
pub(crate) fn differences(goenv: &Pairs, direnv: &Pairs) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = goenv.keys().chain(direnv.keys()).collect();
    let differing = names.into_iter().filter(|name| goenv.get(*name) != direnv.get(*name));
    differing
        .map(|name| format!("{name}: goenv {:?}, direnv {:?}", goenv.get(name), direnv.get(name)))
        .collect()
}

pub(crate) fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn program(path: &Path) {
    write(path, "#!/bin/sh\n");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}
