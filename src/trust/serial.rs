//! The highest serial seen for a scope: what stops an old signed policy from coming back.
//!
//! One small text for each scope: `v1 SERIAL SHA256 SCOPE` and a newline. Bytes → mark, mark → bytes, and whether a
//! policy may follow a mark. A text that is not understood is an error and not "nothing seen": whoever could spoil
//! it would otherwise bring back any old policy. Rule: docs/security.md.

use super::flaw::{Flaw, shown};
use super::scope::Scope;
use crate::hex::{hex, unhex_lower};

/// The highest serial that was accepted for a scope, and what had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The scope.
    pub scope: Scope,
    /// The serial.
    pub serial: u64,
    /// The SHA-256 of the policy that had it.
    pub sha256: [u8; 32],
}

/// How a policy stands to the mark of its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Nothing was seen yet, or something older: the mark is to be raised.
    Newer,
    /// These very bytes were seen last.
    Same,
    /// Something newer was seen.
    Older,
    /// Other bytes with the same serial were seen.
    Conflict,
}

impl Mark {
    /// Returns how `self`, of the policy at hand, stands to the mark that was kept.
    pub fn order(&self, kept: Option<&Self>) -> Order {
        match kept {
            Some(kept) if kept.scope != self.scope => Order::Newer,
            Some(kept) if self.serial < kept.serial => Order::Older,
            Some(kept) if self.serial == kept.serial && self.sha256 == kept.sha256 => Order::Same,
            Some(kept) if self.serial == kept.serial => Order::Conflict,
            _ => Order::Newer,
        }
    }

    /// Returns the text that is kept.
    pub fn text(&self) -> String {
        format!("v1 {} {} {}\n", self.serial, hex(&self.sha256), self.scope)
    }

    /// Returns the mark that `text` keeps.
    pub fn parse(text: &[u8]) -> Result<Self, Flaw> {
        let wrong = || {
            let expected = "expected \"v1 SERIAL SHA256 SCOPE\" and a newline";
            Flaw::new(1, 1, format!("found {}, {expected}", shown(text)))
        };
        let line = text.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let words: Vec<&str> = line.ok_or_else(wrong)?.split(' ').collect();
        let ["v1", serial, sha256, scope] = words.as_slice() else { return Err(wrong()) };
        let mark = Self {
            scope: Scope::parse(scope).map_err(|_| wrong())?,
            serial: serial.parse().map_err(|_| wrong())?,
            sha256: unhex_lower(sha256).ok_or_else(wrong)?,
        };
        if mark.text().as_bytes() == text { Ok(mark) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(serial: u64, fill: u8) -> Mark {
        let scope = Scope::parse("git.example.com/a/b//c").unwrap();
        Mark { scope, serial, sha256: [fill; 32] }
    }

    #[test]
    fn a_policy_may_follow_older_ones_and_itself() {
        let kept = mark(42, 1);
        assert_eq!(mark(1, 1).order(None), Order::Newer);
        assert_eq!(mark(43, 2).order(Some(&kept)), Order::Newer);
        assert_eq!(mark(43, 1).order(Some(&kept)), Order::Newer);
        assert_eq!(mark(42, 1).order(Some(&kept)), Order::Same);
        assert_eq!(mark(42, 2).order(Some(&kept)), Order::Conflict);
        assert_eq!(mark(41, 1).order(Some(&kept)), Order::Older);
        let elsewhere = Mark { scope: Scope::parse("git.example.com/a/b//d").unwrap(), ..kept };
        assert_eq!(mark(41, 1).order(Some(&elsewhere)), Order::Newer);
    }

    #[test]
    fn a_mark_prints_as_it_is_parsed() {
        let text = format!("v1 42 {} git.example.com/a/b//c\n", "ab".repeat(32));
        assert_eq!(mark(42, 0xab).text(), text);
        assert_eq!(Mark::parse(text.as_bytes()), Ok(mark(42, 0xab)));
    }

    #[test]
    fn a_spoilt_mark_is_an_error() {
        let good = mark(42, 0xab).text();
        let expected = "1:1: found \"\", expected \"v1 SERIAL SHA256 SCOPE\" and a newline";
        assert_eq!(Mark::parse(b"").unwrap_err().to_string(), expected);
        for text in [
            good.trim_end().to_owned(),
            good.replace("v1", "v2"),
            good.replace("42", "042"),
            good.replace("42", "+42"),
            good.replace("42", "-1"),
            good.replace("ab", "AB"),
            good.replace("v1 ", "v1  "),
            format!("{good}\n"),
            good.replace("//", "/"),
        ] {
            assert!(Mark::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
