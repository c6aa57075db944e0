//! Messages: `echo`, `printf`, `log_status`, `log_error`. All of them go to stderr.

use super::Outcome;
use crate::env::Bytes;
use crate::policy::evaluate::{Answer, Evaluator};
use crate::policy::text::Span;

impl Evaluator<'_> {
    /// `echo WORD…`
    pub(super) fn echo(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let option = |word: &&&[u8]| {
            let letters = word.strip_prefix(b"-").unwrap_or_default();
            !letters.is_empty() && letters.iter().all(|letter| b"neE".contains(letter))
        };
        let options = arguments.iter().take_while(option).count();
        let words = arguments.get(options..).unwrap_or_default();
        let escapes = arguments.iter().take(options).any(|option| option.contains(&b'e'));
        let message = words.join(&b' ');
        let message = if escapes { unescape(&message) } else { message };
        self.say(self.out, message, span)?;
        Ok(Answer::Yes)
    }

    /// `printf TEXT`: formats would need values, which only a variable could take.
    pub(super) fn printf(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        let [text] = arguments else {
            return Err(self
                .misused(span, "`printf` takes one text without formats")
                .hint("echo …"));
        };
        if text.starts_with(b"-") || text.contains(&b'%') {
            return Err(self.misused(span, "`printf` has no formats here").hint("echo …"));
        }
        let mut message = unescape(text);
        if message.last() == Some(&b'\n') {
            message.pop();
        }
        self.say(self.out, message, span)?;
        Ok(Answer::Yes)
    }

    /// `log_status WORD…`, `log_error WORD…`
    pub(super) fn log(&mut self, arguments: &[&[u8]], span: Span) -> Outcome {
        self.say(self.err, arguments.join(&b' '), span)?;
        Ok(Answer::Yes)
    }
}

/// Undoes the escapes of line ends and tabs; the others are no message.
fn unescape(text: &[u8]) -> Bytes {
    let mut plain = Bytes::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, bytes.as_slice().first()) {
            (b'\\', Some(b'n')) => plain.push(b'\n'),
            (b'\\', Some(b't')) => plain.push(b'\t'),
            (b'\\', Some(b'\\')) => plain.push(b'\\'),
            _ => {
                plain.push(*byte);
                continue;
            }
        }
        bytes.next();
    }
    plain
}
