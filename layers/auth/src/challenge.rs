//! What a rejection says about its reason, in `WWW-Authenticate`
//! ([RFC 9110 §11.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1)).

use http::{HeaderMap, header};

/// More bytes than this are not read.
const MOST_BYTES: usize = 8 * 1024;

/// The errors of [RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1) that were named,
/// in any challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) invalid_token: bool,
    /// The token is good, but not for this: its scope is too narrow, or its user would have to sign in
    /// again, in a stronger way ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
    pub(crate) insufficient: bool,
}

impl Named {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut named = Self::default();
        let mut left = MOST_BYTES;
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            let bytes = value.as_bytes();
            let read = bytes.len().min(left);
            left -= read;
            named.read(&bytes[..read]);
        }
        named
    }

    /// Schemes and their parameters stand in one list, and only what follows a word tells which it is.
    fn read(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((first, behind)) = rest.split_first() {
            if *first == b'"' {
                // A string where none belongs hides what is in it all the same.
                rest = string(behind).1;
                continue;
            }
            let (word, after) = word(rest);
            if word.is_empty() {
                rest = behind;
                continue;
            }
            let Some(value) = spaceless(after).strip_prefix(b"=") else {
                rest = after;
                continue;
            };
            let value = spaceless(value);
            let (value, after) = match value.strip_prefix(b"\"") {
                Some(quoted) => string(quoted),
                None => self::word(value),
            };
            if word.eq_ignore_ascii_case(b"error") {
                self.note(value);
            }
            rest = after;
        }
    }

    fn note(&mut self, error: &[u8]) {
        self.invalid_token |= error == b"invalid_token";
        self.insufficient |= matches!(
            error,
            b"insufficient_scope" | b"insufficient_user_authentication"
        );
    }
}

/// The bytes up to the next divider, and what follows.
fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let is_divider = |b: &u8| matches!(b, b' ' | b'\t' | b',' | b'=' | b'"');
    let end = bytes.iter().position(is_divider).unwrap_or(bytes.len());
    bytes.split_at(end)
}

/// A quoted string whose opening quote has been read, still escaped, and what follows. The words that
/// matter have nothing to escape. One that does not end takes everything.
fn string(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let end = bytes.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    match end {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (&[], &[]),
    }
}

fn spaceless(bytes: &[u8]) -> &[u8] {
    let spaces = bytes.iter().take_while(|b| matches!(b, b' ' | b'\t'));
    &bytes[spaces.count()..]
}

#[cfg(test)]
mod tests;
