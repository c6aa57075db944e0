//! Checkpoints: three lines that fix the end of a log, to be signed and kept where its subject cannot reach.
//!
//! `goenv-audit/v1 HOST UID`, the number of the last record, its hash in base64. Signed with ssh-keygen in the
//! namespace `goenv-audit`; a log that lacks the record, or has another under its number, was cut or rewritten.

use base64ct::{Base64, Encoding};

use super::record::Tip;
use crate::trust::flaw::{Flaw, shown};

/// The namespace of a checkpoint's signature.
pub const NAMESPACE: &str = "goenv-audit";

/// The end of a log as it was once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The host and the user whose log it is: `settle-1 1000`.
    pub origin: String,
    /// The end of the chain.
    pub tip: Tip,
}

/// How a log stands to a checkpoint, in the words of `audit verify --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Anchored {
    /// It holds the record.
    Holds,
    /// It ends before the record: it was cut.
    Truncated,
    /// It has another record under the number: it was rewritten.
    Rewritten,
}

impl Checkpoint {
    /// Returns the text that is signed.
    pub fn text(&self) -> String {
        let hash = Base64::encode_string(&self.tip.hash);
        format!("goenv-audit/v1 {}\n{}\n{hash}\n", self.origin, self.tip.seq)
    }

    /// Returns the checkpoint of a text.
    pub fn parse(text: &[u8]) -> Result<Self, Flaw> {
        let wrong = |line: usize, expected: &str| {
            let found = text.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
            Flaw::new(line, 1, format!("found {}, expected {expected}", shown(found)))
        };
        let lines = std::str::from_utf8(text).unwrap_or_default();
        let lines: Vec<&str> = lines.split('\n').collect();
        let [origin, seq, hash, ""] = lines.as_slice() else {
            return Err(wrong(1, "three lines: goenv-audit/v1 HOST UID, a number, a hash"));
        };
        let origin = origin
            .strip_prefix("goenv-audit/v1 ")
            .filter(|origin| !origin.is_empty() && !origin.contains(char::is_control))
            .ok_or_else(|| wrong(1, "goenv-audit/v1 HOST UID"))?;
        let mut digest = [0; 32];
        let whole = Base64::decode(hash, &mut digest).is_ok_and(|bytes| bytes.len() == 32);
        if !whole {
            return Err(wrong(3, "the base64 text of a SHA-256"));
        }
        let seq = seq.parse().map_err(|_| wrong(2, "the number of a record"))?;
        let tip = Tip { seq, hash: digest };
        let checkpoint = Self { origin: origin.to_owned(), tip };
        if checkpoint.text().as_bytes() == text {
            Ok(checkpoint)
        } else {
            Err(wrong(2, "the number of a record"))
        }
    }

    /// Returns how a log stands to the checkpoint, by the hash that it has under the checkpoint's number.
    pub fn against(&self, found: Option<[u8; 32]>) -> Anchored {
        match found {
            _ if self.tip.seq == 0 => Anchored::Holds,
            Some(hash) if hash == self.tip.hash => Anchored::Holds,
            Some(_) => Anchored::Rewritten,
            None => Anchored::Truncated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_the_documented_words() {
        let all = [Anchored::Holds, Anchored::Truncated, Anchored::Rewritten];
        let expected = r#"["holds","truncated","rewritten"]"#;
        assert_eq!(serde_json::to_string(&all).unwrap(), expected);
    }

    #[test]
    fn a_checkpoint_prints_as_it_is_parsed() {
        let checkpoint =
            Checkpoint { origin: "settle-1 1000".into(), tip: Tip { seq: 42, hash: [7; 32] } };
        let text =
            "goenv-audit/v1 settle-1 1000\n42\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n";
        assert_eq!(checkpoint.text(), text);
        assert_eq!(Checkpoint::parse(text.as_bytes()), Ok(checkpoint.clone()));
        assert_eq!(checkpoint.against(Some([7; 32])), Anchored::Holds);
        assert_eq!(checkpoint.against(Some([8; 32])), Anchored::Rewritten);
        assert_eq!(checkpoint.against(None), Anchored::Truncated);
        // Before the first record there is nothing to cut off.
        let empty = Checkpoint { tip: Tip::default(), ..checkpoint };
        assert_eq!(empty.against(None), Anchored::Holds);
        for (spoilt, expected) in [
            (
                &*text.replace("settle-1 1000", ""),
                "1:1: found \"goenv-audit/v1 \", expected goenv-audit/v1 HOST UID",
            ),
            (
                &text.replace("settle-1", "settle\t1"),
                "1:1: found \"goenv-audit/v1 settle\\t1 1000\", expected goenv-audit/v1 HOST UID",
            ),
            (
                "",
                "1:1: found \"\", expected three lines: goenv-audit/v1 HOST UID, a number, a hash",
            ),
            (
                &text[..text.len() - 1],
                "1:1: found \"goenv-audit/v1 settle-1 1000\", expected three lines: goenv-audit/v1 HOST UID, a number, a hash",
            ),
            (
                &text.replace("v1", "v2"),
                "1:1: found \"goenv-audit/v2 settle-1 1000\", expected goenv-audit/v1 HOST UID",
            ),
            (&text.replace("42", "+42"), "2:1: found \"+42\", expected the number of a record"),
            (&text.replace("42", "x"), "2:1: found \"x\", expected the number of a record"),
            (
                &text.replace("Bwc=", "Bw=="),
                "3:1: found \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==\", expected the base64 text of a SHA-256",
            ),
        ] {
            assert_eq!(Checkpoint::parse(spoilt.as_bytes()).unwrap_err().to_string(), expected);
        }
    }
}
