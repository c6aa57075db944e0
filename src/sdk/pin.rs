//! Pins: the hash that a policy gives for an SDK, by platform.
//!
//! `linux/amd64=sha256:<hex>` is the digest of the release archive, `linux/amd64=h1:<base64>` the hash of the tree.
//! Pure: a record is held against a pin by value.

use std::fmt;

use base64ct::{Base64, Encoding};

use super::places::Platform;
use super::record::Record;
use crate::hex::{hex, unhex};

/// The hash of an SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The archive's SHA-256, in lower-case hex.
    Archive(String),
    /// The tree's hash as Go computes it, `h1:` included.
    Tree(String),
}

impl Pin {
    /// Reads `sha256:<64 hex digits>` or `h1:<base64 of 32 bytes>`.
    pub fn read(text: &str) -> Option<Self> {
        if let Some(digits) = text.strip_prefix("sha256:") {
            return unhex(digits).map(|digest| Self::Archive(hex(&digest)));
        }
        let digest = Base64::decode_vec(text.strip_prefix("h1:")?).ok()?;
        (digest.len() == 32).then(|| Self::Tree(text.to_owned()))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive(digits) => write!(f, "sha256:{digits}"),
            Self::Tree(h1) => f.write_str(h1),
        }
    }
}

/// The pins of one `use go` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(Vec<(Platform, Pin)>);

impl Pins {
    /// Reads the pins as a policy writes them: platform and hash.
    pub fn read(words: &[(String, String)]) -> Result<Self, BadPin> {
        let mut pins: Vec<(Platform, Pin)> = Vec::new();
        for (platform, hash) in words {
            let read =
                Platform::parse(platform).ok_or_else(|| BadPin::Platform(platform.clone()))?;
            let pin = Pin::read(hash).ok_or_else(|| BadPin::Hash(hash.clone()))?;
            let twice = pins.iter().any(|(known, old)| {
                *known == read && std::mem::discriminant(old) == std::mem::discriminant(&pin)
            });
            if twice {
                return Err(BadPin::Twice(platform.clone()));
            }
            pins.push((read, pin));
        }
        Ok(Self(pins))
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the pins of a platform; an archive and a tree may both be pinned, and then both must fit.
    pub fn of(&self, platform: &Platform) -> impl Iterator<Item = &Pin> + use<'_> {
        let platform = platform.clone();
        self.0.iter().filter(move |(known, _)| *known == platform).map(|(_, pin)| pin)
    }

    /// Returns the pinned digest of the archive for a platform, in hex.
    pub fn archive(&self, platform: &Platform) -> Option<&str> {
        self.of(platform).find_map(|pin| match pin {
            Pin::Archive(digits) => Some(digits.as_str()),
            Pin::Tree(_) => None,
        })
    }

    /// Returns the platforms that have a pin, in order.
    pub fn platforms(&self) -> Vec<&Platform> {
        let mut platforms: Vec<_> = self.0.iter().map(|(platform, _)| platform).collect();
        platforms.sort();
        platforms.dedup();
        platforms
    }
}

impl fmt::Display for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> =
            self.0.iter().map(|(platform, pin)| format!("{platform}={pin}")).collect();
        f.write_str(&words.join(" "))
    }
}

/// What a record says to a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is that SDK.
    Fits,
    /// It is another: this is its hash.
    Differs(Pin),
    /// It was adopted, so what archive it came from is not known.
    Unknown,
}

/// Holds a record against a pin.
pub fn fit(record: &Record, pin: &Pin) -> Fit {
    let is = match pin {
        Pin::Tree(_) => Pin::Tree(record.h1.clone()),
        Pin::Archive(_) => match &record.archive_sha256 {
            Some(digits) => Pin::Archive(digits.clone()),
            None => return Fit::Unknown,
        },
    };
    if is == *pin { Fit::Fits } else { Fit::Differs(is) }
}

/// What is wrong with a pin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// What stands in front of `=` is no platform.
    #[error("`{0}` is not a platform: expected one like linux/amd64")]
    Platform(String),
    /// What stands behind `=` is no hash.
    #[error("`{0}` is not a hash: expected sha256:<64 hex digits> or h1:<base64>")]
    Hash(String),
    /// A platform has two.
    #[error("{0} is pinned twice")]
    Twice(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const H1: &str = "h1:k9O6pMp/NDJBrp1CKSYBpOK82Y56wlXOEdnls6TY690=";

    fn words(pins: &[(&str, &str)]) -> Vec<(String, String)> {
        pins.iter().map(|(platform, hash)| ((*platform).to_owned(), (*hash).to_owned())).collect()
    }

    #[test]
    fn pins_are_read_and_written() {
        let pins =
            Pins::read(&words(&[("linux/amd64", SHA), ("linux/amd64", H1), ("darwin/arm64", H1)]));
        let pins = pins.unwrap();
        assert_eq!(
            pins.to_string(),
            format!("linux/amd64={SHA} linux/amd64={H1} darwin/arm64={H1}")
        );
        let linux = Platform::parse("linux/amd64").unwrap();
        assert_eq!(pins.of(&linux).count(), 2);
        assert_eq!(pins.archive(&linux), SHA.strip_prefix("sha256:"));
        assert_eq!(pins.platforms().len(), 2);
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        for (pins, expected) in [
            (vec![("linux", H1)], "`linux` is not a platform: expected one like linux/amd64"),
            (vec![("linux/amd64", H1), ("linux/amd64", H1)], "linux/amd64 is pinned twice"),
            (
                vec![("linux/amd64", "h1:AAAA")],
                "`h1:AAAA` is not a hash: expected sha256:<64 hex digits> or h1:<base64>",
            ),
            (
                vec![("linux/amd64", "sha256:00")],
                "`sha256:00` is not a hash: expected sha256:<64 hex digits> or h1:<base64>",
            ),
            (
                vec![("linux/amd64", "md5:00")],
                "`md5:00` is not a hash: expected sha256:<64 hex digits> or h1:<base64>",
            ),
        ] {
            assert_eq!(Pins::read(&words(&pins)).unwrap_err().to_string(), expected);
        }
    }
}
