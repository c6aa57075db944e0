//! `.env` files: direnv's grammar, which is godotenv's with its quirks.
//!
//! In: the bytes of a file, and what its expansions look up. Out: names with values, in order of the file; or the
//! first line that is no assignment, because direnv then refuses the whole file. Pure.

use std::collections::BTreeMap;

use super::limits;
use crate::env::{Bytes, is_identifier};

/// What is wrong with a `.env` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DotenvError {
    /// The line, from 1.
    pub line: u32,
    /// What was found and what was expected.
    pub message: String,
}

/// Answers what the variable `name` holds outside of the file, or why it cannot be said.
pub type LookUp<'a> = dyn FnMut(&[u8]) -> Result<Option<Bytes>, String> + 'a;

/// Returns the assignments of a `.env` file; `look_up` answers for names that the file did not set before.
pub fn read(data: &[u8], look_up: &mut LookUp<'_>) -> Result<Vec<(Bytes, Bytes)>, DotenvError> {
    let mut pairs: Vec<(Bytes, Bytes)> = Vec::new();
    let mut values: BTreeMap<Bytes, Bytes> = BTreeMap::new();
    let mut produced = 0_usize;
    for (at, line) in data.split(|byte| *byte == b'\n').enumerate() {
        let fail = |message: String| DotenvError {
            line: u32::try_from(at + 1).unwrap_or(u32::MAX),
            message,
        };
        // direnv takes carriage returns for line ends too.
        for line in line.split(|byte| *byte == b'\r') {
            let Some((name, value)) = assignment(line).map_err(|why| fail(why.to_owned()))? else {
                continue;
            };
            let value = match value {
                Value::Literal(text) => text.to_vec(),
                Value::Expanded(text) => {
                    let mut get = |name: &[u8]| match values.get(name) {
                        Some(value) => Ok(Some(value.clone())),
                        None => look_up(name),
                    };
                    expand(&text, &mut get).map_err(fail)?
                }
            };
            produced = produced.saturating_add(value.len());
            if produced > limits::POLICY {
                return Err(fail(TOO_LONG.to_owned()));
            }
            values.insert(name.to_vec(), value.clone());
            pairs.push((name.to_vec(), value));
        }
    }
    Ok(pairs)
}

const TOO_LONG: &str = "the values are longer than their limit of 1 MiB";

/// A value as it is written.
#[derive(Debug)]
enum Value<'a> {
    /// Nothing in it is expanded.
    Literal(&'a [u8]),
    /// Its escapes are undone, its variables still to be expanded.
    Expanded(Bytes),
}

const NO_ASSIGNMENT: &str =
    "this is no assignment: NAME=value, NAME='value' or NAME=\"value\" is expected";

/// Returns the name and the value of a line, or nothing for a blank line or a comment.
fn assignment(line: &[u8]) -> Result<Option<(&[u8], Value<'_>)>, &'static str> {
    if line.contains(&0) {
        return Err("the line contains a NUL byte");
    }
    let line = trim_start(line);
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let exported = line.strip_prefix(b"export").filter(|rest| trim_start(rest).len() < rest.len());
    let Some((name, rest)) = exported.and_then(|rest| target(trim_start(rest))).or(target(line))
    else {
        return Err(NO_ASSIGNMENT);
    };
    if !is_identifier(name) {
        return Err("no shell can hold a variable of this name");
    }
    Ok(Some((name, value(rest)?)))
}

/// Returns the name before `=`, or before a colon and a blank, and what follows.
fn target(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'.');
    let length = text.iter().take_while(letter).count();
    let (name, rest) = text.split_at(length);
    if name.is_empty() {
        return None;
    }
    if let Some(value) = trim_start(rest).strip_prefix(b"=") {
        return Some((name, trim_start(value)));
    }
    let value = rest.strip_prefix(b":")?;
    value.first().is_some_and(is_blank).then(|| (name, trim_start(value)))
}

fn value(text: &[u8]) -> Result<Value<'_>, &'static str> {
    if let Some(quote @ (b'\'' | b'"')) = text.first() {
        if text.iter().filter(|byte| *byte == quote).count() == 1 {
            return Err("this quote is not closed on its line");
        }
        if let Some(inside) = quoted(text, *quote) {
            return Ok(match quote {
                b'\'' => Value::Literal(inside),
                _ => Value::Expanded(unescape(inside)?),
            });
        }
    }
    let length = text.iter().take_while(|byte| !is_blank(byte) && **byte != b'#').count();
    let (bare, rest) = text.split_at(length);
    if !is_rest_of_line(rest) {
        return Err(NO_ASSIGNMENT);
    }
    if bare.len() <= 1 {
        return Ok(Value::Literal(bare));
    }
    refuse_escaped_dollar(bare)?;
    Ok(Value::Expanded(bare.to_vec()))
}

/// Returns what stands between the first quote and the last one behind which the line may end.
fn quoted(text: &[u8], quote: u8) -> Option<&[u8]> {
    let inside = text.get(1..)?;
    let ends = |at: &usize| inside.get(at + 1..).is_some_and(is_rest_of_line);
    let quotes = (0..inside.len()).rev().filter(|at| inside.get(*at) == Some(&quote));
    inside.get(..quotes.into_iter().find(ends)?)
}

fn is_rest_of_line(text: &[u8]) -> bool {
    let text = trim_start(text);
    text.is_empty() || text.starts_with(b"#")
}

/// Undoes escapes: first those of line ends, then all others, as direnv does.
fn unescape(text: &[u8]) -> Result<Bytes, &'static str> {
    refuse_escaped_dollar(text)?;
    let text = replace(text, b'n', b'\n');
    let text = replace(&text, b'r', b'\r');
    let mut plain = Bytes::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        // A backslash that ends the value stands for itself.
        let next = if *byte == b'\\' { bytes.next() } else { None };
        plain.push(*next.unwrap_or(byte));
    }
    Ok(plain)
}

/// Replaces each backslash before `letter`, and that, by `byte`.
fn replace(text: &[u8], letter: u8, byte: u8) -> Bytes {
    let mut out = Bytes::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = *first == b'\\' && after.first() == Some(&letter);
        out.push(if escape { byte } else { *first });
        rest = if escape { after.get(1..).unwrap_or_default() } else { after };
    }
    out
}

fn refuse_escaped_dollar(text: &[u8]) -> Result<(), &'static str> {
    match text.windows(2).any(|pair| pair == b"\\$") {
        true => Err("versions of direnv disagree about `\\$`: write the value in single quotes"),
        false => Ok(()),
    }
}

/// Expands `$NAME`, `${NAME}` and `${NAME:-default}` as Go's os.Expand does.
fn expand(text: &[u8], get: &mut LookUp<'_>) -> Result<Bytes, String> {
    let mut out = Bytes::new();
    let mut rest = text;
    // Where one brace is not closed none behind it is, and its end is not looked for again.
    let mut closes = true;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        let after = after.get(1..).unwrap_or_default();
        let is_braced = after.starts_with(b"{");
        let (name, length) = if is_braced && !closes { (&b""[..], 1) } else { reference(after) };
        closes &= !is_braced || length > 1;
        rest = after.get(length..).unwrap_or_default();
        match name {
            // A `$` that no name follows stands for itself; `${` and `${}` stand for nothing.
            b"" if length == 0 => out.push(b'$'),
            b"" => {}
            name => out.extend(value_or_default(name, get)?),
        }
        if out.len() > limits::POLICY {
            return Err(TOO_LONG.to_owned());
        }
    }
    out.extend_from_slice(rest);
    Ok(out)
}

fn value_or_default(text: &[u8], get: &mut LookUp<'_>) -> Result<Bytes, String> {
    let at = text.windows(2).position(|pair| pair == b":-");
    let (name, default) = match at {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 2..)),
        None => (text, None),
    };
    let value = get(name)?;
    Ok(match (value, default) {
        (Some(value), _) => value,
        (None, default) => default.unwrap_or_default().to_vec(),
    })
}

/// Returns the name that follows a `$`, and how many bytes it takes.
fn reference(text: &[u8]) -> (&[u8], usize) {
    let special = |byte: &u8| byte.is_ascii_digit() || b"*#$@!?-".contains(byte);
    match text.first() {
        Some(b'{') => match text.iter().position(|byte| *byte == b'}') {
            Some(at) => (text.get(1..at).unwrap_or_default(), at + 1),
            None => (b"", 1),
        },
        Some(byte) if special(byte) => (text.get(..1).unwrap_or_default(), 1),
        _ => {
            let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let length = text.iter().take_while(letter).count();
            (text.get(..length).unwrap_or_default(), length)
        }
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

fn trim_start(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(byte)).count();
    text.get(blanks..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_expands_to_too_much_is_given_up_in_its_middle() {
        let mut asked = 0;
        let mut look_up = |_: &[u8]| {
            asked += 1;
            Ok(Some(vec![b'x'; 100 << 10]))
        };
        let line = format!("A={}", "$B".repeat(1000));
        let error = read(line.as_bytes(), &mut look_up).unwrap_err();
        assert_eq!(error.message, "the values are longer than their limit of 1 MiB");
        assert!(asked <= 11, "{asked}");
    }

    /// Were each looked for, this would take an hour.
    #[test]
    fn braces_that_are_not_closed_cost_one_look() {
        let line = format!("A=${{B}}x{}y", "${".repeat(limits::POLICY / 2 - 8));
        let read = read(line.as_bytes(), &mut |_| Ok(Some(b"b".to_vec()))).unwrap();
        assert_eq!(read, [(b"A".to_vec(), b"bxy".to_vec())]);
    }
}
