use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use buttress_kernel::{Facts, Key, Kind, Readable, Sent};

pub use crate::settings::InvalidSettings;
use crate::state::Refusal;

/// The circuit is open, so the call was not made. Nothing was sent.
///
/// Found in the source chain of the service's error; [`Failure`](buttress_kernel::Failure) says of
/// it [`Kind::CircuitOpen`], [`Sent::No`] and, unless the circuit was opened by hand, the instant at
/// which it lets a call through again.
///
/// ```
/// use buttress_circuit_breaker::CircuitOpen;
/// use buttress_kernel::{BoxError, Failure};
///
/// fn retry_after(error: &BoxError) -> Option<u64> {
///     let open: &CircuitOpen = Failure::of(&**error).find()?;
///     open.seconds() // never 0, never early
/// }
/// # assert_eq!(retry_after(&"refused".into()), None);
/// ```
#[derive(Debug)]
pub struct CircuitOpen {
    key: Key,
    refusal: Refusal,
    retry_at: Option<Instant>,
    wait: Duration,
    facts: Facts,
}

impl CircuitOpen {
    pub(crate) fn new(key: Key, refusal: Refusal, now: Instant) -> Self {
        let retry_at = match refusal {
            Refusal::Until(until) => Some(until),
            // The probe may end at any moment, so nothing later can be promised.
            Refusal::Busy => Some(now),
            Refusal::Forced => None,
        };
        let facts = Facts::new(Kind::CircuitOpen).sent(Sent::No);
        Self {
            key,
            refusal,
            retry_at,
            wait: retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)),
            facts: match retry_at {
                Some(at) => facts.retry_at(at),
                None => facts,
            },
        }
    }

    /// The key of the circuit.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// The instant before which trying again is pointless: when the circuit becomes half-open, or
    /// now, if it is, and other calls are being tried. `None` where it was opened by hand, since
    /// nobody knows for how long.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The time from the refusal until [`retry_at`](Self::retry_at), or zero without one.
    #[must_use]
    pub const fn wait(&self) -> Duration {
        self.wait
    }

    /// [`wait`](Self::wait) in whole seconds, rounded up and at least 1, as a `Retry-After` field
    /// carries it; `None` where the circuit was opened by hand.
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        self.retry_at?;
        let whole = self.wait.as_secs();
        let rest = u64::from(self.wait.subsec_nanos() > 0);
        Some(whole.saturating_add(rest).max(1))
    }
}

impl fmt::Display for CircuitOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, wait, .. } = self;
        match self.refusal {
            Refusal::Until(_) => {
                let wait = Readable(*wait);
                write!(f, "the circuit is open ({key}), try again in {wait}")
            }
            Refusal::Busy => write!(
                f,
                "the circuit is half-open ({key}) and being tried, try again soon"
            ),
            Refusal::Forced => write!(
                f,
                "the circuit was opened by hand ({key}), its handle makes it automatic again"
            ),
        }
    }
}

impl Error for CircuitOpen {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
