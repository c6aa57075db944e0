//! What a git repository says about where it came from: texts of `.git`, `commondir` and `config` → ids.
//!
//! Nothing of git runs and nothing of its includes, rewrites or environment counts: the text of the repository's
//! own config alone. A remote that names no repository (a bundle, a helper's address, a relative path) has no id.
//! Syntax: git-config(1), git-clone(1) "GIT URLS", gitrepository-layout(5).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::scope::{Repository, decode};

/// The size that a `config` or `.git` file may have to be read.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Returns the git directory that the text of a `.git` file names, given the directory it stands in.
pub fn git_directory(text: &[u8], beside: &Path) -> Option<PathBuf> {
    let path = line(text.strip_prefix(b"gitdir:")?)?;
    Some(beside.join(OsStr::from_bytes(path)))
}

/// Returns the directory with the `config` of a worktree, by the text of `commondir` in its git directory.
pub fn common_directory(text: &[u8], git_directory: &Path) -> Option<PathBuf> {
    Some(git_directory.join(OsStr::from_bytes(line(text)?)))
}

fn line(text: &[u8]) -> Option<&[u8]> {
    let path = text.trim_ascii();
    (!path.is_empty() && !path.contains(&b'\n') && !path.contains(&0)).then_some(path)
}

/// Returns the ids of the repositories that the remotes of a git config name, in order, each once.
pub fn repositories(config: &[u8]) -> Vec<Repository> {
    let mut ids = Vec::new();
    for url in urls(config) {
        if let Some(id) = repository(&url).filter(|id| !ids.contains(id)) {
            ids.push(id);
        }
    }
    ids
}

/// Returns the id that the URL of a remote names.
pub fn repository(url: &[u8]) -> Option<Repository> {
    let url = std::str::from_utf8(url).ok()?.trim();
    // The first colon decides, as for git: `host:path://x` is a path on a host.
    let scheme =
        url.split_once(':').and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("//")?)));
    if let Some((scheme, rest)) = scheme {
        return match scheme.to_ascii_lowercase().as_str() {
            "ssh" | "git+ssh" | "ssh+git" | "git" | "http" | "https" | "ftp" | "ftps" => {
                let (authority, path) = rest.split_once('/')?;
                of_host(authority, &decode(path)?)
            }
            "file" => of_file(&decode(rest.get(rest.find('/')?..)?)?),
            _ => None,
        };
    }
    if url.starts_with('/') {
        return of_file(url.as_bytes());
    }
    // `host:path`, where no slash stands before the colon; an address in brackets may hold colons.
    let colon = match url.find(']') {
        Some(bracket) => bracket + url.get(bracket..)?.find(':')?,
        None => url.find(':')?,
    };
    let (authority, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    // `helper::address` is for a remote helper.
    if authority.contains('/') || path.starts_with(':') {
        return None;
    }
    of_host(authority, path.as_bytes())
}

/// Returns the id of a path on this machine.
fn of_file(path: &[u8]) -> Option<Repository> {
    Repository::new("localhost", without_suffix(path))
}

/// Returns the id of a path on a host; user, password and port are not part of it.
fn of_host(authority: &str, path: &[u8]) -> Option<Repository> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        // Either an IPv6 address or git's `[host:port]`.
        Some(inner) => {
            let inner = inner.split(']').next().unwrap_or_default();
            if inner.matches(':').count() == 1 { without_port(inner) } else { inner }
        }
        None => without_port(host),
    };
    Repository::new(host.trim_end_matches('.'), without_suffix(path))
}

fn without_port(host: &str) -> &str {
    host.split(':').next().unwrap_or_default()
}

/// Returns the path without slashes at its end, `.git` and slashes before that.
fn without_suffix(path: &[u8]) -> &[u8] {
    let trim = |mut path: &[u8]| {
        while let Some(rest) = path.strip_suffix(b"/") {
            path = rest;
        }
        path.len()
    };
    let path = path.get(..trim(path)).unwrap_or_default();
    let bare = path.strip_suffix(b".git").unwrap_or(path);
    bare.get(..trim(bare)).unwrap_or_default()
}

/// Returns the values of `url` in the `[remote "…"]` sections of a git config.
fn urls(config: &[u8]) -> Vec<Vec<u8>> {
    let mut urls = Vec::new();
    let mut in_remote = false;
    let mut rest = config.strip_prefix(b"\xef\xbb\xbf").unwrap_or(config);
    while !rest.is_empty() {
        rest = rest.trim_ascii_start();
        if let Some(header) = rest.strip_prefix(b"[") {
            let (remote, after) = section(header);
            in_remote = remote;
            rest = after;
            continue;
        }
        let end = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'))
            .unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end).unwrap_or_default();
        match after_blanks(after).strip_prefix(b"=") {
            Some(after) if !key.is_empty() => {
                let (value, after) = value(after);
                if in_remote && key.eq_ignore_ascii_case(b"url") {
                    urls.push(value);
                }
                rest = after;
            }
            // A comment, a key without a value, or a line that git itself would refuse.
            _ => rest = after_line(rest),
        }
    }
    urls
}

/// Returns whether a section header, less its `[`, is a remote's, and what follows its `]`.
fn section(header: &[u8]) -> (bool, &[u8]) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in header.iter().enumerate() {
        match byte {
            b'\n' => break,
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted => {
                let (name, after) = header.split_at_checked(at).unwrap_or_default();
                let word = name.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'.' | b'"'));
                let word = name.get(..word.unwrap_or(name.len())).unwrap_or_default();
                let named = word.len() < name.len();
                let remote = named && word.eq_ignore_ascii_case(b"remote");
                return (remote, after.strip_prefix(b"]").unwrap_or_default());
            }
            _ => {}
        }
    }
    (false, after_line(header))
}

/// Returns a value as git reads it (quotes, escapes, comments, continued lines) and what follows its line.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut value = Vec::new();
    // The length up to the last byte that is not an unquoted blank.
    let mut kept = 0;
    let mut quoted = false;
    let mut rest = after_blanks(text);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'\n', _) => break,
            (b'\\', [b'\r', b'\n', after @ ..] | [b'\n', after @ ..]) => rest = after,
            (b'\\', [escape, after @ ..]) => {
                value.push(match escape {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'b' => 8,
                    other => *other,
                });
                kept = value.len();
                rest = after;
            }
            (b'"', _) => {
                quoted = !quoted;
                kept = value.len();
            }
            (b'#' | b';', _) if !quoted => {
                rest = after_line(after);
                break;
            }
            (byte, _) => {
                value.push(*byte);
                if quoted || !byte.is_ascii_whitespace() {
                    kept = value.len();
                }
            }
        }
    }
    value.truncate(kept);
    (value, rest)
}

fn after_line(text: &[u8]) -> &[u8] {
    let newline = text.iter().position(|byte| *byte == b'\n');
    newline.and_then(|newline| text.get(newline + 1..)).unwrap_or_default()
}

/// Returns `text` without the blanks at its start; never leaves the line.
fn after_blanks(text: &[u8]) -> &[u8] {
    let blank = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blank..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(url: &str) -> Option<String> {
        repository(url.as_bytes()).map(|id| id.to_string())
    }

    #[test]
    fn every_transport_gives_the_same_id() {
        for url in [
            "git@git.bank.example:payments/ledger.git",
            "git.bank.example:payments/ledger",
            "git@git.bank.example:/payments/ledger.git/",
            "ssh://git@git.bank.example/payments/ledger.git",
            "ssh://git.bank.example:7999/payments/ledger",
            "git+ssh://git@git.bank.example/payments/ledger.git",
            "https://git.bank.example/payments/ledger.git",
            "https://user:secret@GIT.Bank.example:8443/payments/ledger/",
            "https://user:p%40ss@git.bank.example./payments//ledger.git//",
            "HTTPS://git.bank.example/payments/ledger",
            "http://git.bank.example/payments/ledger/.git",
            "git://git.bank.example:9418/payments/ledger.git",
            "[git.bank.example:2222]:payments/ledger.git",
            "  https://git.bank.example/payments/ledger.git ",
        ] {
            assert_eq!(id(url).as_deref(), Some("git.bank.example/payments/ledger"), "{url}");
        }
    }

    #[test]
    fn paths_keep_their_case_and_their_odd_bytes() {
        assert_eq!(id("git@h:Team/Repo.git").as_deref(), Some("h/Team/Repo"));
        assert_eq!(id("https://h/a%20b/c").as_deref(), Some("h/a%20b/c"));
        assert_eq!(id("ssh://h/~user/c").as_deref(), Some("h/~user/c"));
        assert_eq!(id("git@[::1]:a/b").as_deref(), Some("%3a%3a1/a/b"));
        assert_eq!(id("ssh://git@[fe80::1]:22/a/b").as_deref(), Some("fe80%3a%3a1/a/b"));
        assert_eq!(id("https://h/group/sub/repo").as_deref(), Some("h/group/sub/repo"));
        assert_eq!(id("h:a://b/c").as_deref(), Some("h/a%3a/b/c"));
    }

    #[test]
    fn a_path_on_this_machine_is_a_repository_of_localhost() {
        for url in ["/srv/git/a.git", "file:///srv/git/a.git", "file://host/srv/git/a"] {
            assert_eq!(id(url).as_deref(), Some("localhost/srv/git/a"), "{url}");
        }
    }

    #[test]
    fn what_names_no_repository_has_no_id() {
        for url in [
            "",
            "../sibling.git",
            "./a:b/c",
            "relative/path",
            "ext::sh -c run",
            "codecommit::eu-west-1://repo",
            "https://host",
            "https://host/",
            "https:///a/b",
            "https://h/a/../b",
            "https://h/a/%2e%2e/b",
            "https://h/a%2",
            "gopher://h/a/b",
            "git@h:",
            "file://nothing",
            "[broken",
            "@:x/y",
        ] {
            assert_eq!(id(url), None, "{url}");
        }
        assert_eq!(repository(b"git@h:\xff/x"), None);
    }

    #[test]
    fn remotes_are_read_as_git_reads_them() {
        let config = b"\xef\xbb\xbf[core]\n\turl = https://no/core/url\n\
            # [remote \"no\"] url = https://no/comment/x\n\
            [remote \"origin\"] url = git@one:a/b.git ; fork of https://no/c/d\n\
            \tfetch = +refs/heads/*:refs/remotes/origin/*\n\
            [REMOTE \"up\\\"]stream\"]\n  URL=\"https://two/a;b/c\" # x\n\
            \turl = https://three/\\\nlong/path  \r\n\
            [remote \"a]b\"] url = https://five/a/b\n\
            [remote \"q\\\"]q\"] url = https://six/a/b\n\
            [branch \"b] [remote\"] url = https://no/bracket/x\n\
            [remote]\n\turl = https://no/unnamed/x\n\
            [remote.legacy]\n\tmirror\n\turl = https://four/a/b\n\
            [branch \"remote\"]\n\turl = https://no/branch/x\n\
            [remotely \"x\"]\n\turl = https://no/remotely/x\n\
            [url \"https://no/a/b\"]\n\tinsteadOf = git@one:a/b.git\n\
            [remote \"again\"]\n\turl = https://one/a/b\n\tpushurl = https://no/push/x\n";
        let ids: Vec<String> = repositories(config).iter().map(ToString::to_string).collect();
        assert_eq!(
            ids,
            ["one/a/b", "two/a%3bb/c", "three/long/path", "five/a/b", "six/a/b", "four/a/b"]
        );
        assert_eq!(urls(config), urls_of_git(config));
    }

    /// Returns what git itself reads.
    fn urls_of_git(config: &[u8]) -> Vec<Vec<u8>> {
        let keygen = super::super::testing::Keygen::new();
        let path = keygen.write("config", config);
        let path = path.to_str().unwrap();
        let pattern = r"^remote\..*\.url$";
        let listed =
            super::super::testing::git(&["config", "-z", "-f", path, "--get-regexp", pattern]);
        let listed = listed.split(|byte| *byte == 0).filter(|pair| pair.contains(&b'\n'));
        listed.map(|pair| pair.splitn(2, |byte| *byte == b'\n').nth(1).unwrap().to_vec()).collect()
    }

    #[test]
    fn spoilt_configs_end_without_a_remote() {
        for config in [
            "",
            "[",
            "[remote \"x",
            "[remote \"x\"]",
            "[remote \"x\"] url =",
            "url",
            "\\",
            "[remote \"x\"]\nurl = \"",
        ] {
            assert_eq!(repositories(config.as_bytes()), [], "{config:?}");
        }
    }

    #[test]
    fn worktrees_lead_to_the_config_of_their_repository() {
        let git = git_directory(b"gitdir: /r/.git/worktrees/w\n", Path::new("/w")).unwrap();
        assert_eq!(git, Path::new("/r/.git/worktrees/w"));
        assert_eq!(
            common_directory(b"../..\n", &git).unwrap(),
            Path::new("/r/.git/worktrees/w/../..")
        );
        let module = git_directory(b"gitdir: ../.git/modules/m\n", Path::new("/r/m")).unwrap();
        assert_eq!(module, Path::new("/r/m/../.git/modules/m"));
        for text in ["", "gitdir:", "gitdir: \n", "gitdir: a\nb", "x: a", "gitdir: a\0b"] {
            assert_eq!(git_directory(text.as_bytes(), Path::new("/w")), None, "{text:?}");
        }
        assert_eq!(common_directory(b"\n", &git), None);
    }
}
