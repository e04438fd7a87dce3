//! The layers of the standard stack.

use buttress_auth::{AuthLayer, Credentials};
use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_fallback::FallbackLayer;
use buttress_fallback::substitute::Substitute;
use buttress_idempotency::IdempotencyKeyLayer;
use buttress_kernel::Body;
use buttress_kernel::key::Authority;
use buttress_priority::PriorityLayer;
use buttress_rate_limit::RateLimitLayer;
use buttress_retry::RetryLayer;
use buttress_retry_after::RetryAfterLayer;
use tower_layer::Layer;

use super::ClientBuilder;
use crate::client::erase;
use crate::observers::Observers;
use crate::redirect;

impl ClientBuilder {
    /// What is answered from a store: nothing unless set.
    ///
    /// ```
    /// use buttress::{CacheLayer, Client};
    ///
    /// let client = Client::builder().cache(CacheLayer::private()).build()?;
    /// # let _ = client;
    /// # Ok::<_, buttress::InvalidClient>(())
    /// ```
    pub fn cache(mut self, cache: impl Into<Option<CacheLayer>>) -> Self {
        self.cache = cache.into();
        self
    }

    /// How calls are retried: [`RetryLayer::new`] unless set, `None` for not at all.
    pub fn retry(mut self, retry: impl Into<Option<RetryLayer>>) -> Self {
        self.retry = retry.into();
        self
    }

    /// Credentials for requests to the base URI's origin, and to no other. A token that the server
    /// rejects is replaced, and the request sent once more. For those of a single request see
    /// [`RequestBuilder::credentials`](crate::RequestBuilder::credentials).
    ///
    /// ```
    /// use buttress::{Client, Credential};
    ///
    /// let client = Client::builder()
    ///     .base_uri("https://api.example.com")
    ///     .credentials(Credential::bearer("3f9a2c71")?)
    ///     .build()?;
    /// # let _ = client;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn credentials(mut self, credentials: impl Into<Credentials>) -> Self {
        self.credentials = Some(credentials.into());
        self
    }

    /// The same with settings of your own, for origins that the layer names.
    pub fn auth(mut self, auth: impl Into<Option<AuthLayer>>) -> Self {
        self.auth = auth.into();
        self
    }

    /// How a server's wish for a pause is honoured: [`RetryAfterLayer::new`] unless set, `None` for
    /// not at all.
    pub fn retry_after(mut self, retry_after: impl Into<Option<RetryAfterLayer>>) -> Self {
        self.retry_after = retry_after.into();
        self
    }

    /// How fast requests go out, each attempt counted: without a limit unless set.
    ///
    /// ```
    /// use buttress::{Client, RateLimitLayer, kernel::key::Authority};
    ///
    /// let ten_a_second = RateLimitLayer::per_second(10)?.key(Authority);
    /// let client = Client::builder().rate_limit(ten_a_second).build()?;
    /// # let _ = client;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimitLayer<Authority>>>) -> Self {
        self.rate_limit = limit.into();
        self
    }

    /// How many requests each server gets at once; the others wait, the most urgent goes first:
    /// without a bound unless set.
    ///
    /// ```
    /// use buttress::{Client, PriorityLayer, kernel::key::Authority};
    ///
    /// let three_at_once = PriorityLayer::new(3)?.key(Authority);
    /// let client = Client::builder().priority(three_at_once).build()?;
    /// # let _ = client;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn priority(mut self, priority: impl Into<Option<PriorityLayer<Authority>>>) -> Self {
        self.priority = priority.into();
        self
    }

    /// Whether a server that keeps failing is left alone for a while: not unless set.
    ///
    /// A window that two attempts of [`timeout`](Self::timeout) do not fit into is refused by
    /// [`build`](Self::build).
    pub fn circuit_breaker(mut self, breaker: impl Into<Option<CircuitBreakerLayer>>) -> Self {
        self.circuit_breaker = breaker.into();
        self
    }

    /// Whether POST and PATCH requests get an `Idempotency-Key` of their own, the same on all
    /// attempts, so that they can be retried: not unless set, since the server must know the header.
    pub fn idempotency_keys(self, added: bool) -> Self {
        self.idempotency(added.then(IdempotencyKeyLayer::new))
    }

    /// The same with settings of your own.
    pub fn idempotency(mut self, layer: impl Into<Option<IdempotencyKeyLayer>>) -> Self {
        self.idempotency = layer.into();
        self
    }

    /// Asks for compressed responses and unpacks them; off unless set. See
    /// [`decompression`](crate::decompression).
    #[cfg(feature = "decompression")]
    pub fn decompression(mut self, on: bool) -> Self {
        self.decompression = on;
        self
    }

    /// Follows redirects; none unless set, so that a 3xx is a response. See [`redirect`].
    pub fn redirects(mut self, policy: redirect::Policy) -> Self {
        self.redirects = policy;
        self
    }

    /// What is answered when everything else has failed: nothing unless set.
    ///
    /// ```
    /// use buttress::Client;
    /// use buttress::fallback::FallbackLayer;
    ///
    /// let no_flags = http::Response::new("[]".into());
    /// let client = Client::builder().fallback(FallbackLayer::value(no_flags)).build()?;
    /// # let _ = client;
    /// # Ok::<_, buttress::InvalidClient>(())
    /// ```
    pub fn fallback<T>(mut self, fallback: FallbackLayer<T>) -> Self
    where
        T: Substitute<Body, Kept: Send, Future: Send> + Send + Sync + 'static,
    {
        self.fallback = Some(Box::new(move |inner| erase(fallback.layer(inner))));
        self
    }

    /// Tells observers of each call, layers of yours included; their patterns lie under the base URI.
    pub fn observers(mut self, observers: &Observers) -> Self {
        self.observers = Some(observers.clone());
        self
    }
}
