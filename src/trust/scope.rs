//! Where a signed policy holds: repository id, `//`, directory.
//!
//! `git.bank.example/payments/ledger//services/settle`: whatever the transport, the credentials or the port of the
//! remote. Bytes outside `[A-Za-z0-9._~+@-]` are percent-encoded, so that a scope is printable ASCII without spaces
//! and no two scopes look alike. Pure: texts in, values out. What git remotes say is read in `remote.rs`.

use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use super::flaw::shown;

/// A repository's id: host, then path, as `git.bank.example/payments/ledger`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository(String);

impl Repository {
    /// Returns the id of `host` and `path`, or `None` where either is empty or has an odd component.
    pub fn new(host: &str, path: &[u8]) -> Option<Self> {
        let path = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
        let mut id = encode(host.to_ascii_lowercase().as_bytes());
        let mut parts = 0;
        for part in path {
            if id.is_empty() || part == b"." || part == b".." {
                return None;
            }
            id.push('/');
            id.push_str(&encode(part));
            parts += 1;
        }
        (parts > 0).then_some(Self(id))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The repository and the directory in it for which a policy is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The repository.
    pub repository: Repository,
    /// The directory, encoded, without slashes around it; empty for the root.
    directory: String,
}

impl Scope {
    /// Returns the scope of a directory, given relative to the root of its repository.
    pub fn new(repository: Repository, directory: &Path) -> Option<Self> {
        let mut parts = Vec::new();
        for component in directory.components() {
            match component {
                Component::Normal(part) => parts.push(encode(part.as_bytes())),
                Component::CurDir => {}
                _ => return None,
            }
        }
        Some(Self { repository, directory: parts.join("/") })
    }

    /// Returns the scope that a header writes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected a scope as git.example.com/team/repo//directory";
        let wrong = || format!("found {}, {expected}", shown(text.as_bytes()));
        let at = text.as_bytes().windows(2).position(|pair| pair == b"//").ok_or_else(wrong)?;
        let (repository, directory) = (text.get(..at), text.get(at + 2..));
        let (repository, directory) = repository.zip(directory).ok_or_else(wrong)?;
        let repository_parts = repository.split('/').filter(|part| is_component(part)).count();
        let sound = repository_parts == repository.split('/').count()
            && repository_parts >= 2
            && (directory.is_empty() || directory.split('/').all(is_component));
        let host = repository.split('/').next().unwrap_or_default();
        if !sound || host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong());
        }
        Ok(Self { repository: Repository(repository.to_owned()), directory: directory.to_owned() })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}//{}", self.repository, self.directory)
    }
}

/// Returns one component with every byte outside the plain ones as `%xx`.
fn encode(part: &[u8]) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part {
        if is_plain(*byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'@' | b'-')
}

/// Returns whether `part` is a component as [`encode`] writes it, and no step up or in place.
fn is_component(part: &str) -> bool {
    decode(part).is_some_and(|bytes| {
        let odd = bytes.is_empty() || bytes == b"." || bytes == b"..";
        !odd && !bytes.contains(&b'/') && !bytes.contains(&0) && encode(&bytes) == part
    })
}

/// Returns the bytes that `text` stands for, `None` where a percent sign has no two digits behind it.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            if digits.starts_with('+') {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_prints_as_it_is_parsed() {
        for text in [
            "git.bank.example/payments/ledger//services/settle",
            "github.com/a/b//",
            "github.com/a/b//dir%20with%20space/%c3%bc",
            "host/~user/repo//a.b/c+d@e-f_g",
        ] {
            assert_eq!(Scope::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_scope_has_one_spelling() {
        for text in [
            "",
            "github.com/a/b",
            "github.com//dir",
            "/a/b//dir",
            "github.com/a/b///dir",
            "github.com/a/b//dir/",
            "github.com/a/b//../x",
            "github.com/a/./b//x",
            "github.com/a/b//x//y",
            "GitHub.com/a/b//x",
            "github.com/a/b//a%41",
            "github.com/a/b//a%2f",
            "github.com/a/b//a%00",
            "github.com/a/b//a%C3",
            "github.com/a/b//a%2",
            "github.com/a/b//%+1",
            "github.com/a/b//%2e%2e",
            "github.com/a/b//a:b",
            "github.com/a/b//a*",
        ] {
            let expected = "expected a scope as git.example.com/team/repo//directory";
            assert_eq!(Scope::parse(text).unwrap_err(), format!("found {text:?}, {expected}"));
        }
    }

    #[test]
    fn the_scope_of_a_directory_is_relative_to_its_repository() {
        let repository = || Repository::new("Git.Bank.Example", b"/payments/ledger").unwrap();
        let scope = |directory: &str| {
            Scope::new(repository(), Path::new(directory)).map(|scope| scope.to_string())
        };
        let id = "git.bank.example/payments/ledger";
        assert_eq!(scope(""), Some(format!("{id}//")));
        assert_eq!(scope("./services/settle/"), Some(format!("{id}//services/settle")));
        assert_eq!(scope("a b/ü"), Some(format!("{id}//a%20b/%c3%bc")));
        assert_eq!(scope("../x"), None);
        assert_eq!(scope("/x"), None);
        let parsed = Scope::parse(&format!("{id}//a%20b/%c3%bc")).unwrap();
        assert_eq!(Scope::new(repository(), Path::new("a b/ü")), Some(parsed));
    }

    #[test]
    fn a_repository_has_a_host_and_a_path() {
        assert!(Repository::new("", b"a/b").is_none());
        assert!(Repository::new("host", b"/").is_none());
        assert!(Repository::new("host", b"a/../b").is_none());
        assert_eq!(Repository::new("host", b"//a///b/").unwrap().to_string(), "host/a/b");
    }
}
