//! Secrets in the middle of text: user info, and what is assigned to a name.

use std::borrow::Cow;
use std::ops::Range;

use super::REDACTED;

/// Which sign gives a name its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Equals,
    Colon,
}

/// Text without user info in URIs, and without the values of names that are secret.
pub(super) fn search(text: &str, is_secret: &dyn Fn(&str, Sign) -> bool) -> String {
    assignments(&without_user_info(text), is_secret)
}

/// Takes out what stands before the `@` of an authority (RFC 3986 §3.2.1).
fn without_user_info(text: &str) -> Cow<'_, str> {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("//") {
        let (before, behind) = rest.split_at(at + 2);
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '<' | '>' | '\\');
        let end = behind.find(ends).unwrap_or(behind.len());
        told.push_str(before);
        rest = behind;
        if let Some(at) = behind[..end].rfind('@') {
            told.push_str(REDACTED);
            rest = &behind[at..];
        }
    }
    if told.is_empty() {
        return text.into();
    }
    told.push_str(rest);
    told.into()
}

fn assignments(text: &str, is_secret: &dyn Fn(&str, Sign) -> bool) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, behind) = rest.split_at(at);
        let sign = match behind.starts_with('=') {
            true => Sign::Equals,
            false => Sign::Colon,
        };
        told.push_str(before);
        let name = name_at_end(&told);
        let is_secret = is_secret(&told[name.clone()], sign);
        let starts_line = is_secret && is_line_start(&told[..name.start]);
        told.push_str(&behind[..1]);
        rest = &behind[1..];
        if is_secret {
            rest = redact_value(rest, sign, starts_line, &mut told);
        }
    }
    told.push_str(rest);
    told
}

/// Where the name stands that `text` ends with, quotes aside.
fn name_at_end(text: &str) -> Range<usize> {
    let text = text.trim_end_matches([' ', '\t', '"', '\'', '\\', '`', '*']);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    let begin = text.trim_end_matches(is_name).len();
    begin..text.len()
}

/// Whether what is behind `text` begins a line, as a setting does.
fn is_line_start(text: &str) -> bool {
    let line = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    matches!(line.trim(), "" | "export" | "-" | "set" | "\"" | "'")
}

/// Redacts the value that `text` begins with; what is behind it. Where the value's end is in doubt it is
/// the later one.
fn redact_value<'t>(text: &'t str, sign: Sign, starts_line: bool, told: &mut String) -> &'t str {
    let lead = text.len() - text.trim_start_matches([' ', '\t', '=', '>', ':']).len();
    let (lead, value) = text.split_at(lead);
    told.push_str(lead);
    let (open, end, close) = match quoted(value) {
        Some((open, end, close)) => (open, end, close),
        None => (0, bare(value, sign, starts_line), 0),
    };
    told.push_str(&value[..open]);
    if end > open {
        told.push_str(REDACTED);
    }
    told.push_str(&value[end..end + close]);
    &value[end + close..]
}

/// Where a value in quotes begins and ends, and how long the quotes behind it are. They may be escaped as
/// often as they like, all alike.
fn quoted(value: &str) -> Option<(usize, usize, usize)> {
    let slashes = value.len() - value.trim_start_matches('\\').len();
    let quote = value[slashes..].chars().next()?;
    if !matches!(quote, '"' | '\'') {
        return None;
    }
    let begin = slashes + 1;
    let mut before = 0;
    for (at, c) in value[begin..].char_indices() {
        if c == quote && before == slashes {
            return Some((begin, begin + at - slashes, begin));
        }
        before = if c == '\\' { before + 1 } else { 0 };
    }
    Some((begin, value.len(), 0))
}

/// Where a value without quotes ends.
fn bare(value: &str, sign: Sign, starts_line: bool) -> usize {
    let line = value.find(['\n', '\r']).unwrap_or(value.len());
    // The value lies in the lines below.
    if matches!(
        value[..line].trim(),
        "" | "|" | ">" | "|-" | ">-" | "[" | "{"
    ) {
        return match (sign, starts_line) {
            (Sign::Colon, true) => value.len(),
            _ => line,
        };
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '#' | '"' | '<' | '>');
    let end = value.find(ends).unwrap_or(value.len());
    let is_over = value[end..].starts_with('&');
    match sign {
        Sign::Colon => line,
        // A line of its own, whose value may hold anything.
        Sign::Equals if starts_line && !is_over => line,
        Sign::Equals => end,
    }
}

/// Text with one layer of escapes taken off: `%3D`, `\u003d`, `\/`, `&#61;`, `&amp;`. What is escaped
/// wrongly stays.
pub(super) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\', '&']) {
        let (plain, escape) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        let (length, unit) = unit(escape).unwrap_or((1, Unit::Byte(escape.as_bytes()[0])));
        match unit {
            Unit::Byte(byte) => bytes.push(byte),
            Unit::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

enum Unit {
    Byte(u8),
    Char(char),
}

/// The escape that `text` begins with: how long it is, and what it stands for.
fn unit(text: &str) -> Option<(usize, Unit)> {
    let hex = |from: usize, to: usize| u32::from_str_radix(text.get(from..to)?, 16).ok();
    match text.as_bytes() {
        [b'%', ..] => Some((3, Unit::Byte(u8::try_from(hex(1, 3)?).ok()?))),
        [b'\\', b'u', ..] => Some((6, Unit::Char(char::from_u32(hex(2, 6)?)?))),
        [b'\\', b'x', ..] => Some((4, Unit::Char(char::from_u32(hex(2, 4)?)?))),
        [b'\\', byte @ (b'/' | b'"' | b'\'' | b'\\'), ..] => Some((2, Unit::Byte(*byte))),
        [b'&', ..] => entity(text),
        _ => None,
    }
}

/// The references that XML and HTML have in common, and those by number.
fn entity(text: &str) -> Option<(usize, Unit)> {
    let end = text.bytes().take(10).position(|byte| byte == b';')?;
    let c = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "equals" => '=',
        "colon" => ':',
        "sol" => '/',
        "commat" => '@',
        "quest" => '?',
        number => {
            let number = number.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((end + 1, Unit::Char(c)))
}
