//! A release in miniature, and archives made from it entry by entry, honest and hostile.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use goenv::env::Env;
use goenv::go::Version;
use goenv::sdk::{Places, Platform};
use tar::{EntryType, Header};

use crate::real::{Home, user};

/// One entry of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) kind: EntryType,
    pub(crate) mode: u32,
    pub(crate) content: Vec<u8>,
    pub(crate) link: Option<&'static str>,
}

pub(crate) fn file(name: &str, mode: u32, content: &str) -> Entry {
    let (name, content) = (name.as_bytes().to_vec(), content.as_bytes().to_vec());
    Entry { name, kind: EntryType::Regular, mode, content, link: None }
}

/// Returns the entries of a release: everything that a release must hold, and little else.
pub(crate) fn release(version: &str) -> Vec<Entry> {
    let program = format!("#!/bin/sh\necho go version go{version} linux/amd64\n");
    let directory = Entry { kind: EntryType::Directory, ..file("go/src/", 0o755, "") };
    vec![
        file("go/VERSION", 0o644, &format!("go{version}\ntime 2026-08-11T00:40:52Z\n")),
        file("go/go.env", 0o644, "GOTOOLCHAIN=auto\n"),
        file("go/bin/go", 0o755, &program),
        file("go/bin/gofmt", 0o755, &program),
        file("go/pkg/tool/linux_amd64/compile", 0o755, &program),
        file("go/pkg/tool/linux_amd64/link", 0o755, &program),
        directory,
        file("go/src/go.mod", 0o644, "module std\n"),
        file("go/src/cmd/go/testdata/mod/rsc.io_!q!u!o!t!e_v1.5.2.txt", 0o644, ""),
    ]
}

/// Returns the tar of the entries, as they are.
pub(crate) fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        let mut header = Header::new_gnu();
        let name = &mut header.as_old_mut().name;
        name[..entry.name.len()].copy_from_slice(&entry.name);
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_size(entry.content.len() as u64);
        if let Some(link) = entry.link {
            header.set_link_name(link).unwrap();
        }
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(&entry.content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Returns the archive of a release in miniature.
pub(crate) fn archive(version: &str) -> Vec<u8> {
    gzip(&tar(&release(version)))
}

/// Returns the places of a home, with nothing of this machine's among them.
pub(crate) fn places(home: &Home) -> Places {
    let linux = Platform::parse("linux/amd64").unwrap();
    Places::new(&Env::new(), &home.path(), linux, user(&home.path()), &home.path().join("system"))
}

pub(crate) fn version(text: &str) -> Version {
    Version::read(text).unwrap()
}

/// Returns what lies in the store, sorted, the lock left out.
pub(crate) fn store(places: &Places) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(&places.store)
        .map(|entries| {
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
        })
        .unwrap_or_default();
    let downloads: PathBuf = places.store.join(".download");
    if let Ok(parts) = std::fs::read_dir(downloads) {
        names.extend(parts.map(|part| part.unwrap().file_name().into_string().unwrap()));
    }
    names.retain(|name: &String| name != ".lock" && name != ".download");
    names.sort();
    names
}
