use std::time::Duration;

use http::StatusCode;

/// How a request wants to use the cache, as in the
/// [Fetch standard](https://fetch.spec.whatwg.org/#concept-request-cache-mode).
// Closed: the standard's list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// As RFC 9111 says.
    #[default]
    Default,
    /// Neither answered from the store, nor stored.
    NoStore,
    /// Not answered from the store, but stored.
    Reload,
    /// Answered from the store after validation only.
    NoCache,
    /// Answered from the store whenever it holds an answer, stale or not.
    ForceCache,
    /// As [`ForceCache`](Self::ForceCache), but never forwarded: 504 when nothing is stored.
    OnlyIfCached,
}

/// What the caller asks of the cache for one request, beside the request's own directives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// How to use the cache.
    pub(crate) mode: Mode,
    /// How long a response of a status below 400 is fresh from its arrival on, whatever it says
    /// itself. `no-store` is obeyed all the same, and so are `private` and RFC 9111 §3.5 by a shared
    /// cache.
    pub(crate) fresh_for: Option<Duration>,
    /// The same for responses of status 400 and above.
    pub(crate) negative_for: Option<Duration>,
}

impl Wishes {
    /// The lifetime that the caller wishes for a response.
    pub(crate) fn lifetime(&self, status: StatusCode) -> Option<Duration> {
        if status.as_u16() < 400 {
            self.fresh_for
        } else {
            self.negative_for
        }
    }
}
