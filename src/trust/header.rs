//! The `#goenv:` header of a policy: what a signature says besides the policy's text.
//!
//! Bytes of a policy → scope, tier, serial, expiry and engine; and back, for `sign`: bytes → bytes with the fields
//! filled in. bash and direnv read the lines as comments. Strict: `#goenv: v1` is the first line, the lines follow
//! one another, each key once, one space between words, ASCII, no unknown key. A header does not make a policy
//! trusted: it limits where, when and as what its signatures count. Format: docs/security.md.

use super::date;
use super::flaw::{Flaw, shown};
use super::scope::Scope;

const MARK: &[u8] = b"#goenv:";
/// The highest serial: exact in every JSON reader.
pub const MOST_SERIAL: u64 = (1 << 53) - 1;

/// A tier's name: `[a-z][a-z0-9-]*`, at most 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tier(String);

/// What a tier's name is, for errors.
pub(super) const TIER: &str = "expected a tier: lower-case letters, digits and hyphens";

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tier {
    /// Returns the tier named `name`, or `None` where that is no name for one.
    pub fn new(name: &str) -> Option<Self> {
        let letter = name.starts_with(|first: char| first.is_ascii_lowercase());
        let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        (letter && plain && name.len() <= 32).then(|| Self(name.to_owned()))
    }

    /// Returns the tier of a policy that nothing gives another one.
    pub fn dev() -> Self {
        Self("dev".to_owned())
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Returns the namespace that a signature for this tier must have.
    pub fn namespace(&self) -> String {
        format!("goenv-policy-{}", self.0)
    }
}

/// When a policy ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// As written: `2027-02-20` or `2027-02-20T00:00:00Z`.
    pub text: String,
    /// The same in seconds since 1970; a day ends a policy as it begins.
    pub at: i64,
}

impl Expiry {
    /// Returns the expiry that `text` writes.
    pub fn new(text: &str) -> Option<Self> {
        Some(Self { text: text.to_owned(), at: date::parse(text)? })
    }
}

/// What evaluates a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// goenv itself, without running code.
    #[default]
    Native,
    /// bash, in a child process.
    Bash,
}

impl Engine {
    /// Both, the one that runs nothing first.
    pub const ALL: [Self; 2] = [Self::Native, Self::Bash];

    /// Returns the name that `status` shows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Bash => "bash",
        }
    }

    /// Returns the one that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::Native => Self::Bash,
            Self::Bash => Self::Native,
        }
    }
}

/// The header of a policy. A signed one has every field but the engine; an allowed one may leave any out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The repository and the directory for which the policy is meant.
    pub scope: Option<Scope>,
    /// The tier for which it is approved.
    pub tier: Option<Tier>,
    /// The number that every new version raises.
    pub serial: Option<u64>,
    /// When it ends.
    pub expires: Option<Expiry>,
    /// What evaluates it.
    pub engine: Option<Engine>,
}

impl Header {
    /// Returns the name of the first field that a signed policy needs and this header lacks.
    pub fn missing(&self) -> Option<&'static str> {
        match self {
            Self { scope: None, .. } => Some("scope"),
            Self { tier: None, .. } => Some("tier"),
            Self { serial: None, .. } => Some("serial"),
            Self { expires: None, .. } => Some("expires"),
            _ => None,
        }
    }

    /// Returns the lines of the header, `#goenv: v1` first.
    fn lines(&self) -> String {
        let mut text = String::from("#goenv: v1\n");
        let mut line = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("#goenv: {key} {value}\n"));
            }
        };
        line("scope", self.scope.as_ref().map(ToString::to_string));
        line("tier", self.tier.as_ref().map(|tier| tier.name().to_owned()));
        line("serial", self.serial.map(|serial| serial.to_string()));
        line("expires", self.expires.as_ref().map(|expires| expires.text.clone()));
        line("engine", (self.engine == Some(Engine::Bash)).then(|| "bash".to_owned()));
        text
    }
}

/// Returns the header of a policy, `None` where there is none.
///
/// A line that looks like a header below other lines is an error: a reader would take it for one.
pub fn parse(policy: &[u8]) -> Result<Option<Header>, Flaw> {
    Ok(split(policy)?.map(|(header, _)| header))
}

/// Returns `policy` with `header` in place of the one that it has, or on top where it has none.
pub fn write(policy: &[u8], header: &Header) -> Result<Vec<u8>, Flaw> {
    let body = split(policy)?.map_or(policy, |(_, body)| body);
    Ok([header.lines().as_bytes(), body].concat())
}

/// Returns the header and the text below it.
fn split(policy: &[u8]) -> Result<Option<(Header, &[u8])>, Flaw> {
    let mut header = Header::default();
    let mut body = policy;
    let mut line = 1;
    while let Some(rest) = body.strip_prefix(MARK) {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let Some((text, after)) = end.and_then(|newline| rest.split_at_checked(newline)) else {
            return Err(Flaw::new(line, 1, "the header line does not end with a newline"));
        };
        if line == 1 {
            version(text)?;
        } else {
            field(&mut header, text, line)?;
        }
        body = after.strip_prefix(b"\n").unwrap_or_default();
        line += 1;
    }
    stray(policy, body)?;
    Ok((line > 1).then_some((header, body)))
}

fn version(text: &[u8]) -> Result<(), Flaw> {
    if text == b" v1" {
        return Ok(());
    }
    let expected = "expected \"#goenv: v1\" as the whole first line";
    Err(Flaw::new(1, 1, format!("found {}, {expected}", shown(&[MARK, text].concat()))))
}

/// Sets the field that one header line, less its mark, names.
fn field(header: &mut Header, text: &[u8], line: usize) -> Result<(), Flaw> {
    let wrong = |column: usize, message: String| Err(Flaw::new(line, column, message));
    // The column of the first byte behind the mark and its space.
    let start = MARK.len() + 2;
    let ascii = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    let Some(words) = ascii else {
        let ending = if text.ends_with(b"\r") { ", and no carriage return ends it" } else { "" };
        return wrong(1, format!("a header line is printable ASCII{ending}"));
    };
    let pair = words.strip_prefix(' ').and_then(|words| words.split_once(' '));
    let Some((key, value)) = pair.filter(|(_, value)| !value.is_empty() && !value.contains(' '))
    else {
        let expected = "expected \"#goenv: KEY VALUE\" with single spaces";
        return wrong(1, format!("found {}, {expected}", shown(&[MARK, text].concat())));
    };
    let at_value = start + key.len() + 1;
    let found = |expected: &str| format!("found {}, {expected}", shown(value.as_bytes()));
    let again = match key {
        "scope" => match Scope::parse(value) {
            Ok(scope) => header.scope.replace(scope).is_some(),
            Err(message) => return wrong(at_value, message),
        },
        "tier" => match Tier::new(value) {
            Some(tier) => header.tier.replace(tier).is_some(),
            None => return wrong(at_value, found(TIER)),
        },
        "serial" => match serial(value) {
            Some(serial) => header.serial.replace(serial).is_some(),
            None => {
                let expected = "expected a serial from 1 to 9007199254740991";
                return wrong(at_value, found(expected));
            }
        },
        "expires" => match Expiry::new(value) {
            Some(expires) => header.expires.replace(expires).is_some(),
            None => {
                let expected = "expected a date as 2027-02-20 or 2027-02-20T00:00:00Z";
                return wrong(at_value, found(expected));
            }
        },
        "engine" => match value {
            "bash" => header.engine.replace(Engine::Bash).is_some(),
            _ => return wrong(at_value, found("expected bash")),
        },
        _ => {
            let known = "expected scope, tier, serial, expires or engine";
            return wrong(start, format!("found {}, {known}", shown(key.as_bytes())));
        }
    };
    if again { wrong(start, format!("{key} is given twice")) } else { Ok(()) }
}

/// Returns a serial: digits without a leading zero.
fn serial(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let serial = plain.then(|| text.parse().ok()).flatten()?;
    (serial <= MOST_SERIAL).then_some(serial)
}

/// Refuses a line of `body`, the end of `policy`, that begins as a header line does.
fn stray(policy: &[u8], body: &[u8]) -> Result<(), Flaw> {
    let mut offset = policy.len() - body.len();
    for text in body.split_inclusive(|byte| *byte == b'\n') {
        if text.trim_ascii_start().starts_with(MARK) {
            let rule = "header lines stand together at the top, \"#goenv: v1\" first";
            return Err(Flaw::at_offset(policy, offset, rule));
        }
        offset += text.len();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "#goenv: v1\n#goenv: scope git.bank.example/payments/ledger//services/settle\n\
        #goenv: tier prod\n#goenv: serial 42\n#goenv: expires 2027-02-20\n";

    fn refused(policy: &str) -> String {
        parse(policy.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_full_header_gives_its_fields() {
        let header = parse(format!("{FULL}export A=1\n").as_bytes()).unwrap().unwrap();
        assert_eq!(
            header.scope.as_ref().unwrap().to_string(),
            "git.bank.example/payments/ledger//services/settle"
        );
        assert_eq!(header.tier.as_ref().unwrap().namespace(), "goenv-policy-prod");
        assert_eq!(header.serial, Some(42));
        assert_eq!(header.expires.as_ref().unwrap().at, 1_803_081_600);
        assert_eq!((header.engine, header.missing()), (None, None));
        let bash = parse(b"#goenv: v1\n#goenv: engine bash\n").unwrap().unwrap();
        assert_eq!((bash.engine, bash.missing()), (Some(Engine::Bash), Some("scope")));
    }

    #[test]
    fn a_policy_without_a_header_has_none() {
        for policy in
            ["", "export A=1\n", "# goenv: v1\n", "#Goenv: v1\n", "\n\n", "export A='\n#'"]
        {
            assert_eq!(parse(policy.as_bytes()), Ok(None), "{policy:?}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_its_place() {
        let first = "expected \"#goenv: v1\" as the whole first line";
        let words = "expected \"#goenv: KEY VALUE\" with single spaces";
        let stray = "header lines stand together at the top, \"#goenv: v1\" first";
        for (policy, expected) in [
            ("#goenv: v2\n", format!("1:1: found \"#goenv: v2\", {first}")),
            ("#goenv:v1\n", format!("1:1: found \"#goenv:v1\", {first}")),
            ("#goenv: v1 \n", format!("1:1: found \"#goenv: v1 \", {first}")),
            ("#goenv: v1\r\n", format!("1:1: found \"#goenv: v1\\r\", {first}")),
            ("#goenv: tier prod\n", format!("1:1: found \"#goenv: tier prod\", {first}")),
            ("#goenv: v1", "1:1: the header line does not end with a newline".into()),
            (
                "#goenv: v1\n#goenv: tier  prod\n",
                format!("2:1: found \"#goenv: tier  prod\", {words}"),
            ),
            ("#goenv: v1\n#goenv: tier\n", format!("2:1: found \"#goenv: tier\", {words}")),
            ("#goenv: v1\n#goenv: tier \n", format!("2:1: found \"#goenv: tier \", {words}")),
            ("#goenv: v1\n#goenv:\ttier prod\n", "2:1: a header line is printable ASCII".into()),
            (
                "#goenv: v1\n#goenv: tier prod\r\n",
                "2:1: a header line is printable ASCII, and no carriage return ends it".into(),
            ),
            ("#goenv: v1\n#goenv: tier pröd\n", "2:1: a header line is printable ASCII".into()),
            (
                "#goenv: v1\n#goenv: tier Prod\n",
                "2:14: found \"Prod\", expected a tier: lower-case letters, digits and hyphens"
                    .into(),
            ),
            (
                "#goenv: v1\n#goenv: serial 042\n",
                "2:16: found \"042\", expected a serial from 1 to 9007199254740991".into(),
            ),
            (
                "#goenv: v1\n#goenv: serial 9007199254740992\n",
                "2:16: found \"9007199254740992\", expected a serial from 1 to 9007199254740991"
                    .into(),
            ),
            (
                "#goenv: v1\n#goenv: expires tomorrow\n",
                "2:17: found \"tomorrow\", expected a date as 2027-02-20 or 2027-02-20T00:00:00Z"
                    .into(),
            ),
            ("#goenv: v1\n#goenv: engine zsh\n", "2:16: found \"zsh\", expected bash".into()),
            (
                "#goenv: v1\n#goenv: color red\n",
                "2:9: found \"color\", expected scope, tier, serial, expires or engine".into(),
            ),
            ("#goenv: v1\n#goenv: tier a\n#goenv: tier b\n", "3:9: tier is given twice".into()),
            ("#goenv: v1\nexport A=1\n#goenv: tier a\n", format!("3:1: {stray}")),
            ("#!/bin/bash\n#goenv: v1\n", format!("2:1: {stray}")),
            ("\n  #goenv: v1", format!("2:1: {stray}")),
        ] {
            assert_eq!(refused(policy), expected, "{policy:?}");
        }
    }

    #[test]
    fn writing_keeps_the_policy_and_replaces_the_header() {
        let header = parse(FULL.as_bytes()).unwrap().unwrap();
        let body = b"export A=1\n# \xff\n";
        let written = write(body, &header).unwrap();
        assert_eq!(written, [FULL.as_bytes(), body].concat());
        assert_eq!(parse(&written).unwrap().as_ref(), Some(&header));
        assert_eq!(write(&written, &header).unwrap(), written);
        let raised = Header { serial: Some(43), engine: Some(Engine::Bash), ..header };
        let again = write(&written, &raised).unwrap();
        assert!(again.starts_with(FULL.replace("42", "43").as_bytes()));
        assert!(again.ends_with(b"#goenv: engine bash\nexport A=1\n# \xff\n"));
        assert_eq!(parse(&again).unwrap(), Some(raised));
    }
}
