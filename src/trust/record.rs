//! Approvals: what `goenv allow` keeps, and the digests that name it.
//!
//! A record holds the approved bytes, of the policy and of every policy text that it reads, so that `allow` can
//! show what changed since. Its name is a digest over lengths, path and content: an edit, a copy or a move is
//! another name, and no path can be mistaken for content. Pure: bytes in, bytes out. Format: docs/security.md,
//! section "Allow records".

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::header::Engine;
use crate::env::Bytes;
use crate::hex::hex;

/// The first line of an approval: it says for which engine it was given.
fn magic(engine: Engine) -> &'static [u8] {
    match engine {
        Engine::Native => b"goenv-allow-1\n",
        Engine::Bash => b"goenv-allow-1 bash\n",
    }
}

/// A policy text with its place: what is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    /// The file, physical path.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What may evaluate it.
    pub engine: Engine,
    /// The policy.
    pub policy: Approved,
    /// What it read by `source_env` and its kin.
    pub sourced: Vec<Approved>,
}

impl Record {
    /// Returns the text that is kept.
    pub fn encode(&self) -> Bytes {
        let mut out = magic(self.engine).to_vec();
        for text in std::iter::once(&self.policy).chain(&self.sourced) {
            for part in [text.path.as_os_str().as_bytes(), &text.bytes] {
                out.extend(format!("{}:", part.len()).bytes());
                out.extend(part);
                out.push(b'\n');
            }
        }
        out
    }

    /// Reads a kept text, `None` where it is not one.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let is_for = |engine: &Engine| text.starts_with(magic(*engine));
        let engine = Engine::ALL.into_iter().find(is_for)?;
        let mut rest = text.strip_prefix(magic(engine))?;
        let mut texts = Vec::new();
        while !rest.is_empty() {
            let path = PathBuf::from(OsStr::from_bytes(part(&mut rest)?));
            texts.push(Approved { path, bytes: part(&mut rest)?.to_vec() });
        }
        let mut texts = texts.into_iter();
        Some(Self { engine, policy: texts.next()?, sourced: texts.collect() })
    }

    /// Returns whether exactly these bytes at this path are part of the approval.
    pub fn covers(&self, path: &Path, bytes: &[u8]) -> bool {
        self.sourced.iter().any(|text| text.path == path && text.bytes == bytes)
    }
}

fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let colon = rest.iter().take(20).position(|byte| *byte == b':')?;
    let (digits, after) = rest.split_at_checked(colon)?;
    let length: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (part, after) = after.get(1..)?.split_at_checked(length)?;
    *rest = after.strip_prefix(b"\n")?;
    Some(part)
}

/// Returns the name of the directory for records about one path: 16 hex digits.
pub fn path_name(path: &Path) -> String {
    let mut digits = hex(&framed(&[path.as_os_str().as_bytes()]));
    digits.truncate(16);
    digits
}

/// Returns the name of the record for these bytes at this path: 64 hex digits, the sha256 of
/// (length ‖ path ‖ length ‖ content), lengths as 8 bytes, lowest first. An approval for bash has another name: a
/// third part, `bash`, follows.
pub fn content_name(path: &Path, bytes: &[u8], engine: Engine) -> String {
    let path = path.as_os_str().as_bytes();
    hex(&match engine {
        Engine::Native => framed(&[path, bytes]),
        Engine::Bash => framed(&[path, bytes, b"bash"]),
    })
}

fn framed(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approved(path: &str, bytes: &[u8]) -> Approved {
        Approved { path: path.into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn what_was_kept_is_read() {
        let record = Record {
            engine: Engine::Native,
            policy: approved("/p/.envrc", b"export A=1\n"),
            sourced: vec![approved("/p/a\nb", b""), approved("/p/c", &[0, 255, b':', b'\n'])],
        };
        let text = record.encode();
        assert_eq!(Record::decode(&text), Some(record));
        for length in 0..text.len() {
            let cut = Record::decode(&text[..length]);
            assert!(cut.is_none_or(|record| record.sourced.len() < 2), "cut to {length}");
        }
    }

    #[test]
    fn a_record_covers_exactly_what_was_read() {
        let record = Record {
            engine: Engine::Native,
            policy: approved("/p/.envrc", b"source_env x"),
            sourced: vec![approved("/p/x", b"export A=1")],
        };
        assert!(record.covers(Path::new("/p/x"), b"export A=1"));
        assert!(!record.covers(Path::new("/p/x"), b"export A=2"));
        assert!(!record.covers(Path::new("/p/y"), b"export A=1"));
    }

    #[test]
    fn path_and_content_cannot_be_shifted_into_each_other() {
        // printf '\x02\0\0\0\0\0\0\0/p\x01\0\0\0\0\0\0\0x' | sha256sum
        assert_eq!(
            content_name(Path::new("/p"), b"x", Engine::Native),
            "ddebd8ccce7dde024240890c2808a7be767b1c737164c7e05802dc6867fb4e82"
        );
        assert_ne!(
            content_name(Path::new("/p/.envrc\nfoo"), b"", Engine::Native),
            content_name(Path::new("/p/.envrc"), b"\nfoo", Engine::Native)
        );
    }

    #[test]
    fn an_approval_for_one_engine_is_none_for_the_other() {
        let native = content_name(Path::new("/p"), b"x", Engine::Native);
        assert_ne!(native, content_name(Path::new("/p"), b"x", Engine::Bash));
        let policy = approved("/p/.envrc", b"bash\n");
        let record = Record { engine: Engine::Bash, policy, sourced: Vec::new() };
        assert_eq!(Record::decode(&record.encode()), Some(record));
        assert_eq!(Record::decode(b"goenv-allow-1 zsh\n2:/p\n1:x\n"), None);
    }
}
