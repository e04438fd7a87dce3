//! Text in the charset that a content type names.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use http::{HeaderMap, header};

/// # Errors
///
/// When the charset is not known here.
pub(crate) fn text(headers: &HeaderMap, body: &[u8]) -> Result<String, UnknownCharset> {
    // A mark at the beginning is surer than any header (WHATWG Encoding §6).
    if let Some(body) = body.strip_prefix(b"\xEF\xBB\xBF") {
        return Ok(String::from_utf8_lossy(body).into_owned());
    }
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let label = content_type
        .and_then(charset)
        .unwrap_or(Cow::Borrowed("utf-8"));
    decode(label.trim(), body)
        .ok_or_else(|| UnknownCharset(label.escape_debug().take(40).collect()))
}

/// The parameter `charset` of a content type (RFC 9110 §8.3.2).
fn charset(content_type: &str) -> Option<Cow<'_, str>> {
    let mut parameters = content_type.split(';').skip(1);
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then_some(value.trim())
    })?;
    let value = value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value);
    Some(Cow::Borrowed(value))
}

#[cfg(feature = "charset")]
fn decode(label: &str, body: &[u8]) -> Option<String> {
    let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
    Some(encoding.decode(body).0.into_owned())
}

/// The two that are nearly all of the web. Latin 1 is Windows 1252 there (WHATWG Encoding §4.2).
#[cfg(not(feature = "charset"))]
fn decode(label: &str, body: &[u8]) -> Option<String> {
    match label.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "unicode-1-1-utf-8" => Some(String::from_utf8_lossy(body).into_owned()),
        "iso-8859-1" | "latin1" | "l1" | "us-ascii" | "ascii" | "windows-1252" | "cp1252" => {
            Some(body.iter().copied().map(windows_1252).collect())
        }
        _ => None,
    }
}

#[cfg(not(feature = "charset"))]
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => FROM_80[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// A charset that is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownCharset(String);

impl fmt::Display for UnknownCharset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        if cfg!(feature = "charset") {
            write!(f, "the charset `{name}` is not known")
        } else {
            write!(
                f,
                "the charset `{name}` is not known; the feature `charset` adds all of the web's"
            )
        }
    }
}

impl Error for UnknownCharset {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &[u8]) -> Result<String, UnknownCharset> {
        let content_type = content_type.parse().unwrap();
        text(
            &HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]),
            body,
        )
    }

    #[test]
    fn ic60_text_is_read_in_the_charset_that_is_named() {
        for (content_type, body, expected) in [
            ("text/plain", "é".as_bytes(), "é"),
            ("text/plain; charset=utf-8", "é".as_bytes(), "é"),
            ("text/plain;charset=\"UTF-8\"", "é".as_bytes(), "é"),
            ("text/plain; a=b; Charset=ISO-8859-1", b"\xe9\x80", "é€"),
            ("text/plain; charset=latin1", b"\xEF\xBB\xBF\xC3\xA9", "é"),
            ("text/plain", b"a\xffb", "a\u{fffd}b"),
            ("text/plain; charset=us-ascii", b"a", "a"),
        ] {
            assert_eq!(
                read(content_type, body).unwrap(),
                expected,
                "{content_type}"
            );
        }
        assert!(
            read("text/plain; charset=klingon", b"a")
                .unwrap_err()
                .to_string()
                .contains("`klingon`")
        );
        assert_eq!(text(&HeaderMap::new(), b"a").unwrap(), "a");
    }

    #[cfg(feature = "charset")]
    #[test]
    fn with_all_charsets_the_webs_others_are_read_too() {
        assert_eq!(
            read("text/plain; charset=shift_jis", b"\x83\x65").unwrap(),
            "テ"
        );
    }
}
