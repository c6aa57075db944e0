//! The real SDKs that tests run, and the go command in a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The releases that tests need.
pub(crate) const NEW: &str = "1.26.6";
pub(crate) const OLD: &str = "1.24.11";

pub(crate) use crate::common::sdk;

/// A home of its own, in which the go command finds nothing of this machine.
pub(crate) struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap()
    }

    /// Returns the go command of the SDK at `root` with an environment of its own.
    pub(crate) fn go(&self, root: &Path) -> Command {
        let mut command = Command::new(root.join("bin/go"));
        let home = self.path();
        command.env_clear().current_dir(&home).env("HOME", &home).env("PATH", "/usr/bin:/bin");
        command.env("GOPROXY", "off").env("GOFLAGS", "-modcacherw").env("GOTELEMETRY", "off");
        command
    }
}

/// Returns stdout of a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns everything that a command said.
pub(crate) fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// Copies a tree with its modes.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    succeed(Command::new("cp").args(["-a", "--no-preserve=ownership"]).arg(from).arg(to));
}

/// Returns the user that owns `path`.
pub(crate) fn user(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).unwrap())
}
