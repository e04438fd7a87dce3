use std::fmt;
use std::num::NonZeroU32;

use http::StatusCode;

use crate::Kind;

/// Which attempt of one logical call this is, and why it was made.
///
/// Present in a request's extensions from the second attempt on; absent means the first, so that a
/// call that succeeds at once pays for nothing. A response that took more than one attempt carries
/// the last one's.
///
/// ```
/// use std::num::NonZeroU32;
/// use buttress_kernel::{Attempt, Cause};
///
/// let second = Attempt::new(NonZeroU32::new(2).unwrap(), Cause::Status(http::StatusCode::BAD_GATEWAY));
/// assert_eq!(second.number().get(), 2);
/// assert_eq!(second.to_string(), "attempt 2 after 502");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    number: NonZeroU32,
    cause: Cause,
}

impl Attempt {
    /// Attempt `number` (the first is 1), made because of `cause`.
    #[must_use]
    pub const fn new(number: NonZeroU32, cause: Cause) -> Self {
        Self { number, cause }
    }

    /// The attempt's number, counted from 1.
    #[must_use]
    pub const fn number(self) -> NonZeroU32 {
        self.number
    }

    /// How the attempt before it ended.
    #[must_use]
    pub const fn cause(self) -> Cause {
        self.cause
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attempt {} after {}", self.number, self.cause)
    }
}

/// How an attempt ended that was followed by another one.
// Open: an answer other than a status may come, such as a body that broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// With a response of this status.
    Status(StatusCode),
    /// With an error of this kind.
    Error(Kind),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{}", status.as_u16()),
            Self::Error(kind) => write!(f, "{kind}"),
        }
    }
}
