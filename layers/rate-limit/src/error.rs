use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use buttress_kernel::{BoxError, Facts, Key, Kind, Readable, Sent};

pub use crate::rules::Reason;

/// There were not enough tokens, and the request could not wait for them. Nothing was sent.
///
/// Found in the source chain of the service's error; [`Failure`](buttress_kernel::Failure) says of
/// it [`Kind::RateLimited`], [`Sent::No`] and the instant to come back.
///
/// ```
/// use buttress_kernel::{BoxError, Failure};
/// use buttress_rate_limit::RateLimited;
///
/// fn retry_after(error: &BoxError) -> Option<u64> {
///     let limited: &RateLimited = Failure::of(&**error).find()?;
///     Some(limited.seconds()) // never 0, never early
/// }
/// ```
#[derive(Debug)]
pub struct RateLimited {
    key: Key,
    reason: Reason,
    retry_at: Instant,
    wait: Duration,
    facts: Facts,
}

impl RateLimited {
    pub(crate) fn new(key: Key, reason: Reason, retry_at: Instant, now: Instant) -> Self {
        let facts = Facts::new(Kind::RateLimited).sent(Sent::No);
        Self {
            key,
            reason,
            retry_at,
            wait: retry_at.saturating_duration_since(now),
            facts: facts.retry_at(retry_at),
        }
    }

    /// The key whose bucket was empty; the empty key where all requests share one.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Why the request was not made to wait.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The instant at which the tokens will be there, if nobody takes them who is not waiting yet.
    #[must_use]
    pub const fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// The time from the refusal until [`retry_at`](Self::retry_at).
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }

    /// [`wait`](Self::wait) in whole seconds, rounded up and at least 1, as a `Retry-After` field
    /// carries it: rounded down it would read 0, and call the client back at once.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        let whole = self.wait.as_secs();
        let rest = u64::from(self.wait.subsec_nanos() > 0);
        whole.saturating_add(rest).max(1)
    }
}

impl fmt::Display for RateLimited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the rate limit is exhausted")?;
        if !self.key.as_str().is_empty() {
            write!(f, " ({})", self.key)?;
        }
        write!(f, ", try again in {}", Readable(self.wait))?;
        f.write_str(match self.reason {
            Reason::Rejecting => "",
            Reason::TooLong => " or allow a longer wait",
            Reason::Deadline => ", with a later deadline",
            Reason::Crowded => "; as many requests as allowed are waiting already",
        })
    }
}

impl Error for RateLimited {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// A request costs more than the bucket holds, so that no wait would ever be long enough. Nothing
/// was sent.
///
/// [`Failure`](buttress_kernel::Failure) says of it [`Kind::Request`] and [`Sent::No`].
#[derive(Debug)]
pub struct CostTooHigh {
    cost: u32,
    burst: u64,
    facts: Facts,
}

impl CostTooHigh {
    pub(crate) fn new(cost: u32, burst: u64) -> Self {
        Self {
            cost,
            burst,
            facts: Facts::new(Kind::Request).sent(Sent::No),
        }
    }

    /// What the request costs, in tokens.
    #[must_use]
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// How many tokens the bucket holds.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }
}

impl fmt::Display for CostTooHigh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cost, burst, .. } = self;
        write!(
            f,
            "the request costs {cost} tokens and the bucket holds {burst}: raise the burst or split the request"
        )
    }
}

impl Error for CostTooHigh {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// What the layer answers instead of calling.
#[derive(Debug)]
pub(crate) enum Refusal {
    Limited(RateLimited),
    TooDear(CostTooHigh),
}

impl From<Refusal> for BoxError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Limited(error) => error.into(),
            Refusal::TooDear(error) => error.into(),
        }
    }
}

/// How a call failed: here, or within.
#[derive(Debug)]
pub(crate) enum Failed<E> {
    Refused(Box<Refusal>),
    Inner(E),
}

impl<E: Into<Self>> From<Failed<E>> for BoxError {
    fn from(failed: Failed<E>) -> Self {
        match failed {
            Failed::Refused(refusal) => (*refusal).into(),
            Failed::Inner(error) => error.into(),
        }
    }
}
