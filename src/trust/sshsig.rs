//! OpenSSH signatures (SSHSIG): bytes of an `.envrc.sig` → signatures, and whether one is over given bytes.
//!
//! One to eight armoured blocks, concatenated, nothing else. Stricter than ssh-keygen wherever verifiers disagree:
//! ssh-ed25519 only, version 1, reserved field empty (the signature does not cover it), no CR, no text around
//! blocks, no malleated signature, no small-order key. Every accepted block also verifies with `ssh-keygen -Y
//! verify`. A decoded signature is a claim: only [`Signature::verify`] makes it evidence. Format: OpenSSH's
//! PROTOCOL.sshsig; rules: docs/security.md.

use base64ct::{Base64, Base64Unpadded, Encoding};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256, Sha512};

use super::flaw::{Flaw, shown};

/// The size that a signature file may have: eight blocks are below 3 KiB.
pub const MOST_BYTES: usize = 16 * 1024;
/// The number of blocks, and so of approvers, that a signature file may have.
pub const MOST_BLOCKS: usize = 8;

const BEGIN: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const END: &[u8] = b"-----END SSH SIGNATURE-----\n";
const MAGIC: &[u8] = b"SSHSIG";
const KEY_TYPE: &[u8] = b"ssh-ed25519";

/// An ed25519 public key: 32 raw bytes, which are its identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// Returns the key of an OpenSSH public key blob.
    pub fn from_blob(blob: &[u8]) -> Result<Self, String> {
        let mut blob = Reader(blob);
        let kind = blob.string().ok_or("the public key is cut short")?;
        if kind != KEY_TYPE {
            return Err(other_type(kind));
        }
        let raw = blob.string().ok_or("the public key is cut short")?;
        blob.end("the public key")?;
        let raw = raw.try_into().map_err(|_| {
            format!("the public key has {} bytes, an ed25519 key has 32", raw.len())
        })?;
        Ok(Self(raw))
    }

    /// Returns the key of the base64 text in an `authorized_keys` or `allowed_signers` line.
    pub fn from_base64(text: &str) -> Result<Self, String> {
        let blob = Base64::decode_vec(text).map_err(|_| "the key is not valid base64")?;
        Self::from_blob(&blob)
    }

    /// Returns the base64 text that stands for the key in OpenSSH's files.
    pub fn base64(&self) -> String {
        let mut blob = Vec::with_capacity(51);
        put(&mut blob, KEY_TYPE);
        put(&mut blob, &self.0);
        Base64::encode_string(&blob)
    }

    /// Returns the fingerprint as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64.
    pub fn fingerprint(&self) -> String {
        let mut blob = Vec::with_capacity(51);
        put(&mut blob, KEY_TYPE);
        put(&mut blob, &self.0);
        format!("SHA256:{}", Base64Unpadded::encode_string(&Sha256::digest(&blob)))
    }

    /// Returns whether the key is a point of the curve, written in the one canonical way, and not one of the few
    /// points under which anything verifies.
    pub fn is_sound(&self) -> bool {
        self.point().is_some_and(|point| !point.is_weak())
    }

    /// Returns the point of a key whose y is below 2^255 - 19: dalek also takes the 19 spellings above it.
    fn point(&self) -> Option<VerifyingKey> {
        let [lowest, middle @ .., highest] = &self.0;
        let beyond =
            highest & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *lowest >= 0xed;
        if beyond { None } else { VerifyingKey::from_bytes(&self.0).ok() }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// How the message was hashed before it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// `sha512`, ssh-keygen's default.
    Sha512,
    /// `sha256`.
    Sha256,
}

impl Hash {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Sha512 => b"sha512",
            Self::Sha256 => b"sha256",
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha512 => Sha512::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
        }
    }
}

/// One block of a signature file, decoded and not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key that claims to have signed.
    pub key: Key,
    /// The namespace: what the signature was made for.
    pub namespace: String,
    /// How the message was hashed.
    pub hash: Hash,
    /// The 64 bytes of the ed25519 signature.
    pub bytes: [u8; 64],
    /// The line of the file at which the block begins, from 1.
    pub line: u32,
}

impl Signature {
    /// Returns whether this is a signature over exactly `message`, by its key and in its namespace.
    pub fn verify(&self, message: &[u8]) -> bool {
        let Some(key) = self.key.point() else { return false };
        let signature = ed25519_dalek::Signature::from_bytes(&self.bytes);
        let data = signed_data(&self.namespace, self.hash, message);
        key.verify_strict(&data, &signature).is_ok()
    }
}

/// Returns the bytes that an SSHSIG's ed25519 signature is made over.
pub fn signed_data(namespace: &str, hash: Hash, message: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(128);
    data.extend_from_slice(MAGIC);
    put(&mut data, namespace.as_bytes());
    put(&mut data, b"");
    put(&mut data, hash.name());
    put(&mut data, &hash.digest(message));
    data
}

/// Returns the signatures of a signature file, in order: at least one, none of them verified.
pub fn decode(file: &[u8]) -> Result<Vec<Signature>, Flaw> {
    if file.is_empty() {
        return Err(Flaw::new(1, 1, "the signature file is empty"));
    }
    if file.len() > MOST_BYTES {
        let found = file.len();
        return Err(Flaw::new(1, 1, format!("{found} bytes, at most {MOST_BYTES} are read")));
    }
    let mut signatures = Vec::new();
    let mut rest = file;
    let mut line = 1;
    while !rest.is_empty() {
        if signatures.len() == MOST_BLOCKS {
            return Err(Flaw::new(line, 1, format!("more than {MOST_BLOCKS} signatures")));
        }
        let (block, lines, after) = next_block(rest, line)?;
        let number = signatures.len() + 1;
        let wrong = |what: String| Flaw::new(line, 1, format!("signature {number}: {what}"));
        let blob = Base64::decode_vec(&block).map_err(|_| wrong("not valid base64".into()))?;
        signatures.push(signature(&blob, line).map_err(wrong)?);
        rest = after;
        line += lines;
    }
    Ok(signatures)
}

/// Returns the base64 text of the block at the start of `rest`, its number of lines and what follows it.
fn next_block(rest: &[u8], line: usize) -> Result<(String, usize, &[u8]), Flaw> {
    let Some(mut body) = rest.strip_prefix(BEGIN) else {
        let first = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let expected = "expected the line -----BEGIN SSH SIGNATURE-----, ended by a single newline";
        return Err(Flaw::new(line, 1, format!("found {}, {expected}", shown(first))));
    };
    let mut text = String::new();
    let mut lines = 1;
    loop {
        if let Some(after) = body.strip_prefix(END) {
            return Ok((text, lines + 1, after));
        }
        let here = line + lines;
        let Some(newline) = body.iter().position(|byte| *byte == b'\n') else {
            let expected = "expected -----END SSH SIGNATURE----- and a newline";
            return Err(Flaw::new(here, 1, format!("found {}, {expected}", shown(body))));
        };
        let (base64, after) = body.split_at_checked(newline).unwrap_or((body, &[]));
        let strange = base64
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')));
        if let Some(column) = strange {
            let found = shown(base64.get(column..column + 1).unwrap_or_default());
            return Err(Flaw::new(here, column + 1, format!("found {found}, expected base64")));
        }
        if base64.is_empty() {
            return Err(Flaw::new(here, 1, "found an empty line, expected base64"));
        }
        text.push_str(&String::from_utf8_lossy(base64));
        body = after.strip_prefix(b"\n").unwrap_or_default();
        lines += 1;
    }
}

/// Returns the signature of one block's blob.
fn signature(blob: &[u8], line: usize) -> Result<Signature, String> {
    let short = "the signature is cut short";
    let mut blob = Reader(blob.strip_prefix(MAGIC).ok_or("no SSHSIG magic")?);
    let version = blob.number().ok_or(short)?;
    if version != 1 {
        return Err(format!("version {version}, only version 1 is known"));
    }
    let key = Key::from_blob(blob.string().ok_or(short)?)?;
    let namespace = blob.string().ok_or(short)?;
    let plain = |byte: &u8| byte.is_ascii_graphic();
    if namespace.is_empty() || !namespace.iter().all(plain) {
        return Err(format!("the namespace {} is not printable ASCII", shown(namespace)));
    }
    let reserved = blob.string().ok_or(short)?;
    if !reserved.is_empty() {
        return Err("the reserved field is not empty, and no signature covers it".into());
    }
    let hash = match blob.string().ok_or(short)? {
        b"sha512" => Hash::Sha512,
        b"sha256" => Hash::Sha256,
        other => return Err(format!("hash {}, expected sha512 or sha256", shown(other))),
    };
    let mut inner = Reader(blob.string().ok_or(short)?);
    blob.end("the signature")?;
    let kind = inner.string().ok_or(short)?;
    if kind != KEY_TYPE {
        return Err(other_type(kind));
    }
    let bytes = inner.string().ok_or(short)?;
    inner.end("the signature")?;
    let bytes = bytes
        .try_into()
        .map_err(|_| format!("{} signature bytes, an ed25519 signature has 64", bytes.len()))?;
    let namespace = String::from_utf8_lossy(namespace).into_owned();
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Ok(Signature { key, namespace, hash, bytes, line })
}

/// Returns the words for a key type that is not accepted.
fn other_type(kind: &[u8]) -> String {
    let known = String::from_utf8_lossy(kind);
    match kind {
        b"sk-ssh-ed25519@openssh.com" | b"sk-ecdsa-sha2-nistp256@openssh.com" => format!(
            "{known} is a hardware key whose touch ssh-keygen does not check; sign with an ssh-ed25519 key"
        ),
        b"ssh-rsa" | b"rsa-sha2-256" | b"rsa-sha2-512" => {
            format!("{known} is an RSA key; sign with an ssh-ed25519 key")
        }
        b"ecdsa-sha2-nistp256" | b"ecdsa-sha2-nistp384" | b"ecdsa-sha2-nistp521" | b"ssh-dss" => {
            format!("{known} keys are not accepted; sign with an ssh-ed25519 key")
        }
        _ => format!("key type {}, expected ssh-ed25519", shown(kind)),
    }
}

/// Appends an SSH string: its length in four bytes, then its bytes.
fn put(data: &mut Vec<u8>, string: &[u8]) {
    // What is put here is a name, a key or a digest: always far below 4 GiB.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(string);
}

/// Reads SSH's wire format; a length beyond the end is `None`, never an allocation.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    fn end(&self, what: &str) -> Result<(), String> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(format!("{more} bytes after the end of {what}")),
        }
    }
}

#[cfg(test)]
mod tests;
