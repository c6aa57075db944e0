//! A repository with a remote, two people's keys, and the scopes that policies get.

use std::path::{Path, PathBuf};

use crate::common::{Done, Sandbox};

/// A sandbox with a clone of `git.bank.example/payments/ledger` and the keys of alice and bob.
pub(crate) struct Repository {
    pub(crate) sandbox: Sandbox,
    pub(crate) root: PathBuf,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.dir("keys");
        for name in ["alice", "bob", "eve"] {
            let key = sandbox.path("keys").join(name);
            let made = ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key.to_str().unwrap()];
            sandbox.run(&sandbox.home(), "ssh-keygen", &made).success();
        }
        let root = sandbox.dir("home/ledger");
        let repository = Self { sandbox, root };
        repository.git(&["init", "-q", "."]);
        repository.git(&["remote", "add", "origin", "git@git.bank.example:payments/ledger.git"]);
        repository
    }

    /// Two people are trusted for tier prod, and two must sign.
    pub(crate) fn with_two_signers() -> Self {
        let repository = Self::new();
        repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n");
        for name in ["alice", "bob"] {
            repository.trust(name);
        }
        repository
    }

    pub(crate) fn config(&self, text: &str) {
        self.sandbox.file("home/.config/goenv/config.toml", text);
    }

    pub(crate) fn trust(&self, name: &str) {
        let key = self.key(&format!("{name}.pub"));
        let principal = format!("{name}@bank");
        let add = ["keys", "add", &principal, &key, "--tier", "prod"];
        self.sandbox.goenv(&self.root, &add).success();
    }

    pub(crate) fn key(&self, name: &str) -> String {
        self.sandbox.path("keys").join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn git(&self, args: &[&str]) {
        self.sandbox.run(&self.root, "git", args).success();
    }

    /// Makes a directory with a policy that `names` sign for prod, and returns it.
    pub(crate) fn signed(&self, directory: &str, policy: &str, names: &[&str]) -> PathBuf {
        let directory = self.root.join(directory);
        self.sandbox.file(directory.join(".envrc"), policy);
        for name in names {
            self.sign(&directory, name).success();
        }
        directory
    }

    pub(crate) fn sign(&self, directory: &Path, name: &str) -> Done {
        self.sandbox.goenv(directory, &["sign", "--tier", "prod", "--key", &self.key(name)])
    }

    /// Returns what a shell would get here: exit code and value of `A`.
    pub(crate) fn value(&self, directory: &Path) -> (i32, Option<String>) {
        let done = self.sandbox.goenv(directory, &["export", "json"]);
        let text = done.stdout();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        (done.code(), json.get("A").and_then(|value| value.as_str()).map(str::to_owned))
    }
}
