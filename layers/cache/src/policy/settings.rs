use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

/// What kind of cache this is.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    /// Whether several users share the cache (RFC 9111 §1).
    pub(crate) shared: bool,
    /// Whether they are strangers who were passed on to a private cache: its origins may take it for one
    /// user's, so that cookies are for one of them unless the response is for shared caches by its own word.
    pub(crate) strangers: bool,
    /// Fields that replace `Cache-Control` for this cache, the most specific first (RFC 9213 §2.2).
    pub(crate) targets: Arc<[HeaderName]>,
    /// The part of the time since `Last-Modified` that a response without explicit freshness stays
    /// fresh, in percent (RFC 9111 §4.2.2).
    pub(crate) heuristic_percent: u8,
    /// The longest heuristic lifetime.
    pub(crate) heuristic_cap: Duration,
    /// Whether a stale response may stand in when the origin cannot be reached or fails, without
    /// being told so by `stale-if-error` (RFC 9111 §4.2.4, §4.3.3).
    pub(crate) stale_on_error: bool,
}

impl Policy {
    /// A cache for one user.
    pub(crate) fn private() -> Self {
        Self {
            shared: false,
            strangers: false,
            targets: Arc::new([]),
            heuristic_percent: 10,
            heuristic_cap: Duration::from_secs(24 * 60 * 60),
            stale_on_error: true,
        }
    }

    /// The same cache for those who have not said who they are.
    pub(crate) fn for_anyone(&self) -> Self {
        Self {
            shared: true,
            strangers: true,
            ..self.clone()
        }
    }

    /// A cache for many users.
    pub(crate) fn shared() -> Self {
        Self {
            shared: true,
            targets: Arc::new([HeaderName::from_static("cdn-cache-control")]),
            ..Self::private()
        }
    }
}
