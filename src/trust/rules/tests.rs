use super::*;

const ORGANISATION: &str = r#"tier = "prod"

[tiers.prod]
require = "signed"
threshold = 2
go = ["1.26.6"]
max_age_days = 90
on_failure = "block"
sdk = "sealed"
env = "listed"
grant = ["APP_*", "GOPROXY"]
strict = true

[go]
deny = { "1.26.0" = "CVE-2026-42501" }
promote = ["dev", "staging", "prod"]

[sdk]
mirrors = ["https://mirror.bank.example/go"]
[audit]
path = "/var/log/goenv"
"#;

fn read(organisation: Option<&str>, user: Option<&str>) -> Result<Rules, String> {
    let source =
        |path, text: Option<&'static str>| text.map(|text| Source { path, text: text.as_bytes() });
    let text = |text: Option<&str>| text.map(|text| &*text.to_owned().leak());
    Rules::read(source("/etc/c", text(organisation)), source("~/c", text(user)))
}

fn tier(name: &str) -> Tier {
    Tier::new(name).unwrap()
}

#[test]
fn the_organisations_file_of_the_design_is_read_whole() {
    let rules = read(Some(ORGANISATION), None).unwrap();
    assert_eq!(rules.tier, Some(tier("prod")));
    let prod = rules.of(None);
    assert_eq!(prod, rules.of(Some(&tier("prod"))));
    assert_eq!((prod.require, prod.threshold, prod.max_age_days), (Require::Signed, 2, Some(90)));
    assert_eq!(prod.go, [["1.26.6"]]);
    assert_eq!(
        (prod.on_failure, prod.sdk, prod.env),
        (OnFailure::Block, SdkRule::Sealed, EnvRule::Listed)
    );
    assert!(prod.grants(b"APP_MODE") && prod.grants(b"GOPROXY"));
    assert!(!prod.grants(b"GOPROXY2") && !prod.grants(b"XAPP_MODE"));
    assert!(prod.strict && !prod.user_signers);
    assert_eq!(prod.place("threshold"), " (/etc/c:5)");
    assert_eq!(rules.deny_go["1.26.0"], "CVE-2026-42501");
    assert_eq!(rules.promote, [[tier("dev"), tier("staging"), tier("prod")]]);
    assert_eq!(rules.mirrors, ["https://mirror.bank.example/go"]);
    assert_eq!(rules.audit, Some("/var/log/goenv".into()));
    assert_eq!(rules.of(Some(&tier("dev"))), &TierRules::default());
}

#[test]
fn without_files_the_rules_are_the_defaults() {
    let rules = read(None, None).unwrap();
    assert_eq!(rules, Rules::default());
    let any = rules.of(None);
    assert_eq!(
        (any.require, any.threshold, any.on_failure),
        (Require::Allowed, 1, OnFailure::Warn)
    );
    assert!(any.user_signers && !any.strict && !any.grants(b"GOPROXY"));
}

#[test]
fn a_user_cannot_loosen_any_field() {
    let user = r#"
[tiers.prod]
require = "allowed"
threshold = 1
go = ["1.26.6", "1.25.5"]
max_age_days = 400
on_failure = "warn"
sdk = "any"
env = "any"
grant = ["*"]
strict = false
[go]
deny = { "1.26.0" = "fine by me" }
[sdk]
mirrors = ["https://elsewhere.example"]
[audit]
path = "/tmp"
"#;
    let alone = read(Some(ORGANISATION), None).unwrap();
    let merged = read(Some(ORGANISATION), Some(user)).unwrap();
    let (before, after) = (alone.of(None), merged.of(None));
    assert_eq!(after.go, [vec!["1.26.6"], vec!["1.26.6", "1.25.5"]]);
    assert!(!after.grants(b"LD_LIBRARY_PATH") && after.grants(b"APP_X"));
    let same = TierRules { go: before.go.clone(), grants: before.grants.clone(), ..after.clone() };
    assert_eq!(&same, before);
    assert_eq!(
        (merged.deny_go, merged.mirrors, merged.audit, merged.promote),
        (alone.deny_go, alone.mirrors, alone.audit, alone.promote)
    );
}

/// Where both say the same, or the user's file says less, the organisation's stands, and messages name it.
#[test]
fn a_user_who_asks_for_no_more_changes_nothing() {
    let organisation = format!("{ORGANISATION}syslog = true\n");
    let alone = read(Some(&organisation), None).unwrap();
    let same =
        organisation.replace("path = ", "# path = ").replace("syslog = true", "syslog = false");
    for user in [same.as_str(), "[tiers.prod]\nthreshold = 2"] {
        let merged = read(Some(&organisation), Some(user)).unwrap();
        let (before, after) = (alone.of(None), merged.of(None));
        let lists = (before.go.clone(), before.grants.clone());
        assert_eq!(&TierRules { go: lists.0, grants: lists.1, ..after.clone() }, before);
        assert!(merged.syslog);
    }
    let bare = "[tiers.dev]\nrequire = \"allowed\"";
    let dev = |user| read(Some(bare), user).unwrap().of(Some(&tier("dev"))).clone();
    assert_eq!(dev(Some("[tiers.dev]\nthreshold = 1\nengine = \"bash\"")), dev(None));
}

#[test]
fn of_two_ages_the_shorter_holds() {
    for (own, expected, place) in
        [(30, 30, " (~/c:2)"), (90, 90, " (/etc/c:7)"), (91, 90, " (/etc/c:7)")]
    {
        let user = format!("[tiers.prod]\nmax_age_days = {own}");
        let rules = read(Some(ORGANISATION), Some(&user)).unwrap();
        let prod = rules.of(None);
        assert_eq!(
            (prod.max_age_days, prod.place("max_age_days").as_str()),
            (Some(expected), place)
        );
    }
}

#[test]
fn whoever_asks_for_syslog_gets_it() {
    let (on, off) = (Some("[audit]\nsyslog = true"), Some("[audit]\nsyslog = false"));
    for (organisation, user, expected) in
        [(on, off, true), (off, on, true), (on, None, true), (None, on, true), (off, off, false)]
    {
        assert_eq!(read(organisation, user).unwrap().syslog, expected);
    }
}

#[test]
fn supported_lines_keyring_and_ca_are_read() {
    let text = "[go]\nsupported = [\"1.26\", \"1.25\"]\n[sdk]\nkeyring = \"/etc/k.gpg\"\nca = \"/etc/ca.pem\"";
    for rules in [read(Some(text), None).unwrap(), read(None, Some(text)).unwrap()] {
        assert_eq!(rules.supported, ["1.26", "1.25"]);
        assert_eq!(rules.keyring, Some("/etc/k.gpg".into()));
        assert_eq!(rules.ca, Some("/etc/ca.pem".into()));
    }
    assert_eq!(
        read(Some("[go]\nsupported = [\"go1.26\"]"), None).unwrap_err(),
        "/etc/c:2:14: found \"go1.26\", expected a line of Go as 1.26"
    );
}

#[test]
fn a_config_has_at_most_a_mebibyte() {
    let fits = format!("#{}", " ".repeat(1024 * 1024 - 1));
    assert_eq!(read(Some(&fits), None).unwrap(), Rules::default());
    for more in [1, 2, 1000] {
        let big = format!("{fits}{}", " ".repeat(more));
        assert_eq!(read(Some(&big), None).unwrap_err(), "/etc/c:1:1: more than 1048576 bytes");
    }
}

#[test]
fn a_user_can_tighten_every_field() {
    let organisation = "[tiers.dev]\nrequire = \"allowed\"\ngrant = [\"A*\", \"B\"]\n[go]\npromote = [\"dev\", \"prod\"]";
    let user = r#"
tier = "dev"
[tiers.dev]
require = "signed"
threshold = 3
go = ["1.26.x"]
max_age_days = 7
on_failure = "block"
sdk = "sealed"
env = "listed"
grant = ["AB*"]
strict = true
engine = "native"
[go]
deny = { "1.25.x" = "old" }
promote = ["prod", "dr"]
"#;
    let rules = read(Some(organisation), Some(user)).unwrap();
    let dev = rules.of(None);
    assert_eq!((dev.require, dev.threshold, dev.max_age_days), (Require::Signed, 3, Some(7)));
    assert_eq!(
        (dev.on_failure, dev.sdk, dev.env),
        (OnFailure::Block, SdkRule::Sealed, EnvRule::Listed)
    );
    assert_eq!(dev.go, [["1.26.x"]]);
    assert!(dev.grants(b"ABC") && !dev.grants(b"AC") && !dev.grants(b"B"));
    assert!(dev.strict && dev.engine == Engine::Native && dev.user_signers);
    assert_eq!(
        (dev.place("require").as_str(), dev.place("threshold").as_str()),
        (" (~/c:4)", " (~/c:5)")
    );
    assert_eq!(rules.promote.len(), 2);
    assert_eq!(rules.deny_go["1.25.x"], "old");
}

#[test]
fn a_user_without_an_organisation_makes_the_rules() {
    let rules = read(None, Some("follow = [\"go.mod\", \".go-version\"]\n[tiers.dev]\ngrant = [\"GOPROXY\"]\n[sdk]\nmirrors = [\"file:///srv/go\"]")).unwrap();
    assert_eq!(rules.follow, [Follow::GoMod, Follow::GoVersion]);
    assert!(rules.of(Some(&tier("dev"))).grants(b"GOPROXY"));
    assert!(!rules.of(Some(&tier("prod"))).grants(b"GOPROXY"));
    assert_eq!(rules.mirrors, ["file:///srv/go"]);
}

#[test]
fn an_organisation_that_grants_nothing_leaves_nothing_to_grant() {
    let rules =
        read(Some("[tiers.dev]\nstrict = true"), Some("[tiers.dev]\ngrant = [\"*\"]")).unwrap();
    assert!(!rules.of(Some(&tier("dev"))).grants(b"GOPROXY"));
}

#[test]
fn signatures_required_means_blocked_on_failure_unless_the_file_says_otherwise() {
    let dev = tier("dev");
    let of = |organisation, user| read(organisation, user).unwrap().of(Some(&dev)).on_failure;
    let signed = "[tiers.dev]\nrequire = \"signed\"";
    let warn = "[tiers.dev]\nrequire = \"signed\"\non_failure = \"warn\"";
    assert_eq!(of(Some(signed), None), OnFailure::Block);
    assert_eq!(of(Some(warn), None), OnFailure::Warn);
    assert_eq!(of(Some(signed), Some(warn)), OnFailure::Block);
    assert_eq!(of(Some(warn), Some(signed)), OnFailure::Block);
    assert_eq!(of(None, Some(warn)), OnFailure::Warn);
}

#[test]
fn errors_name_file_line_and_column() {
    let tiers = "expected a tier: lower-case letters, digits and hyphens";
    for (text, expected) in [
        ("teir = \"prod\"", "1:1: unknown field \"teir\", expected one of tier, tiers, go, sdk, audit, follow".to_owned()),
        (
            "[tiers.prod]\nthreshhold = 2",
            "2:1: unknown field \"threshhold\", expected one of require, threshold, go, max_age_days, on_failure, sdk, env, grant, strict, engine".into(),
        ),
        ("[sdk]\nmirror = []", "2:1: unknown field \"mirror\", expected one of mirrors, keyring, ca".into()),
        ("tier = \"Prod\"", format!("1:8: found \"Prod\", {tiers}")),
        ("[tiers.Prod]\n", format!("1:8: found \"Prod\", {tiers}")),
        ("[tiers.prod]\nrequire = \"sigend\"", "2:11: found \"sigend\", expected \"allowed\" or \"signed\"".into()),
        ("[tiers.prod]\nthreshold = 0", "2:13: found threshold 0, expected 1 to 8".into()),
        ("[tiers.prod]\nthreshold = \"2\"", "2:13: found a string, expected a number from 1 to 8".into()),
        ("[tiers.prod]\nthreshold = -1", "2:13: found threshold -1, expected 1 to 8".into()),
        ("[tiers.prod]\nthreshold = 4294967297", "2:13: found threshold 4294967297, expected 1 to 8".into()),
        ("[tiers.prod]\nstrict = \"yes\"", "2:10: found a string, expected true or false".into()),
        ("[tiers]\nprod = 1", "2:8: found an integer, expected a table".into()),
        ("[tiers.prod]\ngrant = \"APP_*\"", "2:9: found a string, expected a list".into()),
        ("[sdk]\nmirrors = [\"https://a\", 2020-01-01]", "2:25: found a datetime, expected a string".into()),
        ("[tiers.prod]\ngo = [\"1.26.6\", \"junk\"]", format!("2:17: `junk` {}", "names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'")),
        ("[go]\ndeny = { \"1.26.6.x\" = \"\" }", format!("2:10: `1.26.6.x` {}", "names no Go versions: expected 1.26.6, 1.26.x, 1.26.4+, '>=1.26.4' or '1.26.*'")),
        ("[go]\ndenied = {}", "2:1: unknown field \"denied\", expected one of deny, promote, supported".into()),
        ("[audit]\nsyslog = []", "2:10: found an array, expected true or false".into()),
        ("[tiers.prod]\nmax_age_days = 0", "2:16: found max_age_days 0, expected 1 to 36500".into()),
        ("[tiers.prod]\ngo = [\"a b\"]", "2:7: found \"a b\", expected a Go release as 1.26.6, 1.26.x or >=1.26.4".into()),
        ("[tiers.prod]\ngrant = [\"A-B\"]", "2:10: found \"A-B\", expected a variable's name as GOPROXY or APP_*".into()),
        ("[sdk]\nmirrors = [\"http://x\"]", "2:12: found mirror \"http://x\", expected an https:// or file:/// URL".into()),
        ("[audit]\npath = \"log\"", "2:8: found \"log\", expected an absolute path".into()),
        ("[go]\npromote = [\"a\", \"a\"]", "2:11: a tier is named twice".into()),
        ("follow = [\"go.mod\"]", "1:10: follow is a user's own setting, and stands in the user's config.toml".into()),
        ("tier = \"a\"\ntier = \"b\"", "2:1: duplicate key".into()),
        ("tier = ", "1:8: string values must be quoted, expected literal string".into()),
    ] {
        assert_eq!(read(Some(text), None).unwrap_err(), format!("/etc/c:{expected}"), "{text}");
    }
    assert_eq!(
        read(None, Some("follow = [\"go.mod\", \"go.sum\"]")).unwrap_err(),
        "~/c:1:21: found \"go.sum\", expected \"go.work\" or \"go.mod\" or \".go-version\" or \".tool-versions\""
    );
    let bytes = Source { path: "/etc/c", text: b"# ok\n# \xff" };
    assert_eq!(Rules::read(Some(bytes), None).unwrap_err(), "/etc/c:2:3: not UTF-8 text");
    assert_eq!(
        read(Some("tier = \"prod\""), Some("\ntier = \"dev\"")).unwrap_err(),
        "~/c:2:8: the organisation's tier is prod, and a user's config cannot change it"
    );
    assert!(read(Some("tier = \"prod\""), Some("tier = \"prod\"")).is_ok());
}
