//! Strings in double quotes, both ways.

use super::error::{Located, Mistake};
use std::borrow::Cow;
use std::fmt::Write;

/// The string at the start of `text`, which is its quote, and the bytes that it takes with its quotes. Any character
/// may stand in it as it is, a new line too. Borrowed where nothing is escaped.
pub(super) fn read(text: &str) -> Result<(Cow<'_, str>, usize), Located> {
    let mut value = Cow::Borrowed("");
    let mut at = 1;
    loop {
        let plain = text[at..].find(['"', '\\']);
        let plain = plain.ok_or(Located { at: 0, mistake: Mistake::UnterminatedString })?;
        value += &text[at..at + plain];
        at += plain;
        if text[at..].starts_with('"') {
            return Ok((value, at + 1));
        }
        let escape = escape(&text[at..]);
        let (character, bytes) = escape.ok_or(Located { at, mistake: Mistake::InvalidEscape })?;
        value.to_mut().push(character);
        at += bytes;
    }
}

/// The escape at the start of `text`, which is its backslash, and its bytes.
fn escape(text: &str) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_escape(text),
        _ => return None,
    };
    Some((character, 2))
}

/// `\uXXXX`, or two of them for a character beyond U+FFFF, as JSON has it (RFC 8259 section 7): who makes a script with
/// a JSON encoder gets these.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let first = code_unit(text)?;
    match char::from_u32(first.into()) {
        Some(character) => Some((character, 6)),
        None => {
            let second = code_unit(text.get(6..)?)?;
            let character = char::decode_utf16([first, second]).next()?.ok()?;
            Some((character, 12))
        }
    }
}

fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    // `from_str_radix` takes a sign too.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_hex { u16::from_str_radix(digits, 16).ok() } else { None }
}

/// Appends `value` so that [`read`] gives it back, on one line.
pub(super) fn write(out: &mut String, value: &str) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character.is_control() => {
                let written = write!(out, "\\u{:04x}", u32::from(character));
                written.expect("a string takes all that is written");
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}
