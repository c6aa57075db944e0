//! What travels in `GOENV_STATE`: which policy decided, what was watched, and how to undo what was done.
//!
//! A state goes in and text comes out, and back. The text is `1.` and base64url of a compact binary form: numbers
//! as LEB128, byte strings with their length, watched paths in order and front-coded, a checksum in front. It is
//! never trusted: whatever it says, it can only name what to undo, and a text that cannot be read is dropped.
//! Format: docs/security.md, section "The state".

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding};

use super::list::{Beside, Edit, Place};
use super::undo::{Before, Change, Fingerprint};
use super::{Bytes, is_identifier};

/// The variable that the state travels in.
pub const STATE: &str = "GOENV_STATE";
/// The policy file that is in effect, for prompts and scripts.
pub const POLICY: &str = "GOENV_POLICY";
/// The tier of the policy that is in effect.
pub const TIER: &str = "GOENV_TIER";
/// All of them: what goenv sets for itself, and no policy.
pub const OWN: [&str; 3] = [STATE, POLICY, TIER];

/// What goenv sets beside them for those who look at direnv's variables, where it is called by that name.
pub const DIRENV: [&str; 3] = ["DIRENV_DIR", "DIRENV_FILE", "DIRENV_WATCHES"];

/// Returns whether a change is such a variable, which was set and is to be unset. No state restores one.
pub fn is_for_direnv(change: &Change) -> bool {
    change.before == Before::Unset && DIRENV.iter().any(|name| name.as_bytes() == change.name)
}

/// Texts up to this size travel in the variable itself; Linux refuses a process with one string above 128 KiB.
pub const INLINE_LIMIT: usize = 16 * 1024;

/// What one shell knows about the policy that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The user whose decision this was; another user decides anew.
    pub uid: u32,
    /// The policy file, physical path.
    pub policy: PathBuf,
    /// Whether it is in effect.
    pub outcome: Outcome,
    /// When the approval ends, in seconds since 1970, where it does.
    pub until: Option<u64>,
    /// What a change of would change the decision.
    pub watches: Vec<Watch>,
    /// What to undo.
    pub changes: Vec<Change>,
}

/// What became of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in effect.
    Applied,
    /// It is not, and the user was told so with this text: the same complaint is made once.
    Refused(Fingerprint),
}

/// A path with what it was when the decision was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watch {
    /// The path.
    pub path: PathBuf,
    /// What stood there.
    pub stamp: Stamp,
}

/// The identity of what stands at a path: a digest of device, inode, size, modification and change time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub u64);

impl Stamp {
    /// Nothing stands there.
    pub const ABSENT: Self = Self(0);
    /// It was changed so shortly before it was looked at that a further change could leave the same times; it
    /// equals nothing, so the next prompt looks again.
    pub const RACY: Self = Self(1);
}

/// How a state is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// In the variable.
    Here(State),
    /// In a file that the variable names, because it is too large.
    InFile(PathBuf),
    /// It cannot be read.
    Unreadable,
}

/// Reads the text of the variable.
pub fn read(text: &[u8]) -> Carried {
    if let Some(path) = text.strip_prefix(b"1@") {
        let path = PathBuf::from(OsStr::from_bytes(path));
        return if path.is_absolute() { Carried::InFile(path) } else { Carried::Unreadable };
    }
    text.strip_prefix(b"1.").and_then(State::decode).map_or(Carried::Unreadable, Carried::Here)
}

/// Returns the text that names a file holding the encoded state.
pub fn in_file(path: &Path) -> Bytes {
    [b"1@", path.as_os_str().as_bytes()].concat()
}

impl State {
    /// Returns the text that carries the state in the variable.
    pub fn text(&self) -> Bytes {
        [b"1.", self.encode().as_slice()].concat()
    }

    /// Returns the state as base64url.
    pub fn encode(&self) -> Bytes {
        let mut body = Writer(Bytes::with_capacity(1024));
        body.number(u64::from(self.uid));
        body.bytes(self.policy.as_os_str().as_bytes());
        match self.outcome {
            Outcome::Applied => body.number(0),
            Outcome::Refused(complaint) => {
                body.number(1);
                body.fixed(complaint.0);
            }
        }
        body.number(self.until.map_or(0, |until| until.saturating_add(1)));
        body.watches(&self.watches);
        body.number(self.changes.len() as u64);
        self.changes.iter().for_each(|change| body.change(change));
        let mut whole = Writer(Bytes::with_capacity(body.0.len() + 8));
        whole.fixed(Fingerprint::of(&body.0).0);
        whole.0.extend(body.0);
        Base64UrlUnpadded::encode_string(&whole.0).into_bytes()
    }

    /// Returns the state that base64url text carries, `None` where it is not one.
    pub fn decode(text: &[u8]) -> Option<Self> {
        let whole = Base64UrlUnpadded::decode_vec(std::str::from_utf8(text).ok()?).ok()?;
        let mut reader = Reader(&whole);
        if reader.fixed()? != Fingerprint::of(reader.0).0 {
            return None;
        }
        let state = Self {
            uid: u32::try_from(reader.number()?).ok()?,
            policy: reader.path()?,
            outcome: match reader.number()? {
                0 => Outcome::Applied,
                1 => Outcome::Refused(Fingerprint(reader.fixed()?)),
                _ => return None,
            },
            until: reader.number()?.checked_sub(1),
            watches: reader.watches()?,
            changes: reader.list(Reader::change)?,
        };
        reader.0.is_empty().then_some(state)
    }
}

#[derive(Default)]
struct Writer(Bytes);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn fixed(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn watches(&mut self, watches: &[Watch]) {
        self.number(watches.len() as u64);
        let mut last: &[u8] = b"";
        for watch in watches {
            let path = watch.path.as_os_str().as_bytes();
            let shared = last.iter().zip(path).take_while(|(a, b)| a == b).count();
            self.number(shared as u64);
            self.bytes(path.get(shared..).unwrap_or_default());
            self.fixed(watch.stamp.0);
            last = path;
        }
    }

    fn change(&mut self, change: &Change) {
        self.bytes(&change.name);
        match change.given {
            None => self.number(0),
            Some(given) => {
                self.number(1);
                self.fixed(given.0);
            }
        }
        match &change.before {
            Before::Unset => self.number(0),
            Before::Value(value) => {
                self.number(1);
                self.bytes(value);
            }
            Before::List { was_set, edits, places } => {
                // Most lists have no such places.
                let kind = if places.is_empty() { 2 } else { 4 };
                self.number(kind + u64::from(*was_set));
                self.number(edits.len() as u64);
                edits.iter().for_each(|edit| self.edit(edit));
                if !places.is_empty() {
                    self.number(places.len() as u64);
                    places.iter().for_each(|place| self.place(place));
                }
            }
        }
    }

    fn place(&mut self, place: &Place) {
        self.bytes(&place.entry);
        match &place.beside {
            Beside::Nothing => self.number(0),
            Beside::Behind(entry) => {
                self.number(1);
                self.bytes(entry);
            }
            Beside::InFrontOf(entry) => {
                self.number(2);
                self.bytes(entry);
            }
        }
    }

    fn edit(&mut self, edit: &Edit) {
        let (kind, entries) = match edit {
            Edit::Keep(count) => {
                self.number(0);
                return self.number(*count as u64);
            }
            Edit::Remove(entries) => (1, entries),
            Edit::Add(entries) => (2, entries),
        };
        self.number(kind);
        self.number(entries.len() as u64);
        entries.iter().for_each(|entry| self.bytes(entry));
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn fixed(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn path(&mut self) -> Option<PathBuf> {
        let path = PathBuf::from(OsStr::from_bytes(self.bytes()?));
        path.is_absolute().then_some(path)
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| item(self)).collect()
    }

    fn watches(&mut self) -> Option<Vec<Watch>> {
        let mut last: Bytes = Vec::new();
        self.list(|reader| {
            let shared = usize::try_from(reader.number()?).ok()?;
            (shared <= last.len()).then(|| last.truncate(shared))?;
            last.extend(reader.bytes()?);
            let path = PathBuf::from(OsStr::from_bytes(&last));
            let watch = Watch { path, stamp: Stamp(reader.fixed()?) };
            watch.path.is_absolute().then_some(watch)
        })
    }

    fn change(&mut self) -> Option<Change> {
        let name = self.bytes()?.to_vec();
        let given = match self.number()? {
            0 => None,
            1 => Some(Fingerprint(self.fixed()?)),
            _ => return None,
        };
        let before = match self.number()? {
            0 => Before::Unset,
            1 => Before::Value(self.bytes()?.to_vec()),
            kind @ 2..=5 => Before::List {
                was_set: kind % 2 == 1,
                edits: self.list(Self::edit)?,
                places: if kind > 3 { self.list(Self::place)? } else { Vec::new() },
            },
            _ => return None,
        };
        is_identifier(&name).then_some(Change { name, given, before })
    }

    fn place(&mut self) -> Option<Place> {
        let entry = self.bytes()?.to_vec();
        let beside = match self.number()? {
            0 => Beside::Nothing,
            1 => Beside::Behind(self.bytes()?.to_vec()),
            2 => Beside::InFrontOf(self.bytes()?.to_vec()),
            _ => return None,
        };
        Some(Place { entry, beside })
    }

    fn edit(&mut self) -> Option<Edit> {
        let kind = self.number()?;
        if kind == 0 {
            return Some(Edit::Keep(usize::try_from(self.number()?).ok()?));
        }
        let entries = self.list(|reader| reader.bytes().map(<[u8]>::to_vec))?;
        match kind {
            1 => Some(Edit::Remove(entries)),
            2 => Some(Edit::Add(entries)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> State {
        let watch = |path: &str, stamp| Watch { path: path.into(), stamp: Stamp(stamp) };
        let change = |name: &str, before| Change {
            name: name.into(),
            given: Some(Fingerprint::of(name.as_bytes())),
            before,
        };
        let place = |entry: &str, beside| Place { entry: entry.into(), beside };
        let home = "/home/ann/.local/share/goenv";
        let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        State {
            uid: 1000,
            policy: "/home/ann/src/payments/ledger/.envrc".into(),
            outcome: Outcome::Applied,
            until: Some(1_800_000_000),
            watches: vec![
                watch("/etc/goenv/allowed_signers", 0),
                watch("/etc/goenv/config.toml", 0),
                watch("/home/ann/.config/goenv/allowed_signers", 2),
                watch("/home/ann/.config/goenv/config.toml", 3),
                watch(&format!("{home}/allow/0123456789abcdef/{id}"), 4),
                watch(&format!("{home}/deny/{id}"), 5),
                watch("/home/ann/sdk/go1.26.6/VERSION", 6),
                watch("/home/ann/sdk/go1.26.6/bin/go", 7),
                watch("/home/ann/src/payments/ledger/.envrc", 8),
                watch("/home/ann/src/payments/ledger/.envrc.sig", 9),
            ],
            changes: vec![
                change("GOENV_POLICY", Before::Unset),
                change("GOPRIVATE", Before::Value(b"caf\xe9 ".to_vec())),
                change("GOROOT", Before::Value(b"/usr/lib/go".to_vec())),
                Change { name: "GONE".into(), given: None, before: Before::Value(vec![]) },
                change(
                    "PATH",
                    Before::List {
                        was_set: true,
                        edits: vec![
                            Edit::Add(vec![b"/home/ann/sdk/go1.26.6/bin".to_vec()]),
                            Edit::Keep(2),
                            Edit::Remove(vec![b"/usr/games".to_vec(), vec![]]),
                        ],
                        places: vec![
                            place("/usr/games", Beside::Behind(b"/bin".to_vec())),
                            place("", Beside::InFrontOf(b"/usr/games".to_vec())),
                            place("/x", Beside::Nothing),
                        ],
                    },
                ),
            ],
        }
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&usual().text()), Carried::Here(usual()));
        let refused = State { outcome: Outcome::Refused(Fingerprint(7)), until: None, ..usual() };
        assert_eq!(read(&refused.text()), Carried::Here(refused));
    }

    #[test]
    fn a_usual_state_stays_below_two_kibibytes() {
        let size = usual().text().len();
        assert!(size < 2048, "{size}");
    }

    #[test]
    fn no_damaged_text_is_read_and_none_panics() {
        let text = usual().text();
        for length in 0..text.len() {
            assert_eq!(read(&text[..length]), Carried::Unreadable, "cut to {length}");
        }
        for place in 0..text.len() {
            let mut damaged = text.clone();
            damaged[place] ^= 1;
            assert!(!matches!(read(&damaged), Carried::Here(_)), "flipped at {place}");
        }
        for text in ["", "1", "1.", "2.AAAA", "1@relative", "1.\u{e9}"] {
            assert_eq!(read(text.as_bytes()), Carried::Unreadable, "{text}");
        }
    }

    #[test]
    fn a_list_that_claims_to_be_endless_is_refused_at_its_first_missing_item() {
        let mut body = Writer::default();
        body.number(1000);
        body.bytes(b"/p/.envrc");
        body.number(0);
        body.number(0);
        body.number(u64::MAX);
        let mut whole = Writer::default();
        whole.fixed(Fingerprint::of(&body.0).0);
        whole.0.extend(body.0);
        assert_eq!(State::decode(Base64UrlUnpadded::encode_string(&whole.0).as_bytes()), None);
    }

    #[test]
    fn a_name_that_no_shell_can_hold_is_refused() {
        let mut state = usual();
        state.changes[0].name = b"a$(touch b)".to_vec();
        assert_eq!(read(&state.text()), Carried::Unreadable);
    }
}
