//! A git repository in a sandbox.

use std::path::{Path, PathBuf};

use crate::common::{Done, Sandbox};

/// A sandbox with one repository.
pub(crate) struct Repository {
    pub(crate) sandbox: Sandbox,
    pub(crate) root: PathBuf,
}

impl Repository {
    /// Returns an empty repository without commits.
    pub(crate) fn new() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("GIT_CONFIG_NOSYSTEM", "1");
        sandbox.set("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            sandbox.set(&format!("GIT_{role}_NAME"), "ann");
            sandbox.set(&format!("GIT_{role}_EMAIL"), "ann@corp.example");
        }
        let root = sandbox.dir("home/repo");
        let repository = Self { sandbox, root };
        repository.git(&["init", "--quiet", "."]).success();
        repository
    }

    /// Returns a repository with these files, not yet staged.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self::new();
        for (path, text) in files {
            repository.write(path, text);
        }
        repository
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        self.sandbox.file(self.root.join(path), text);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Done {
        self.sandbox.run(&self.root, "git", arguments)
    }

    pub(crate) fn stage(&self) {
        self.git(&["add", "--all"]).success();
    }

    pub(crate) fn commit(&self) {
        self.stage();
        self.git(&["commit", "--quiet", "--message", "x"]).success();
    }

    pub(crate) fn check(&self, arguments: &[&str]) -> Done {
        self.check_in(&self.root, arguments)
    }

    pub(crate) fn check_in(&self, directory: &Path, arguments: &[&str]) -> Done {
        let arguments: Vec<&str> = ["check"].iter().chain(arguments).copied().collect();
        self.sandbox.goenv(directory, &arguments)
    }

    /// Returns the findings of a check, `path:line:column id` each, and its exit code.
    pub(crate) fn found(&self, arguments: &[&str]) -> (Vec<String>, i32) {
        let arguments: Vec<&str> = arguments.iter().chain(&["--format", "json"]).copied().collect();
        let done = self.check(&arguments);
        (ids(&done), done.code())
    }
}

/// Returns the findings in a JSON report.
pub(crate) fn ids(done: &Done) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_slice(done.bytes())
        .unwrap_or_else(|error| panic!("{error}: {}{}", done.stdout(), done.stderr()));
    let one = |finding: &serde_json::Value| {
        let (path, id) = (finding["path"].as_str().unwrap(), finding["id"].as_str().unwrap());
        format!("{path}:{}:{} {id}", finding["line"], finding["column"])
    };
    report["findings"].as_array().unwrap().iter().map(one).collect()
}
