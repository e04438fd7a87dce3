use std::time::Duration;

use buttress_cache::Mode;

use crate::redirect::Policy;
use crate::{ArrayStyle, RequestBuilder};

/// What every call of an endpoint wants otherwise than its client.
///
/// ```
/// use std::time::Duration;
/// use buttress::{ArrayStyle, Options};
///
/// const SLOW: Options = Options::new()
///     .timeout(Duration::from_secs(120))
///     .retry(1)
///     .arrays(ArrayStyle::Comma);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    timeout: Option<Duration>,
    total: Option<Duration>,
    body_idle: Option<Duration>,
    attempts: Option<u32>,
    idempotent: Option<bool>,
    priority: Option<i32>,
    label: Option<&'static str>,
    tags: Option<Tags>,
    arrays: Option<ArrayStyle>,
    limit: Option<u64>,
    cache: Option<Mode>,
    fresh_for: Option<Duration>,
    redirects: Option<u8>,
    anonymous: bool,
    optional: bool,
    open: bool,
}

/// Words that go with a request to every layer, and never over the wire; found in its extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags(pub &'static [&'static str]);

impl Options {
    /// Everything as the client has it.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            timeout: None,
            total: None,
            body_idle: None,
            attempts: None,
            idempotent: None,
            priority: None,
            label: None,
            tags: None,
            arrays: None,
            limit: None,
            cache: None,
            fresh_for: None,
            redirects: None,
            anonymous: false,
            optional: false,
            open: false,
        }
    }

    /// Limits the time until each attempt's response head.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Limits everything, the response's body included.
    #[must_use]
    pub const fn total(mut self, limit: Duration) -> Self {
        self.total = Some(limit);
        self
    }

    /// Limits the time between two frames of the response's body.
    #[must_use]
    pub const fn body_idle(mut self, limit: Duration) -> Self {
        self.body_idle = Some(limit);
        self
    }

    /// Makes so many attempts at most, the first included. See [`RequestBuilder::retry`] for bodies
    /// that are sent once.
    #[must_use]
    pub const fn retry(mut self, max_attempts: u32) -> Self {
        self.attempts = Some(max_attempts);
        self
    }

    /// Says whether a repetition does harm, whatever the method.
    #[must_use]
    pub const fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Where its calls stand among those that wait for a place: higher first, 0 unless set.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Names the call in events.
    #[must_use]
    pub const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    /// Gives words along for layers to read.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = Some(Tags(tags));
        self
    }

    /// How lists in the query are written.
    #[must_use]
    pub const fn arrays(mut self, style: ArrayStyle) -> Self {
        self.arrays = Some(style);
        self
    }

    /// Reads at most so many bytes of a response: 16 MiB unless set.
    #[must_use]
    pub const fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// How its calls use the client's cache, if it has one.
    #[must_use]
    pub const fn cache(mut self, mode: Mode) -> Self {
        self.cache = Some(mode);
        self
    }

    /// Counts a success as fresh for so long, whatever the server says, if the client has a cache.
    #[must_use]
    pub const fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = Some(time);
        self
    }

    /// Follows so many redirects in a row, whatever the client's policy; with 0 each is an error.
    #[must_use]
    pub const fn redirects(mut self, most: u8) -> Self {
        self.redirects = Some(most);
        self
    }

    /// Sends none of the client's credentials: for what everybody may read.
    #[must_use]
    pub const fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Takes a 404 for an empty answer: where the endpoint's `Ok` is an `Option`, it is `None`. An
    /// [`Optional`](crate::Optional) does so without being told.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Sends what [`path`](crate::Endpoint::path) has and the template has not as the query.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Whether it is [`open`](Self::open).
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn array_style(&self) -> ArrayStyle {
        self.arrays.unwrap_or_default()
    }

    /// Whether it changes nothing about the request.
    pub(crate) const fn is_plain(self) -> bool {
        let Self {
            timeout,
            total,
            body_idle,
            attempts,
            idempotent,
            priority,
            label,
            tags,
            // The query is written with it.
            arrays: _,
            limit,
            cache,
            fresh_for,
            redirects,
            anonymous,
            optional,
            open,
        } = self;
        let limits = timeout.is_some() || total.is_some() || body_idle.is_some() || limit.is_some();
        let attempts = attempts.is_some() || idempotent.is_some() || redirects.is_some();
        let words = priority.is_some() || label.is_some() || tags.is_some();
        let stored = cache.is_some() || fresh_for.is_some();
        !(limits || attempts || words || stored || anonymous || optional || open)
    }

    pub(crate) fn apply(self, mut request: RequestBuilder) -> RequestBuilder {
        if let Some(limit) = self.timeout {
            request = request.timeout(limit);
        }
        if let Some(limit) = self.total {
            request = request.total(limit);
        }
        if let Some(limit) = self.body_idle {
            request = request.body_idle(limit);
        }
        if let Some(attempts) = self.attempts {
            request = request.retry(attempts);
        }
        if let Some(idempotent) = self.idempotent {
            request = request.idempotent(idempotent);
        }
        if let Some(priority) = self.priority {
            request = request.priority(priority);
        }
        if let Some(label) = self.label {
            request = request.label(label);
        }
        if let Some(tags) = self.tags {
            request = request.extension(tags);
        }
        if let Some(limit) = self.limit {
            request = request.limit(limit);
        }
        if self.optional {
            request = request.optional();
        }
        if let Some(most) = self.redirects {
            request = request.redirects(Policy::limited(most));
        }
        if self.cache.is_some() || self.fresh_for.is_some() {
            request = request.cache(self.cache_wishes());
        }
        if self.anonymous {
            request = request.without_auth();
        }
        if self.open {
            request = request.open();
        }
        request
    }
}

impl Options {
    fn cache_wishes(self) -> buttress_cache::Override {
        let wishes = buttress_cache::Override::new().mode(self.cache.unwrap_or_default());
        match self.fresh_for {
            Some(time) => wishes.fresh_for(time),
            None => wishes,
        }
    }
}
