//! The part of a line that an error is about, for carets to stand under it.

use super::is_hidden;

/// How many columns of a long line are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Before the carets.
    pub before: usize,
    /// From them on.
    pub after: usize,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What is shown of the line.
    pub text: String,
    /// How many columns stand before the carets.
    pub before: usize,
    /// How many carets there are, at least one.
    pub carets: usize,
}

impl Excerpt {
    /// Returns the part of a line around `width` bytes at a column, both in bytes, the column from 1.
    pub fn of(line: &[u8], column: u32, width: usize, most: Room) -> Self {
        let start = (column as usize).saturating_sub(1).min(line.len());
        let end = start.saturating_add(width).min(line.len());
        let cut = |from: usize, to: usize| columns(line.get(from..to).unwrap_or_default());
        let (mut text, marked, mut after) = (cut(0, start), cut(start, end), cut(end, line.len()));
        if text.len() > most.before {
            text.drain(..text.len() - most.before);
            text.insert(0, '…');
        }
        let room = most.after.saturating_sub(marked.len());
        if after.len() > room {
            after.truncate(room);
            after.push('…');
        }
        let (before, carets) = (text.len(), marked.len().clamp(1, most.after));
        text.extend(marked.into_iter().take(most.after));
        text.extend(after);
        Self { text: text.into_iter().collect::<String>().trim_end().to_owned(), before, carets }
    }
}

/// Returns what a terminal shows of a line, one character a column: no tab and nothing hidden among it.
fn columns(line: &[u8]) -> Vec<char> {
    let shown = |character: char| match character {
        '\t' => ' ',
        _ if is_hidden(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    };
    String::from_utf8_lossy(line).chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_on_both_sides_and_the_carets_stay_in_place() {
        let shown = |line: &str, column, width| {
            let most = Room { before: 4, after: 6 };
            let Excerpt { text, before, carets } =
                Excerpt::of(line.as_bytes(), column, width, most);
            format!("{text}|{}{}", " ".repeat(before), "^".repeat(carets))
        };
        assert_eq!(shown("abc def", 5, 3), "abc def|    ^^^");
        assert_eq!(shown("0123456789abcdef", 8, 2), "…3456789abc…|     ^^");
        assert_eq!(shown("0123456789", 2, 9), "0123456| ^^^^^^");
        assert_eq!(shown("\té\u{202e}x", 4, 9), " é\u{fffd}x|  ^^");
        assert_eq!(shown("ab", 9, 0), "ab|  ^");
        assert_eq!(shown("", 0, 1), "|^");
    }
}
