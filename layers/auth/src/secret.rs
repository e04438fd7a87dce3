use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::{InvalidCredential, Rule};

/// Text that is wiped when it is dropped, and that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A header value that is sensitive, and whose bytes are wiped when its last clone is dropped.
pub(crate) fn sensitive(value: Zeroizing<Vec<u8>>) -> Result<HeaderValue, InvalidCredential> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(value))
        .map_err(|_| InvalidCredential::from(Rule::Control))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What every secret has to be: something, and without control characters. One at the end is
/// the newline of a file it was read from.
pub(crate) fn check(secret: &str) -> Result<(), InvalidCredential> {
    if secret.is_empty() {
        return Err(Rule::Empty.into());
    }
    if secret.chars().any(char::is_control) {
        return Err(Rule::Control.into());
    }
    Ok(())
}

/// [`check`], for what stands in a header by itself, where spaces at the ends would be lost.
pub(crate) fn check_value(secret: &str) -> Result<(), InvalidCredential> {
    check(secret)?;
    if secret.starts_with(' ') || secret.ends_with(' ') {
        return Err(Rule::Space.into());
    }
    Ok(())
}

/// [`check`], for what must be one word of ASCII, as a bearer token is
/// ([RFC 6750 §2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
pub(crate) fn check_word(secret: &str) -> Result<(), InvalidCredential> {
    check(secret)?;
    if secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(Rule::Word.into())
    }
}
