//! FIDO keys: what a token would sign, made in software, and what the real ssh-keygen says of it.

use std::fs;
use std::path::Path;

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use goenv::trust::sshsig::{Hash, Message, Moment, signed_data, token_data};

use crate::repository::Repository;

const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &str = "ssh:";
const PROD: &str = "goenv-policy-prod";
const TOUCHED: u8 = 1;

/// A token, in software.
struct Token(SigningKey);

impl Token {
    fn key_blob(&self) -> Vec<u8> {
        strings(&[KIND, self.0.verifying_key().as_bytes(), APPLICATION.as_bytes()])
    }

    fn public_line(&self) -> String {
        format!("{} {} bob's token\n", String::from_utf8_lossy(KIND), base64(&self.key_blob()))
    }

    /// Returns the armoured signature of `message`.
    fn sign(&self, message: &[u8], flags: u8) -> String {
        let moment = Moment { flags, counter: 41 };
        let data = token_data(
            APPLICATION,
            moment,
            &signed_data(PROD, Hash::Sha512, &Message::new(message)),
        );
        let mut signature = strings(&[KIND, &self.0.sign(&data).to_bytes()]);
        signature.push(flags);
        signature.extend(41_u32.to_be_bytes());
        let fields: [&[u8]; 5] = [&self.key_blob(), PROD.as_bytes(), b"", b"sha512", &signature];
        let blob = [&b"SSHSIG\0\0\0\x01"[..], &strings(&fields)].concat();
        let text = base64(&blob);
        let lines: Vec<&str> =
            text.as_bytes().chunks(70).map(|l| str::from_utf8(l).unwrap()).collect();
        let lines = lines.join("\n");
        format!("-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n")
    }
}

fn strings(fields: &[&[u8]]) -> Vec<u8> {
    let with_length = |field: &&[u8]| [&(field.len() as u32).to_be_bytes()[..], field].concat();
    fields.iter().flat_map(with_length).collect()
}

fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Returns whether ssh-keygen accepts a signature of a directory's policy as bob's.
fn ssh_keygen_accepts(repository: &Repository, directory: &Path, signature: &str) -> bool {
    let signers = repository.sandbox.path("home/.config/goenv/allowed_signers");
    let file = repository.sandbox.file("signature", signature);
    let script = format!(
        "ssh-keygen -Y verify -f {} -I bob@bank -n {PROD} -s {} < .envrc",
        signers.display(),
        file.display()
    );
    repository.sandbox.run(directory, "sh", &["-c", &script]).code() == 0
}

#[test]
fn a_touched_token_approves_and_an_untouched_one_does_not() {
    let repository = Repository::new();
    repository.config("[tiers.prod]\nrequire = \"signed\"\nthreshold = 2\n");
    repository.trust("alice");
    let token = Token(SigningKey::from_bytes(&[7; 32]));
    fs::write(repository.key("bob.pub"), token.public_line()).unwrap();
    repository.trust("bob");
    let listed = repository.sandbox.goenv(&repository.root, &["keys", "list"]).stdout();
    let printed = repository.sandbox.run(
        &repository.root,
        "ssh-keygen",
        &["-l", "-f", &repository.key("bob.pub")],
    );
    let fingerprint = printed.stdout().split(' ').nth(1).unwrap().to_owned();
    assert!(listed.contains(&format!("bob@bank {fingerprint} {PROD} valid ")), "{listed}");

    let settle = repository.signed("settle", "export A=1\n", &["alice"]);
    let policy = fs::read(settle.join(".envrc")).unwrap();
    let by_alice = fs::read_to_string(settle.join(".envrc.sig")).unwrap();
    let put = |signature: &str| {
        fs::write(settle.join(".envrc.sig"), format!("{by_alice}{signature}")).unwrap();
    };

    let untouched = token.sign(&policy, 0);
    put(&untouched);
    assert_eq!(repository.value(&settle), (3, None));
    let verified = repository.sandbox.goenv(&settle, &["verify"]);
    let expected = "signature  2 was made by a hardware key that nobody touched\n";
    assert!(verified.stdout().ends_with(expected), "{}", verified.stdout());
    assert!(ssh_keygen_accepts(&repository, &settle, &untouched), "the table in docs/security.md");

    let touched = token.sign(&policy, TOUCHED);
    put(&touched);
    assert_eq!(repository.value(&settle), (0, Some("1".into())));
    let verified = repository.sandbox.goenv(&settle, &["verify"]);
    let expected = format!("signature  2 by bob@bank {fingerprint}\n");
    assert!(verified.stdout().ends_with(&expected), "{}", verified.stdout());
    assert!(ssh_keygen_accepts(&repository, &settle, &touched));

    let of_other_bytes = token.sign(b"other", TOUCHED);
    put(&of_other_bytes);
    assert_eq!(repository.value(&settle), (4, None));
    assert!(!ssh_keygen_accepts(&repository, &settle, &of_other_bytes));

    put(&touched);
    repository.sandbox.goenv(&settle, &["keys", "revoke", &fingerprint]).success();
    assert_eq!(repository.value(&settle), (3, None));
}

#[test]
fn keys_of_other_types_are_refused_in_words() {
    let repository = Repository::new();
    for (kind, said) in [
        ("rsa", "found key type \"ssh-rsa\", expected ssh-ed25519"),
        ("ecdsa", "found key type \"ecdsa-sha2-nistp256\", expected ssh-ed25519"),
    ] {
        let key = repository.key(kind);
        let made = ["-q", "-t", kind, "-N", "", "-f", &key];
        repository.sandbox.run(&repository.root, "ssh-keygen", &made).success();
        let added = repository
            .sandbox
            .goenv(&repository.root, &["keys", "add", "ann", &format!("{key}.pub")]);
        added.failure(1, &format!("goenv: $SANDBOX/keys/{kind}.pub: {said}\n"));
    }
}
