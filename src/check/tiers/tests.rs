use std::path::PathBuf;

use super::*;
use crate::trust::rules::Source;

pub(crate) fn directives(policy: &str) -> Vec<Directive> {
    let line = |(number, text): (u32, &str)| {
        let mut words = text.split(' ').map(|word| word.trim_matches('\'').as_bytes().to_vec());
        let name = String::from_utf8(words.next()?).ok()?;
        let place = Place { path: PathBuf::from("/r/.envrc"), line: number, column: 1 };
        Some(Directive { name, arguments: words.collect(), place })
    };
    (1..).zip(policy.lines()).filter_map(line).collect()
}

fn rules(toml: &str) -> Rules {
    let source = Source { path: "/etc/goenv/config.toml", text: toml.as_bytes() };
    Rules::read(Some(source), None).unwrap()
}

fn verdict(tier: &str, toml: &str, policy: &str, version: &str) -> String {
    let admitted =
        Admitted::of(Tier::new(tier).as_ref(), &rules(toml), &directives(policy)).unwrap();
    match admitted.admit(&Version::read(version).unwrap()) {
        Ok(()) => "yes".to_owned(),
        Err(no) => no.to_string(),
    }
}

#[test]
fn every_list_must_admit_a_release_and_none_deny_it() {
    let policy = "allow_go dev 1.26.x 1.27.x\nallow_go prod 1.26.5 1.26.6\ndeny_go 1.26.0 CVE-2026-42501 in net";
    let config =
        "[tiers.prod]\ngo = [\"1.26.6\", \"1.27.x\"]\n[go]\ndeny = { \"1.26.1\" = \"broken\" }\n";
    for (tier, version, expected) in [
        ("prod", "1.26.6", "yes"),
        (
            "prod",
            "1.26.5",
            "is not among what /etc/goenv/config.toml:2 admits in tier prod: 1.26.6 1.27.x",
        ),
        ("prod", "1.27.3", "is not among what the policy admits in tier prod: 1.26.5 1.26.6"),
        ("dev", "1.27.3", "yes"),
        ("dev", "1.25.9", "is not among what the policy admits in tier dev: 1.26.x 1.27.x"),
        ("dev", "1.26.0", "is denied by line 3 of the policy: CVE-2026-42501 in net"),
        ("dev", "1.26.1", "is denied by config.toml: broken"),
        ("dev", "1.26", "yes"),
        ("dev", "1.25", "is not among what the policy admits in tier dev: 1.26.x 1.27.x"),
        ("test", "1.19.1", "yes"),
        ("prod", "1.26rc1", "is a pre-release, which tier prod does not run"),
        ("prod", "1.26", "is a language version, and tier prod needs a release"),
    ] {
        assert_eq!(verdict(tier, config, policy, version), expected, "{tier} {version}");
    }
    assert_eq!(verdict("dev", "", "deny_go 1.26.7", "1.26.7"), "is denied by line 1 of the policy");
    // The last tier of an order is production, whatever it is called.
    let promote = "promote lab live\nallow_go lab 1.27rc1 1.26.6\nallow_go live 1.27rc1 1.26.6";
    assert_eq!(
        verdict("live", "", promote, "1.27rc1"),
        "is a pre-release, which tier live does not run"
    );
    assert_eq!(verdict("lab", "", promote, "1.27rc1"), "yes");
}

#[test]
fn lines_that_are_not_understood_are_refused_with_their_place() {
    for (policy, expected) in [
        (
            "allow_go prod 1.26.q",
            "1: `1.26.q` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'",
        ),
        (
            "\nallow_go Prod 1.26.6",
            "2: `Prod` is no tier: expected lower-case letters, digits and hyphens",
        ),
        ("promote dev prod dev", "1: tier dev is named twice"),
        (
            "deny_go latest",
            "1: `latest` names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'",
        ),
    ] {
        let bad = Admitted::of(Tier::new("dev").as_ref(), &Rules::default(), &directives(policy))
            .unwrap_err();
        assert_eq!(format!("{}: {}", bad.place.unwrap().line, bad.message), expected);
    }
}

#[test]
fn a_minimum_is_reachable_or_not() {
    for (policy, least, expected) in [
        ("allow_go dev 1.26.6", "1.26.6", true),
        ("allow_go dev 1.26.6", "1.26", true),
        ("allow_go dev 1.26.6", "1.21", true),
        ("allow_go dev 1.26.6", "1.26.7", false),
        ("allow_go dev 1.26.6", "1.27", false),
        ("allow_go dev 1.26.x", "1.26.77", true),
        ("allow_go dev 1.26.x", "1.27", false),
        ("allow_go dev >=1.26.4", "1.31", true),
        ("allow_go dev >=1.26.4\ndeny_go >=1.27.0", "1.27.1", false),
        ("allow_go dev 1.26.4+\ndeny_go 1.26.5+", "1.26.4", true),
        ("allow_go dev 1.26.4+\ndeny_go 1.26.5+", "1.26.5", false),
        ("deny_go 1.26.7", "1.26.7", true),
        ("allow_go dev 1.26.x\ndeny_go 1.26.0\ndeny_go 1.26.2+", "1.26", true),
        ("allow_go dev 1.26.x\ndeny_go 1.26.0\ndeny_go 1.26.1+", "1.26", false),
        ("", "1.99", true),
    ] {
        let admitted =
            Admitted::of(Tier::new("dev").as_ref(), &Rules::default(), &directives(policy))
                .unwrap();
        let least = Version::read(least).unwrap();
        assert_eq!(admitted.reaches(&least), expected, "{policy} {least}");
    }
}

#[test]
fn a_line_is_older_than_every_admitted_release_or_not() {
    for (policy, version, expected) in [
        ("allow_go dev 1.26.6", "1.26", true),
        ("allow_go dev 1.26.6", "1.27", true),
        ("allow_go dev 1.26.6", "1.25", false),
        ("allow_go dev 1.26.6 1.24.x", "1.24", true),
        ("allow_go dev >=1.24.3", "1.25", true),
        ("allow_go dev >=1.24.3", "1.23.1", false),
        ("", "1.2", true),
    ] {
        let admitted =
            Admitted::of(Tier::new("dev").as_ref(), &Rules::default(), &directives(policy))
                .unwrap();
        let version = Version::read(version).unwrap();
        assert_eq!(admitted.goes_back_to(&version), expected, "{policy} {version}");
    }
}

#[test]
fn a_later_tier_lies_within_an_earlier_one() {
    let shown = |toml: &str, policy: &str| -> Vec<String> {
        let gaps = gaps(&rules(toml), &directives(policy)).unwrap();
        gaps.iter()
            .map(|gap| {
                let line = gap.place.as_ref().map_or(0, |place| place.line);
                let pattern = gap.pattern.as_deref().unwrap_or("anything");
                format!("{line}: {pattern} in {} not {}", gap.later, gap.earlier)
            })
            .collect()
    };
    let order = "promote dev staging prod\n";
    let of = |lines: &str| shown("", &format!("{order}{lines}"));
    assert_eq!(
        of("allow_go dev 1.26.x\nallow_go staging 1.26.5 1.26.6\nallow_go prod 1.26.6"),
        [""; 0]
    );
    assert_eq!(
        of("allow_go dev 1.26.x\nallow_go staging 1.26.5\nallow_go prod 1.26.6 1.26.5"),
        ["4: 1.26.6 in prod not staging"]
    );
    assert_eq!(of("allow_go staging 1.26.5"), ["2: anything in prod not staging"]);
    assert_eq!(of("allow_go prod 1.26.5"), [""; 0]);
    let config = "[tiers.dev]\ngo = [\"1.26.x\"]\n[tiers.prod]\ngo = [\"1.27.1\"]\n[go]\npromote = [\"dev\", \"prod\"]\n";
    assert_eq!(shown(config, ""), ["0: 1.27.1 in prod not dev"]);
}
