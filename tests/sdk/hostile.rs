//! Archives that no release is: each is refused as a whole, and nothing of it stays.

use std::fs;

use goenv::sdk::install::add_archive;
use goenv::sdk::pin::Pin;
use tar::EntryType;

use crate::real::Home;
use crate::small::{Entry, file, gzip, places, release, store, tar};

fn entry(kind: EntryType, name: &str) -> Entry {
    Entry { kind, ..file(name, 0o644, "") }
}

fn link(kind: EntryType, name: &str, to: &'static str) -> Entry {
    Entry { link: Some(to), ..entry(kind, name) }
}

fn with(extra: &[Entry]) -> Vec<u8> {
    let mut entries = release("1.26.6");
    entries.extend_from_slice(extra);
    gzip(&tar(&entries))
}

fn without(name: &str) -> Vec<u8> {
    let mut entries = release("1.26.6");
    entries.retain(|entry| entry.name != name.as_bytes());
    gzip(&tar(&entries))
}

#[test]
fn hostile_archives_are_refused_and_nothing_stays() {
    const HOLDS: &str = "the archive holds ";
    let long = |size| Entry {
        content: vec![b'a'; size],
        ..entry(EntryType::GNULongName, "././@LongLink")
    };
    let pax = |text: &str| Entry { content: text.into(), ..entry(EntryType::XHeader, "PaxHeader") };
    let honest = with(&[]);
    let behind = [honest.clone(), b"#!/bin/sh\n".to_vec()].concat();
    let two_members = [honest.clone(), gzip(b"more")].concat();
    let mut hidden = tar(&release("1.26.6"));
    hidden.extend_from_slice(&tar(&[file("go/bin/hidden", 0o755, "x")]));
    let mut flipped = honest.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let zeros = Entry { content: vec![0; 40 << 20], ..file("go/zeros", 0o644, "") };
    let many: Vec<_> = (0..50_001).map(|i| file(&format!("go/f{i}"), 0o644, "")).collect();
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("an absolute name", with(&[file("/etc/cron.d/x", 0o644, "x")]), "an absolute name"),
        (
            "a name that climbs",
            with(&[file("go/../../.bashrc", 0o644, "x")]),
            "a name with `.` or `..`",
        ),
        ("a name with a dot", with(&[file("go/./x", 0o644, "x")]), "a name with `.` or `..`"),
        ("a second top", with(&[file("evil/x", 0o644, "x")]), "a name outside `go/`"),
        ("a file named go", with(&[file("go", 0o644, "x")]), "a name outside `go/`"),
        ("a symbolic link", with(&[link(EntryType::Symlink, "go/x", "VERSION")]), "a link"),
        ("a link that leaves", with(&[link(EntryType::Symlink, "go/x", "/etc/passwd")]), "a link"),
        ("a hard link", with(&[link(EntryType::Link, "go/x", "/etc/passwd")]), "a link"),
        ("a FIFO", with(&[entry(EntryType::Fifo, "go/x")]), "a device or FIFO"),
        ("a character device", with(&[entry(EntryType::Char, "go/x")]), "a device or FIFO"),
        ("a block device", with(&[entry(EntryType::Block, "go/x")]), "a device or FIFO"),
        (
            "a sparse file",
            with(&[entry(EntryType::GNUSparse, "go/x")]),
            "an entry of an unknown kind",
        ),
        (
            "a global header",
            with(&[entry(EntryType::XGlobalHeader, "x")]),
            "an entry of an unknown kind",
        ),
        (
            "a setuid file",
            with(&[file("go/bin/x", 0o4755, "x")]),
            "a setuid, setgid or sticky file",
        ),
        (
            "a setgid file",
            with(&[file("go/bin/x", 0o2755, "x")]),
            "a setuid, setgid or sticky file",
        ),
        (
            "a sticky directory",
            with(&[Entry { mode: 0o1777, ..entry(EntryType::Directory, "go/tmp/") }]),
            "a directory with special bits",
        ),
        ("a name twice", with(&[file("go/bin/go", 0o755, "evil")]), "a name twice"),
        ("a name in another case", with(&[file("go/BIN/go", 0o755, "evil")]), "a name twice"),
        ("a directory that is a file", with(&[file("go/VERSION/x", 0o644, "x")]), "a name twice"),
        ("a line break", with(&[file("go/a\nb", 0o644, "x")]), "a name that is not plain"),
        ("an escape sequence", with(&[file("go/\x1b[2J", 0o644, "x")]), "a name that is not plain"),
        (
            "a name that is not UTF-8",
            with(&[Entry { name: b"go/\xff\xfe".to_vec(), ..file("", 0o644, "x") }]),
            "a name that is not plain",
        ),
        (
            "a long name that climbs",
            with(&[Entry { content: b"go/../x\0".into(), ..long(0) }, file("x", 0o644, "x")]),
            "a name with `.` or `..`",
        ),
        (
            "an extended header of 1 MB",
            with(&[long(1 << 20), file("x", 0o644, "x")]),
            "an extended header that is too long",
        ),
        (
            "an extended name that climbs",
            with(&[pax("16 path=go/../x\n"), file("x", 0o644, "x")]),
            "a name with `.` or `..`",
        ),
        (
            "an extended size",
            with(&[pax("12 size=1000\n"), file("go/x", 0o644, "x")]),
            "an extended header of an unknown kind",
        ),
        (
            "an extended header for nothing",
            with(&[pax("13 path=go/x\n")]),
            "an extended header for nothing",
        ),
        ("40 MB of zeros", with(&[zeros]), "more than an archive of its size unpacks to"),
        ("50,001 files", with(&many), "too many files"),
        ("something behind its end", behind, "something behind its end"),
        ("a second member", two_members, "something behind its end"),
        ("a second archive within", gzip(&hidden), "something behind its last entry"),
    ];
    let home = Home::new();
    let places = places(&home);
    let archive = home.path().join("archive.tar.gz");
    let refused = |bytes: &[u8]| {
        fs::write(&archive, bytes).unwrap();
        let error = add_archive(&archive, None, &places, &mut |_| {}).unwrap_err().to_string();
        assert_eq!(store(&places), Vec::<String>::new(), "{error}");
        error
    };
    for (name, bytes, what) in table {
        let error = refused(&bytes);
        let start = format!("{HOLDS}{what}, which no Go release does: ");
        assert!(error.starts_with(&start), "{name}: {error}");
        println!("{name:<34} {}", error.escape_debug());
    }
    for (name, bytes, expected) in [
        ("a flipped bit", flipped, "the archive is damaged: "),
        ("half an archive", honest[..honest.len() / 2].to_vec(), "the archive is damaged: "),
        ("no gzip", b"<html>".to_vec(), "the archive is damaged: "),
        ("nothing", Vec::new(), "the archive "),
        (
            "no bin/go",
            without("go/bin/go"),
            "the archive is not a Go release for linux/amd64: it has no program bin/go",
        ),
        (
            "no compiler",
            without("go/pkg/tool/linux_amd64/compile"),
            "the archive is not a Go release for linux/amd64: it has no program pkg/tool/linux_amd64/compile",
        ),
        (
            "no VERSION",
            without("go/VERSION"),
            "the archive is not a Go release for linux/amd64: it has no VERSION",
        ),
    ] {
        let error = refused(&bytes);
        assert!(error.starts_with(expected), "{name}: {error}");
        println!("{name:<34} {error}");
    }
    // The honest one that all of these were made from is taken.
    fs::write(&archive, &honest).unwrap();
    let wrong = Pin::read(&format!("sha256:{}", "0".repeat(64))).unwrap();
    let error = add_archive(&archive, Some(&wrong), &places, &mut |_| {}).unwrap_err();
    assert!(error.to_string().ends_with("; nothing was kept"), "{error}");
    assert_eq!(store(&places), Vec::<String>::new());
    add_archive(&archive, None, &places, &mut |_| {}).unwrap();
    assert_eq!(
        store(&places),
        ["go1.26.6.linux-amd64", "go1.26.6.linux-amd64.json", "go1.26.6.linux-amd64.seal"]
    );
}
