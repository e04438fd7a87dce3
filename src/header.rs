//! Headers given as text.

use std::error::Error;
use std::fmt;

use http::{HeaderName, HeaderValue};

/// A header from anything that can become one.
pub(crate) fn pair<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), InvalidHeader>
where
    N: TryInto<HeaderName, Error: Into<http::Error>>,
    V: TryInto<HeaderValue, Error: Into<http::Error>>,
{
    let name = name_of(name)?;
    match value.try_into() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(InvalidHeader(Some(name))),
    }
}

/// A header's name from anything that can become one.
pub(crate) fn name_of<N>(name: N) -> Result<HeaderName, InvalidHeader>
where
    N: TryInto<HeaderName, Error: Into<http::Error>>,
{
    name.try_into().map_err(|_| InvalidHeader(None))
}

/// A header that cannot be sent: its name is malformed, or its value, which is not told, since it
/// may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidHeader(Option<HeaderName>);

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(name) => write!(
                f,
                "the value of the header `{name}` holds characters that no header can, \
                 such as a newline"
            ),
            None => f.write_str("the name of a header is empty or not a token"),
        }
    }
}

impl Error for InvalidHeader {}

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
    fn a_header_that_cannot_be_sent_is_named_and_its_value_is_not_told() {
        let fault = pair("x-token", "s3cret\n").unwrap_err().to_string();
        assert!(
            fault.contains("`x-token`") && !fault.contains("s3cret"),
            "{fault}"
        );
        let fault = pair("", "s3cret").unwrap_err().to_string();
        assert!(
            fault.starts_with("the name") && !fault.contains("s3cret"),
            "{fault}"
        );
    }

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
