use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A place in a collection, which means something to the server alone. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct OpaqueCursor(String);

impl OpaqueCursor {
    /// The simplest cursor that a server can give out: the Base64 of `num:` and a page's number.
    ///
    /// ```
    /// use buttress::envelope::tagged::OpaqueCursor;
    ///
    /// assert_eq!(OpaqueCursor::numbered(6).as_str(), "bnVtOjY=");
    /// assert_eq!(OpaqueCursor::from("bnVtOjY=").number(), Some(6));
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

impl From<String> for OpaqueCursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for OpaqueCursor {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for OpaqueCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpaqueCursor({} bytes)", self.0.len())
    }
}
