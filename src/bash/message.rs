//! What bash says over the socket: bytes in pieces → messages.
//!
//! A message is a word, a count in decimal, and so many fields, each ended by a NUL; values hold no NUL, and any other
//! byte stands for itself. What is said is not trusted: sizes are bounded before anything is kept, and what is not
//! understood is an error. Pure. The other side is hooks/envrc-stdlib.bash.

use crate::env::Bytes;

/// How many bytes one message may have: a whole environment, far beyond what a system would pass on.
const MOST_BYTES: usize = 16 << 20;
/// How many fields one message may have.
const MOST_FIELDS: usize = 1 << 16;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// What it is about.
    pub(super) word: Bytes,
    /// What it says.
    pub(super) fields: Vec<Bytes>,
}

/// Why what was said is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is larger than anything that is kept.
    Large,
    /// It has another form.
    Form,
}

/// Puts messages together from what was read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// The field that is not ended yet.
    field: Bytes,
    word: Option<Bytes>,
    fields: Vec<Bytes>,
    /// How many fields are to come.
    missing: Option<usize>,
    /// How many bytes the message has so far.
    size: usize,
}

impl Reader {
    /// Takes the next bytes up to the end of a message; returns it, and what is left.
    pub(super) fn read<'a>(
        &mut self,
        mut bytes: &'a [u8],
    ) -> Result<(Option<Message>, &'a [u8]), Flaw> {
        while let Some(end) = bytes.iter().position(|byte| *byte == 0) {
            let (start, rest) = bytes.split_at(end);
            self.keep(start)?;
            bytes = rest.get(1..).unwrap_or_default();
            let field = std::mem::take(&mut self.field);
            if let Some(message) = self.end_of(field)? {
                return Ok((Some(message), bytes));
            }
        }
        self.keep(bytes)?;
        Ok((None, b""))
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.size += bytes.len() + 1;
        if self.size > MOST_BYTES {
            return Err(Flaw::Large);
        }
        self.field.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes a whole field; returns the message that it ends.
    fn end_of(&mut self, field: Bytes) -> Result<Option<Message>, Flaw> {
        match (&self.word, &mut self.missing) {
            (None, _) => self.word = Some(field),
            (Some(_), None) => self.missing = Some(count(&field)?),
            (Some(_), Some(missing)) => {
                *missing -= 1;
                self.fields.push(field);
            }
        }
        if self.missing != Some(0) {
            return Ok(None);
        }
        let Self { word, fields, .. } = std::mem::take(self);
        Ok(word.map(|word| Message { word, fields }))
    }
}

fn count(digits: &[u8]) -> Result<usize, Flaw> {
    let is_plain = digits.iter().all(u8::is_ascii_digit) && digits.len() <= 6;
    let text = std::str::from_utf8(digits).ok().filter(|_| is_plain);
    let count: usize = text.and_then(|text| text.parse().ok()).ok_or(Flaw::Form)?;
    if count > MOST_FIELDS { Err(Flaw::Large) } else { Ok(count) }
}

/// Returns a message as it is said.
pub(super) fn encode(word: &str, fields: &[Bytes]) -> Bytes {
    let mut bytes = format!("{word}\0{}\0", fields.len()).into_bytes();
    for field in fields {
        bytes.extend_from_slice(field);
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(reader: &mut Reader, mut bytes: &[u8]) -> Result<Vec<Message>, Flaw> {
        let mut messages = Vec::new();
        loop {
            let (message, rest) = reader.read(bytes)?;
            let Some(message) = message else { return Ok(messages) };
            messages.push(message);
            bytes = rest;
        }
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (bytes, flaw) in [
            (&b"env\0x\0"[..], Flaw::Form),
            (b"env\0\0", Flaw::Form),
            (b"env\0-1\0", Flaw::Form),
            (b"env\0+1\0", Flaw::Form),
            (b"env\x001000000\0", Flaw::Form),
            (b"env\x0099999\0", Flaw::Large),
        ] {
            assert_eq!(read(&mut Reader::default(), bytes), Err(flaw), "{bytes:?}");
        }
    }

    #[test]
    fn what_never_ends_is_not_kept() {
        let mut reader = Reader::default();
        let piece = vec![b'x'; 1 << 20];
        let ended = (0..20).find_map(|_| reader.read(&piece).err());
        assert_eq!(ended, Some(Flaw::Large));
        // Empty fields are not free either.
        let mut reader = Reader::default();
        assert!(reader.read(b"env\x0065536\0").unwrap().0.is_none());
        let (message, rest) = reader.read(&[0; 65_537]).unwrap();
        assert_eq!((message.unwrap().fields.len(), rest.len()), (65_536, 1));
    }

    proptest! {
        /// Whatever is said, in whatever pieces, arrives.
        #[test]
        fn pieces_are_put_together(
            said in proptest::collection::vec(
                ("[a-z]{1,5}", proptest::collection::vec(proptest::collection::vec(1_u8.., 0..9), 0..5)),
                0..5,
            ),
            size in 1_usize..20,
        ) {
            let bytes: Bytes = said.iter().flat_map(|(word, fields)| encode(word, fields)).collect();
            let mut reader = Reader::default();
            let mut heard = Vec::new();
            for piece in bytes.chunks(size) {
                heard.extend(read(&mut reader, piece).unwrap());
            }
            let said: Vec<Message> = said
                .into_iter()
                .map(|(word, fields)| Message { word: word.into_bytes(), fields })
                .collect();
            prop_assert_eq!(heard, said);
        }

        /// Nothing that is said ends goenv, and every byte is used once.
        #[test]
        fn anything_may_be_said(bytes in proptest::collection::vec(0_u8..4, 0..200)) {
            let bytes: Bytes = bytes.iter().map(|byte| [0, b'1', b'2', b'x'][*byte as usize]).collect();
            let _ = read(&mut Reader::default(), &bytes);
        }
    }
}
