//! Signatures made in tests: by the real ssh-keygen, and by hand where ssh-keygen would not make them.
#![expect(
    clippy::disallowed_methods,
    reason = "tests write keys to a scratch directory and run ssh-keygen"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};

use super::sshsig::{Hash, Key, Message, Moment, signed_data, token_data};

/// The parts of an SSHSIG blob, each of which a test may spoil before it is armoured.
pub(crate) struct Parts {
    pub(crate) magic: Vec<u8>,
    pub(crate) version: u32,
    pub(crate) key_type: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// What follows the raw key in the key's blob: of a token's key the application, with its length.
    pub(crate) key_end: Vec<u8>,
    pub(crate) namespace: Vec<u8>,
    pub(crate) reserved: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) signature_type: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// What follows the 64 bytes: of a token's signature the flags and the counter.
    pub(crate) signature_end: Vec<u8>,
    pub(crate) trailer: Vec<u8>,
}

pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn key(seed: u8) -> Key {
    Key::plain(signing_key(seed).verifying_key().to_bytes())
}

/// Returns the parts of a good signature by the key made from `seed`.
pub(crate) fn parts(seed: u8, namespace: &str, message: &[u8]) -> Parts {
    let signature =
        signing_key(seed).sign(&signed_data(namespace, Hash::Sha512, &Message::new(message)));
    Parts {
        magic: b"SSHSIG".to_vec(),
        version: 1,
        key_type: b"ssh-ed25519".to_vec(),
        key: key(seed).raw().to_vec(),
        key_end: Vec::new(),
        namespace: namespace.into(),
        reserved: Vec::new(),
        hash: b"sha512".to_vec(),
        signature_type: b"ssh-ed25519".to_vec(),
        signature: signature.to_bytes().to_vec(),
        signature_end: Vec::new(),
        trailer: Vec::new(),
    }
}

const TOKEN: &[u8] = b"sk-ssh-ed25519@openssh.com";

/// Returns the key that a FIDO token would make from `seed` for an application.
pub(crate) fn token(seed: u8, application: &str) -> Key {
    let mut blob = Vec::new();
    for string in [TOKEN, key(seed).raw(), application.as_bytes()] {
        blob.extend_from_slice(&(string.len() as u32).to_be_bytes());
        blob.extend_from_slice(string);
    }
    Key::from_blob(&blob).unwrap()
}

/// Returns the parts of a good signature by a token's key: what a token would do, done in software.
pub(crate) fn token_parts(
    seed: u8,
    application: &str,
    moment: Moment,
    namespace: &str,
    message: &[u8],
) -> Parts {
    let data = token_data(
        application,
        moment,
        &signed_data(namespace, Hash::Sha512, &Message::new(message)),
    );
    let length = (application.len() as u32).to_be_bytes();
    Parts {
        key_type: TOKEN.to_vec(),
        key_end: [&length, application.as_bytes()].concat(),
        signature_type: TOKEN.to_vec(),
        signature: signing_key(seed).sign(&data).to_bytes().to_vec(),
        signature_end: [&[moment.flags][..], &moment.counter.to_be_bytes()].concat(),
        ..parts(seed, namespace, message)
    }
}

impl Parts {
    pub(crate) fn blob(&self) -> Vec<u8> {
        let put = |data: &mut Vec<u8>, string: &[u8]| {
            data.extend_from_slice(&(string.len() as u32).to_be_bytes());
            data.extend_from_slice(string);
        };
        let mut key = Vec::new();
        put(&mut key, &self.key_type);
        put(&mut key, &self.key);
        key.extend_from_slice(&self.key_end);
        let mut signature = Vec::new();
        put(&mut signature, &self.signature_type);
        put(&mut signature, &self.signature);
        signature.extend_from_slice(&self.signature_end);
        let mut blob = self.magic.clone();
        blob.extend_from_slice(&self.version.to_be_bytes());
        for string in [&key, &self.namespace, &self.reserved, &self.hash, &signature] {
            put(&mut blob, string);
        }
        blob.extend_from_slice(&self.trailer);
        blob
    }

    pub(crate) fn armour(&self) -> Vec<u8> {
        armour(&self.blob(), 70)
    }
}

/// Returns `blob` in armour with lines of `width`.
pub(crate) fn armour(blob: &[u8], width: usize) -> Vec<u8> {
    let mut text = b"-----BEGIN SSH SIGNATURE-----\n".to_vec();
    for line in Base64::encode_string(blob).as_bytes().chunks(width) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    text.extend_from_slice(b"-----END SSH SIGNATURE-----\n");
    text
}

/// Returns the armoured signature by the key made from `seed`.
pub(crate) fn sign(seed: u8, namespace: &str, message: &[u8]) -> Vec<u8> {
    parts(seed, namespace, message).armour()
}

/// A directory with keys made by the real ssh-keygen.
pub(crate) struct Keygen(pub(crate) tempfile::TempDir);

impl Keygen {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Makes a key of `kind` named `name` and returns its public line.
    pub(crate) fn key(&self, kind: &str, name: &str) -> String {
        let path = self.path(name);
        let made =
            run(&["-q", "-t", kind, "-N", "", "-C", name, "-f", path.to_str().unwrap()], b"");
        assert!(made.status.success(), "{made:?}");
        std::fs::read_to_string(path.with_extension("pub")).unwrap()
    }

    /// Returns what `ssh-keygen -Y sign` writes for `message`.
    pub(crate) fn sign(&self, name: &str, namespace: &str, message: &[u8]) -> Vec<u8> {
        let path = self.path(name);
        let key = path.to_str().unwrap();
        let signed = run(&["-Y", "sign", "-n", namespace, "-f", key], message);
        assert!(signed.status.success(), "{signed:?}");
        signed.stdout
    }

    /// Returns whether `ssh-keygen -Y verify` accepts a signature file.
    pub(crate) fn verifies(
        &self,
        signers: &str,
        principal: &str,
        namespace: &str,
        signature: &[u8],
        message: &[u8],
    ) -> bool {
        let signers = self.write("allowed_signers", signers.as_bytes());
        let signature = self.write("signature", signature);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let (signers, signature) = (text(&signers), text(&signature));
        let verify =
            ["-Y", "verify", "-f", &signers, "-I", principal, "-n", namespace, "-s", &signature];
        run(&verify, message).status.success()
    }
}

/// Runs ssh-keygen with `input`.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new("ssh-keygen")
        .args(arguments)
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ssh-keygen is needed to test against");
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// Returns what git prints.
pub(crate) fn git(arguments: &[&str]) -> Vec<u8> {
    let printed =
        Command::new("git").args(arguments).output().expect("git is needed to test against");
    assert!(printed.status.success(), "{printed:?}");
    printed.stdout
}
