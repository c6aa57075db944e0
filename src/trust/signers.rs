//! Who may approve: OpenSSH `allowed_signers` and `revoked_keys` texts → the lines that speak of given keys.
//!
//! A stock file that ssh-keygen reads too, held to stricter rules: `namespaces=` is mandatory, times end in Z, no
//! `cert-authority`, one principal a line, and one key under two principals is an error. Lines that name none of
//! the keys asked for cannot change the answer and are passed over without being parsed, so that ten thousand
//! signers cost a [`Search`] for a few dozen bytes; `keys list` reads every line. Format: ssh-keygen(1) "ALLOWED
//! SIGNERS"; rules: docs/security.md.

pub mod edit;
mod search;

pub use search::Search;

use super::date;
use super::flaw::{Flaw, shown};
use super::sshsig::{self, Key};

/// One line of an `allowed_signers` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person or role, usually an address; may be a pattern with `*` and `?`.
    pub principal: String,
    /// The namespaces in which the key may sign: patterns, a leading `!` excludes.
    pub namespaces: Vec<String>,
    /// From when the key counts, in seconds since 1970.
    pub valid_after: Option<i64>,
    /// Until when the key counts, that second included.
    pub valid_before: Option<i64>,
    /// The key.
    pub key: Key,
    /// The line, from 1.
    pub line: u32,
}

/// Whether a signer's line holds at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// It does.
    Valid,
    /// Its `valid-after` is in the future.
    NotYet,
    /// Its `valid-before` is past.
    Expired,
}

impl Signer {
    /// Returns whether the key may sign in `namespace`, by ssh-keygen's rule for pattern lists.
    pub fn may_sign(&self, namespace: &str) -> bool {
        let namespace = namespace.as_bytes();
        let excluded = self.namespaces.iter().filter_map(|pattern| pattern.strip_prefix('!'));
        let mut included = self.namespaces.iter().filter(|pattern| !pattern.starts_with('!'));
        !excluded.into_iter().any(|pattern| matches(pattern.as_bytes(), namespace))
            && included.any(|pattern| matches(pattern.as_bytes(), namespace))
    }

    /// Returns whether the line holds at `now`.
    pub fn validity(&self, now: i64) -> Validity {
        if self.valid_after.is_some_and(|after| now < after) {
            Validity::NotYet
        } else if self.valid_before.is_some_and(|before| now > before) {
            Validity::Expired
        } else {
            Validity::Valid
        }
    }

    /// Returns whether the principal is a pattern: ssh-keygen then takes any name for it, so nobody is named.
    pub fn is_wildcard(&self) -> bool {
        self.principal.contains(['*', '?'])
    }
}

/// Returns the lines of an `allowed_signers` text that name one of `keys`, in order.
///
/// # Errors
/// If such a line is not understood, or a key has two principals.
pub fn find(text: &[u8], keys: &[Key]) -> Result<Vec<Signer>, Flaw> {
    let mut search = Search::new(keys);
    search.feed(text);
    search.finish()
}

/// Returns every line of an `allowed_signers` text that is not empty or a comment: a signer, or what is wrong.
pub fn parse(text: &[u8]) -> Vec<Result<Signer, Flaw>> {
    let mut principals = std::collections::BTreeMap::new();
    let mut all = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let signer = match parse_line(line, number) {
            Ok(None) => continue,
            Ok(Some(signer)) => signer,
            Err(flaw) => {
                all.push(Err(flaw));
                continue;
            }
        };
        // At a prompt nobody asks: no signature by such a key verifies.
        if !signer.key.is_sound() {
            let message = "the key is a weak point under which anything verifies";
            all.push(Err(Flaw::new(number, 1, message)));
            continue;
        }
        let first = principals.entry(*signer.key.raw()).or_insert_with(|| signer.clone());
        all.push(one_principal(std::slice::from_ref(first), &signer).map(|()| signer));
    }
    all
}

/// Returns whether two signers are two names for one secret: a token's key counts as the bare one of the same bytes.
pub fn is_other_name(one: &Signer, other: &Signer) -> bool {
    one.key.raw() == other.key.raw() && one.principal != other.principal
}

/// Refuses a signer whose key another principal has: two names for one key are one approver.
fn one_principal(before: &[Signer], signer: &Signer) -> Result<(), Flaw> {
    let other = before.iter().find(|other| is_other_name(other, signer));
    other.map_or(Ok(()), |other| {
        let rule = "a key belongs to one principal";
        let (name, line) = (shown(other.principal.as_bytes()), other.line);
        let message = format!("this key is already listed for {name} in line {line}; {rule}");
        Err(Flaw::new(signer.line as usize, 1, message))
    })
}

/// The keys that a `revoked_keys` text withdraws, of those asked for.
///
/// A line is an OpenSSH public key or its `SHA256:` fingerprint. Every line is read: one that is not understood may
/// be the one that matters, so it is an error.
pub fn find_revoked(text: &[u8], keys: &[Key]) -> Result<Vec<Key>, Flaw> {
    if text.starts_with(b"SSHKRL\n\0") {
        let expected = "expected a text with one public key or SHA256: fingerprint a line";
        return Err(Flaw::new(1, 1, format!("found a binary key revocation list, {expected}")));
    }
    let fingerprints: Vec<String> = keys.iter().map(Key::fingerprint).collect();
    let mut revoked = Vec::new();
    for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
        let entry = line.trim_ascii();
        if entry.is_empty() || entry.starts_with(b"#") {
            continue;
        }
        match revoked_line(entry, number)? {
            Revoked::Key(gone) => {
                revoked.extend(keys.iter().filter(|key| key.raw() == gone.raw()).cloned());
            }
            Revoked::Fingerprint(text) => {
                let at = fingerprints.iter().position(|fingerprint| *fingerprint == text);
                revoked.extend(at.and_then(|at| keys.get(at)).cloned());
            }
            Revoked::OtherType => {}
        }
    }
    Ok(revoked)
}

/// What one line of `revoked_keys` withdraws.
enum Revoked<'a> {
    Key(Key),
    Fingerprint(&'a str),
    /// A key that could not sign a policy anyhow.
    OtherType,
}

fn revoked_line(entry: &[u8], number: usize) -> Result<Revoked<'_>, Flaw> {
    let wrong = |message: String| Flaw::new(number, 1, message);
    let expected = "expected an OpenSSH public key or a SHA256: fingerprint";
    let not_understood = || wrong(format!("found {}, {expected}", shown(entry)));
    let text = std::str::from_utf8(entry).map_err(|_| not_understood())?;
    let mut words = text.split_ascii_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    if let Some(digest) = first.strip_prefix("SHA256:") {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        let whole = digest.len() == 43 && digest.bytes().all(base64);
        return if whole { Ok(Revoked::Fingerprint(first)) } else { Err(not_understood()) };
    }
    match (first, second) {
        (kind, Some(key)) if sshsig::is_key_type(kind) => {
            Key::from_words(kind, key).map(Revoked::Key).map_err(wrong)
        }
        (kind, Some(_)) if ["ssh-", "ecdsa-", "sk-"].iter().any(|p| kind.starts_with(p)) => {
            Ok(Revoked::OtherType)
        }
        _ => Err(not_understood()),
    }
}

/// Returns the signer of one line, `None` for an empty line or a comment.
fn parse_line(line: &[u8], number: usize) -> Result<Option<Signer>, Flaw> {
    let wrong = |column: usize, message: String| Flaw::new(number, column, message);
    let text = match std::str::from_utf8(line) {
        Ok(text) if !text.contains(|c: char| c.is_control() && c != '\t') => text,
        _ if line.ends_with(b"\r") => {
            return Err(wrong(line.len(), "a carriage return ends the line".into()));
        }
        _ => return Err(wrong(1, "the line is not plain UTF-8 text".into())),
    };
    let mut words = Words { text, at: 0 };
    words.skip_blanks();
    if words.rest().is_empty() || words.rest().starts_with('#') {
        return Ok(None);
    }
    let place = words.column();
    let principal = words.next().map_err(|message| wrong(place, message))?;
    let principal = principal_name(principal).map_err(|message| wrong(place, message))?;
    words.skip_blanks();
    let place = words.column();
    let mut options = Options::default();
    let mut kind = words.next().map_err(|message| wrong(place, message))?;
    let mut key_place = place;
    if !is_key_type(kind) {
        for (offset, option) in split_options(kind) {
            options.set(option).map_err(|message| wrong(place + offset, message))?;
        }
        words.skip_blanks();
        key_place = words.column();
        kind = words.next().map_err(|message| wrong(key_place, message))?;
    }
    if !sshsig::is_key_type(kind) {
        let expected = "expected ssh-ed25519";
        let message = match kind {
            "" => format!("the line ends before its key, {expected}"),
            other => format!("found key type {}, {expected}", shown(other.as_bytes())),
        };
        return Err(wrong(key_place, message));
    }
    words.skip_blanks();
    let place_of_base64 = words.column();
    let base64 = words.next().map_err(|message| wrong(place_of_base64, message))?;
    let key = Key::from_words(kind, base64).map_err(|message| wrong(place_of_base64, message))?;
    let Some(namespaces) = options.namespaces else {
        let why = "without it the key could approve anything";
        let fix = "namespaces=\"goenv-policy-TIER\"";
        return Err(wrong(place, format!("expected {fix} before the key: {why}")));
    };
    Ok(Some(Signer {
        principal,
        namespaces,
        valid_after: options.valid_after,
        valid_before: options.valid_before,
        key,
        line: u32::try_from(number).unwrap_or(u32::MAX),
    }))
}

/// Returns the one principal that the first word of a line names.
fn principal_name(word: &str) -> Result<String, String> {
    let name = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word);
    if name.is_empty() || name.contains('"') {
        return Err(format!("found {}, expected a principal", shown(word.as_bytes())));
    }
    if name.contains(',') {
        let rule = "expected one principal: a key belongs to one person";
        return Err(format!("found {}, {rule}", shown(name.as_bytes())));
    }
    if name.starts_with('!') {
        return Err(format!(
            "found {}, expected a principal, not a negation",
            shown(name.as_bytes())
        ));
    }
    Ok(name.to_owned())
}

fn is_key_type(word: &str) -> bool {
    let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "rsa-sha2-", "webauthn-sk-"];
    known.iter().any(|prefix| word.starts_with(prefix)) || word.is_empty()
}

/// The options of a line.
#[derive(Default)]
struct Options {
    namespaces: Option<Vec<String>>,
    valid_after: Option<i64>,
    valid_before: Option<i64>,
}

impl Options {
    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let again = match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", _) => {
                return Err(
                    "certificate authorities are not accepted: list each signer's key".into()
                );
            }
            ("namespaces", Some(value)) => {
                let value = unquoted(value)?;
                let list: Vec<String> = value.split(',').map(str::to_owned).collect();
                if list.iter().any(|pattern| matches!(pattern.as_str(), "" | "!")) {
                    return Err(format!("found an empty namespace in {}", shown(value.as_bytes())));
                }
                self.namespaces.replace(list).is_some()
            }
            ("valid-after", Some(value)) => {
                self.valid_after.replace(date::parse_openssh(&unquoted(value)?)?).is_some()
            }
            ("valid-before", Some(value)) => {
                self.valid_before.replace(date::parse_openssh(&unquoted(value)?)?).is_some()
            }
            _ => {
                let known = "expected namespaces=, valid-after= or valid-before=";
                return Err(format!("found option {}, {known}", shown(option.as_bytes())));
            }
        };
        if again { Err(format!("{name} is given twice")) } else { Ok(()) }
    }
}

/// Returns a value without the quotes around it and the backslashes before quotes in it.
fn unquoted(value: &str) -> Result<String, String> {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let inner = inner.filter(|inner| !inner.ends_with('\\') || inner.ends_with("\\\\"));
    let found =
        || format!("found {}, expected the value in double quotes", shown(value.as_bytes()));
    let inner = inner.ok_or_else(found)?;
    Ok(if inner.contains('\\') { inner.replace("\\\"", "\"") } else { inner.to_owned() })
}

/// Returns the options of a word and their offsets; commas in quotes do not separate.
fn split_options(word: &str) -> Vec<(usize, &str)> {
    let mut options = Vec::new();
    let mut start = 0;
    let mut quoted = false;
    let mut before = 0;
    for (at, byte) in word.bytes().enumerate() {
        match byte {
            b'"' if before != b'\\' => quoted = !quoted,
            b',' if !quoted => {
                options.push((start, word.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
        before = byte;
    }
    options.push((start, word.get(start..).unwrap_or_default()));
    options
}

/// Words of a line: blanks separate them, except between double quotes.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn column(&self) -> usize {
        self.at + 1
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
    }

    fn next(&mut self) -> Result<&'a str, String> {
        let rest = self.rest();
        let mut quoted = false;
        let mut before = 0;
        let mut end = rest.len();
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'"' if before != b'\\' => quoted = !quoted,
                b' ' | b'\t' if !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
            before = byte;
        }
        if quoted {
            return Err("a double quote is not closed".into());
        }
        self.at += end;
        Ok(rest.get(..end).unwrap_or_default())
    }
}

/// Returns whether a pattern with `*` and `?` matches the whole of `text`, in linear space and without recursion.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(same) if same == byte => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (p, t) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests;
