use super::super::testing::{Keygen, key, sign, token};
use super::*;

const PROD: &str = "goenv-policy-prod";

fn line(principal: &str, options: &str, seed: u8) -> String {
    format!("{principal} {options} ssh-ed25519 {} comment here\n", key(seed).base64())
}

fn good(principal: &str, seed: u8) -> String {
    line(principal, "namespaces=\"goenv-policy-prod\"", seed)
}

fn refused(text: &str) -> String {
    find(text.as_bytes(), &[key(1)]).unwrap_err().to_string()
}

#[test]
fn a_line_gives_its_principal_namespaces_and_times() {
    let options = r#"namespaces="goenv-policy-*,!goenv-policy-dev",valid-after="20260101Z",valid-before="202702200000Z""#;
    let text = format!("# signers\n\n{}{}", good("bob@bank", 2), line("alice@bank", options, 1));
    let [alice] = find(text.as_bytes(), &[key(1)]).unwrap().try_into().unwrap();
    assert_eq!((alice.principal.as_str(), alice.line, &alice.key), ("alice@bank", 4, &key(1)));
    assert!(alice.may_sign(PROD) && alice.may_sign("goenv-policy-x"));
    assert!(!alice.may_sign("goenv-policy-dev") && !alice.may_sign("git"));
    let (after, before) = (alice.valid_after.unwrap(), alice.valid_before.unwrap());
    assert_eq!(before, 1_803_081_600);
    assert_eq!(alice.validity(after - 1), Validity::NotYet);
    assert_eq!(alice.validity(after), Validity::Valid);
    assert_eq!(alice.validity(before), Validity::Valid);
    assert_eq!(alice.validity(before + 1), Validity::Expired);
    assert!(!alice.is_wildcard());
}

#[test]
fn keys_are_found_among_others_in_the_order_of_the_file() {
    let text: String = (1..=9).map(|seed| good(&format!("p{seed}"), seed)).collect();
    let found = find(text.as_bytes(), &[key(7), key(3), key(200)]).unwrap();
    let names: Vec<(&str, u32)> = found.iter().map(|s| (s.principal.as_str(), s.line)).collect();
    assert_eq!(names, [("p3", 3), ("p7", 7)]);
    assert_eq!(find(b"", &[key(1)]), Ok(vec![]));
    assert_eq!(find(text.as_bytes(), &[]), Ok(vec![]));
    let last = text.trim_end().as_bytes();
    assert_eq!(find(last, &[key(9)]).unwrap()[0].line, 9);
}

#[test]
fn a_commented_line_names_nobody() {
    assert_eq!(find(format!("  #{}", good("alice", 1)).as_bytes(), &[key(1)]), Ok(vec![]));
}

#[test]
fn quotes_hold_blanks_together() {
    let spaced =
        line("\"alice smith\"", "namespaces=\"goenv-policy-prod,a b\"", 1).replace(' ', " \t");
    let spaced = spaced.replace("alice \tsmith", "alice smith");
    let [alice] = find(spaced.as_bytes(), &[key(1)]).unwrap().try_into().unwrap();
    assert_eq!(alice.principal, "alice smith");
    assert_eq!(alice.namespaces, [PROD, "a \tb"]);
    // A quote behind a backslash ends nothing.
    let quoted =
        line("alice", r#"namespaces="a\" b,goenv-policy-prod",valid-after="20200101Z""#, 1);
    let [alice] = find(quoted.as_bytes(), &[key(1)]).unwrap().try_into().unwrap();
    assert_eq!(alice.namespaces, ["a\" b", PROD]);
    assert!(alice.valid_after.is_some());
}

#[test]
fn the_same_principal_may_stand_in_several_lines() {
    let text = format!(
        "{}{}",
        line("alice", "namespaces=\"goenv-policy-dev\"", 1),
        line("alice", "namespaces=\"goenv-policy-prod\"", 1)
    );
    assert_eq!(find(text.as_bytes(), &[key(1)]).unwrap().len(), 2);
}

#[test]
fn a_key_under_two_principals_is_an_error_though_ssh_keygen_takes_both() {
    let text = format!("{}# x\n{}", good("alice", 1), good("bob", 1));
    let expected =
        "3:1: this key is already listed for \"alice\" in line 1; a key belongs to one principal";
    assert_eq!(refused(&text), expected);
    assert_eq!(parse(text.as_bytes())[1].as_ref().unwrap_err().to_string(), expected);
    let keygen = Keygen::new();
    for name in ["alice", "bob"] {
        assert!(keygen.verifies(&text, name, PROD, &sign(1, PROD, b"x"), b"x"));
    }
}

#[test]
fn lines_that_are_refused_say_where_and_why() {
    let namespaces = "namespaces=\"goenv-policy-prod\"";
    let no_namespace = "expected namespaces=\"goenv-policy-TIER\" before the key: without it the key could approve anything";
    for (text, expected) in [
        (line("alice", "", 1).replace("  ", " "), format!("1:7: {no_namespace}")),
        (line("alice", "valid-after=\"20260101Z\"", 1), format!("1:7: {no_namespace}")),
        (
            line("alice", &format!("cert-authority,{namespaces}"), 1),
            "1:7: certificate authorities are not accepted: list each signer's key".into(),
        ),
        (
            line("alice", &format!("{namespaces},cert-authority"), 1),
            "1:38: certificate authorities are not accepted: list each signer's key".into(),
        ),
        (line("alice,bob", namespaces, 1), "1:1: found \"alice,bob\", expected one principal: a key belongs to one person".into()),
        (line("!alice", namespaces, 1), "1:1: found \"!alice\", expected a principal, not a negation".into()),
        (line("\"\"", namespaces, 1), "1:1: found \"\\\"\\\"\", expected a principal".into()),
        (line("alice", "namespaces=\"a", 1), "1:7: a double quote is not closed".into()),
        (line("alice", "namespaces=a", 1), "1:7: found \"a\", expected the value in double quotes".into()),
        (line("alice", "namespaces=\"\"", 1), "1:7: found an empty namespace in \"\"".into()),
        (line("alice", &format!("{namespaces},{namespaces}"), 1), "1:38: namespaces is given twice".into()),
        (
            line("alice", &format!("{namespaces},no-pty"), 1),
            "1:38: found option \"no-pty\", expected namespaces=, valid-after= or valid-before=".into(),
        ),
        (
            line("alice", &format!("{namespaces},valid-before=\"20270220\""), 1),
            "1:38: a time must end in Z, as in 20270220Z: without it OpenSSH reads it in the local zone".into(),
        ),
        (line("alice", namespaces, 1).replace("ssh-ed25519", "ssh-rsa"), "1:38: found key type \"ssh-rsa\", expected ssh-ed25519".into()),
        (good("alice", 1).replace('\n', "\r\n"), "1:131: a carriage return ends the line".into()),
        (good("alice\u{1b}", 1), "1:1: the line is not plain UTF-8 text".into()),
    ] {
        assert_eq!(refused(&text), expected, "{text}");
    }
}

#[test]
fn a_whole_file_is_read_line_by_line() {
    let weak = format!("eve namespaces=\"x\" ssh-ed25519 {}", Key::plain([0; 32]).base64());
    let text =
        format!("{}git@x ssh-rsa AAAA\n\n{weak}\nbob\n{}", good("alice", 1), good("carol", 3));
    let all: Vec<String> = parse(text.as_bytes())
        .into_iter()
        .map(|line| line.map_or_else(|flaw| flaw.to_string(), |signer| signer.principal))
        .collect();
    assert_eq!(
        all,
        [
            "alice",
            "2:7: found key type \"ssh-rsa\", expected ssh-ed25519",
            "4:1: the key is a weak point under which anything verifies",
            "5:4: the line ends before its key, expected ssh-ed25519",
            "carol"
        ]
    );
}

#[test]
fn what_is_accepted_here_ssh_keygen_accepts_too() {
    let keygen = Keygen::new();
    let message = b"export A=1\n";
    for text in [
        good("alice", 1),
        line(
            "alice",
            r#"namespaces="goenv-policy-*",valid-after="20200101Z",valid-before="20990101Z""#,
            1,
        ),
        line("\"alice\"", "NAMESPACES=\"git,goenv-policy-prod\"", 1),
        line("alice", r#"namespaces="a\" b,goenv-policy-prod",valid-after="20200101Z""#, 1),
        format!("# x\n\n\t{}", good("alice", 1)),
    ] {
        let [signer] = find(text.as_bytes(), &[key(1)]).unwrap().try_into().unwrap();
        assert!(signer.may_sign(PROD) && signer.validity(1_800_000_000) == Validity::Valid);
        assert!(keygen.verifies(&text, "alice", PROD, &sign(1, PROD, message), message), "{text}");
    }
    for text in [
        line("alice", "namespaces=\"git\"", 1),
        line("alice", "namespaces=\"goenv-policy-*,!goenv-policy-prod\"", 1),
        line("alice", "namespaces=\"goenv-policy-prod\",valid-before=\"20200101Z\"", 1),
        line("alice", "namespaces=\"goenv-policy-prod\",valid-after=\"20990101Z\"", 1),
    ] {
        let [signer] = find(text.as_bytes(), &[key(1)]).unwrap().try_into().unwrap();
        assert!(!(signer.may_sign(PROD) && signer.validity(1_800_000_000) == Validity::Valid));
        assert!(!keygen.verifies(&text, "alice", PROD, &sign(1, PROD, message), message), "{text}");
    }
    for early in ["19600101Z", "19700101Z"] {
        let options = format!("namespaces=\"goenv-policy-prod\",valid-after=\"{early}\"");
        let text = line("alice", &options, 1);
        assert!(find(text.as_bytes(), &[key(1)]).is_err(), "{early}");
        assert!(!keygen.verifies(&text, "alice", PROD, &sign(1, PROD, message), message), "{text}");
    }
}

#[test]
fn revoked_keys_are_found_by_key_and_by_fingerprint() {
    let keys = [key(1), key(2), key(3)];
    let text = format!(
        "# lost laptop\nssh-ed25519 {} alice\n\nSHA256:{}\n{}\n ssh-rsa AAAAB3 old\n",
        key(1).base64(),
        "A".repeat(43),
        key(3).fingerprint()
    );
    assert_eq!(find_revoked(text.as_bytes(), &keys), Ok(vec![key(1), key(3)]));
    assert_eq!(find_revoked(b"", &keys), Ok(vec![]));
    let commented = format!("# ssh-ed25519 {}\n", key(2).base64());
    assert_eq!(find_revoked(commented.as_bytes(), &keys), Ok(vec![]));
}

#[test]
fn keys_of_tokens_are_signers_and_are_revoked() {
    let token = token(1, "ssh:");
    let line = |who: &str, key: &Key| {
        format!("{who} namespaces=\"{PROD}\" {} {}\n", key.kind(), key.base64())
    };
    let text = line("alice", &token);
    let [signer] = find(text.as_bytes(), std::slice::from_ref(&token)).unwrap().try_into().unwrap();
    assert_eq!((signer.key, &*signer.principal), (token.clone(), "alice"));
    // One secret is one person's, as whatever key it is listed.
    let twice = format!("{text}{}", line("bob", &key(1)));
    let expected =
        "2:1: this key is already listed for \"alice\" in line 1; a key belongs to one principal";
    for keys in [[token.clone()], [key(1)]] {
        assert_eq!(find(twice.as_bytes(), &keys).unwrap_err().to_string(), expected);
    }
    assert_eq!(parse(twice.as_bytes())[1].as_ref().unwrap_err().to_string(), expected);
    let confused = text.replace(token.kind(), "ssh-ed25519");
    assert_eq!(
        parse(confused.as_bytes())[0].as_ref().unwrap_err().to_string(),
        "1:50: the key is of type sk-ssh-ed25519@openssh.com, and the line says \"ssh-ed25519\""
    );
    for gone in [
        format!("{} {} lost\n", token.kind(), token.base64()),
        format!("{}\n", token.fingerprint()),
        format!("ssh-ed25519 {}\n", key(1).base64()),
    ] {
        let revoked = find_revoked(gone.as_bytes(), &[key(2), token.clone()]);
        assert_eq!(revoked, Ok(vec![token.clone()]), "{gone}");
    }
}

#[test]
fn a_revocation_that_is_not_understood_is_an_error() {
    let expected = "expected an OpenSSH public key or a SHA256: fingerprint";
    for (text, message) in [
        ("alice\n", format!("1:1: found \"alice\", {expected}")),
        ("\nSHA256:short\n", format!("2:1: found \"SHA256:short\", {expected}")),
        ("ssh-ed25519\n", format!("1:1: found \"ssh-ed25519\", {expected}")),
        ("ssh-ed25519 A\n", "1:1: the key is not valid base64".into()),
        // A slip in the type's name must not leave the key trusted.
        ("shs-ed25519 AAAA\n", format!("1:1: found \"shs-ed25519 AAAA\", {expected}")),
        ("MD5:00:11\n", format!("1:1: found \"MD5:00:11\", {expected}")),
        (
            "SSHKRL\n\0rest",
            "1:1: found a binary key revocation list, expected a text with one public key or SHA256: fingerprint a line".into(),
        ),
    ] {
        assert_eq!(find_revoked(text.as_bytes(), &[key(1)]).unwrap_err().to_string(), message);
    }
}

#[test]
fn patterns_match_as_ssh_does() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("a*c", "abbbc", true),
        ("a*c", "abbbd", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("**", "x", true),
        ("a*b*c", "axbxbxc", true),
        ("", "", true),
        ("", "a", false),
        ("goenv-policy-*", "goenv-policy-", true),
    ] {
        assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
    }
    let hostile = "a*".repeat(2000) + "b";
    assert!(!matches(hostile.as_bytes(), "a".repeat(4000).as_bytes()));
}
