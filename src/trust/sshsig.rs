//! OpenSSH signatures (SSHSIG): bytes of an `.envrc.sig` → signatures, and whether one is over given bytes.
//!
//! One to eight armoured blocks, concatenated, nothing else. Stricter than ssh-keygen wherever verifiers disagree:
//! ed25519 only, version 1, reserved field empty (the signature does not cover it), no CR, no text around blocks, no
//! malleated signature, no small-order key, no FIDO token that nobody touched. Every accepted block also verifies with
//! `ssh-keygen -Y verify`. A decoded signature is a claim: only [`Signature::verify`] makes it evidence. Format:
//! OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f; rules: docs/security.md.

mod key;
mod wire;

use std::cell::OnceCell;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256, Sha512};

use super::flaw::{Flaw, shown};
pub use key::{Key, is_key_type};
use wire::{Reader, put};

/// The size that a signature file may have: eight blocks are below 3 KiB.
pub const MOST_BYTES: usize = 16 * 1024;
/// The number of blocks, and so of approvers, that a signature file may have.
pub const MOST_BLOCKS: usize = 8;

const BEGIN: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const END: &[u8] = b"-----END SSH SIGNATURE-----\n";
const MAGIC: &[u8] = b"SSHSIG";
/// The flag of a FIDO token's signature that says that somebody touched it.
const TOUCHED: u8 = 1;

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

/// A message, hashed once in each way however many signatures are made over it.
#[derive(Debug)]
pub struct Message<'a> {
    bytes: &'a [u8],
    sha512: OnceCell<Vec<u8>>,
    sha256: OnceCell<Vec<u8>>,
}

impl<'a> Message<'a> {
    /// Returns the message of these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, sha512: OnceCell::new(), sha256: OnceCell::new() }
    }

    fn digest(&self, hash: Hash) -> &[u8] {
        let known = match hash {
            Hash::Sha512 => &self.sha512,
            Hash::Sha256 => &self.sha256,
        };
        known.get_or_init(|| hash.digest(self.bytes))
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
    /// What a FIDO token says of the moment, where one made the signature.
    pub moment: Option<Moment>,
    /// The line of the file at which the block begins, from 1.
    pub line: u32,
}

/// What a FIDO token says of the moment at which it signed; its signature covers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Whether it was touched, and whether it asked for a PIN.
    pub flags: u8,
    /// How many signatures it made.
    pub counter: u32,
}

impl Signature {
    /// Returns whether somebody was there: a FIDO token that was not touched signs for whatever program asks it.
    pub fn is_attended(&self) -> bool {
        self.moment.is_none_or(|moment| moment.flags & TOUCHED != 0)
    }

    /// Returns whether this is a signature over exactly `message`, by its key and in its namespace.
    pub fn verify(&self, message: &Message<'_>) -> bool {
        let Some(point) = self.key.point() else { return false };
        let data = signed_data(&self.namespace, self.hash, message);
        let data = match (self.key.application(), self.moment) {
            (None, None) => data,
            (Some(application), Some(moment)) => token_data(application, moment, &data),
            _ => return false,
        };
        let signature = ed25519_dalek::Signature::from_bytes(&self.bytes);
        self.is_attended() && point.verify_strict(&data, &signature).is_ok()
    }
}

/// Returns the bytes that a FIDO token signs when it is asked to sign `data`.
pub fn token_data(application: &str, moment: Moment, data: &[u8]) -> Vec<u8> {
    let mut signed = Vec::with_capacity(69);
    signed.extend_from_slice(&Sha256::digest(application.as_bytes()));
    signed.push(moment.flags);
    signed.extend_from_slice(&moment.counter.to_be_bytes());
    signed.extend_from_slice(&Sha256::digest(data));
    signed
}

/// Returns the bytes that an SSHSIG's ed25519 signature is made over.
pub fn signed_data(namespace: &str, hash: Hash, message: &Message<'_>) -> Vec<u8> {
    let mut data = Vec::with_capacity(128);
    data.extend_from_slice(MAGIC);
    put(&mut data, namespace.as_bytes());
    put(&mut data, b"");
    put(&mut data, hash.name());
    put(&mut data, message.digest(hash));
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
    if !key::is_known(kind) {
        return Err(key::other_type(kind));
    }
    if kind != key.kind().as_bytes() {
        let (made, key) = (String::from_utf8_lossy(kind), key.kind());
        return Err(format!("a signature of type {made} by a key of type {key}"));
    }
    let bytes = inner.string().ok_or(short)?;
    let moment = match key.application() {
        Some(_) => Some(Moment {
            flags: inner.byte().ok_or(short)?,
            counter: inner.number().ok_or(short)?,
        }),
        None => None,
    };
    inner.end("the signature")?;
    let bytes = bytes
        .try_into()
        .map_err(|_| format!("{} signature bytes, an ed25519 signature has 64", bytes.len()))?;
    let namespace = String::from_utf8_lossy(namespace).into_owned();
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    Ok(Signature { key, namespace, hash, bytes, moment, line })
}

#[cfg(test)]
mod tests;
