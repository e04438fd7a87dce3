use std::time::{Duration, Instant};

/// The instant by which a whole logical call must be over, carried in a request's extensions.
///
/// One absolute instant instead of a budget for each part: queueing, backoff, every attempt and
/// the response's body share it. A layer that is about to wait asks [`fits`](Self::fits) first and
/// gives up at once when the wait cannot fit, since a wait that ends in a timeout helps nobody.
///
/// ```
/// use std::time::{Duration, Instant};
/// use buttress_kernel::Deadline;
///
/// # #[allow(clippy::disallowed_methods)]
/// let now = Instant::now();
/// let deadline = Deadline::after(now, Duration::from_secs(2)).unwrap();
/// assert_eq!(deadline.remaining(now), Duration::from_secs(2));
/// assert!(deadline.fits(now, Duration::from_secs(1)));
/// assert!(!deadline.fits(now, Duration::from_secs(2)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline at `instant`.
    #[must_use]
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The deadline `total` after `now`, or `None` when that is beyond what the clock can say,
    /// which is as good as having none.
    #[must_use]
    pub fn after(now: Instant, total: Duration) -> Option<Self> {
        now.checked_add(total).map(Self)
    }

    /// The instant itself.
    #[must_use]
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// What is left at `now`; zero once it has passed.
    #[must_use]
    pub fn remaining(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    /// Whether it has passed at `now`.
    #[must_use]
    pub fn has_passed(self, now: Instant) -> bool {
        self.0 <= now
    }

    /// Whether a wait of `wait` from `now` would end before the deadline, with time left.
    #[must_use]
    pub fn fits(self, now: Instant, wait: Duration) -> bool {
        wait < self.remaining(now)
    }
}
