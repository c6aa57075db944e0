//! What a policy wants, read from the repository's files alone: nobody has to have allowed it on this machine.
//!
//! A policy is data, so the gate evaluates it as the prompt does, with two differences: no SDK has to be here, and
//! what is only on a developer's machine (a `.env` that is not committed, a variable that `env_vars_required` names)
//! is taken to be there and empty. Files of the repository come by value, from the work tree or from the index.

use std::path::{Path, PathBuf};

use super::envrc;
use super::facts::{Facts, File, normal};
use crate::env::{Bytes, Env};
use crate::go::modfile::{self, Word};
use crate::go::request::{Kind as Asks, Request, choose};
use crate::go::{Version, versionfile};
use crate::policy::{
    self, Access, Cause, Host, Kind, Look, PolicyError, Refusal, SdkFound, SdkWanted, Wanted,
};

/// Where the SDK of a policy would be: the gate looks at none.
const SDKS: &str = "/nonexistent/go";

/// Reads a file of the repository by its path relative to the root, `None` where there is none.
pub type ReadFile<'a> = dyn Fn(&Path) -> Option<Bytes> + 'a;

/// What stands at a path of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// What the machine says.
    Whatever,
    /// Nothing.
    Nothing,
    /// This.
    This(Kind),
}

/// Says what stands at a path relative to the root.
pub type Stand<'a> = dyn Fn(&Path) -> Stands + 'a;

/// The machine as the gate shows it to a policy.
struct Snapshot<'a> {
    facts: &'a Facts,
    read: &'a ReadFile<'a>,
    stand: &'a Stand<'a>,
    /// What a policy may ask about the machine itself.
    machine: &'a mut dyn Host,
    /// The texts that were sourced, relative to the root.
    sourced: Vec<PathBuf>,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("sourced", &self.sourced).finish_non_exhaustive()
    }
}

/// Evaluates the policy at `path`, relative to the root; returns what it wants and the texts that it sources.
pub fn evaluate(
    path: &Path,
    bytes: &[u8],
    facts: &Facts,
    outside: &Env,
    (read, stand): (&ReadFile<'_>, &Stand<'_>),
    machine: &mut dyn Host,
) -> (Result<Wanted, PolicyError>, Vec<PathBuf>) {
    let program = match policy::parse(&facts.root.join(path), bytes) {
        Ok(program) => program,
        Err(error) => return (Err(error), Vec::new()),
    };
    let mut env = outside.clone();
    for name in required(bytes) {
        if env.get(&name).is_none_or(<[u8]>::is_empty) {
            env.set(name, "goenv-check");
        }
    }
    let mut snapshot = Snapshot { facts, read, stand, machine, sourced: Vec::new() };
    let wanted = policy::evaluate(&program, &env, &mut snapshot);
    (wanted, snapshot.sourced)
}

/// A file that holds nothing.
const EMPTY: Look = Look {
    kind: Kind::File,
    size: 0,
    mtime: 0,
    access: Access { read: true, write: true, execute: false },
};

/// Returns whether a file is by its name one that is only on developers' machines.
fn is_local(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name == b".env" || name.starts_with(b".env.") || name.ends_with(b".env")
}

/// Returns the names that `env_vars_required` asks for.
fn required(policy: &[u8]) -> Vec<String> {
    envrc::commands(policy)
        .iter()
        .filter(|command| command.name() == "env_vars_required")
        .flat_map(|command| command.called().iter().skip(1).map(|word| word.text.clone()))
        .collect()
}

impl Snapshot<'_> {
    fn within<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(&self.facts.root).ok()
    }

    /// Returns what the version files of a directory ask for, nearest first, up to the root.
    fn requests(&self, directory: &Path) -> Vec<Request> {
        let nearest =
            |name: &str| directory.ancestors().find_map(|up| self.facts.file(&up.join(name)));
        let mut requests = Vec::new();
        let mut ask = |file: &File, kind: Asks, version: Version, word: &Word| {
            let (file, line, column) = (file.path.clone(), word.line, word.column);
            requests.push(Request { file, line, column, kind, version });
        };
        let module = nearest("go.work").map(|file| (file, Asks::WorkGo, Asks::WorkToolchain));
        let module = module
            .or_else(|| nearest("go.mod").map(|file| (file, Asks::ModGo, Asks::ModToolchain)));
        if let Some((file, go, toolchain)) = module {
            for (key, kind) in [("go", go), ("toolchain", toolchain)] {
                let Some(word) = modfile::lookup(&file.bytes, key) else { continue };
                let Ok(version) = Version::read(&word.text) else { continue };
                ask(file, kind, version, &word);
            }
        }
        let own = nearest(".go-version").map(|file| (file, Asks::GoVersion));
        let asdfs = nearest(".tool-versions").map(|file| (file, Asks::ToolVersions));
        for (file, kind) in own.into_iter().chain(asdfs) {
            let read = match kind {
                Asks::ToolVersions => versionfile::tool_versions(&file.bytes),
                _ => versionfile::go_version(&file.bytes),
            };
            if let Ok(Some((version, word))) = read {
                ask(file, kind, version, &word);
            }
        }
        requests
    }
}

impl Host for Snapshot<'_> {
    fn policy_text(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        let Some(relative) = self.within(path) else {
            return self.machine.policy_text(path);
        };
        let text = (self.read)(relative);
        if text.is_some() {
            self.sourced.push(relative.to_path_buf());
        }
        Ok(text)
    }

    fn data(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        let read = match self.within(path) {
            Some(relative) => (self.read)(relative),
            None => self.machine.data(path).ok().flatten(),
        };
        Ok(Some(read.unwrap_or_default()))
    }

    fn look(&mut self, path: &Path) -> Option<Look> {
        let seen = self.machine.look(path);
        let relative = self.within(path).and_then(normal);
        let Some(relative) = relative.filter(|path| !path.as_os_str().is_empty()) else {
            return seen;
        };
        match (self.stand)(&relative) {
            Stands::This(kind) => {
                let size = (self.read)(&relative).map_or(0, |bytes| bytes.len() as u64);
                let access = Access { read: true, write: true, execute: true };
                let there = Look { kind, size, mtime: 0, access };
                Some(seen.filter(|seen| seen.kind == kind).unwrap_or(there))
            }
            Stands::Whatever if seen.is_some() => seen,
            _ => is_local(&relative).then_some(EMPTY),
        }
    }

    fn link(&mut self, path: &Path) -> Option<PathBuf> {
        self.machine.link(path)
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        self.machine.real_path(path)
    }

    fn names(&mut self, path: &Path) -> Vec<Bytes> {
        self.machine.names(path)
    }

    fn program(&mut self, name: &[u8], path_value: &[u8]) -> Option<PathBuf> {
        self.machine.program(name, path_value)
    }

    fn sdk(&mut self, wanted: &SdkWanted) -> Result<SdkFound, Refusal> {
        let refuse = |message: String| Refusal {
            message,
            hint: Some("write for example: use go 1.26.6".to_owned()),
            cause: Cause::Text,
        };
        let version = match &wanted.version {
            Some(text) => Version::read(text).map_err(|error| refuse(error.to_string()))?,
            None => {
                let directory = self.within(&wanted.directory).unwrap_or(Path::new(""));
                match choose(&self.requests(directory)) {
                    Ok(Some(request)) => request.version.clone(),
                    Ok(None) => {
                        let files = "no go.work, go.mod, .go-version or .tool-versions here";
                        return Err(refuse(format!("{files} says which version")));
                    }
                    Err(conflict) => return Err(refuse(conflict.to_string())),
                }
            }
        };
        let root = PathBuf::from(format!("{SDKS}{version}"));
        Ok(SdkFound { version: version.to_string(), root })
    }

    fn watch(&mut self, _path: &Path) {}
}
