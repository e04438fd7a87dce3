use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use buttress_kernel::BoxError;
use serde::de::DeserializeOwned;

mod make;
mod seed;

use self::seed::At;
use crate::response::json;

/// A place in a JSON document ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)): `/meta/next`, or
/// nothing for the document itself.
///
/// A `/` in a name is written `~1`, and a `~` is written `~0`.
///
/// ```
/// use buttress::Pointer;
///
/// const NEXT: Pointer = Pointer::from_static("/meta/next");
/// let body = br#"{"meta":{"next":"abc"},"data":[1,2]}"#;
/// assert_eq!(NEXT.find::<String>(body)?, Some("abc".to_owned()));
/// assert_eq!("/data/1".parse::<Pointer>()?.find::<u8>(body)?, Some(2));
/// assert_eq!("/meta/total".parse::<Pointer>()?.find::<u8>(body)?, None);
/// # Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// A constant that is wrong does not compile:
///
/// ```compile_fail
/// const NEXT: buttress::Pointer = buttress::Pointer::from_static("meta.next");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pointer(Cow<'static, str>);

impl Pointer {
    /// The document itself.
    pub const ROOT: Self = Self(Cow::Borrowed(""));

    /// The pointer in `text`; checked by the compiler where it stands in a constant.
    ///
    /// # Panics
    ///
    /// When `text` is no pointer.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        match check(text) {
            Ok(()) => Self(Cow::Borrowed(text)),
            Err(fault) => panic!("{}", fault.as_str()),
        }
    }

    /// The pointer as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it means the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands there in a JSON document, and `None` where there is no such place. Everything else
    /// is passed over, however deep it is. Of two members of one name the later is meant.
    ///
    /// # Errors
    ///
    /// When the document is not valid JSON, or what stands there is no `T`. The error says where, and
    /// shows nothing of the document.
    pub fn find<T: DeserializeOwned>(&self, document: &[u8]) -> Result<Option<T>, BoxError> {
        if self.is_root() {
            return json::read(document).map(Some);
        }
        json::read_with(document, &self.0, || At::<T>::new(self.tokens()))
    }

    /// The names and indices, still in their escaped form.
    fn tokens(&self) -> std::str::Split<'_, char> {
        let mut tokens = self.0.split('/');
        tokens.next();
        tokens
    }
}

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        check(text)?;
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 6901 §3, in a form that the compiler can run, too.
const fn check(text: &str) -> Result<(), InvalidPointer> {
    let text = text.as_bytes();
    if !text.is_empty() && text[0] != b'/' {
        return Err(InvalidPointer::NoSlash);
    }
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'~' && !(at + 1 < text.len() && matches!(text[at + 1], b'0' | b'1')) {
            return Err(InvalidPointer::Tilde);
        }
        at += 1;
    }
    Ok(())
}

/// A text that is no JSON pointer, and the rule that it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPointer {
    /// It does not begin with a slash.
    NoSlash,
    /// A tilde in it is not followed by `0` or `1`.
    Tilde,
}

impl InvalidPointer {
    const fn as_str(self) -> &'static str {
        match self {
            Self::NoSlash => {
                "a pointer is empty or begins with `/`; write `/meta/next`, not `meta.next`"
            }
            Self::Tilde => "a `~` in a pointer is written `~0`, and `~1` means a `/` in a name",
        }
    }
}

impl fmt::Display for InvalidPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for InvalidPointer {}

#[cfg(test)]
mod tests;
