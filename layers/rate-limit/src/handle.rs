use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lane::Lane;
use crate::rate::Rate;
use crate::table::Table;

/// Looks at the buckets from outside, and changes their rates while they are in use.
///
/// ```
/// use buttress_rate_limit::{Rate, RateLimitLayer};
///
/// let layer = RateLimitLayer::per_second(10)?;
/// let handle = layer.handle();
/// assert_eq!(handle.peek("").level(), 10);
/// handle.set_rate(Rate::per_second(20)?);
/// assert_eq!(handle.peek("").level(), 10, "the level stays");
/// assert_eq!(handle.peek("").burst(), 20);
/// # Ok::<_, buttress_rate_limit::InvalidRate>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Arc<Table>);

impl Handle {
    pub(crate) const fn new(table: Arc<Table>) -> Self {
        Self(table)
    }

    /// How a key's bucket looks now, without taking anything. Where all requests share one, and for
    /// requests without a key, the key is empty.
    #[must_use]
    pub fn peek(&self, key: &str) -> Peek {
        self.0.peek(key)
    }

    /// Changes the rate, and the burst with it, of all keys that have none of their own. What is in a
    /// bucket stays, as far as it fits in; those who wait are served at the new rate from now on. A
    /// waiter that costs more than the new burst is served when the bucket is full.
    pub fn set_rate(&self, rate: Rate) {
        self.0.set_usual(rate);
    }

    /// Gives one key a rate of its own, or with `None` the usual one back, as
    /// [`set_rate`](Self::set_rate) does for all. Kept until it is changed.
    pub fn set_key_rate(&self, key: &str, rate: impl Into<Option<Rate>>) {
        self.0.set_own(key, rate.into());
    }

    /// How many requests wait, over all keys.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let mut sum = 0;
        self.0.each(|_, lane: &Lane| sum += lane.look().waiting);
        sum
    }

    /// How many requests were let through, over all keys, without those that were free.
    #[must_use]
    pub fn granted(&self) -> u64 {
        self.0.counts().0
    }

    /// How many requests were refused, over all keys.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.0.counts().1
    }

    /// How many keys have a bucket of their own.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.keys()
    }
}

/// A key's bucket, at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct Peek {
    pub(crate) level: u64,
    pub(crate) burst: u64,
    pub(crate) window: Duration,
    pub(crate) full_at: Instant,
    pub(crate) waiting: usize,
    pub(crate) granted: u64,
    pub(crate) rejected: u64,
}

impl Peek {
    /// How many whole tokens are in the bucket.
    #[must_use]
    pub const fn level(self) -> u64 {
        self.level
    }

    /// How many it holds.
    #[must_use]
    pub const fn burst(self) -> u64 {
        self.burst
    }

    /// In what time an empty one fills.
    #[must_use]
    pub const fn window(self) -> Duration {
        self.window
    }

    /// When it will be full, if nobody takes anything; the moment of asking if it is.
    #[must_use]
    pub const fn full_at(self) -> Instant {
        self.full_at
    }

    /// How many requests wait.
    #[must_use]
    pub const fn waiting(self) -> usize {
        self.waiting
    }

    /// How many requests were let through since the key was met, or met again after it was idle.
    #[must_use]
    pub const fn granted(self) -> u64 {
        self.granted
    }

    /// How many requests were refused in that time.
    #[must_use]
    pub const fn rejected(self) -> u64 {
        self.rejected
    }
}
