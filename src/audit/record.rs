//! One line of the audit log: values in, bytes out, and what the chain needs of a line read back.
//!
//! `hash` is the SHA-256 of the line's bytes before `,"hash"`, and `prev` is the `hash` of the line before, so no
//! canonical form of JSON matters and `sha256sum` can check it. Keys are always there, in one order, `null` where
//! there is nothing to say, but for `path_b64`, `engine` and `torn`, which stand where they say something. Text from outside is escaped so that a line stays one line of harmless characters.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use base64ct::{Base64, Encoding};

use crate::hex::{hex, sha256, unhex_lower};
use crate::trust::Approver;
use crate::trust::date;
use crate::trust::header::Engine;
use crate::ui::is_hidden;

/// The size of a line at most, its newline included: what is read of the end of a log to continue it.
pub const MOST_LINE: usize = 8 * 1024;
/// The size of an escaped path at most; a longer one is logged by its end.
const MOST_PATH: usize = 2048;
/// The size of a path that is told exactly as well.
const MOST_EXACT: usize = 1024;
/// How many signers are told: as many as a signature file may have.
const MOST_SIGNERS: usize = 8;
/// The size of an escaped text that is no path.
const MOST_TEXT: usize = 256;
const MOST_SCOPE: usize = 1024;
/// The size of most lines, or less than twice of it: room for one is made at once.
const USUAL_LINE: usize = 1024;
/// What a line begins with, before its number.
const BEGIN: &[u8] = b"{\"v\":1,\"seq\":";
/// What stands before the hash that ends a line.
pub(super) const HASH: &[u8] = b",\"hash\":\"";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A policy was applied.
    Load,
    /// What a policy had set was undone.
    Unload,
    /// A policy did not apply.
    Refuse,
    /// A policy was allowed on this machine.
    Allow,
    /// A policy was denied, or an approval withdrawn, on this machine.
    Deny,
    /// A policy was signed here.
    Sign,
    /// The user's trusted signers changed.
    Keys,
    /// An SDK was installed, adopted or removed.
    Sdk,
    /// An SDK is not what was recorded of it.
    SdkAltered,
    /// A signed policy older than one already seen was refused.
    Rollback,
    /// A state variable that goenv did not write was dropped.
    State,
    /// A log begins after one that grew too big.
    Rotate,
    /// A line that was cut short, by a kill or a full disk, precedes.
    Recover,
}

impl Event {
    /// Returns the name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "policy.load",
            Self::Unload => "policy.unload",
            Self::Refuse => "policy.refuse",
            Self::Allow => "policy.allow",
            Self::Deny => "policy.deny",
            Self::Sign => "policy.sign",
            Self::Keys => "keys.change",
            Self::Sdk => "sdk.change",
            Self::SdkAltered => "sdk.altered",
            Self::Rollback => "policy.rollback",
            Self::State => "state.invalid",
            Self::Rotate => "audit.rotate",
            Self::Recover => "audit.recover",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Allow,
    /// Refused.
    Deny,
    /// It could not be done.
    Error,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

/// Who writes, from where, with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The host's name.
    pub host: String,
    /// The effective user id.
    pub uid: u32,
    /// The user's name, as the environment gives it.
    pub user: String,
    /// The terminal's device, where there is one.
    pub tty: Option<String>,
    /// The version of goenv.
    pub version: String,
}

/// The SDK that an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sdk {
    /// Its version: `1.26.6`.
    pub version: String,
    /// The digest that identifies it, as `sha256:…` or `h1:…`, where one is known.
    pub digest: Option<String>,
}

/// What a line says besides its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, in seconds since 1970.
    pub time: i64,
    /// By whom.
    pub writer: Writer,
    /// What.
    pub event: Event,
    /// How it ended.
    pub outcome: Outcome,
    /// The exit code.
    pub code: u8,
    /// The file that it is about.
    pub path: Vec<u8>,
    /// The scope of the policy's header.
    pub scope: Option<String>,
    /// The tier of the policy.
    pub tier: Option<String>,
    /// The serial of the policy's header.
    pub serial: Option<u64>,
    /// The SHA-256 of the policy.
    pub sha256: Option<[u8; 32]>,
    /// What evaluates the policy.
    pub engine: Engine,
    /// Whose signatures counted.
    pub signers: Vec<Approver>,
    /// How many had to sign.
    pub need: u32,
    /// The SDK.
    pub sdk: Option<Sdk>,
    /// The names that changed.
    pub vars: Vec<String>,
}

impl Record {
    /// Returns a record that says nothing but when, who, what and how.
    pub fn new(time: i64, writer: Writer, event: Event, outcome: Outcome) -> Self {
        Self {
            time,
            writer,
            event,
            outcome,
            code: 0,
            path: Vec::new(),
            scope: None,
            tier: None,
            serial: None,
            sha256: None,
            engine: Engine::Native,
            signers: Vec::new(),
            need: 0,
            sdk: None,
            vars: Vec::new(),
        }
    }
}

/// The end of a chain: the number and hash of its last line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tip {
    /// The number of the line, 0 before the first.
    pub seq: u64,
    /// Its hash, zeros before the first.
    pub hash: [u8; 32],
}

impl Tip {
    /// Returns what the next line follows after this one, given without its newline; `None` where it is no record. The
    /// two ends of a line tell, which a line that was cut short does not have both of; whether it is intact is asked
    /// when the chain is verified.
    pub fn of_line(line: &[u8]) -> Option<Self> {
        let (body, hash) = split(line)?;
        let digits = body.strip_prefix(BEGIN)?.split(|byte| *byte == b',').next()?;
        let seq = std::str::from_utf8(digits).ok()?.parse().ok()?;
        Some(Self { seq, hash })
    }
}

/// Returns the line that says `record` after `tip`, its newline included, and the new tip.
pub fn line(tip: Tip, record: &Record) -> (Vec<u8>, Tip) {
    with_extra(tip, record, "")
}

/// Returns the line that declares `torn` bytes of a line that was cut short.
pub fn recovery(tip: Tip, record: &Record, torn: usize) -> (Vec<u8>, Tip) {
    with_extra(tip, record, &format!(",\"torn\":{torn}"))
}

fn with_extra(tip: Tip, record: &Record, extra: &str) -> (Vec<u8>, Tip) {
    // The end of a log that was tampered with may say anything.
    let seq = tip.seq.saturating_add(1);
    let mut names = record.vars.len();
    loop {
        let mut text = body(seq, tip, record, names, extra);
        // Longest by far are the names: fewer of them are listed until the line fits, which it does without any.
        if text.len() + 76 <= MOST_LINE || names == 0 {
            let hash = sha256(text.as_bytes());
            text.extend([",\"hash\":\"", &hex(&hash), "\"}\n"]);
            return (text.into_bytes(), Tip { seq, hash });
        }
        names /= 2;
    }
}

fn body(seq: u64, tip: Tip, record: &Record, names: usize, extra: &str) -> String {
    let writer = &record.writer;
    let path = String::from_utf8_lossy(&record.path);
    // A name that is no UTF-8 is told exactly as well.
    let exact = match &path {
        Cow::Owned(_) if record.path.len() <= MOST_EXACT => {
            format!(",\"path_b64\":\"{}\"", Base64::encode_string(&record.path))
        }
        _ => String::new(),
    };
    let signers = list(record.signers.iter().take(MOST_SIGNERS).map(|by| {
        let (principal, key) = (quoted(&by.principal), quoted(&by.fingerprint));
        format!("{{\"p\":{principal},\"k\":{key}}}")
    }));
    let sdk = record.sdk.as_ref().map_or("null".into(), |sdk| {
        let digest = optional(sdk.digest.as_deref());
        format!("{{\"v\":{},\"digest\":{digest}}}", quoted(&sdk.version))
    });
    let more = record.vars.len() - names;
    let more = (more > 0).then(|| Quoted(Some(format!("+{more}").into())));
    let vars = list(record.vars.iter().take(names).map(|name| quoted(name)).chain(more));
    let digest = record.sha256.as_ref().map(|digest| hex(digest));
    // A native policy's line, which a prompt writes, is no longer for it.
    let engine = match record.engine {
        Engine::Native => "",
        Engine::Bash => ",\"engine\":\"bash\"",
    };
    let mut body = String::with_capacity(USUAL_LINE);
    // Writing to a string does not fail.
    let _ = write!(
        body,
        "{{\"v\":1,\"seq\":{seq},\"prev\":\"{prev}\",\"ts\":\"{ts}\",\"host\":{host},\"uid\":{uid},\"user\":{user},\
         \"tty\":{tty},\"ver\":{ver},\"ev\":\"{ev}\",\"res\":\"{res}\",\"code\":{code},\"path\":{path}{exact},\
         \"scope\":{scope},\"tier\":{tier},\"serial\":{serial},\"sha256\":{digest}{engine},\"signers\":[{signers}],\
         \"need\":{need},\"sdk\":{sdk},\"vars\":[{vars}]{extra}",
        prev = hex(&tip.hash),
        ts = date::rfc3339(record.time),
        host = quoted(&writer.host),
        uid = writer.uid,
        user = quoted(&writer.user),
        tty = optional(writer.tty.as_deref()),
        ver = quoted(&writer.version),
        ev = record.event.name(),
        res = record.outcome.name(),
        code = record.code,
        path = quoted_end(&path),
        scope = Quoted(record.scope.as_deref().map(|scope| escaped(scope, MOST_SCOPE))),
        tier = optional(record.tier.as_deref()),
        serial = record.serial.map_or("null".into(), |serial| serial.to_string()),
        digest = optional(digest.as_deref()),
        need = record.need,
    );
    body
}

/// A text as a JSON string, or `null` where there is none.
struct Quoted<'a>(Option<Cow<'a, str>>);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("null"),
            Some(escaped) => ["\"", escaped, "\""].iter().try_for_each(|part| f.write_str(part)),
        }
    }
}

fn quoted(text: &str) -> Quoted<'_> {
    optional(Some(text))
}

fn optional(text: Option<&str>) -> Quoted<'_> {
    Quoted(text.map(|text| escaped(text, MOST_TEXT)))
}

fn list(items: impl Iterator<Item = impl Display>) -> String {
    let mut list = String::new();
    for item in items {
        if !list.is_empty() {
            list.push(',');
        }
        let _ = write!(list, "{item}");
    }
    list
}

/// Returns `text` as it stands in a JSON string, at most `most` bytes, cut with `…` where it is longer.
fn escaped(text: &str, most: usize) -> Cow<'_, str> {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if text.len() < most && text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let before = escaped.len();
        escape(c, &mut escaped);
        // The quote before it counts.
        if escaped.len() >= most {
            escaped.truncate(before);
            escaped.push('…');
            break;
        }
    }
    Cow::Owned(escaped)
}

/// Returns a path as a JSON string; of a long one the end, which tells more than its beginning.
fn quoted_end(path: &str) -> String {
    let (mut room, mut start, mut escaped) = (MOST_PATH, path.len(), String::new());
    for (index, c) in path.char_indices().rev() {
        escaped.clear();
        escape(c, &mut escaped);
        let Some(left) = room.checked_sub(escaped.len()) else { break };
        (room, start) = (left, index);
    }
    let dots = if start > 0 { "…" } else { "" };
    let mut quoted = format!("\"{dots}");
    path.get(start..).unwrap_or_default().chars().for_each(|c| escape(c, &mut quoted));
    quoted.push('"');
    quoted
}

/// Appends a character as it stands in a JSON string; what a terminal or a reader could mistake is `\u`.
fn escape(c: char, out: &mut String) {
    match c {
        '"' | '\\' => out.extend(['\\', c]),
        c if is_hidden(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        c => out.push(c),
    }
}

/// What the chain needs of a line that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The number of the line.
    pub seq: u64,
    /// The hash that it gives for the line before.
    pub prev: [u8; 32],
    /// The hash that it gives for itself.
    pub hash: [u8; 32],
    /// Whether that hash is the one of its bytes.
    pub intact: bool,
    /// The event's name.
    pub event: String,
    /// How many bytes of a torn line it declares, of a recovery.
    pub torn: Option<u64>,
}

impl Link {
    /// Returns the link of a line without its newline, `None` where it is no record.
    pub fn parse(line: &[u8]) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Fields {
            v: u32,
            seq: u64,
            prev: String,
            ev: String,
            torn: Option<u64>,
        }
        let (body, hash) = split(line)?;
        let fields: Fields = serde_json::from_slice(line).ok().filter(|f: &Fields| f.v == 1)?;
        Some(Self {
            seq: fields.seq,
            prev: unhex_lower(&fields.prev)?,
            hash,
            intact: sha256(body) == hash,
            event: fields.ev,
            torn: fields.torn,
        })
    }
}

/// Returns a line's bytes before `,"hash"` and the hash behind it.
fn split(line: &[u8]) -> Option<(&[u8], [u8; 32])> {
    let text = line.strip_suffix(b"\"}")?;
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(64)?)?;
    let body = rest.strip_suffix(HASH)?;
    Some((body, unhex_lower(std::str::from_utf8(digits).ok()?)?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::hex::sha256_hex;

    pub(crate) fn record() -> Record {
        let writer = Writer {
            host: "settle-1".into(),
            uid: 1000,
            user: "ann".into(),
            tty: Some("/dev/pts/3".into()),
            version: "goenv 0.1.0".into(),
        };
        Record {
            code: 0,
            path: b"/srv/ledger/.envrc".to_vec(),
            scope: Some("git.bank.example/payments/ledger//services/settle".into()),
            tier: Some("prod".into()),
            serial: Some(42),
            sha256: Some([0xab; 32]),
            signers: vec![Approver {
                principal: "alice@bank".into(),
                fingerprint: "SHA256:x".into(),
            }],
            need: 2,
            sdk: Some(Sdk { version: "1.26.6".into(), digest: Some("sha256:00".into()) }),
            vars: vec!["GOROOT".into(), "PATH".into()],
            ..Record::new(1_803_081_600, writer, Event::Load, Outcome::Allow)
        }
    }

    #[test]
    fn a_line_has_every_key_in_order() {
        let (line, tip) = line(Tip::default(), &record());
        let expected = format!(
            "{{\"v\":1,\"seq\":1,\"prev\":\"{}\",\"ts\":\"2027-02-20T00:00:00Z\",\"host\":\"settle-1\",\"uid\":1000,\
             \"user\":\"ann\",\"tty\":\"/dev/pts/3\",\"ver\":\"goenv 0.1.0\",\"ev\":\"policy.load\",\"res\":\"allow\",\
             \"code\":0,\"path\":\"/srv/ledger/.envrc\",\
             \"scope\":\"git.bank.example/payments/ledger//services/settle\",\"tier\":\"prod\",\"serial\":42,\
             \"sha256\":\"{}\",\"signers\":[{{\"p\":\"alice@bank\",\"k\":\"SHA256:x\"}}],\"need\":2,\
             \"sdk\":{{\"v\":\"1.26.6\",\"digest\":\"sha256:00\"}},\"vars\":[\"GOROOT\",\"PATH\"]",
            "0".repeat(64),
            "ab".repeat(32)
        );
        let hash = sha256_hex(expected.as_bytes());
        assert_eq!(String::from_utf8(line).unwrap(), format!("{expected},\"hash\":\"{hash}\"}}\n"));
        assert_eq!((tip.seq, hex(&tip.hash)), (1, hash));
    }

    #[test]
    fn bash_is_named_and_the_native_engine_is_not() {
        let native = record();
        let bash = Record { engine: Engine::Bash, ..native.clone() };
        let [native, bash] = [native, bash].map(|record| body(1, Tip::default(), &record, 2, ""));
        let (before, after) = native.split_once(",\"signers\"").unwrap();
        assert_eq!(bash, format!("{before},\"engine\":\"bash\",\"signers\"{after}"));
    }

    #[test]
    fn what_is_not_known_is_null() {
        let bare = Record::new(0, record().writer, Event::Unload, Outcome::Allow);
        let (line, _) = line(Tip::default(), &bare);
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        for key in ["scope", "tier", "serial", "sha256", "sdk"] {
            assert!(value[key].is_null(), "{key}");
        }
        assert_eq!(value["vars"], serde_json::json!([]));
    }

    #[test]
    fn lines_are_linked() {
        let (first, tip) = line(Tip::default(), &record());
        let (second, last) = line(tip, &record());
        let link = Link::parse(second.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!((link.seq, link.prev, link.hash, link.intact), (2, tip.hash, last.hash, true));
        assert_eq!((link.event.as_str(), link.torn), ("policy.load", None));
        assert_eq!(Tip::of_line(second.strip_suffix(b"\n").unwrap()), Some(last));
        let mut edited = first.strip_suffix(b"\n").unwrap().to_vec();
        edited[30] ^= 1;
        assert!(Link::parse(&edited).is_none_or(|link| !link.intact));
        for junk in [&b""[..], b"{}", b"{\"hash\":\"\"}", &first[..first.len() - 2], b"\xff"] {
            assert_eq!(Link::parse(junk), None);
            assert_eq!(Tip::of_line(junk), None);
        }
    }

    #[test]
    fn hostile_text_stays_one_harmless_line() {
        let hostile = "a\"b\\c\n\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2028}\u{ad}\u{e0041}é";
        let mut record = record();
        record.path = hostile.into();
        record.writer.user = hostile.into();
        record.vars = vec![hostile.into()];
        let (line, _) = line(Tip::default(), &record);
        let text = String::from_utf8(line).unwrap();
        assert!(text.trim_end_matches('\n').chars().all(|c| !is_hidden(c)));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for found in [&value["path"], &value["user"], &value["vars"][0]] {
            assert_eq!(found, hostile);
        }
        assert!(value.get("path_b64").is_none());
    }

    #[test]
    fn one_odd_byte_is_enough_to_be_escaped() {
        for odd in ["a\nb", "a\"b", "a\\b", "a\u{1b}b", "a\u{7f}b", "é"] {
            let mut record = record();
            record.writer.user = odd.into();
            let (line, _) = line(Tip::default(), &record);
            let text = String::from_utf8(line).unwrap();
            assert!(text.trim_end_matches('\n').chars().all(|c| !is_hidden(c)), "{odd:?}");
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["user"], odd);
        }
    }

    #[test]
    fn a_line_uses_all_the_room_that_it_has() {
        let mut record = record();
        record.vars = (0..600).map(|at| format!("NAME_{at:04}")).collect();
        let mut longest = 0;
        for length in 0..MOST_SCOPE {
            record.scope = Some("s".repeat(length));
            let (line, _) = line(Tip::default(), &record);
            let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
            let names = value["vars"].as_array().unwrap().len();
            assert!([600, 301].contains(&names), "{names}");
            longest = longest.max(line.len());
        }
        assert_eq!(longest, MOST_LINE);
    }

    #[test]
    fn a_path_that_is_no_text_is_told_exactly_as_well() {
        let mut record = record();
        record.path = b"/a\xff".to_vec();
        let (line, _) = line(Tip::default(), &record);
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&value["path"], &value["path_b64"]), (&"/a\u{fffd}".into(), &"L2H/".into()));
        record.path = vec![0xff; MOST_PATH + 1];
        let (line, _) = super::line(Tip::default(), &record);
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert!(value.get("path_b64").is_none());
    }

    #[test]
    fn a_line_never_outgrows_what_is_read_of_the_end() {
        let mut record = record();
        record.path = vec![1; 100_000];
        record.writer.user = "\n".repeat(10_000);
        record.scope = Some("s".repeat(10_000));
        record.tier = Some("t".repeat(10_000));
        record.signers[0].principal = "p".repeat(10_000);
        record.signers[0].fingerprint = format!("SHA256:{}", "x".repeat(43));
        record.vars = (0..4096).map(|at| format!("NAME_{at}")).collect();
        record.signers = vec![record.signers[0].clone(); 100];
        let (line, _) = line(Tip::default(), &record);
        assert!(line.len() <= MOST_LINE, "{}", line.len());
        let value: serde_json::Value = serde_json::from_slice(&line).unwrap();
        let vars = value["vars"].as_array().unwrap();
        let more: usize = vars.last().unwrap().as_str().unwrap()[1..].parse().unwrap();
        assert_eq!(vars.len() - 1 + more, 4096);
        assert!(value["path"].as_str().unwrap().starts_with('…'));
        for length in [1, 500, MOST_EXACT, MOST_EXACT + 1, 2048, 2100] {
            record.path = vec![0xff; length];
            let (line, _) = super::line(Tip::default(), &record);
            assert!(line.len() <= MOST_LINE, "{} with a path of {length}", line.len());
        }
    }
}
