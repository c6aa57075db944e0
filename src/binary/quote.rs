//! Go's quoted strings, as `strconv` reads them: double quotes with escapes, backquotes without.

/// Cuts a quoted string off the front of a text: what it stands for, and the rest. `None` where there is none.
pub(super) fn cut(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (inside, rest) = raw.split_once('`')?;
        return Some((inside.replace('\r', ""), rest));
    }
    let mut rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    loop {
        let mut characters = rest.chars();
        match characters.next()? {
            '"' => return Some((lossy(&bytes), characters.as_str())),
            '\\' => rest = escape(characters.as_str(), &mut bytes)?,
            '\n' => return None,
            character => {
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                rest = characters.as_str();
            }
        }
    }
}

/// Reads what stands behind a backslash, and returns the rest.
fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    let byte = match first {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        '\\' | '"' => u8::try_from(first).ok()?,
        'x' => {
            let (value, rest) = number(rest, 2, 16)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        '0'..='7' => {
            let (value, rest) = number(text, 3, 8)?;
            bytes.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        'u' | 'U' => {
            let (value, rest) = number(rest, if first == 'u' { 4 } else { 8 }, 16)?;
            let character = char::from_u32(value)?;
            bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(rest)
}

/// Reads a number of exactly so many digits.
fn number(text: &str, digits: usize, base: u32) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number.chars().try_fold(0_u32, |value, digit| {
        value.checked_mul(base)?.checked_add(digit.to_digit(base)?)
    });
    Some((value?, rest))
}

/// Returns bytes as text, each byte that is not UTF-8 replaced by itself, as Go does it.
pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_as_go_reads_them() {
        for (text, inside, rest) in [
            (r#""plain"=x"#, "plain", "=x"),
            (r#""a\tb\n\"c\\""#, "a\tb\n\"c\\", ""),
            (r#""\x41\101\u00e9\U0001f600""#, "AA\u{e9}\u{1f600}", ""),
            (r#""\xe2\x82\xac\xff""#, "\u{20ac}\u{fffd}", ""),
            ("`raw \\n \"x\"\r`rest", "raw \\n \"x\"", "rest"),
            ("\"\"", "", ""),
        ] {
            assert_eq!(cut(text), Some((inside.to_owned(), rest)), "{text}");
        }
        for text in [
            "",
            "x",
            "\"",
            "\"open",
            "\"new\nline\"",
            r#""\'""#,
            r#""\q""#,
            r#""\x4""#,
            r#""\400""#,
            r#""\08""#,
            r#""\ud800""#,
            r#""\U00110000""#,
            r#""\xé9""#,
            "`open",
            "\"\\",
        ] {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
