use std::fmt;

use buttress_auth::{AuthLayer, Credentials};
use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_idempotency::IdempotencyKeyLayer;
use buttress_kernel::key::Authority;
use buttress_priority::PriorityLayer;
use buttress_rate_limit::RateLimitLayer;
use buttress_retry::RetryLayer;
use buttress_retry_after::RetryAfterLayer;

use crate::defaults::DefaultHeadersLayer;
use crate::observers::Observers;
use crate::pipeline::Limits;
use crate::transport::{Transport, TransportBuilder};
use crate::{BaseUri, InvalidClient, redirect};

mod build;
mod defaults;
mod layers;
mod limits;
mod own;

pub(crate) use self::own::Wrap;

/// Sets a [`Client`](crate::Client) up: settings of the standard stack, layers of yours, and the transport.
///
/// The first setting that is wrong is told by [`build`](Self::build), which also refuses settings that
/// contradict one another. The order of the stack is `pipeline::standard`'s, and the guide says why.
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    base: Option<BaseUri>,
    defaults: DefaultHeadersLayer,
    cookies: String,
    limits: Limits,
    cache: Option<CacheLayer>,
    retry: Option<RetryLayer>,
    credentials: Option<Credentials>,
    auth: Option<AuthLayer>,
    /// Whether credentials were given; without them there may be a layer for those of single requests.
    has_credentials: bool,
    retry_after: Option<RetryAfterLayer>,
    rate_limit: Option<RateLimitLayer<Authority>>,
    priority: Option<PriorityLayer<Authority>>,
    circuit_breaker: Option<CircuitBreakerLayer>,
    idempotency: Option<IdempotencyKeyLayer>,
    redirects: redirect::Policy,
    fallback: Option<Wrap>,
    #[cfg(feature = "decompression")]
    decompression: bool,
    outer: Vec<Wrap>,
    attempt: Vec<Wrap>,
    observers: Option<Observers>,
    transport: TransportBuilder,
    fault: Option<InvalidClient>,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            base: None,
            defaults: DefaultHeadersLayer::new(),
            cookies: String::new(),
            limits: Limits::default(),
            cache: None,
            retry: Some(RetryLayer::new()),
            credentials: None,
            auth: None,
            has_credentials: false,
            retry_after: Some(RetryAfterLayer::new()),
            rate_limit: None,
            priority: None,
            circuit_breaker: None,
            idempotency: None,
            redirects: redirect::Policy::none(),
            fallback: None,
            #[cfg(feature = "decompression")]
            decompression: false,
            outer: Vec::new(),
            attempt: Vec::new(),
            observers: None,
            transport: Transport::builder(),
            fault: None,
        }
    }

    /// Remembers the first fault.
    fn blame(&mut self, fault: InvalidClient) {
        self.fault.get_or_insert(fault);
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("base", &self.base)
            .field("defaults", &self.defaults)
            .field("limits", &self.limits)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
