use std::time::{Duration, SystemTime};

/// How long a stored response may be reused: all that its directives come down to for this cache,
/// computed once when it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// When its head arrived (RFC 9111 §4.2.3, `response_time`).
    pub(crate) received: SystemTime,
    /// How old it was then (`corrected_initial_age`), in whole seconds.
    pub(crate) initial_age: Duration,
    /// How old it may become before it is stale (§4.2.1).
    pub(crate) lifetime: Duration,
    /// Whether each use needs validation (`no-cache`, §5.2.2.4).
    pub(crate) no_cache: bool,
    /// Whether it is never used stale (`must-revalidate`, and in a shared cache
    /// `proxy-revalidate` and `s-maxage`).
    pub(crate) must_revalidate: bool,
    /// Whether a reload need not ask again while it is fresh (RFC 8246).
    pub(crate) immutable: bool,
    /// How long it may be used stale while it is revalidated (RFC 5861 §3).
    pub(crate) while_revalidate: Duration,
    /// How long it may be used stale when the origin fails (RFC 5861 §4); nothing when it does not say.
    pub(crate) if_error: Option<Duration>,
}

impl Freshness {
    /// Its age (§4.2.3, `current_age`). A clock that went backwards counts as one that stood still.
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        let resident = now.duration_since(self.received).unwrap_or_default();
        self.initial_age.saturating_add(resident)
    }

    /// How long it will still be fresh; nothing when it is stale.
    pub(crate) fn left(&self, now: SystemTime) -> Option<Duration> {
        self.lifetime
            .checked_sub(self.age(now))
            .filter(|left| !left.is_zero())
    }
}
