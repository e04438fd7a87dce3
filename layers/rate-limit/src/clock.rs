//! Instants as numbers, so that one fits into an atomic.

use std::time::{Duration, Instant};

/// Nanoseconds since the origin of a limit.
pub(crate) type Nanos = u64;

/// What instants are counted from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

/// 146 years. Sums of two such numbers do not overflow, and one bit is left for a mark.
pub(crate) const LATEST: Nanos = 1 << 62;

impl Clock {
    pub(crate) const fn since(origin: Instant) -> Self {
        Self { origin }
    }

    /// What comes before the origin, as another runtime's paused clock may say, counts as the origin.
    #[inline]
    pub(crate) fn nanos(self, at: Instant) -> Nanos {
        nanos(at.saturating_duration_since(self.origin))
    }

    pub(crate) fn instant(self, at: Nanos) -> Instant {
        let since = Duration::from_nanos(at);
        self.origin.checked_add(since).unwrap_or(self.origin)
    }
}

/// A duration as a number; what is longer than the latest instant is as good as for ever.
#[inline]
pub(crate) fn nanos(duration: Duration) -> Nanos {
    let nanos = duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(duration.subsec_nanos().into());
    nanos.min(LATEST)
}

/// The clock that durations are measured with; tests pause it.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
