//! What only looks writes nothing: no serial is kept, no record, no log, before `export` or `exec` applies the policy.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::repository::Repository;

/// Everything below a directory, each with its times and what it holds.
type Picture = BTreeMap<PathBuf, (i64, i64, i64, i64, Vec<u8>)>;

fn picture(directory: &Path) -> Picture {
    let mut all = Picture::new();
    let mut left = vec![directory.to_path_buf()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        let held = if metadata.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
        if metadata.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        let times =
            (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
        all.insert(path, (times.0, times.1, times.2, times.3, held));
    }
    all
}

/// A repository in which two people signed a policy and what it sources, and nothing was applied yet.
fn signed() -> (Repository, PathBuf) {
    let repository = Repository::with_two_signers();
    let settle = repository.root.join("settle");
    repository.sandbox.file(settle.join("lib.sh"), "export B=1\n");
    repository.sandbox.file(settle.join(".envrc"), "source_env ./lib.sh\nexport A=1\n");
    for name in ["alice", "bob"] {
        for file in [".envrc", "lib.sh"] {
            let key = repository.key(name);
            let sign = ["sign", file, "--tier", "prod", "--key", &key];
            repository.sandbox.goenv(&settle, &sign).success();
        }
    }
    (repository, settle)
}

#[test]
fn commands_that_only_look_write_nothing() {
    let (repository, settle) = signed();
    let before = picture(&repository.sandbox.home());
    for args in [
        &["status"][..],
        &["status", "--json"],
        &["why"],
        &["why", "A"],
        &["verify"],
        &["check"],
        &["keys", "list"],
        &["audit", "log"],
        &["audit", "verify"],
        &["audit", "export"],
        &["sdk", "list"],
        &["sdk", "verify"],
        &["which", "go"],
        &["hook", "bash"],
        &["version"],
    ] {
        let done = repository.sandbox.goenv(&settle, args);
        assert_ne!(done.code(), 2, "{args:?}: {}", done.stderr());
        let after = picture(&repository.sandbox.home());
        assert!(before == after, "{args:?} wrote {:?}", changed(&before, &after));
    }
    let said = repository.sandbox.goenv(&settle, &["status"]).stdout();
    assert!(said.contains("signed by alice@bank, bob@bank"), "{said}");
}

fn changed<'a>(before: &'a Picture, after: &'a Picture) -> Vec<&'a PathBuf> {
    let paths = before.keys().chain(after.keys());
    paths.filter(|path| before.get(*path) != after.get(*path)).collect()
}

/// Returns how many serials are kept.
fn serials(repository: &Repository) -> usize {
    let kept = repository.sandbox.path("home/.local/state/goenv/serials");
    let Ok(entries) = fs::read_dir(kept) else { return 0 };
    entries.filter(|entry| entry.as_ref().unwrap().file_name().len() == 64).count()
}

#[test]
fn export_and_exec_keep_the_serials_of_all_that_applied() {
    let apply: [&[&str]; 2] = [&["export", "bash"], &["exec", ".", "true"]];
    for args in apply {
        let (repository, settle) = signed();
        assert_eq!(serials(&repository), 0);
        repository.sandbox.goenv(&settle, args).success();
        assert_eq!(serials(&repository), 2, "{args:?}");
    }
}

#[test]
fn a_policy_that_is_refused_keeps_no_serial() {
    let (repository, settle) = signed();
    let policy = fs::read_to_string(settle.join(".envrc")).unwrap();
    repository.sandbox.file(settle.join(".envrc"), format!("{policy}export LD_PRELOAD=/x.so\n"));
    for name in ["alice", "bob"] {
        repository.sign(&settle, name).success();
    }
    let refused = repository.sandbox.goenv(&settle, &["export", "bash"]);
    assert!(refused.stderr().contains("LD_PRELOAD: no policy may set it"), "{}", refused.stderr());
    assert_eq!(serials(&repository), 0, "not of the text that it sources either");
}
