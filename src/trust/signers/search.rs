//! The lines of an `allowed_signers` file that name given keys, found in pieces of the file as they are read.
//!
//! Ten thousand signers are 1.7 MB: held in fresh memory they cost more than everything else at a prompt. So the file comes in
//! pieces through one buffer, and all keys are searched for at once (Wu and Manber's way: two bytes tell how far the
//! next match is at least), which looks at about one byte in twenty.

use super::{Signer, one_principal, parse_line};
use crate::count::count;
use crate::trust::flaw::Flaw;
use crate::trust::sshsig::Key;

/// The length of a line at most.
const MOST_LINE: usize = 64 * 1024;
/// What is searched for: the part of a key's base64 text that spells its 32 bytes. In both types they begin at the
/// same bit of a character, behind the same byte, so that both spell them alike.
const NEEDLE: usize = 43;
/// A page less of fresh memory is worth more than the few bytes that a larger table skips.
const TABLE: usize = 1024;

/// A search for the lines that name given keys.
#[derive(Debug)]
pub struct Search {
    keys: Vec<Key>,
    needles: Vec<[u8; NEEDLE]>,
    /// How far the next match is at least, by the two bytes at the end of the window.
    shifts: Vec<u8>,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// The number of the next line.
    line: usize,
    found: Result<Vec<Signer>, Flaw>,
}

impl Search {
    /// Returns a search that has seen nothing yet.
    pub fn new(keys: &[Key]) -> Self {
        let needles: Vec<[u8; NEEDLE]> = keys.iter().filter_map(needle).collect();
        let shifts = shifts(&needles);
        Self {
            keys: keys.to_vec(),
            needles,
            shifts,
            partial: Vec::new(),
            line: 1,
            found: Ok(Vec::new()),
        }
    }

    /// Takes the next piece of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        if self.found.is_err() || self.keys.is_empty() {
            return;
        }
        let mut piece = piece;
        if !self.partial.is_empty() {
            let end = piece.iter().position(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
            let (line, rest) = piece.split_at_checked(end).unwrap_or((piece, &[]));
            self.partial.extend_from_slice(line);
            piece = rest;
            if self.partial.ends_with(b"\n") {
                let whole = std::mem::take(&mut self.partial);
                self.see(&whole);
            }
        }
        let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (whole, rest) = piece.split_at_checked(end).unwrap_or((piece, &[]));
        self.see(whole);
        self.partial.extend_from_slice(rest);
        if self.partial.len() > MOST_LINE {
            let message = format!("the line has more than {MOST_LINE} bytes");
            self.found = Err(Flaw::new(self.line, 1, message));
        }
    }

    /// Returns the lines that were found, in order, or what is wrong with one of them.
    ///
    /// # Errors
    /// If a line that names one of the keys is not understood, or a key has two principals.
    pub fn finish(mut self) -> Result<Vec<Signer>, Flaw> {
        let rest = std::mem::take(&mut self.partial);
        self.see(&rest);
        self.found
    }

    /// Looks at whole lines.
    fn see(&mut self, text: &[u8]) {
        let mut counted = 0;
        let mut from = 0;
        while let Some(at) = self.next(text, from) {
            let start = text.get(..at).unwrap_or_default();
            let start = start.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let line = text.get(start..).unwrap_or_default();
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            self.line += count(text.get(counted..start).unwrap_or_default(), b'\n');
            (counted, from) = (start, start + line.len());
            self.take(line);
        }
        self.line += count(text.get(counted..).unwrap_or_default(), b'\n');
    }

    /// Takes a line that holds one of the keys' texts.
    fn take(&mut self, line: &[u8]) {
        let Ok(found) = &mut self.found else { return };
        let signer = match parse_line(line, self.line) {
            Ok(signer) => signer.filter(|signer| is_asked(&self.keys, &signer.key)),
            Err(flaw) => {
                self.found = Err(flaw);
                return;
            }
        };
        let Some(signer) = signer else { return };
        match one_principal(found, &signer) {
            Ok(()) => found.push(signer),
            Err(flaw) => self.found = Err(flaw),
        }
    }

    /// Returns where the next needle begins at or after `from`.
    fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let mut last = from + NEEDLE - 1;
        while let Some([first, second]) = text.get(last - 1..=last) {
            let shift = self.shifts.get(slot(*first, *second)).copied().unwrap_or(1);
            if shift == 0 {
                let start = last + 1 - NEEDLE;
                let window = text.get(start..=last).unwrap_or_default();
                if self.needles.iter().any(|needle| needle == window) {
                    return Some(start);
                }
            }
            last += usize::from(shift.max(1));
        }
        None
    }
}

/// Returns whether a key is asked for, or one of the same bytes: that it is another principal's is an error.
fn is_asked(keys: &[Key], key: &Key) -> bool {
    keys.iter().any(|asked| asked.raw() == key.raw())
}

/// Returns how far the next match is at least, for every two bytes at the end of a window.
fn shifts(needles: &[[u8; NEEDLE]]) -> Vec<u8> {
    let mut shifts = vec![u8::try_from(NEEDLE - 1).unwrap_or(1); TABLE];
    for needle in needles {
        for (from_start, pair) in needle.windows(2).enumerate() {
            let shift = u8::try_from(NEEDLE - 2 - from_start).unwrap_or(0);
            if let [first, second] = pair
                && let Some(known) = shifts.get_mut(slot(*first, *second))
            {
                *known = shift.min(*known);
            }
        }
    }
    shifts
}

/// Returns the slot of two bytes in the table of shifts.
fn slot(first: u8, second: u8) -> usize {
    (usize::from(first) << 6 ^ usize::from(second)) % TABLE
}

fn needle(key: &Key) -> Option<[u8; NEEDLE]> {
    Key::plain(*key.raw()).base64().as_bytes().last_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{key, token};
    use super::*;

    fn line(principal: &str, key: Key) -> String {
        format!("{principal} namespaces=\"goenv-policy-prod\" {} {} c\n", key.kind(), key.base64())
    }

    fn lines(found: &Result<Vec<Signer>, Flaw>) -> Vec<(String, u32)> {
        found.as_ref().unwrap().iter().map(|s| (s.principal.clone(), s.line)).collect()
    }

    #[test]
    fn pieces_of_any_length_give_what_the_whole_gives() {
        let text: String =
            (1..=40).map(|n| format!("# {n}\n{}", line(&format!("p{n}"), key(n)))).collect();
        let keys = [key(7), key(40), key(1), key(200)];
        let expected = [("p1".to_owned(), 2), ("p7".into(), 14), ("p40".into(), 80)];
        for text in [text.as_bytes(), text.trim_end().as_bytes()] {
            for length in [1, 2, 42, 43, 44, 100, 101, 1000, 100_000] {
                let mut search = Search::new(&keys);
                text.chunks(length).for_each(|piece| search.feed(piece));
                assert_eq!(lines(&search.finish()), expected, "{length}");
            }
        }
    }

    #[test]
    fn keys_of_tokens_are_found_among_plain_ones() {
        let text: String = (1..=40)
            .map(|n| {
                let token = token(n, if n % 2 == 0 { "ssh:" } else { "ssh:a-longer-name" });
                let plain = line(&format!("p{n}"), key(100 + n));
                format!("{plain}{}", line(&format!("t{n}"), token))
            })
            .collect();
        for length in [1, 43, 1000, 100_000] {
            let mut search =
                Search::new(&[token(7, "ssh:a-longer-name"), token(8, "ssh:"), key(109)]);
            text.as_bytes().chunks(length).for_each(|piece| search.feed(piece));
            let expected = [("t7".to_owned(), 14), ("t8".into(), 16), ("p9".into(), 17)];
            assert_eq!(lines(&search.finish()), expected, "{length}");
        }
    }

    #[test]
    fn a_key_in_the_comment_of_another_is_not_found() {
        let text = line("bob", key(2)).replace(" c\n", &format!(" {}\n", key(1).base64()));
        for (asked, expected) in [(1, vec![]), (2, vec![("bob".to_owned(), 1)])] {
            let mut search = Search::new(&[key(asked)]);
            search.feed(text.as_bytes());
            assert_eq!(lines(&search.finish()), expected);
        }
    }

    #[test]
    fn a_search_finds_every_place() {
        let keys: Vec<Key> = (1..=8).map(key).collect();
        let mut search = Search::new(&keys);
        search.feed(b"");
        for gap in 0..100 {
            let mut text = vec![b'A'; gap];
            text.extend_from_slice(&needle(&key(5)).unwrap());
            text.extend(vec![b'x'; gap]);
            for from in 0..=gap {
                assert_eq!(search.next(&text, from), Some(gap));
            }
            assert_eq!(search.next(&text, gap + 1), None);
        }
        assert_eq!(search.next(b"", 0), None);
    }

    #[test]
    fn a_line_that_never_ends_is_an_error_and_costs_no_memory() {
        let mut search = Search::new(&[key(1)]);
        search.feed(b"# one\n");
        for _ in 0..1000 {
            search.feed(&[b'x'; 50_000]);
        }
        assert!(search.partial.capacity() < 300_000);
        let flaw = search.finish().unwrap_err();
        assert_eq!(flaw.to_string(), "2:1: the line has more than 65536 bytes");
    }
}
