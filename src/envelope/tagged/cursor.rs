use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A place in a collection, which means something to the server alone. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The simplest cursor that a server can give out: the Base64 of `num:` and a page's number.
    ///
    /// ```
    /// use buttress::envelope::tagged::Cursor;
    ///
    /// assert_eq!(Cursor::numbered(6).as_str(), "bnVtOjY=");
    /// assert_eq!(Cursor::from("bnVtOjY=").number(), Some(6));
    /// ```
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        Self(STANDARD.encode(format!("num:{number}")))
    }

    /// The number, if it is of the simplest kind.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let bytes = STANDARD.decode(&self.0).ok()?;
        let digits = bytes.strip_prefix(b"num:")?;
        let is_plain = digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits)
            .ok()
            .filter(|_| is_plain)?
            .parse()
            .ok()
    }

    /// The cursor as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}
