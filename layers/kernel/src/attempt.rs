use std::error::Error;
use std::fmt;
use std::num::NonZeroU32;

use http::{Extensions, StatusCode};

use crate::{BoxError, Facts, Failure, Kind};

/// Which attempt of one logical call this is, and why it was made.
///
/// Present in a request's extensions from the second attempt on; absent means the first, so that a
/// call that succeeds at once pays for nothing. A response that took more than one attempt carries
/// the last one's.
///
/// Several layers of a stack may send a request again. So that no number comes twice, each counts on from
/// the highest that it has seen: in its own request, in the response that it does not take for an answer, or,
/// where an error came instead, in [`Failure::attempts`](crate::Failure::attempts).
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

    /// The attempt that follows after this many.
    #[must_use]
    pub const fn after(made: NonZeroU32, cause: Cause) -> Self {
        Self::new(made.saturating_add(1), cause)
    }

    /// The number of the attempt whose request, or whose response, has these extensions.
    ///
    /// ```
    /// use buttress_kernel::Attempt;
    ///
    /// let request = http::Request::new(());
    /// assert_eq!(Attempt::number_in(request.extensions()).get(), 1, "nobody has counted");
    /// ```
    #[must_use]
    pub fn number_in(extensions: &Extensions) -> NonZeroU32 {
        let attempt = extensions.get::<Self>();
        attempt.map_or(NonZeroU32::MIN, |attempt| attempt.number)
    }

    /// Writes into the extensions of the response that it was the response to this attempt, unless a layer
    /// further in has counted on.
    pub fn mark(self, response: &mut Extensions) {
        if Self::number_in(response) < self.number {
            response.insert(self);
        }
    }

    /// The error of this attempt, from which [`Failure::attempts`] can be read; it stays as it is where a
    /// layer further in has counted on. For layers that have no error of their own to say it with.
    #[must_use]
    pub fn mark_error(self, error: BoxError) -> BoxError {
        if Failure::of(&*error).attempts() >= self.number.get() {
            return error;
        }
        let facts = Facts::about(error).attempts(self.number.get());
        Box::new(Failed {
            attempt: self,
            facts,
        })
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

/// An attempt after the first failed.
#[derive(Debug)]
struct Failed {
    attempt: Attempt,
    facts: Facts,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.attempt)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
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

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: Cause = Cause::Status(StatusCode::BAD_GATEWAY);

    #[test]
    fn numbers_go_up_from_one_and_not_beyond_their_end() {
        let mut extensions = Extensions::new();
        assert_eq!(Attempt::number_in(&extensions).get(), 1);
        let second = Attempt::after(Attempt::number_in(&extensions), BAD);
        assert_eq!(second.to_string(), "attempt 2 after 502");
        extensions.insert(second);
        assert_eq!(Attempt::number_in(&extensions).get(), 2);
        let last = Attempt::after(NonZeroU32::MAX, BAD);
        assert_eq!(last.number(), NonZeroU32::MAX);
    }

    #[test]
    fn who_is_further_in_has_counted_right() {
        let attempt = |number| Attempt::new(NonZeroU32::new(number).unwrap(), BAD);
        let mut extensions = Extensions::new();
        for (number, marked) in [(2, 2), (4, 4), (3, 4)] {
            attempt(number).mark(&mut extensions);
            assert_eq!(extensions.get(), Some(&attempt(marked)));
        }

        let error = attempt(2).mark_error("a broken pipe".into());
        assert_eq!(error.to_string(), "attempt 2 after 502 failed");
        let failure = Failure::of(&*error);
        assert_eq!(failure.attempts(), 2);
        assert_eq!(failure.chain().last().unwrap().to_string(), "a broken pipe");
        let same = attempt(2).mark_error(error).to_string();
        assert_eq!(same, "attempt 2 after 502 failed");
        let more = attempt(3).mark_error(same.into());
        assert_eq!(Failure::of(&*more).attempts(), 3);
    }
}
