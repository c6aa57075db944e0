#![expect(
    clippy::disallowed_methods,
    reason = "reading the version files of a directory is this file's work"
)]
//! Reads the version files that count in a directory: go.work or go.mod, `.go-version`, `.tool-versions`.
//!
//! Each is the nearest one, walking up, as its own tool finds it; go.work, where there is one, stands in for go.mod.
//! What was looked at is returned, absent files included, because any of it changes the answer. A file is read to
//! 1 MiB, and what is no regular file is none.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::go::modfile::{ModFile, Problem, lookup};
use crate::go::request::{Kind, Request};
use crate::go::select::{setting, user_file};
use crate::go::{Version, versionfile};

/// The most that is read of a version file.
const LIMIT: u64 = 1024 * 1024;

/// What the version files of a directory ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// The lines that ask, in the order of `Kind`.
    pub requests: Vec<Request>,
    /// What is wrong with a file, and the file.
    pub problems: Vec<(PathBuf, Problem)>,
    /// The module file that counts, and its bytes.
    pub module: Option<(ModFile, PathBuf, Vec<u8>)>,
    /// Every path that was looked at, there or not.
    pub watch: Vec<PathBuf>,
}

/// A file in which a version may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// go.work.
    Work,
    /// go.mod.
    Mod,
    /// `.go-version`.
    GoVersion,
    /// `.tool-versions`.
    ToolVersions,
}

impl File {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Work, Self::Mod, Self::GoVersion, Self::ToolVersions];

    /// Returns the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "go.work",
            Self::Mod => "go.mod",
            Self::GoVersion => ".go-version",
            Self::ToolVersions => ".tool-versions",
        }
    }

    /// Returns the file of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|file| file.name() == name)
    }
}

/// Reads what the files of `directory` (absolute) and above ask for.
pub fn requested(directory: &Path, env: &Env) -> Requested {
    let mut read = Requested::default();
    read.modules(directory, env);
    for (file, kind) in
        [(File::GoVersion, Kind::GoVersion), (File::ToolVersions, Kind::ToolVersions)]
    {
        if let Some((path, bytes)) = read.nearest(directory, file.name()) {
            read.version_file(kind, path, &bytes);
        }
    }
    read
}

/// Reads what the nearest directory asks for in any of `files`; what `follow` in a user's config means.
pub fn followed(directory: &Path, env: &Env, files: &[File]) -> Requested {
    let mut read = Requested::default();
    for directory in directory.ancestors() {
        let here: Vec<_> = files
            .iter()
            .filter(|file| {
                let path = directory.join(file.name());
                let there = is_file(&path);
                read.watch.push(path);
                there
            })
            .collect();
        if here.is_empty() {
            continue;
        }
        if here.iter().any(|file| matches!(file, File::Work | File::Mod)) {
            // A workspace above replaces the go.mod, for Go and so here, unless it is not to be followed.
            let workspace = files.contains(&File::Work);
            if workspace {
                read.modules(directory, env);
            } else if let Some((path, bytes)) = read.nearest(directory, "go.mod") {
                read.module_file(ModFile::Mod, path, bytes);
            }
        }
        for (file, kind) in
            [(File::GoVersion, Kind::GoVersion), (File::ToolVersions, Kind::ToolVersions)]
        {
            let path = directory.join(file.name());
            if let (true, Some(bytes)) = (here.contains(&&file), read_file(&path)) {
                read.version_file(kind, path, &bytes);
            }
        }
        // A file that names no Go, such as another tool's .tool-versions, decides nothing.
        if !(read.requests.is_empty() && read.problems.is_empty()) {
            break;
        }
    }
    read
}

impl Requested {
    /// Reads go.work or, where none counts, go.mod.
    fn modules(&mut self, directory: &Path, env: &Env) {
        let workspace = match self.workspaces(env).as_bytes() {
            b"off" => None,
            b"" | b"auto" => self.nearest(directory, "go.work"),
            path => {
                let path = PathBuf::from(OsStr::from_bytes(path));
                let bytes = read_file(&path);
                self.watch.push(path.clone());
                bytes.map(|bytes| (path, bytes))
            }
        };
        if let Some((path, bytes)) = workspace {
            self.module_file(ModFile::Work, path, bytes);
        } else if let Some((path, bytes)) = self.nearest(directory, "go.mod") {
            // The go command ignores a go.mod that somebody left in the directory for temporary files.
            let temporary = env.get("TMPDIR").filter(|tmp| !tmp.is_empty()).unwrap_or(b"/tmp");
            if path.parent() != Some(Path::new(OsStr::from_bytes(temporary))) {
                self.module_file(ModFile::Mod, path, bytes);
            }
        }
    }

    /// Returns GOWORK as go has it: the variable or, where that is empty, what `go env -w` wrote.
    fn workspaces(&mut self, env: &Env) -> String {
        let variable = env.get("GOWORK").filter(|value| !value.is_empty());
        let file = user_file(env).filter(|_| variable.is_none());
        let bytes = file.as_deref().and_then(read_file);
        self.watch.extend(file);
        let found = setting("GOWORK", variable, bytes.as_deref(), None);
        found.map(|(value, _)| value).unwrap_or_default()
    }

    fn module_file(&mut self, kind: ModFile, path: PathBuf, bytes: Vec<u8>) {
        let (go, toolchain) = match kind {
            ModFile::Work => (Kind::WorkGo, Kind::WorkToolchain),
            ModFile::Mod => (Kind::ModGo, Kind::ModToolchain),
        };
        for (key, line) in [("go", go), ("toolchain", toolchain)] {
            let Some(word) = lookup(&bytes, key) else { continue };
            let name =
                if key == "go" { Some(word.text.as_str()) } else { word.text.strip_prefix("go") };
            // `toolchain default` asks for nothing.
            if key == "toolchain" && word.text == "default" {
                continue;
            }
            match name.map(Version::read) {
                Some(Ok(version)) => self.requests.push(Request {
                    file: path.clone(),
                    line: word.line,
                    column: word.column,
                    kind: line,
                    version,
                }),
                _ => {
                    let message = format!("the `{key}` line names no Go version: `{}`", word.text);
                    let problem = Problem { message, line: word.line, column: word.column };
                    self.problems.push((path.clone(), problem));
                }
            }
        }
        self.module = Some((kind, path, bytes));
    }

    fn version_file(&mut self, kind: Kind, path: PathBuf, bytes: &[u8]) {
        let read = match kind {
            Kind::ToolVersions => versionfile::tool_versions(bytes),
            _ => versionfile::go_version(bytes),
        };
        match read {
            Ok(None) => {}
            Ok(Some((version, word))) => self.requests.push(Request {
                file: path,
                line: word.line,
                column: word.column,
                kind,
                version,
            }),
            Err(problem) => self.problems.push((path, problem)),
        }
    }

    /// Returns the nearest file of that name and its bytes, and notes every path looked at.
    fn nearest(&mut self, directory: &Path, name: &str) -> Option<(PathBuf, Vec<u8>)> {
        for directory in directory.ancestors() {
            let path = directory.join(name);
            let bytes = read_file(&path);
            self.watch.push(path.clone());
            if let Some(bytes) = bytes {
                return Some((path, bytes));
            }
        }
        None
    }
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Returns the bytes of a regular file up to the limit; a FIFO is none, and opening one would wait.
fn read_file(path: &Path) -> Option<Vec<u8>> {
    if !is_file(path) {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::request::choose;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        for (path, text) in files {
            let path = base.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        (directory, base)
    }

    fn show(read: &Requested, base: &Path) -> Vec<String> {
        let relative = |path: &Path| path.strip_prefix(base).unwrap().display().to_string();
        let requests = read.requests.iter().map(|request| {
            let (file, line) = (relative(&request.file), request.line);
            format!("{file}:{line} {} {}", request.kind.name(), request.version)
        });
        let problems = read.problems.iter().map(|(file, problem)| {
            format!("{}:{}:{}: {}", relative(file), problem.line, problem.column, problem.message)
        });
        requests.chain(problems).collect()
    }

    #[test]
    fn the_nearest_files_count_and_a_workspace_stands_in_for_its_modules() {
        let (_kept, base) = tree(&[
            ("go.work", "go 1.24.11\ntoolchain go1.26.6\nuse ./a\n"),
            ("a/go.mod", "module a\n\ngo 1.22\n"),
            ("a/sub/x", ""),
            (".go-version", "1.25.3\n"),
            ("a/.tool-versions", "nodejs 1\ngolang 1.26.6\n"),
        ]);
        let sub = base.join("a/sub");
        let read = requested(&sub, &Env::new());
        assert_eq!(
            show(&read, &base),
            [
                "go.work:1 go.work go 1.24.11",
                "go.work:2 go.work toolchain 1.26.6",
                ".go-version:1 .go-version 1.25.3",
                "a/.tool-versions:2 .tool-versions 1.26.6",
            ]
        );
        assert!(choose(&read.requests).is_err());
        for path in
            ["a/sub/go.work", "a/go.work", "go.work", "a/sub/.go-version", "a/sub/.tool-versions"]
        {
            assert!(read.watch.contains(&base.join(path)), "{path}");
        }
        let off: Env = [("GOWORK", "off")].into_iter().collect();
        let read = requested(&sub, &off);
        assert_eq!(show(&read, &base)[0], "a/go.mod:3 go.mod go 1.22");
        // As `go env -w GOWORK=off` keeps it, which a variable overrides and `go env -w GOWORK=` takes back.
        let home = |lines: &str| -> Env {
            let file = base.join("home/.config/go/env");
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, lines).unwrap();
            [("HOME", base.join("home").to_str().unwrap())].into_iter().collect()
        };
        let mut kept = home("GOWORK=auto\nGOWORK=off\n");
        let read = requested(&sub, &kept);
        assert_eq!(show(&read, &base)[0], "a/go.mod:3 go.mod go 1.22");
        assert!(read.watch.contains(&base.join("home/.config/go/env")));
        kept.set("GOWORK", "auto");
        assert_eq!(show(&requested(&sub, &kept), &base)[0], "go.work:1 go.work go 1.24.11");
        let taken_back = home("GOWORK=\n");
        assert_eq!(show(&requested(&sub, &taken_back), &base)[0], "go.work:1 go.work go 1.24.11");
        let named: Env = [("GOWORK", base.join("go.work").to_str().unwrap())].into_iter().collect();
        assert_eq!(requested(&base, &named).module.unwrap().0, ModFile::Work);
    }

    #[test]
    fn what_is_no_version_is_a_problem_with_its_place() {
        let (_kept, base) = tree(&[
            ("go.mod", "module m\ngo 1.22.x\ntoolchain none\n"),
            (".go-version", "latest\n"),
            (".tool-versions", "golang path:/tmp/evil\n"),
        ]);
        assert_eq!(
            show(&requested(&base, &Env::new()), &base),
            [
                "go.mod:2:4: the `go` line names no Go version: `1.22.x`",
                "go.mod:3:11: the `toolchain` line names no Go version: `none`",
                ".go-version:1:1: `latest` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
                ".tool-versions:1:8: `path:/tmp/evil` is not a Go version: expected one like 1.26.6, 1.26 or 1.26rc1",
            ]
        );
    }

    #[test]
    fn following_stops_at_the_nearest_directory_that_holds_one() {
        let (_kept, base) = tree(&[
            ("go.work", "go 1.24.11\n"),
            (".go-version", "1.25.3\n"),
            ("a/go.mod", "module a\ngo 1.22.1\n"),
            ("a/b/.tool-versions", "golang 1.26.6\n"),
            ("a/b/c/.tool-versions", "nodejs 20\n"),
        ]);
        let follow = |directory: &str, files: &[File]| {
            show(&followed(&base.join(directory), &Env::new(), files), &base)
        };
        assert_eq!(follow("a/b", &File::ALL), ["a/b/.tool-versions:1 .tool-versions 1.26.6"]);
        assert_eq!(follow("a/b/c", &File::ALL), ["a/b/.tool-versions:1 .tool-versions 1.26.6"]);
        assert_eq!(follow("a", &File::ALL), ["go.work:1 go.work go 1.24.11"]);
        assert_eq!(follow("a/b", &[File::Mod]), ["a/go.mod:2 go.mod go 1.22.1"]);
        assert_eq!(follow("a/b", &[File::GoVersion]), [".go-version:1 .go-version 1.25.3"]);
        assert_eq!(
            follow("", &File::ALL),
            ["go.work:1 go.work go 1.24.11", ".go-version:1 .go-version 1.25.3"]
        );
        assert_eq!(follow("a", &[]), Vec::<String>::new());
    }

    #[test]
    fn a_go_mod_among_temporary_files_is_ignored_as_go_does() {
        let (_kept, base) = tree(&[("go.mod", "module m\ngo 1.24.11\n"), ("work/x", "")]);
        let env: Env = [("TMPDIR", base.to_str().unwrap())].into_iter().collect();
        assert_eq!(show(&requested(&base.join("work"), &env), &base), Vec::<String>::new());
    }
}
