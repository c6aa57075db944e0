//! Lines for people, on stderr; and the one way to stdout, which carries data alone.
//!
//! Text that came from files, paths, names or keys is made terminal-safe first: control characters, bidirectional
//! and invisible characters and bytes that are not UTF-8 are shown escaped. Colour only on a terminal and without
//! `NO_COLOR`. A broken pipe is not an error.

mod excerpt;

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::world::World;

pub use excerpt::{Excerpt, Room};

/// Returns bytes as text that moves no cursor and hides nothing.
pub fn safe(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    push_safe(&mut text, bytes);
    text
}

/// Adds bytes to a text, so that they move no cursor and hide nothing.
pub fn push_safe(text: &mut String, bytes: &[u8]) {
    // Nearly all is plain and goes as it is. Every byte is looked at, which goes faster than stopping at one.
    if bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
        && let Ok(plain) = std::str::from_utf8(bytes)
    {
        return text.push_str(plain);
    }
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\r' => text.push_str("\\r"),
                _ if is_hidden(character) => {
                    let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
                }
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
}

/// Returns a hint with its command aimed at `policy`, or, where the command takes no path, at `directory`, which is `None`
/// for the current one. Both are quoted for a shell already.
pub fn aimed(hint: &str, policy: &str, directory: Option<&str>) -> String {
    for command in ["goenv allow --bash", "goenv allow", "goenv sign", "goenv verify"] {
        match hint.split_once(command) {
            // One with arguments names its file already.
            Some((before, after)) if !after.starts_with(' ') => {
                return format!("{before}{command} {policy}{after}");
            }
            _ => {}
        }
    }
    let Some(directory) = directory else { return hint.to_owned() };
    if let Some((before, after)) = hint.split_once("goenv pin ") {
        let is_version = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let (version, after) =
            after.split_at(after.find(|c| !is_version(c)).unwrap_or(after.len()));
        return format!("{before}goenv pin {version} {directory}{after}");
    }
    // Not `(cd … && …)`, which fish does not know.
    let there = |command: &str| format!("git -C {directory} {command}");
    hint.replace("git init", &there("init")).replace("git remote", &there("remote"))
}

/// Returns a value as the JSON that goenv prints: indented, with a line end at its end. What a terminal would act on or
/// hide is escaped as `\u202e` and the like, which means the same.
pub fn json(value: &impl serde::Serialize) -> Vec<u8> {
    json_with_room(value, 128)
}

/// Returns such JSON, for a text of about as many bytes.
pub fn json_with_room(value: &impl serde::Serialize, room: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(room);
    // Text, numbers and lists alone, into memory: nothing of it can fail to be written.
    let _ = serde_json::to_writer_pretty(&mut text, value);
    text.push(b'\n');
    if text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return text;
    }
    let mut plain = String::with_capacity(text.len() + 64);
    for character in String::from_utf8_lossy(&text).chars() {
        match character {
            // JSON's own form has escaped those that stand in a string.
            '\n' => plain.push(character),
            _ if is_hidden(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(plain, "\\u{unit:04x}");
                }
            }
            _ => plain.push(character),
        }
    }
    plain.into_bytes()
}

/// Returns a path as text that moves no cursor and hides nothing.
pub fn safe_path(path: &Path) -> String {
    safe(path.as_os_str().as_bytes())
}

/// Returns whether a character moves the cursor, changes how others are shown, or shows nothing itself.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The two streams of a command.
#[derive(Debug)]
pub struct Ui {
    /// Whether the environment lets a terminal be coloured.
    may_colour: bool,
    /// Whether it speaks as direnv.
    is_direnv: bool,
}

/// What a line is about; it decides the colour and never carries meaning alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done.
    Plain,
    /// Something may be wrong.
    Warning,
    /// Something is wrong.
    Error,
}

impl Ui {
    /// Returns the streams, coloured as the environment says.
    pub fn new(world: &World) -> Self {
        let no_colour = world.variable("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = world.variable("TERM").is_some_and(|value| value == b"dumb");
        Self { may_colour: !no_colour && !dumb, is_direnv: world.is_direnv() }
    }

    /// Writes one `goenv: …` line, or several where the text has several; as direnv, a `direnv: …` line.
    pub fn say(&self, tone: Tone, text: &str) {
        let code = match tone {
            Tone::Plain => "2",
            Tone::Warning => "33",
            Tone::Error => "31",
        };
        // Asked only now: most prompts say nothing.
        let is_coloured = self.may_colour && std::io::stderr().is_terminal();
        let error = if tone == Tone::Error { "error " } else { "" };
        self.raw(&match (self.is_direnv, is_coloured) {
            (false, true) => format!("\x1b[{code}mgoenv:\x1b[0m {text}\n"),
            (false, false) => format!("goenv: {text}\n"),
            // direnv colours whole lines, and what was done not at all: its words are looked for.
            (true, true) if tone != Tone::Plain => {
                format!("\x1b[{code}mdirenv: {error}{text}\x1b[0m\n")
            }
            (true, _) => format!("direnv: {error}{text}\n"),
        });
    }

    /// Returns whether text on stdout may be coloured.
    pub fn colours_stdout(&self) -> bool {
        self.may_colour && std::io::stdout().is_terminal()
    }

    /// Writes text to stderr as it is.
    pub fn raw(&self, text: &str) {
        // Nobody can be told that stderr is gone.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Writes a line of data that others wrote: to a program as it is, to a terminal so that it does nothing to it.
    pub fn foreign(&self, line: &[u8]) -> std::io::Result<ControlFlow<()>> {
        if std::io::stdout().is_terminal() {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            return self.part(format!("{}\n", safe(text)).as_bytes());
        }
        self.part(line)
    }

    /// Writes data to stdout. A reader that went away is not an error.
    pub fn data(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.part(bytes).map(|_| ())
    }

    /// Writes a part of data to stdout; where the reader went away, nobody wants the rest.
    pub fn part(&self, bytes: &[u8]) -> std::io::Result<ControlFlow<()>> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Ok(ControlFlow::Break(()))
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_hides_nothing_and_means_the_same() {
        let text = "caf\u{e9}\n\u{9b}31m\u{7f}\u{202e}\u{e0041}\"";
        let json = json(&[text]);
        let expected = "[\n  \"caf\u{e9}\\n\\u009b31m\\u007f\\u202e\\udb40\\udc41\\\"\"\n]\n";
        assert_eq!(String::from_utf8(json.clone()).unwrap(), expected);
        assert_eq!(serde_json::from_slice::<Vec<String>>(&json).unwrap(), [text]);
    }

    #[test]
    fn nothing_moves_the_cursor_or_hides() {
        let cases: &[(&[u8], &str)] = &[
            (b"plain /path with spaces", "plain /path with spaces"),
            ("caf\u{e9} \u{2640}".as_bytes(), "caf\u{e9} \u{2640}"),
            (b"a\x1b]0;owned\x07b", "a\\u{1b}]0;owned\\u{7}b"),
            (b"two\nlines\tand\r", "two\\nlines\\tand\\r"),
            ("right\u{202e}left".as_bytes(), "right\\u{202e}left"),
            (b"caf\xe9", "caf\\xe9"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(safe(bytes), *shown);
        }
    }
}
