//! The hash of an SDK's tree as Go itself computes it: `h1:` of the module `golang.org/toolchain`.
//!
//! Go distributes each release as a module too, and the public checksum database logs its hash. Its files are those
//! of the release without `api`, `doc`, `misc` and `test`, each go.mod renamed to `_go.mod`. Names and contents
//! count, modes and empty directories do not. Rules: `cmd/distpack` and `golang.org/x/mod/sumdb/dirhash`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64ct::{Base64, Encoding};

use super::places::Platform;
use crate::go::Version;
use crate::hex::{Sha256, hex, sha256};

/// Returns the `h1:` hash of a tree, given the path of each file below the root and the digest of its content.
pub fn h1<'a>(
    version: &Version,
    platform: &Platform,
    files: impl Iterator<Item = (&'a str, &'a Sha256)>,
) -> String {
    let prefix = format!("golang.org/toolchain@v0.0.1-go{version}.{}/", platform.dashed());
    // In the module cache a go.mod stands beside the `_go.mod` that it was copied from: one name, one line.
    let mut names: BTreeMap<String, &Sha256> = BTreeMap::new();
    for (path, digest) in files {
        if !is_left_out(path) {
            names.insert(format!("{prefix}{}", renamed(path)), digest);
        }
    }
    let mut summary = String::new();
    for (name, digest) in names {
        // Writing to a string cannot fail.
        let _ = writeln!(summary, "{}  {name}", hex(digest));
    }
    format!("h1:{}", Base64::encode_string(&sha256(summary.as_bytes())))
}

fn is_left_out(path: &str) -> bool {
    ["api/", "doc/", "misc/", "test/"].iter().any(|directory| path.starts_with(directory))
}

fn renamed(path: &str) -> String {
    match path.strip_suffix("go.mod") {
        Some(directory) if directory.is_empty() || directory.ends_with('/') => {
            format!("{directory}_go.mod")
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> String {
        let version = Version::read("1.26.6").unwrap();
        let platform = Platform::parse("linux/amd64").unwrap();
        let files: Vec<_> =
            files.iter().map(|(path, text)| (*path, sha256(text.as_bytes()))).collect();
        h1(&version, &platform, files.iter().map(|(path, digest)| (*path, digest)))
    }

    #[test]
    fn the_order_and_the_left_out_directories_do_not_matter() {
        let plain = of(&[("VERSION", "go1.26.6\n"), ("src/go.mod", "module std\n")]);
        assert_eq!(plain, of(&[("src/go.mod", "module std\n"), ("VERSION", "go1.26.6\n")]));
        assert_eq!(
            plain,
            of(&[
                ("VERSION", "go1.26.6\n"),
                ("src/go.mod", "module std\n"),
                ("src/_go.mod", "module std\n"),
                ("api/x", ""),
                ("doc/x", ""),
                ("misc/x", ""),
                ("test/x", ""),
            ])
        );
        for changed in [
            vec![("VERSION", "go1.26.6\n"), ("src/go.mod", "module std")],
            vec![("VERSION", "go1.26.6\n"), ("src/xgo.mod", "module std\n")],
            vec![("VERSION", "go1.26.6\n")],
            vec![("VERSION", "go1.26.6\n"), ("src/go.mod", "module std\n"), ("bin/x", "")],
            vec![("VERSION", "go1.26.6\n"), ("src/go.mod", "module std\n"), ("src/test/x", "")],
        ] {
            assert_ne!(plain, of(&changed), "{changed:?}");
        }
    }

    #[test]
    fn the_text_that_is_hashed_is_sha256sums() {
        // printf '%s  %s\n' "$(printf 'go1.26.6\n' | sha256sum | cut -c-64)" \
        //   golang.org/toolchain@v0.0.1-go1.26.6.linux-amd64/VERSION | sha256sum | xxd -r -p | base64
        assert_eq!(
            of(&[("VERSION", "go1.26.6\n")]),
            "h1:dh6ftZB2Ryaqj2nMe3jJyW8hT4oFJZryeakO3nyQA/o="
        );
    }
}
