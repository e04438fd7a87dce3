use std::sync::Arc;
use std::time::Instant;

use buttress_kernel::Partition;

use crate::gate::{Facts, Gate};
use crate::scope;
use crate::shared::now;

/// Looks at the gate from outside, and opens it.
///
/// ```
/// use buttress_retry_after::RetryAfterLayer;
///
/// let layer = RetryAfterLayer::new();
/// let handle = layer.handle();
/// assert_eq!(handle.peek("api.example.com").held_until(), None);
/// assert!(!handle.clear("api.example.com"));
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Arc<Gate>);

impl Handle {
    pub(crate) const fn new(gate: Arc<Gate>) -> Self {
        Self(gate)
    }

    /// What is known now about a key, for everybody.
    #[must_use]
    pub fn peek(&self, key: &str) -> Peek {
        Peek(self.0.facts(key, now()))
    }

    /// What is known now about a key for those of a partition: their own quota and the pauses that they were
    /// asked for, without those of [everybody](Self::peek).
    #[must_use]
    pub fn peek_at(&self, key: &str, partition: &Partition) -> Peek {
        self.peek(&scope::name(key, partition))
    }

    /// Ends what is held for those of a partition, as [`clear`](Self::clear) does for everybody.
    pub fn clear_at(&self, key: &str, partition: &Partition) -> bool {
        self.clear(&scope::name(key, partition))
    }

    /// Ends a key's hold and forgets its quota, for everybody. Those who wait for it leave from now on, over the
    /// spread. Returns whether anything was known about the key.
    pub fn clear(&self, key: &str) -> bool {
        self.0.clear(key)
    }

    /// Ends every hold and forgets every quota, those of partitions included, as [`clear`](Self::clear) does for one key.
    pub fn clear_all(&self) {
        self.0.clear_all();
    }

    /// How many requests wait, over all keys.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// How many keys something is kept about, each partition of a key counted as one.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.keys()
    }
}

/// What is known about a key, at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct Peek(Facts);

impl Peek {
    /// The instant of release, if the key is held.
    #[must_use]
    pub const fn held_until(self) -> Option<Instant> {
        self.0.held_until
    }

    /// How many requests are left until [`resets_at`](Self::resets_at), as the server told it last,
    /// less those that pacing has let go since.
    #[must_use]
    pub fn remaining(self) -> Option<u64> {
        self.0.quota.map(|(remaining, _)| remaining)
    }

    /// When the quota that the server told of is full again.
    #[must_use]
    pub fn resets_at(self) -> Option<Instant> {
        self.0.quota.map(|(_, end)| end)
    }

    /// How many requests wait.
    #[must_use]
    pub const fn waiting(self) -> usize {
        self.0.waiting
    }
}
