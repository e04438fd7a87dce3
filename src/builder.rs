use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_auth::{AuthLayer, Credentials, Origins};
use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_fallback::FallbackLayer;
use buttress_fallback::substitute::Substitute;
use buttress_idempotency::IdempotencyKeyLayer;
use buttress_kernel::key::Authority;
use buttress_kernel::{Body, BoxError};
use buttress_priority::PriorityLayer;
use buttress_rate_limit::RateLimitLayer;
use buttress_retry::RetryLayer;
use buttress_retry_after::RetryAfterLayer;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::{Erased, erase};
#[cfg(feature = "decompression")]
use crate::decompression::DecompressionLayer;
use crate::defaults::DefaultHeadersLayer;
use crate::observers::Observers;
use crate::pipeline::{self, Layers, Limits};
use crate::progress;
use crate::redirect::{self, RedirectLayer};
use crate::transport::{Transport, TransportBuilder};
use crate::{BaseUri, Client, InvalidClient};

/// Sets a [`Client`] up: settings of the standard stack, layers of yours, and the transport.
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

/// A layer of the user's, its type forgotten.
pub(crate) type Wrap = Box<dyn FnOnce(Erased) -> Erased + Send>;

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

    /// The URI under which relative paths lie; its path is a prefix.
    pub fn base_uri(mut self, uri: impl AsRef<str>) -> Self {
        match uri.as_ref().parse() {
            Ok(base) => self.base = Some(base),
            Err(fault) => self.blame(InvalidClient::base_uri(fault)),
        }
        self
    }

    /// A header for every request that does not bring its own. Credentials go to the base URI's
    /// origin alone; see [`DefaultHeadersLayer`].
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => self.defaults = self.defaults.header(name, value),
            Err(fault) => self.blame(InvalidClient::header(fault)),
        }
        self
    }

    /// A header for the requests that `condition` picks by method and URI.
    pub fn header_when<N, V, F>(mut self, name: N, value: V, condition: F) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
        F: Fn(&Method, &Uri) -> bool + Send + Sync + 'static,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => {
                self.defaults = self.defaults.header_when(name, value, condition);
            }
            Err(fault) => self.blame(InvalidClient::header(fault)),
        }
        self
    }

    /// A cookie for every request to the base URI's origin that brings no `Cookie` header. All
    /// cookies go into one header (RFC 6265 §4.2.1); there is no jar.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        if crate::header::is_cookie(name, value) {
            let separator = if self.cookies.is_empty() { "" } else { "; " };
            self.cookies += &format!("{separator}{name}={value}");
        } else {
            self.blame(InvalidClient::cookie(name));
        }
        self
    }

    /// The time until each attempt's response head: 30 s unless set, `None` for no limit.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.head = limit.into();
        self.limits.head_is_set = true;
        self
    }

    /// The time in which nothing of a response's body comes: 30 s unless set, `None` for no limit. Only the
    /// time in which somebody waits for it counts. Set it higher, or off, for streams of events that may be
    /// silent for long.
    pub fn body_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.body_idle = limit.into();
        self.limits.body_idle_is_set = true;
        self
    }

    /// The time in which the server may take nothing of a request's body: no limit unless set. A body of
    /// yours that is slow to come does not count.
    pub fn upload_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.upload_idle = limit.into();
        self
    }

    /// The time for everything: waiting, all attempts, and the response's body. No limit unless set.
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.total = limit.into();
        self
    }

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

    /// Adds a layer outside everything: it sees each call once, with its URI absolute. Of several
    /// the first added is the outermost, so requests meet them in order and responses in reverse.
    ///
    /// Each such layer costs one box a call; a whole stack of your own
    /// ([`Client::from_service`]) costs none.
    ///
    /// ```
    /// use buttress::{Body, Client};
    /// use tower::util::MapRequestLayer;
    ///
    /// let client = Client::builder()
    ///     .layer(MapRequestLayer::new(|mut request: http::Request<Body>| {
    ///         request.headers_mut().insert("x-request-id", "7".parse().unwrap());
    ///         request
    ///     }))
    ///     .build()?;
    /// # let _ = client;
    /// # Ok::<_, buttress::InvalidClient>(())
    /// ```
    pub fn layer<L, R>(mut self, layer: L) -> Self
    where
        L: Layer<Erased> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.outer
            .push(Box::new(move |inner| erase(layer.layer(inner))));
        self
    }

    /// Adds a layer inside retry and outside the transport: it sees each attempt. Of several the first
    /// added is the outermost.
    pub fn attempt_layer<L, R>(mut self, layer: L) -> Self
    where
        L: Layer<Erased> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.attempt
            .push(Box::new(move |inner| erase(layer.layer(inner))));
        self
    }

    /// How connections are made and kept.
    pub fn transport(mut self, transport: TransportBuilder) -> Self {
        self.transport = transport;
        self
    }

    /// Builds the client over a transport.
    ///
    /// # Errors
    ///
    /// When a setting was wrong, when two contradict one another, or when the transport cannot be
    /// made (no certificate authority to trust, for instance). The error says which rule was broken.
    pub fn build(mut self) -> Result<Client, InvalidClient> {
        self.check()?;
        let transport = self.transport.build().map_err(InvalidClient::transport)?;
        Ok(self.over(transport))
    }

    /// Builds the client over a service of your own in the transport's place: one that counts, one
    /// that answers from a script, or another client.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), but for the transport's.
    pub fn build_over<S, R>(mut self, service: S) -> Result<Client, InvalidClient>
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.check()?;
        Ok(self.over(service))
    }

    /// The first setting that was wrong, or the first two that contradict one another.
    fn check(&mut self) -> Result<(), InvalidClient> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let has_cookie = self.defaults.holds(&header::COOKIE);
        if has_cookie && !self.cookies.is_empty() {
            return Err(InvalidClient::contradiction(
                "cookies are set by `cookie` and by a default header `cookie`; use one of them"
                    .into(),
            ));
        }
        let homeless = self.defaults.homeless().filter(|_| self.base.is_none());
        let cookies = (!self.cookies.is_empty() && self.base.is_none()).then_some(&header::COOKIE);
        if let Some(name) = homeless.or(cookies) {
            return Err(InvalidClient::contradiction(format!(
                "the default header `{name}` is a credential, and without a base URI there is no \
                 origin that it belongs to; set one with `base_uri`"
            )));
        }
        self.bind_credentials()?;
        self.limits.check()?;
        match &self.circuit_breaker {
            Some(breaker) => self.limits.check_window(breaker),
            None => Ok(()),
        }
    }

    /// Makes a layer of credentials that are for the base URI's origin.
    fn bind_credentials(&mut self) -> Result<(), InvalidClient> {
        let origin = self.base.as_ref().map(ToString::to_string);
        let origin = origin.and_then(|base| Origins::only(base).ok());
        let Some(credentials) = self.credentials.take() else {
            // A request may bring its own.
            let bound = || origin.map(|origin| AuthLayer::new(Credentials::none(), origin));
            self.auth = self.auth.take().or_else(bound);
            return Ok(());
        };
        if self.auth.is_some() {
            return Err(InvalidClient::contradiction(
                "credentials are set by `credentials` and by `auth`; use one of them".into(),
            ));
        }
        let origin = origin.ok_or_else(|| {
            InvalidClient::contradiction(
                "credentials belong to an origin, and there is no base URI; set one with \
                 `base_uri`, or name the origins in a layer for `auth`"
                    .into(),
            )
        })?;
        self.auth = Some(AuthLayer::new(credentials, origin));
        Ok(())
    }

    fn over<S, R>(self, transport: S) -> Client
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let base = self.base.map(Arc::new);
        let binds_credentials = self.auth.is_some();
        let layers = Layers {
            defaults: with_cookies(self.defaults, &self.cookies, base.as_deref()),
            limits: self.limits,
            cache: self.cache,
            retry: self.retry,
            auth: self.auth,
            retry_after: self.retry_after,
            rate_limit: self.rate_limit,
            priority: self.priority,
            circuit_breaker: self.circuit_breaker,
            idempotency: self.idempotency,
            redirects: RedirectLayer::new(self.redirects),
            fallback: self.fallback,
            #[cfg(feature = "decompression")]
            decompression: if self.decompression {
                DecompressionLayer::new()
            } else {
                DecompressionLayer::off()
            },
        };
        tracing::debug!(
            base_uri = base.as_ref().map(tracing::field::display),
            cache = layers.cache.is_some(),
            retry = layers.retry.is_some(),
            auth = layers.auth.is_some(),
            retry_after = layers.retry_after.is_some(),
            rate_limit = layers.rate_limit.is_some(),
            priority = layers.priority.is_some(),
            circuit_breaker = layers.circuit_breaker.is_some(),
            idempotency = layers.idempotency.is_some(),
            fallback = layers.fallback.is_some(),
            "client built",
        );
        // Where the bytes leave: below whatever signs or digests a body.
        let transport = transport.map_request(progress::count_upload);
        // Without layers of the user's the whole stack is erased once, at its top.
        let stack = if self.attempt.is_empty() {
            pipeline::standard(layers, transport)
        } else {
            let wrapped = wrap(erase(transport), self.attempt);
            pipeline::standard(layers, wrapped)
        };
        let stack = wrap(stack, self.outer);
        let stack = match self.observers {
            None => stack,
            Some(observers) => erase(observers.under(base.clone()).layer(stack)),
        };
        Client::over(base, stack, binds_credentials)
    }

    /// Remembers the first fault.
    fn blame(&mut self, fault: InvalidClient) {
        self.fault.get_or_insert(fault);
    }
}

/// The first layer that was added is the outermost, so the last one is put on first.
fn wrap(service: Erased, layers: Vec<Wrap>) -> Erased {
    layers
        .into_iter()
        .rev()
        .fold(service, |inner, layer| layer(inner))
}

fn with_cookies(
    defaults: DefaultHeadersLayer,
    cookies: &str,
    home: Option<&BaseUri>,
) -> DefaultHeadersLayer {
    let defaults = match home {
        Some(home) => defaults.home(home.clone()),
        None => defaults,
    };
    // Every cookie was checked when it was added, so together they are a header value.
    match HeaderValue::from_str(cookies) {
        Ok(mut value) if !cookies.is_empty() => {
            value.set_sensitive(true);
            defaults.header(header::COOKIE, value)
        }
        _ => defaults,
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
