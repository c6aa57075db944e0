//! Each demand of a tier by itself, without files.

use std::time::Duration;

use super::*;
use crate::binary::info::BuildInfo;
use crate::binary::layout::Linkage;
use crate::check::facts::Facts;
use crate::check::standing::Standings;
use crate::trust::header::Tier;
use crate::trust::rules::{Rules, Source};

/// Returns `ID message` of each finding under a config.
fn found(config: &str, tier: &str, binary: &Binary) -> Vec<String> {
    let source = Source { path: "config.toml", text: config.as_bytes() };
    let rules = Rules::read(Some(source), None).unwrap();
    let (facts, tier) = (Facts::default(), Tier::new(tier).unwrap());
    let standings = Standings::new(&facts, &rules, Some(&tier), Duration::ZERO).unwrap();
    let path = Path::new("app");
    let findings = judge(binary, path, standings.of(path), &standings);
    findings.iter().map(|finding| format!("{} {}", finding.rule.id(), finding.message)).collect()
}

fn binary(version: &str, settings: &[&str]) -> Binary {
    let lines: String = settings.iter().map(|setting| format!("build\t{setting}\n")).collect();
    let info = BuildInfo::parse(version.as_bytes(), lines.as_bytes()).unwrap();
    Binary { info, format: Format::Elf, linkage: Linkage::default() }
}

const GOOD: &[&str] = &["-trimpath=true", "CGO_ENABLED=0", "GOOS=linux"];

#[test]
fn the_toolchain_counts_in_every_tier_that_says_which() {
    let listed = "[tiers.dev]\ngo = [\"1.26.x\"]\n[tiers.prod]\ngo = [\"1.26.6\"]\n";
    let denied = "[go]\ndeny = { \"1.26.6\" = \"CVE-1\" }\n";
    let unlisted = "is not among what config.toml:4 admits in tier prod: 1.26.6";
    for (config, tier, version, expected) in [
        ("", "dev", "go1.26.6", vec![]),
        ("", "dev", "go1.26rc1", vec![]),
        ("", "dev", "devel go1.28-abc", vec![]),
        ("", "prod", "go1.26.6", vec![]),
        (
            "",
            "prod",
            "devel go1.28-abc",
            vec!["GOENV501 built with `devel go1.28-abc`, which is no release of Go"],
        ),
        (
            "",
            "prod",
            "go1.27rc1",
            vec!["GOENV501 go1.27rc1 is a pre-release, which tier prod does not run"],
        ),
        (listed, "dev", "go1.26.2", vec![]),
        (listed, "prod", "go1.26.6", vec![]),
        (listed, "prod", "go1.26.6 X:jsonv2", vec![]),
        (listed, "prod", "go1.26.6-X:jsonv2", vec![]),
        (listed, "prod", "go1.26.5", vec![&*format!("GOENV501 go1.26.5 {unlisted}")]),
        (
            listed,
            "dev",
            "gotip\u{1b}[0m",
            vec!["GOENV501 built with `gotip\\u{1b}[0m`, which is no release of Go"],
        ),
        (denied, "dev", "go1.26.6", vec!["GOENV501 go1.26.6 is denied by config.toml: CVE-1"]),
        (
            "",
            "dev",
            "go1.25.5",
            vec![
                "GOENV402 Go 1.25 gets no security fixes: supported are 1.26 and 1.27 (as of 2026-11-01)",
            ],
        ),
    ] {
        assert_eq!(found(config, tier, &binary(version, GOOD)), expected, "{tier} {version}");
    }
}

#[test]
fn production_wants_a_plain_build_of_a_commit() {
    let cgo = "GOENV504 built with cgo, which tier prod does without";
    let unknown = "GOENV504 does not record whether it was built with cgo";
    let paths = "GOENV505 built without -trimpath, so it holds paths of the machine that built it";
    for (settings, expected) in [
        (GOOD, vec![]),
        (&[], vec![unknown, paths]),
        (&["-trimpath=true", "CGO_ENABLED=1"], vec![cgo]),
        (&["-trimpath=true", "CGO_ENABLED="], vec![unknown]),
        (&["-trimpath=false", "CGO_ENABLED=0"], vec![paths]),
        (&["CGO_ENABLED=0", "-trimpath=true", "vcs.modified=false", "vcs.revision=abc"], vec![]),
        (
            &["CGO_ENABLED=0", "-trimpath=true", "vcs.modified=true", "vcs.revision=abc"],
            vec!["GOENV506 built from abc with changes that were not committed"],
        ),
        (
            &[
                "CGO_ENABLED=0",
                "-trimpath=true",
                "DefaultGODEBUG=panicnil=1,tlssha1=1,rsa1024min=0,tls3des=0",
            ],
            vec![
                "GOENV507 its defaults are tlssha1=1 (SHA-1 in TLS), rsa1024min=0 (short RSA keys)",
            ],
        ),
    ] {
        assert_eq!(found("", "prod", &binary("go1.26.6", settings)), expected, "{settings:?}");
        assert_eq!(found("", "dev", &binary("go1.26.6", settings)), [""; 0], "{settings:?}");
    }
    let mut dirty = binary("go1.26.6", GOOD);
    dirty.info.main.version = "v1.2.3+dirty".to_owned();
    let message = "GOENV506 built with changes that were not committed";
    assert_eq!(found("", "prod", &dirty), [message]);
}

#[test]
fn production_wants_static_binaries_where_there_are_any() {
    let linkage = Linkage {
        interpreter: Some(b"/lib/ld.so".to_vec()),
        needed: vec![b"libc.so.6".to_vec(), b"lib\x1b.so".to_vec()],
        pie: true,
    };
    let loaded = ["GOENV502 is loaded by /lib/ld.so", "GOENV503 needs libc.so.6, lib\\u{1b}.so"];
    for (format, system, expected) in [
        (Format::Elf, "linux", &loaded[..]),
        (Format::Elf, "freebsd", &loaded),
        (Format::Elf, "openbsd", &[]),
        (Format::MachO, "darwin", &[]),
        (Format::Pe, "windows", &[]),
    ] {
        let settings = ["-trimpath=true", "CGO_ENABLED=0", &format!("GOOS={system}")];
        let binary = Binary { format, linkage: linkage.clone(), ..binary("go1.26.6", &settings) };
        assert_eq!(found("", "prod", &binary), expected, "{system}");
    }
}
