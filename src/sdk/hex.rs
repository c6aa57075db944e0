//! Digests in the text form that sha256sum prints: lower-case hexadecimal.

/// A SHA-256 digest.
pub type Sha256 = [u8; 32];

/// Returns the digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// Returns the text of a digest.
pub fn hex(digest: &Sha256) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a digest from 64 hexadecimal digits, in either case.
pub fn unhex(text: &str) -> Option<Sha256> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digest: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            u8::try_from(digit(high)? * 16 + digit(low)?).ok()
        })
        .collect();
    if rest.is_empty() { digest?.try_into().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_come_back_as_they_were_written() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&sha256(b"")), empty);
        assert_eq!(unhex(empty), Some(sha256(b"")));
        assert_eq!(unhex(&empty.to_uppercase()), Some(sha256(b"")));
        for text in [
            "",
            "e3",
            &empty[1..],
            &format!("{empty}0"),
            &empty.replace('e', "g"),
            &empty.replace("e3", "é"),
        ] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
