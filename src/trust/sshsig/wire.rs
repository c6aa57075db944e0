//! SSH's wire format: strings with their length in four bytes before them.

/// Appends an SSH string: its length in four bytes, then its bytes.
pub(super) fn put(data: &mut Vec<u8>, string: &[u8]) {
    // What is put here is a name, a key or a digest: always far below 4 GiB.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(string);
}

/// Reads SSH's wire format; a length beyond the end is `None`, never an allocation.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }

    pub(super) fn end(&self, what: &str) -> Result<(), String> {
        match self.0.len() {
            0 => Ok(()),
            more => Err(format!("{more} bytes after the end of {what}")),
        }
    }
}
