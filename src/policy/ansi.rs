//! `$'…'`: text with the escapes of C.

use super::cursor::{Parsed, Parser};
use crate::env::Bytes;

impl Parser {
    /// Parses what follows `$'` up to the closing quote.
    pub(super) fn ansi_quoted(&mut self, start: usize) -> Parsed<Bytes> {
        let mut text = Bytes::new();
        loop {
            let at = self.pos;
            let Some(byte) = self.raw(at) else {
                return Err(self.unclosed(start, 2, "this single quote is not closed"));
            };
            self.pos += 1;
            match byte {
                b'\'' => return Ok(text),
                b'\\' => self.ansi_escape(at, &mut text)?,
                _ => text.push(byte),
            }
        }
    }

    fn ansi_escape(&mut self, start: usize, text: &mut Bytes) -> Parsed<()> {
        let Some(byte) = self.raw(self.pos) else { return Ok(()) };
        self.pos += 1;
        let value = match byte {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'?' => byte,
            b'0'..=b'7' => {
                self.pos -= 1;
                self.digits(3, 8)
            }
            b'x' if self.raw(self.pos).is_some_and(|b| b.is_ascii_hexdigit()) => self.digits(2, 16),
            b'x' | b'u' | b'U' | b'c' => {
                let message = "this escape is not part of the policy language";
                let hint = "write the character itself, or its bytes as \\xNN";
                return Err(self.wrong(start, message).hint(hint));
            }
            _ => {
                text.extend_from_slice(&[b'\\', byte]);
                return Ok(());
            }
        };
        if value == 0 {
            return Err(self.wrong(start, "a value cannot contain a NUL byte"));
        }
        text.push(value);
        Ok(())
    }

    fn digits(&mut self, most: usize, radix: u32) -> u8 {
        let mut value = 0_u32;
        for _ in 0..most {
            let digit = self.raw(self.pos).and_then(|byte| char::from(byte).to_digit(radix));
            let Some(digit) = digit else { break };
            value = value * radix + digit;
            self.pos += 1;
        }
        // As in C, an octal escape beyond a byte loses its high bit.
        (value & 0xff) as u8
    }
}
