//! SHA-256 digests and their text: hexadecimal digits, as sha256sum prints them.
//!
//! Pure. What goenv writes has lower-case digits, and its own formats are read so too, because there one digest has one
//! text ([`unhex_lower`]); what others write, a mirror's list or a pin, may have upper-case ones ([`unhex`]).

/// A SHA-256 digest.
pub type Sha256 = [u8; 32];

/// Returns the digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}

/// Returns the digest of `bytes` in lower-case hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

/// Returns the lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().map_or('?', char::from);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Returns the digest that 64 hexadecimal digits write, in either case.
pub fn unhex(text: &str) -> Option<Sha256> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut digest = [0; 32];
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        *byte = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    }
    Some(digest)
}

/// Returns the digest that 64 lower-case hexadecimal digits write.
pub fn unhex_lower(text: &str) -> Option<Sha256> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { None } else { unhex(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_come_back_as_they_were_written() {
        assert_eq!(hex(&sha256(b"")), EMPTY);
        let counted: Sha256 = std::array::from_fn(|at| at as u8 * 8);
        for digest in [sha256(b""), counted] {
            assert_eq!(unhex(&hex(&digest)), Some(digest));
            assert_eq!(unhex_lower(&hex(&digest)), Some(digest));
        }
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 9, 10, 255]), "00090aff");
    }

    #[test]
    fn upper_case_is_read_where_others_write() {
        let upper = EMPTY.to_uppercase();
        assert_eq!(unhex(&upper), Some(sha256(b"")));
        assert_eq!(unhex_lower(&upper), None);
        let mixed = EMPTY.replacen('e', "E", 1);
        assert_eq!(unhex(&mixed), Some(sha256(b"")));
        assert_eq!(unhex_lower(&mixed), None);
    }

    #[test]
    fn what_is_not_64_digits_is_none() {
        for text in [
            "",
            "0",
            "e3",
            &EMPTY[1..],
            &format!("{EMPTY}0"),
            &format!("{EMPTY}00"),
            &EMPTY.replace('e', "g"),
            &EMPTY.replace("e3", "é"),
            &EMPTY.replace("e3", "+3"),
            &EMPTY.replace("e3", " 3"),
        ] {
            assert_eq!(unhex(text), None, "{text}");
            assert_eq!(unhex_lower(text), None, "{text}");
        }
    }
}
