use std::error::Error;
use std::fmt;
use std::time::Duration;

use buttress_kernel::{Facts, Key, Kind, Readable, Sent};

use crate::lane::MOST;
pub use crate::limit::Reason;

/// As many requests as allowed are in flight, and the request could not wait, or not any longer.
/// Nothing was sent.
///
/// Found in the source chain of the service's error; [`Failure`](buttress_kernel::Failure) says of it
/// [`Kind::RateLimited`] and [`Sent::No`].
///
/// ```
/// use buttress_kernel::{BoxError, Failure};
/// use buttress_priority::{Crowded, Reason};
///
/// fn made_room_for_another(error: &BoxError) -> bool {
///     let crowded: Option<&Crowded> = Failure::of(&**error).find();
///     crowded.is_some_and(|crowded| crowded.reason() == Reason::Displaced)
/// }
/// ```
#[derive(Debug)]
pub struct Crowded {
    key: Key,
    reason: Reason,
    waited: Duration,
    facts: Facts,
}

impl Crowded {
    pub(crate) fn new(key: Key, reason: Reason, waited: Duration) -> Self {
        Self {
            key,
            reason,
            waited,
            // Never a timeout, for which a circuit breaker would blame the server.
            facts: Facts::new(Kind::RateLimited).sent(Sent::No),
        }
    }

    /// The key whose limit was reached; the empty key where all requests share one.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Why the request did not go on waiting.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// How long it had waited; zero if it was refused on arrival.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }
}

impl fmt::Display for Crowded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("as many requests as allowed are in flight")?;
        if !self.key.as_str().is_empty() {
            write!(f, " ({})", self.key)?;
        }
        let waited = Readable(self.waited);
        match self.reason {
            Reason::Full => f.write_str(", and as many wait: try again later"),
            Reason::Displaced => {
                write!(f, ": waited {waited} and made room for a more urgent one")
            }
            Reason::TooLong => write!(f, ": waited {waited}, allow a longer wait"),
            Reason::Deadline => write!(f, ": waited {waited}, until the deadline"),
        }
    }
}

impl Error for Crowded {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// A limit that cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLimit(usize);

impl InvalidLimit {
    /// The limit as the state holds it.
    pub(crate) fn check(max_in_flight: usize) -> Result<u32, Self> {
        match u32::try_from(max_in_flight) {
            Ok(most @ 1..=MOST) => Ok(most),
            _ => Err(Self(max_in_flight)),
        }
    }
}

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("with no request in flight none would ever go: allow at least 1"),
            most => write!(
                f,
                "{most} requests in flight are more than the {MOST} that can be counted"
            ),
        }
    }
}

impl Error for InvalidLimit {}
