use super::super::header::Tier;
use super::super::rules::Source;
use super::super::signers::find;
use super::super::sshsig::{self, Moment};
use super::super::testing::{key, parts, sign, token, token_parts};
use super::*;

const NOW: i64 = 1_798_000_000; // 2026-12-23
const PROD: &str = "goenv-policy-prod";
const POLICY: &str = "#goenv: v1\n#goenv: scope git.bank.example/payments/ledger//services/settle\n\
    #goenv: tier prod\n#goenv: serial 42\n#goenv: expires 2027-02-20\nexport A=1\n";

/// One case: everything that a decision rests on, good until a test spoils it.
struct Case {
    policy: Vec<u8>,
    record: Record,
    changed: bool,
    organisation: String,
    user_rules: String,
    signature: Option<Vec<u8>>,
    signers: String,
    user_signers: String,
    revoked: Option<String>,
    user_revoked: Option<String>,
    remotes: Vec<&'static str>,
    directory: &'static str,
    mark: Option<Mark>,
    now: i64,
}

fn good() -> Case {
    let signature = [sign(1, PROD, POLICY.as_bytes()), sign(2, PROD, POLICY.as_bytes())].concat();
    Case {
        policy: POLICY.into(),
        record: Record::None,
        changed: false,
        organisation: "tier = \"prod\"\n[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\nmax_age_days = 90\n".into(),
        user_rules: String::new(),
        signature: Some(signature),
        signers: format!("{}{}", line("alice@bank", 1), line("bob@bank", 2)),
        user_signers: String::new(),
        revoked: Some(String::new()),
        user_revoked: None,
        remotes: vec!["git@git.bank.example:payments/ledger.git"],
        directory: "services/settle",
        mark: None,
        now: NOW,
    }
}

fn line(principal: &str, seed: u8) -> String {
    format!("{principal} namespaces=\"goenv-policy-prod\" ssh-ed25519 {}\n", key(seed).base64())
}

impl Case {
    fn decide(&self) -> Trust {
        let source = |path, text: &'static str| Source { path, text: text.as_bytes() };
        let leak = |text: &str| &*text.to_owned().leak();
        let rules = Rules::read(
            Some(source("/etc/goenv/config.toml", leak(&self.organisation))),
            Some(source("~/config.toml", leak(&self.user_rules))),
        )
        .unwrap();
        let open = match Open::new(&self.policy, &rules, self.now).decide_local(self.record) {
            Local::Settled(trust) => return *trust,
            Local::Open(open) => open,
        };
        let Some(signature) = &self.signature else { return open.unsigned(self.changed) };
        let signatures = sshsig::decode(signature);
        let keys = keys(&signatures);
        let theirs = find(self.signers.as_bytes(), &keys);
        let own = find(self.user_signers.as_bytes(), &keys);
        let stores = [
            Store {
                owner: Owner::Organisation,
                path: "/etc/goenv/allowed_signers",
                signers: &theirs,
                revoked_path: "/etc/goenv/revoked_keys",
                revoked: self.revoked.as_ref().map(String::as_bytes),
            },
            Store {
                owner: Owner::User,
                path: "~/allowed_signers",
                signers: &own,
                revoked_path: "~/revoked_keys",
                revoked: self.user_revoked.as_ref().map(String::as_bytes),
            },
        ];
        let ids: Vec<Repository> = self
            .remotes
            .iter()
            .filter_map(|url| super::super::remote::repository(url.as_bytes()))
            .collect();
        open.decide(&Evidence {
            signatures: &signatures,
            stores: &stores,
            repositories: &ids,
            in_repository: true,
            directory: Path::new(self.directory),
            mark: self.mark.as_ref(),
        })
    }

    /// Returns state, exit code and reason after one change of the good case.
    fn spoilt(change: impl FnOnce(&mut Self)) -> (State, u8, String) {
        let mut case = good();
        change(&mut case);
        let trust = case.decide();
        (trust.state, trust.code, trust.reason)
    }
}

fn blocked(reason: &str) -> (State, u8, String) {
    (State::Blocked, 3, reason.to_owned())
}

fn invalid(code: u8, reason: &str) -> (State, u8, String) {
    (State::Invalid, code, reason.to_owned())
}

fn mark(serial: u64, policy: &[u8]) -> Mark {
    let scope = Scope::parse("git.bank.example/payments/ledger//services/settle").unwrap();
    Mark { scope, serial, sha256: sha256(policy) }
}

#[test]
fn two_trusted_signatures_approve() {
    let trust = good().decide();
    assert_eq!((trust.state, trust.code, trust.need), (State::Signed, 0, 2), "{}", trust.reason);
    assert_eq!(trust.reason, "signed by alice@bank, bob@bank");
    let by: Vec<(String, String)> =
        trust.by.iter().map(|by| (by.principal.clone(), by.fingerprint.clone())).collect();
    assert_eq!(
        by,
        [("alice@bank".into(), key(1).fingerprint()), ("bob@bank".into(), key(2).fingerprint())]
    );
    assert_eq!(trust.raise, Some(mark(42, POLICY.as_bytes())));
    let header = trust.header.as_ref().unwrap();
    assert_eq!((header.serial, header.tier.as_ref()), (Some(42), Tier::new("prod").as_ref()));
    assert!(trust.applies());
    assert_eq!(weighed(&trust), [(1, Some("alice@bank"), None), (2, Some("bob@bank"), None)]);
}

/// What a verdict says of each signature: whose key, whose signature, why it does not count.
fn weighed(trust: &Trust) -> Vec<(u8, Option<&str>, Option<&str>)> {
    let of =
        |weighed: &Weighed| (1..=9).find(|seed| key(*seed).fingerprint() == weighed.fingerprint);
    let all = trust.weighed.iter();
    all.map(|one| (of(one).unwrap(), one.principal.as_deref(), one.doubt.as_deref())).collect()
}

#[test]
fn a_refusal_says_what_became_of_each_signature() {
    let mut case = good();
    let text = POLICY.as_bytes();
    case.signature = Some([sign(1, PROD, text), sign(3, "git", text)].concat());
    let trust = case.decide();
    assert_eq!((trust.state, trust.by.len(), trust.need), (State::Blocked, 1, 2));
    assert_eq!(trust.by[0].principal, "alice@bank");
    let doubt = "is for \"git\", expected goenv-policy-prod";
    assert_eq!(weighed(&trust), [(1, Some("alice@bank"), None), (3, None, Some(doubt))]);
    assert_eq!(trust.weighed[1].namespace, "git");
    assert_eq!(trust.raise, None);
}

#[test]
fn a_denial_wins_over_signatures() {
    assert_eq!(
        Case::spoilt(|case| case.record = Record::Denied),
        (State::Denied, 3, "it was denied with `goenv deny`".into())
    );
}

#[test]
fn without_a_signature_the_records_decide_where_the_rules_let_them() {
    let unsigned = |record, changed| {
        let mut case = good();
        case.changed = changed;
        case.signature = None;
        case.organisation.clear();
        case.policy = b"export A=1\n".to_vec();
        case.record = record;
        let trust = case.decide();
        (trust.state, trust.code, trust.reason)
    };
    assert_eq!(
        unsigned(Record::Allowed(Engine::Native), false),
        (State::Allowed, 0, "allowed on this machine".into())
    );
    assert_eq!(unsigned(Record::None, false), blocked("nobody has allowed it yet"));
    assert_eq!(unsigned(Record::None, true), blocked("its content changed since it was allowed"));
    assert_eq!(
        Case::spoilt(|case| {
            case.signature = None;
            case.record = Record::Allowed(Engine::Native);
        }),
        blocked("signatures are required (/etc/goenv/config.toml:3), and there is no .envrc.sig")
    );
    // Where the organisation requires signatures, an approval on this machine adds nothing to too few of them.
    assert_eq!(
        Case::spoilt(|case| {
            case.signature = Some(sign(1, PROD, POLICY.as_bytes()));
            case.record = Record::Allowed(Engine::Native);
        }),
        blocked("1 of 2 approvals (/etc/goenv/config.toml:4)")
    );
}

#[test]
fn a_policy_without_a_header_is_of_the_hosts_tier() {
    let headless = |case: &mut Case| {
        case.policy = b"export A=1\n".to_vec();
        case.record = Record::Allowed(Engine::Native);
        case.signature = None;
    };
    assert_eq!(Case::spoilt(headless).0, State::Blocked);
    let elsewhere = Case::spoilt(|case| {
        headless(case);
        case.organisation = case.organisation.replace("tier = \"prod\"\n", "");
    });
    assert_eq!(elsewhere.0, State::Allowed);
}

#[test]
fn every_way_of_counting_one_person_twice_fails() {
    let one_of_two = "1 of 2 approvals (/etc/goenv/config.toml:4)";
    // The same block twice.
    assert_eq!(
        Case::spoilt(|case| case.signature = Some(sign(1, PROD, POLICY.as_bytes()).repeat(2))),
        blocked(&format!("{one_of_two}: signature 2 is alice@bank's again"))
    );
    // Two keys of one person.
    assert_eq!(
        Case::spoilt(
            |case| case.signers = format!("{}{}", line("alice@bank", 1), line("alice@bank", 2))
        ),
        blocked(&format!("{one_of_two}: signature 2 is alice@bank's again"))
    );
    // One key under two names.
    assert_eq!(
        Case::spoilt(
            |case| case.signers = format!("{}{}", line("alice@bank", 1), line("bob@bank", 1))
        ),
        invalid(
            3,
            "/etc/goenv/allowed_signers:2:1: this key is already listed for \"alice@bank\" in line 1; a key belongs to one principal"
        )
    );
    // A pattern names nobody.
    assert_eq!(
        Case::spoilt(
            |case| case.signers = format!("{}{}", line("alice@bank", 1), line("*@bank", 2))
        ),
        blocked(&format!(
            "{one_of_two}: signature 2 is by \"*@bank\", which names nobody, and 2 people are needed (/etc/goenv/allowed_signers:2)"
        ))
    );
    // Where one suffices, it counts.
    let one = Case::spoilt(|case| {
        case.organisation = case.organisation.replace("threshold = 2", "threshold = 1");
        case.signers = line("*@bank", 2);
    });
    assert_eq!(one, (State::Signed, 0, "signed by *@bank".into()));
}

#[test]
fn a_line_without_namespaces_is_refused_for_the_key_at_hand() {
    assert_eq!(
        Case::spoilt(|case| case.signers =
            format!("{}bob ssh-ed25519 {}\n", line("alice@bank", 1), key(2).base64())),
        invalid(
            3,
            "/etc/goenv/allowed_signers:2:5: expected namespaces=\"goenv-policy-TIER\" before the key: without it the key could approve anything"
        )
    );
}

#[test]
fn keys_count_only_in_their_time_and_for_their_tier() {
    let one_of_two = "1 of 2 approvals (/etc/goenv/config.toml:4): signature 2 is by";
    let bob = |options: &str| {
        let bob = line("bob@bank", 2).replace("prod\"", options);
        Case::spoilt(|case| case.signers = format!("{}{bob}", line("alice@bank", 1)))
    };
    let place = "(/etc/goenv/allowed_signers:2)";
    assert_eq!(
        bob("prod\",valid-before=\"20261201Z\""),
        blocked(&format!("{one_of_two} \"bob@bank\", whose key ended on 2026-12-01 {place}"))
    );
    assert_eq!(
        bob("prod\",valid-after=\"20270101Z\""),
        blocked(&format!("{one_of_two} \"bob@bank\", whose key counts from 2027-01-01 {place}"))
    );
    assert_eq!(
        bob("dev\""),
        blocked(&format!(
            "{one_of_two} \"bob@bank\", who may not sign for goenv-policy-prod {place}"
        ))
    );
    assert_eq!(
        Case::spoilt(|case| case.signers = line("alice@bank", 1)),
        blocked(&format!("{one_of_two} {}, no trusted signer", key(2).fingerprint()))
    );
}

#[test]
fn revoked_keys_never_count_whoever_revoked_them() {
    let fingerprint = key(2).fingerprint();
    let expected = blocked(&format!(
        "1 of 2 approvals (/etc/goenv/config.toml:4): signature 2 is by {fingerprint}, which is revoked"
    ));
    assert_eq!(Case::spoilt(|case| case.revoked = Some(format!("{fingerprint}\n"))), expected);
    assert_eq!(Case::spoilt(|case| case.user_revoked = Some(format!("{fingerprint}\n"))), expected);
    assert_eq!(
        Case::spoilt(|case| case.revoked = Some("bob\n".into())),
        invalid(
            3,
            "/etc/goenv/revoked_keys:1:1: found \"bob\", expected an OpenSSH public key or a SHA256: fingerprint"
        )
    );
}

#[test]
fn a_missing_revocation_file_is_refused_under_strict_rules() {
    assert_eq!(Case::spoilt(|case| case.revoked = None).0, State::Signed);
    assert_eq!(
        Case::spoilt(|case| {
            case.revoked = None;
            case.organisation.push_str("strict = true\n");
        }),
        invalid(
            3,
            "/etc/goenv/revoked_keys is missing (/etc/goenv/config.toml:6): an empty file says that no key is revoked"
        )
    );
}

#[test]
fn a_users_signers_count_only_where_the_organisation_leaves_it_to_them() {
    let own = |case: &mut Case| {
        case.signers.clear();
        case.user_signers = format!("{}{}", line("alice", 1), line("bob", 2));
    };
    assert_eq!(Case::spoilt(own).0, State::Blocked);
    let left = Case::spoilt(|case| {
        own(case);
        case.organisation = case.organisation.replace("require = \"signed\"\n", "");
    });
    assert_eq!(left, (State::Signed, 0, "signed by alice, bob".into()));
    let both = Case::spoilt(|case| {
        case.user_signers = line("mallory", 1);
        case.organisation = case.organisation.replace("require = \"signed\"\n", "");
    });
    assert_eq!(
        both,
        invalid(
            3,
            "~/allowed_signers:1:1: this key is already listed for another principal in /etc/goenv/allowed_signers:1"
        )
    );
    let ignored = Case::spoilt(|case| case.user_signers = line("mallory,eve", 1));
    assert_eq!(ignored.0, State::Signed);
}

#[test]
fn signatures_hold_for_one_namespace_and_one_text() {
    let text = POLICY.as_bytes();
    let with = |first: Vec<u8>| {
        Case::spoilt(|case| case.signature = Some([first, sign(2, PROD, text)].concat()))
    };
    let one_of_two = "1 of 2 approvals (/etc/goenv/config.toml:4)";
    assert_eq!(
        with(sign(1, "goenv-policy-dev", text)),
        blocked(&format!(
            "{one_of_two}: signature 1 is for \"goenv-policy-dev\", expected goenv-policy-prod"
        ))
    );
    assert_eq!(
        with(sign(1, "git", text)),
        blocked(&format!("{one_of_two}: signature 1 is for \"git\", expected goenv-policy-prod"))
    );
    assert_eq!(
        with(sign(1, PROD, b"other")),
        invalid(4, &format!("{one_of_two}: signature 1 does not match the file"))
    );
    assert_eq!(
        with(b"junk\n".to_vec()),
        invalid(
            4,
            ".envrc.sig:1:1: found \"junk\", expected the line -----BEGIN SSH SIGNATURE-----, ended by a single newline"
        )
    );
    let mut relabelled = parts(1, "git", text);
    relabelled.namespace = PROD.into();
    assert_eq!(with(relabelled.armour()).1, 4);
}

#[test]
fn a_bad_block_beside_enough_good_ones_does_no_harm() {
    let trust = Case::spoilt(|case| {
        let more = sign(3, PROD, b"an older text");
        case.signature = Some([more, case.signature.clone().unwrap()].concat());
    });
    assert_eq!(trust, (State::Signed, 0, "signed by alice@bank, bob@bank".into()));
}

#[test]
fn a_signed_policy_needs_its_header() {
    assert_eq!(
        Case::spoilt(|case| case.policy = b"export A=1\n".to_vec()),
        invalid(4, "it is signed and has no #goenv: header")
    );
    for (field, lines) in [("scope", 1), ("tier", 2), ("serial", 3), ("expires", 4)] {
        let policy = POLICY
            .lines()
            .enumerate()
            .filter(|(at, _)| *at != lines)
            .map(|(_, line)| format!("{line}\n"));
        let policy: String = policy.collect();
        let spoilt = Case::spoilt(|case| case.policy = policy.into());
        assert_eq!(
            spoilt,
            invalid(4, &format!("its header lacks {field}, which a signed policy needs"))
        );
    }
    assert_eq!(
        Case::spoilt(|case| case.policy = POLICY.replace("v1", "v2").into()),
        invalid(
            4,
            "its header: 1:1: found \"#goenv: v2\", expected \"#goenv: v1\" as the whole first line"
        )
    );
}

#[test]
fn another_hosts_tier_is_refused_however_it_was_approved() {
    let other = |case: &mut Case| {
        case.organisation = case.organisation.replace("tier = \"prod\"", "tier = \"dev\"")
    };
    let expected = blocked("it is for tier prod, and this host's tier is dev");
    assert_eq!(Case::spoilt(other), expected);
    assert_eq!(
        Case::spoilt(|case| {
            other(case);
            case.record = Record::Allowed(Engine::Native);
        }),
        expected
    );
}

#[test]
fn time_ends_a_policy() {
    let ends = 1_803_081_600;
    assert_eq!(Case::spoilt(|case| case.now = ends - 1).0, State::Signed);
    assert_eq!(Case::spoilt(|case| case.now = ends), invalid(3, "it expired on 2027-02-20"));
    assert_eq!(
        Case::spoilt(|case| case.organisation = case.organisation.replace("90", "30")),
        invalid(
            3,
            "it expires on 2027-02-20, more than 30 days from now (/etc/goenv/config.toml:5)"
        )
    );
    // Ninety days from now are not more than ninety days.
    let first = ends - 90 * 86_400;
    assert_eq!(Case::spoilt(|case| case.now = first).0, State::Signed);
    assert_eq!(Case::spoilt(|case| case.now = first - 1).0, State::Invalid);
    let allowed = Case::spoilt(|case| {
        case.organisation.clear();
        case.record = Record::Allowed(Engine::Native);
        case.now = ends;
    });
    assert_eq!(allowed, invalid(3, "it expired on 2027-02-20"));
}

#[test]
fn a_yes_ends_with_the_policy_or_with_the_first_key() {
    let ends = 1_803_081_600;
    assert_eq!(good().decide().until, Some(ends));
    let mut case = good();
    case.signers = case.signers.replacen("prod\"", "prod\",valid-before=\"20270101Z\"", 1);
    let until = case.decide().until.unwrap();
    assert_eq!(date::rfc3339(until), "2027-01-01T00:00:01Z");
    case.now = until - 1;
    assert!(case.decide().applies());
    case.now = until;
    assert!(!case.decide().applies());
    case.organisation.clear();
    case.record = Record::Allowed(Engine::Native);
    assert_eq!(case.decide().until, Some(ends));
    case.policy = b"export A=1\n".to_vec();
    assert_eq!(case.decide().until, None);
}

#[test]
fn a_policy_holds_in_its_place_alone() {
    let scope = "git.bank.example/payments/ledger//services/settle";
    assert_eq!(
        Case::spoilt(|case| case.remotes = vec!["https://github.com/eve/ledger"]),
        invalid(
            3,
            &format!("it is for {scope}, and this is github.com/eve/ledger//services/settle")
        )
    );
    assert_eq!(
        Case::spoilt(|case| case.directory = "services/clear"),
        invalid(
            3,
            &format!(
                "it is for {scope}, and this is git.bank.example/payments/ledger//services/clear"
            )
        )
    );
    assert_eq!(
        Case::spoilt(|case| case.remotes.clear()),
        invalid(3, &format!("it is for {scope}, and no git remote says where this is"))
    );
    let second = Case::spoilt(|case| case.remotes.insert(0, "https://github.com/ann/fork"));
    assert_eq!(second.0, State::Signed);
}

#[test]
fn old_policies_do_not_come_back() {
    let with = |mark: Mark| Case::spoilt(|case| case.mark = Some(mark));
    assert_eq!(with(mark(42, POLICY.as_bytes())).0, State::Signed);
    assert_eq!(with(mark(41, b"older")).0, State::Signed);
    assert_eq!(
        with(mark(43, b"newer")),
        invalid(3, "it is serial 42, and serial 43 was seen here: a rollback")
    );
    assert_eq!(
        with(mark(42, b"other")),
        invalid(4, "other content with the same serial 42 was seen here")
    );
    let mut again = good();
    again.mark = Some(mark(42, POLICY.as_bytes()));
    assert_eq!((again.decide().raise, again.decide().rollback), (None, false));
    for newer in [mark(43, b"newer"), mark(42, b"other")] {
        again.mark = Some(newer);
        assert!(again.decide().rollback);
    }
}

#[test]
fn bash_evaluates_only_where_it_was_asked_for_and_is_admitted() {
    let policy = POLICY.replace("export", "#goenv: engine bash\nexport");
    let signature = [sign(1, PROD, policy.as_bytes()), sign(2, PROD, policy.as_bytes())].concat();
    let mut case = good();
    case.policy = policy.into();
    case.signature = Some(signature);
    let trust = case.decide();
    assert_eq!((trust.state, trust.engine), (State::Signed, Engine::Bash));
    case.organisation.push_str("engine = \"native\"\n");
    let trust = case.decide();
    let reason =
        "it wants bash, and the rules admit the native engine alone (/etc/goenv/config.toml:6)";
    assert_eq!((trust.state, trust.code, trust.reason.as_str()), (State::Blocked, 3, reason));
    // In an allowed policy the approval says which engine, and a line of the file cannot.
    case.organisation.clear();
    case.record = Record::Allowed(Engine::Native);
    assert_eq!(case.decide().engine, Engine::Native);
    case.record = Record::Allowed(Engine::Bash);
    assert_eq!(case.decide().engine, Engine::Bash);
}

#[test]
fn every_flipped_bit_of_policy_or_signatures_is_refused() {
    let mut case = good();
    for at in 0..case.policy.len() {
        for bit in 0..8 {
            case.policy[at] ^= 1 << bit;
            let trust = case.decide();
            assert!(!trust.applies() && matches!(trust.code, 3 | 4), "byte {at}, bit {bit}");
            assert!(!trust.reason.is_empty() && trust.raise.is_none());
            case.policy[at] ^= 1 << bit;
        }
    }
    let length = case.signature.as_ref().unwrap().len();
    for at in 0..length {
        for bit in 0..8 {
            case.signature.as_mut().unwrap()[at] ^= 1 << bit;
            let trust = case.decide();
            assert!(!trust.applies() && matches!(trust.code, 3 | 4), "byte {at}, bit {bit}");
            case.signature.as_mut().unwrap()[at] ^= 1 << bit;
        }
    }
    assert!(case.decide().applies());
}

#[test]
fn a_token_counts_if_it_was_touched() {
    let key = token(2, "ssh:");
    let mut case = good();
    case.signers = format!(
        "{}bob@bank namespaces=\"{PROD}\" {} {}\n",
        line("alice@bank", 1),
        key.kind(),
        key.base64()
    );
    let mut signed = |flags| {
        let moment = Moment { flags, counter: 1 };
        let by_token = token_parts(2, "ssh:", moment, PROD, POLICY.as_bytes()).armour();
        case.signature = Some([sign(1, PROD, POLICY.as_bytes()), by_token].concat());
        case.decide()
    };
    let trust = signed(1);
    assert_eq!((trust.state, trust.by.len()), (State::Signed, 2), "{}", trust.reason);
    let trust = signed(0);
    assert_eq!((trust.state, trust.code), (State::Blocked, 3));
    assert_eq!(
        trust.reason,
        "1 of 2 approvals (/etc/goenv/config.toml:4): signature 2 was made by a hardware key that nobody touched"
    );
}
