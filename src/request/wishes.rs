//! What a request wants otherwise than its client.

use std::time::Duration;

use buttress_kernel::{Explain, Partition};

use crate::RequestBuilder;
use crate::defaults::WithoutDefaults;
use crate::observe::Label;

impl RequestBuilder {
    /// Limits the time until each attempt's response head, in place of the client's limit.
    pub fn timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.timeouts(|o| o.head(limit))
    }

    /// Limits the time between two frames of the response's body, in place of the client's limit.
    pub fn body_idle(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.timeouts(|o| o.body_idle(limit))
    }

    /// Limits everything, the response's body included, in place of the client's limit.
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let total = buttress_timeout::TotalOverride::new(limit);
        self.extensions().insert(total);
        self
    }

    /// Takes a response from the client's cache, and stores it there, otherwise than the server says.
    pub fn cache(mut self, wishes: buttress_cache::Override) -> Self {
        self.extensions().insert(wishes);
        self
    }

    /// Counts a response as fresh for so long, whatever the server says, if the client has a cache.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        let mine = self.extensions().remove::<buttress_cache::Override>();
        self.cache(mine.unwrap_or_default().fresh_for(time))
    }

    /// Makes so many attempts at most, the first included, in place of the client's number. The
    /// request is refused before anything is sent when its body cannot be sent twice.
    pub fn retry(self, max_attempts: u32) -> Self {
        self.retries(|o| o.max_attempts(max_attempts))
    }

    /// Makes one attempt only.
    pub fn no_retry(self) -> Self {
        self.retries(|o| o.max_attempts(1))
    }

    /// Says that this request can be repeated without harm, or that it cannot, whatever its method.
    pub fn idempotent(self, idempotent: bool) -> Self {
        self.retries(|o| o.idempotent(idempotent))
    }

    /// Follows redirects otherwise than the client.
    pub fn redirects(mut self, policy: crate::redirect::Policy) -> Self {
        let own = crate::redirect::Override::new(policy);
        self.extensions().insert(own);
        self
    }

    /// Reads at most so many bytes of the response into memory, as
    /// [`Response::limit`](crate::Response::limit).
    pub fn limit(mut self, bytes: u64) -> Self {
        self.accepts.limit = bytes;
        self
    }

    /// Takes a 404 for an empty answer where the response is read as an `Option`: it is `None` then. For a
    /// text or bytes it stays an error, since an empty text is one: read an
    /// [`Optional`](crate::Optional) of it instead, which needs no wish. A type of yours decides by
    /// [`FromResponse::absent`](crate::FromResponse::absent).
    pub fn optional(mut self) -> Self {
        self.accepts.absent = true;
        self
    }

    /// Counts what is taken of the body, anew for each attempt. See [`progress`](crate::progress).
    pub fn progress(mut self, meter: crate::progress::Meter) -> Self {
        let upload = crate::progress::Upload::new(meter);
        self.extensions().insert(upload);
        self
    }

    /// Goes without the client's credentials, those among its default headers and what is
    /// [forwarded](crate::forward) of a user included. What the request itself carries stays.
    pub fn without_auth(mut self) -> Self {
        let without = buttress_auth::Override::without_auth();
        let extensions = self.extensions();
        extensions.insert(without);
        let defaults = extensions.get_or_insert_default::<WithoutDefaults>();
        defaults.drop_credentials();
        self
    }

    /// Goes with these credentials in place of the client's, and to the same origins: those of its
    /// [`auth`](crate::ClientBuilder::auth), else the base URI's. A client that has neither knows no origin
    /// that they belong to, and the request is refused before anything is sent.
    ///
    /// Give such a request a [`partition`](Self::partition) as well, so that what is stored for it is
    /// not found by others.
    pub fn credentials(mut self, credentials: impl Into<buttress_auth::Credentials>) -> Self {
        if !self.client.binds_credentials() {
            self.blame(
                "its credentials belong to an origin, and the client names none; set a `base_uri`, \
                 or the origins in a layer for `auth`",
            );
        }
        let other = buttress_auth::Override::with(credentials);
        self.extensions().insert(other);
        self
    }

    /// Where it stands among those that wait for a place: higher first, 0 unless set.
    pub fn priority(mut self, priority: i32) -> Self {
        let priority = buttress_priority::Priority(priority);
        self.extensions().insert(priority);
        self
    }

    /// Goes with an idempotency key that the client would not give it, or without the one that it would.
    pub fn idempotency(self, wishes: buttress_idempotency::Override) -> Self {
        self.extension(wishes)
    }

    /// Passes the client's rate limit otherwise: at another cost, without a wait, or not at all.
    pub fn rate_limit(self, wishes: buttress_rate_limit::Override) -> Self {
        self.extension(wishes)
    }

    /// Has the client's fallback stand in otherwise: not at all, or where it would not.
    pub fn fallback(self, wishes: buttress_fallback::Override) -> Self {
        self.extension(wishes)
    }

    /// Does not wait for a server that asked for a pause.
    pub fn ignore_retry_after(mut self) -> Self {
        let ignore = buttress_retry_after::Override::new().ignore();
        self.extensions().insert(ignore);
        self
    }

    /// Goes through an open circuit, and counts for nothing there.
    pub fn bypass_circuit_breaker(mut self) -> Self {
        let bypass = buttress_circuit_breaker::Override::new().bypass();
        self.extensions().insert(bypass);
        self
    }

    /// Has every layer write down what it decides; see [`Explain`].
    pub fn explain(mut self, explain: &Explain) -> Self {
        self.extensions().insert(explain.clone());
        self
    }

    /// Says whose credentials the request carries.
    pub fn partition(mut self, partition: Partition) -> Self {
        self.extensions().insert(partition);
        self
    }

    /// Names the request in events.
    pub fn label(mut self, label: &'static str) -> Self {
        self.extensions().insert(Label(label));
        self
    }

    /// Adds a typed extension: the override of a layer of yours, for instance.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions().insert(extension);
        self
    }

    fn timeouts(
        mut self,
        change: impl FnOnce(buttress_timeout::Override) -> buttress_timeout::Override,
    ) -> Self {
        let mine = self
            .extensions()
            .get_or_insert_default::<buttress_timeout::Override>();
        *mine = change(std::mem::take(mine));
        self
    }

    fn retries(
        mut self,
        change: impl FnOnce(buttress_retry::Override) -> buttress_retry::Override,
    ) -> Self {
        let mine = self
            .extensions()
            .get_or_insert_default::<buttress_retry::Override>();
        *mine = change(std::mem::take(mine));
        self
    }
}
