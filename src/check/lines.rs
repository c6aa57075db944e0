//! Lines and columns of a text, and words without their quotes. Pure.

/// Returns the lines of a file with their numbers, without their ends.
pub fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (1..).zip(
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)),
    )
}

/// Returns the line of that number.
pub fn line(bytes: &[u8], number: u32) -> &[u8] {
    let line = lines(bytes).nth((number as usize).saturating_sub(1));
    line.map(|(_, line)| line).unwrap_or_default()
}

/// Returns a byte offset in a line as a column.
pub fn column(offset: usize) -> u32 {
    u32::try_from(offset + 1).unwrap_or(u32::MAX)
}

/// Returns a word without the quotes around it.
pub fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}
