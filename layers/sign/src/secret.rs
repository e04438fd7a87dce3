use std::fmt;

use zeroize::Zeroizing;

/// A key or a password: wiped when it is dropped, and never shown by `Debug`.
///
/// What it is made from is taken over where it is owned (a `String`, a `Vec`), so that no second copy
/// of it is left behind.
///
/// ```
/// use buttress_sign::Secret;
///
/// let secret = Secret::from("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    #[cfg_attr(
        not(any(
            feature = "digest",
            feature = "hmac",
            feature = "message-signatures",
            feature = "sigv4"
        )),
        allow(dead_code, reason = "each scheme needs it")
    )]
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
