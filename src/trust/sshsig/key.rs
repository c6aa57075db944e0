//! Public keys: ed25519, on a disk or on a FIDO token.
//!
//! A token's key (`sk-ssh-ed25519@openssh.com`) is an ed25519 key and the name of the application that it was made
//! for. Keys of other types are refused in words. Format: OpenSSH's PROTOCOL and PROTOCOL.u2f.

use base64ct::{Base64, Base64Unpadded, Encoding};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use super::wire::{Reader, put};
use crate::trust::flaw::shown;

/// The type of a key that lies on a disk, in an agent or in a PKCS#11 token.
const PLAIN: &str = "ssh-ed25519";
/// The type of a key that a FIDO token keeps.
const TOKEN: &str = "sk-ssh-ed25519@openssh.com";
/// The length of an application's name at most; usual is `ssh:`.
const MOST_APPLICATION: usize = 128;

/// An ed25519 public key, and for one that a FIDO token keeps the application that it was made for.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    raw: [u8; 32],
    application: Option<Box<str>>,
}

impl Key {
    /// Returns the `ssh-ed25519` key of 32 raw bytes.
    pub fn plain(raw: [u8; 32]) -> Self {
        Self { raw, application: None }
    }

    /// Returns the key of an OpenSSH public key blob.
    ///
    /// # Errors
    /// If it is of another type, or no such blob.
    pub fn from_blob(blob: &[u8]) -> Result<Self, String> {
        let short = "the public key is cut short";
        let mut blob = Reader(blob);
        let kind = blob.string().ok_or(short)?;
        if !is_known(kind) {
            return Err(other_type(kind));
        }
        let raw = blob.string().ok_or(short)?;
        let application = match kind == TOKEN.as_bytes() {
            true => Some(application(blob.string().ok_or(short)?)?),
            false => None,
        };
        blob.end("the public key")?;
        let raw = raw.try_into().map_err(|_| {
            format!("the public key has {} bytes, an ed25519 key has 32", raw.len())
        })?;
        Ok(Self { raw, application })
    }

    /// Returns the key of the two words that stand for it in `authorized_keys` and `allowed_signers` lines.
    ///
    /// # Errors
    /// If the second is not base64, or names another type than the first.
    pub fn from_words(kind: &str, base64: &str) -> Result<Self, String> {
        let blob = Base64::decode_vec(base64).map_err(|_| "the key is not valid base64")?;
        let key = Self::from_blob(&blob)?;
        if key.kind() == kind {
            return Ok(key);
        }
        Err(format!(
            "the key is of type {}, and the line says {}",
            key.kind(),
            shown(kind.as_bytes())
        ))
    }

    /// Returns the name of the key's type.
    pub fn kind(&self) -> &'static str {
        if self.application.is_some() { TOKEN } else { PLAIN }
    }

    /// Returns the name of the application that a token's key was made for.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// Returns the 32 raw bytes: whoever has the secret of one key has that of every key with these bytes.
    pub fn raw(&self) -> &[u8; 32] {
        &self.raw
    }

    /// Returns the base64 text that stands for the key in OpenSSH's files.
    pub fn base64(&self) -> String {
        Base64::encode_string(&self.blob())
    }

    /// Returns the fingerprint as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(self.blob())))
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(80);
        put(&mut blob, self.kind().as_bytes());
        put(&mut blob, &self.raw);
        if let Some(application) = &self.application {
            put(&mut blob, application.as_bytes());
        }
        blob
    }

    /// Returns whether the key is a point of the curve, written in the one canonical way, and not one of the few
    /// points under which anything verifies.
    pub fn is_sound(&self) -> bool {
        self.point().is_some_and(|point| !point.is_weak())
    }

    /// Returns the point of a key whose y is below 2^255 - 19: dalek also takes the 19 spellings above it.
    pub(super) fn point(&self) -> Option<VerifyingKey> {
        let [lowest, middle @ .., highest] = &self.raw;
        let beyond =
            highest & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *lowest >= 0xed;
        if beyond { None } else { VerifyingKey::from_bytes(&self.raw).ok() }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

fn application(name: &[u8]) -> Result<Box<str>, String> {
    let name = std::str::from_utf8(name).ok().filter(|name| {
        (1..=MOST_APPLICATION).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic())
    });
    let expected = format!("1 to {MOST_APPLICATION} printable characters");
    name.map(Box::from).ok_or_else(|| format!("the key's application is not {expected}"))
}

/// Returns whether keys of this type are accepted.
pub(super) fn is_known(kind: &[u8]) -> bool {
    kind == PLAIN.as_bytes() || kind == TOKEN.as_bytes()
}

/// Returns whether lines that begin with this type hold a key that is accepted.
pub fn is_key_type(kind: &str) -> bool {
    is_known(kind.as_bytes())
}

/// Returns the words for a key type that is not accepted.
pub(super) fn other_type(kind: &[u8]) -> String {
    let known = String::from_utf8_lossy(kind);
    match kind {
        b"ssh-rsa" | b"rsa-sha2-256" | b"rsa-sha2-512" => {
            format!("{known} is an RSA key; sign with an ssh-ed25519 key")
        }
        b"ecdsa-sha2-nistp256"
        | b"ecdsa-sha2-nistp384"
        | b"ecdsa-sha2-nistp521"
        | b"sk-ecdsa-sha2-nistp256@openssh.com"
        | b"ssh-dss" => {
            format!("{known} keys are not accepted; sign with an ssh-ed25519 key")
        }
        _ => format!("key type {}, expected ssh-ed25519", shown(kind)),
    }
}
