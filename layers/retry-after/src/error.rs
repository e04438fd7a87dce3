use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use buttress_kernel::{Facts, Key, Kind, Partition, Sent};

pub use crate::rules::Reason;
use crate::scope::Scope;

/// The server asked for a pause, and the request could not wait for its end. Nothing was sent.
///
/// Found in the source chain of the service's error; [`Failure`](buttress_kernel::Failure) says of
/// it [`Kind::Held`], [`Sent::No`] and the instant of release.
///
/// ```
/// use buttress_kernel::{BoxError, Failure};
/// use buttress_retry_after::Held;
///
/// fn retry_after(error: &BoxError) -> Option<u64> {
///     let held: &Held = Failure::of(&**error).find()?;
///     Some(held.seconds()) // never 0, never early
/// }
/// ```
#[derive(Debug)]
pub struct Held {
    scope: Scope,
    reason: Reason,
    retry_at: Instant,
    wait: Duration,
    facts: Facts,
}

impl Held {
    pub(crate) fn new(scope: Scope, reason: Reason, retry_at: Instant, now: Instant) -> Self {
        Self {
            scope,
            reason,
            retry_at,
            wait: retry_at.saturating_duration_since(now),
            facts: Facts::new(Kind::Held).sent(Sent::No).retry_at(retry_at),
        }
    }

    /// The key that is held.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.scope.key
    }

    /// Whose requests are held; `None` for everybody's.
    #[must_use]
    pub const fn partition(&self) -> Option<&Partition> {
        self.scope.partition.as_ref()
    }

    /// Why the request was not made to wait.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// The instant of release: a request that comes then is let through.
    #[must_use]
    pub const fn retry_at(&self) -> Instant {
        self.retry_at
    }

    /// The time from the refusal until [`retry_at`](Self::retry_at).
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }

    /// [`wait`](Self::wait) in whole seconds, rounded up and at least 1, as a `Retry-After` field of
    /// our own carries it: rounded down it would read 0, and call the client back at once.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        let whole = self.wait.as_secs();
        let rest = u64::from(self.wait.subsec_nanos() > 0);
        whole.saturating_add(rest).max(1)
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, wait, .. } = self;
        let key = &scope.key;
        write!(
            f,
            "the server asked for a pause ({key}), try again in {wait:?}"
        )?;
        f.write_str(match self.reason {
            Reason::Rejecting => "",
            Reason::TooLong => " or raise max_hold to wait that long",
            Reason::Deadline => ", with a later deadline",
            Reason::Crowded => "; as many requests as allowed are waiting for it already",
        })
    }
}

impl Error for Held {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
