//! Headers given as text.

use http::{HeaderName, HeaderValue};

/// A header from anything that can become one.
pub(crate) fn pair<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), http::Error>
where
    N: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
{
    let name = name.try_into().map_err(Into::into)?;
    let value = value.try_into().map_err(Into::into)?;
    Ok((name, value))
}

/// Whether a cookie can be sent as it is: a token, and a value without separators and controls
/// ([RFC 6265 §4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)).
pub(crate) fn is_cookie(name: &str, value: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let octet = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
    !name.is_empty() && name.bytes().all(token) && value.bytes().all(octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_cannot_smuggle_another() {
        assert!(is_cookie("session", "abc=="));
        assert!(is_cookie("empty", ""));
        for (name, value) in [
            ("", "a"),
            ("a b", "c"),
            ("a=b", "c"),
            ("a", "b; c=d"),
            ("a", "b\r\nc: d"),
        ] {
            assert!(!is_cookie(name, value), "{name}={value}");
        }
    }
}
