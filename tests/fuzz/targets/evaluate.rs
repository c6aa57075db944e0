//! Any policy in a small world that is made up: no panic, the same outcome twice, and the limits hold.
#![no_main]

use std::path::{Path, PathBuf};

use goenv::env::{Bytes, Env};
use goenv::policy::{Access, Host, Kind, Look, Refusal, SdkFound, SdkWanted, evaluate, parse};
use libfuzzer_sys::fuzz_target;

/// A world in which what a path ends in says what stands there.
struct Made<'a>(&'a [u8]);

impl Host for Made<'_> {
    fn policy_text(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        // The policy sources itself: recursion has to end.
        Ok((!path.ends_with("missing")).then(|| self.0.to_vec()))
    }

    fn data(&mut self, path: &Path) -> Result<Option<Bytes>, Refusal> {
        Ok((!path.ends_with("missing")).then(|| self.0.to_vec()))
    }

    fn look(&mut self, path: &Path) -> Option<Look> {
        let name = path.file_name()?.to_str()?;
        let kind = match name {
            "missing" => return None,
            name if name.contains('.') => Kind::File,
            _ => Kind::Directory,
        };
        let access = Access { read: true, write: true, execute: true };
        Some(Look { kind, size: 1, mtime: 0, access })
    }

    fn link(&mut self, path: &Path) -> Option<PathBuf> {
        path.ends_with("link").then(|| PathBuf::from("/target"))
    }

    fn real_path(&mut self, path: &Path) -> Option<PathBuf> {
        (!path.ends_with("missing")).then(|| path.to_path_buf())
    }

    fn names(&mut self, path: &Path) -> Vec<Bytes> {
        if path.components().count() > 8 { Vec::new() } else { vec![b"a".to_vec(), b"b.c".to_vec()] }
    }

    fn program(&mut self, name: &[u8], _path_value: &[u8]) -> Option<PathBuf> {
        (name != b"nix").then(|| PathBuf::from("/usr/bin/x"))
    }

    fn sdk(&mut self, wanted: &SdkWanted) -> Result<SdkFound, Refusal> {
        let version = wanted.version.clone().unwrap_or_default();
        Ok(SdkFound { version, root: PathBuf::from("/sdk") })
    }

    fn watch(&mut self, _path: &Path) {}
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(program) = parse(Path::new("/work/project/.envrc"), bytes) else { return };
    let outside: Env = [
        ("HOME", "/home/ann"),
        ("PATH", "/usr/bin:/bin"),
        ("A", "a b"),
        ("B", "*/x:"),
    ]
    .into_iter()
    .collect();
    let first = evaluate(&program, &outside, &mut Made(bytes));
    let second = evaluate(&program, &outside, &mut Made(bytes));
    assert_eq!(first, second);
    if let Ok(wanted) = first {
        assert!(wanted.env.iter().all(|(name, value)| name.len() + value.len() + 2 <= 128 << 10));
        assert!(wanted.env.get("PATH").is_some() && wanted.env.get("HOME").is_some());
    }
});
