//! The standard stack, in its order.

use std::time::Duration;

use buttress_auth::AuthLayer;
use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_idempotency::IdempotencyKeyLayer;
use buttress_kernel::key::Authority;
use buttress_kernel::{Body, BoxError};
use buttress_priority::PriorityLayer;
use buttress_rate_limit::RateLimitLayer;
use buttress_retry::RetryLayer;
use buttress_retry_after::RetryAfterLayer;
use buttress_timeout::body::UploadBody;
use buttress_timeout::{DeadlineLayer, TimeoutLayer};
use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_service::Service;

use crate::InvalidClient;
use crate::builder::Wrap;
use crate::client::{Erased, erase};
#[cfg(feature = "decompression")]
use crate::decompression::DecompressionLayer;
use crate::defaults::DefaultHeadersLayer;
use crate::observe::ObserveLayer;
use crate::redirect::RedirectLayer;

/// The time limits of a client.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) head: Option<Duration>,
    /// Whether `head` was asked for; the default gives way to a shorter total.
    pub(crate) head_is_set: bool,
    pub(crate) body_idle: Option<Duration>,
    /// The same of `body_idle`.
    pub(crate) body_idle_is_set: bool,
    pub(crate) upload_idle: Option<Duration>,
    pub(crate) total: Option<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Some(Duration::from_secs(30)),
            head_is_set: false,
            // So that no call of a client as it comes waits for ever.
            body_idle: Some(Duration::from_secs(30)),
            body_idle_is_set: false,
            upload_idle: None,
            total: None,
        }
    }
}

impl Limits {
    /// No limit of a part may be above the limit of the whole.
    pub(crate) fn check(&self) -> Result<(), InvalidClient> {
        let parts = [
            (
                "timeout of one attempt",
                self.head.filter(|_| self.head_is_set),
            ),
            (
                "limit between body frames",
                self.body_idle.filter(|_| self.body_idle_is_set),
            ),
            ("limit between frames of an upload", self.upload_idle),
        ];
        let mut all = parts.into_iter().chain([("total", self.total)]);
        if let Some((what, _)) = all.find(|(_, limit)| *limit == Some(Duration::ZERO)) {
            return Err(InvalidClient::contradiction(format!(
                "the {what} is zero, so no call could end in time; `None` is no limit"
            )));
        }
        let Some(total) = self.total else {
            return Ok(());
        };
        for (what, limit) in parts {
            if let Some(limit) = limit.filter(|limit| *limit > total) {
                return Err(InvalidClient::contradiction(format!(
                    "the {what} ({limit:?}) is above the total ({total:?}), so it could never run \
                     out; lower it or raise the total"
                )));
            }
        }
        Ok(())
    }
}

impl Limits {
    /// A circuit breaker must remember two attempts that time out: over a shorter window, failures
    /// that slow never add up. The two defaults may stand beside each other.
    pub(crate) fn check_window(&self, breaker: &CircuitBreakerLayer) -> Result<(), InvalidClient> {
        let (Some(window), Some(attempt)) = (breaker.window(), self.longest_attempt()) else {
            return Ok(());
        };
        let asked_for = breaker.is_window_explicit() || self.head_is_set;
        if asked_for && window < attempt.saturating_mul(2) {
            return Err(InvalidClient::contradiction(format!(
                "the circuit breaker's window ({window:?}) is shorter than two attempts that time \
                 out ({attempt:?} each), so slow failures would be forgotten before they add up; \
                 widen the window or lower the timeout"
            )));
        }
        Ok(())
    }

    fn longest_attempt(&self) -> Option<Duration> {
        let limits = self.head.into_iter().chain(self.total);
        limits.min()
    }
}

/// What the standard stack is made of; `None` leaves a layer out.
pub(crate) struct Layers {
    pub(crate) defaults: DefaultHeadersLayer,
    pub(crate) limits: Limits,
    pub(crate) cache: Option<CacheLayer>,
    pub(crate) retry: Option<RetryLayer>,
    pub(crate) auth: Option<AuthLayer>,
    pub(crate) retry_after: Option<RetryAfterLayer>,
    pub(crate) rate_limit: Option<RateLimitLayer<Authority>>,
    pub(crate) priority: Option<PriorityLayer<Authority>>,
    pub(crate) circuit_breaker: Option<CircuitBreakerLayer>,
    pub(crate) idempotency: Option<IdempotencyKeyLayer>,
    pub(crate) redirects: RedirectLayer,
    pub(crate) fallback: Option<Wrap>,
    #[cfg(feature = "decompression")]
    pub(crate) decompression: DecompressionLayer,
}

/// The standard stack over `transport`, outermost first.
///
/// The guide's chapter on ordering gives the reason for each place, and what every inversion means.
pub(crate) fn standard<S, R>(layers: Layers, transport: S) -> Erased
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Limits {
        head,
        body_idle,
        upload_idle,
        ..
    } = layers.limits;
    let attempt = TimeoutLayer::new(head).body_idle(body_idle);
    match upload_idle {
        // Who does not finish what is sent for him must not make the server look slow to everybody.
        None => over_attempts(layers, attempt.watch_source().layer(transport)),
        // Uploads are watched from inside their bodies, which are of another type then.
        Some(limit) => {
            let watched = |request: Request<UploadBody<Body>>| request.map(Body::new);
            let transport = transport.map_request(watched);
            over_attempts(layers, attempt.upload_idle(limit).layer(transport))
        }
    }
}

/// What happens once for each attempt, and what decides how many there are.
fn over_attempts<S, R>(layers: Layers, attempt: S) -> Erased
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let calls = ServiceBuilder::new()
        .option_layer(layers.retry)
        // Inside retry, so that a token that ended during a backoff is not sent.
        .option_layer(layers.auth)
        // Inside retry, so that every attempt of every call honours the server's wish.
        .option_layer(layers.retry_after)
        // Inside the gate, so that a hold never ends in a stampede; inside retry, so that every
        // attempt pays.
        .option_layer(layers.rate_limit)
        // Inside the limit, so that whoever waits for a token takes no place.
        .option_layer(layers.priority)
        // Inside everything that waits: our own queues must not look like a slow server.
        .option_layer(layers.circuit_breaker)
        // Innermost, the timeout of one attempt: the breaker must see it, and it times the server
        // alone.
        .service(attempt);
    let outer = Outer {
        defaults: layers.defaults,
        total: layers.limits.total,
        idempotency: layers.idempotency,
        redirects: layers.redirects,
        fallback: layers.fallback,
        #[cfg(feature = "decompression")]
        decompression: layers.decompression,
    };
    match layers.cache {
        None => outer.over(calls),
        // Outside retry: a hit costs no token, no attempt and no wait. Its bodies are of another type.
        Some(cache) => outer.over(cache.layer(calls)),
    }
}

/// What happens once for each call.
struct Outer {
    defaults: DefaultHeadersLayer,
    total: Option<Duration>,
    idempotency: Option<IdempotencyKeyLayer>,
    redirects: RedirectLayer,
    fallback: Option<Wrap>,
    #[cfg(feature = "decompression")]
    decompression: DecompressionLayer,
}

impl Outer {
    fn over<S, R>(self, calls: S) -> Erased
    where
        S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        // Outside the cache, which keeps what the server sent.
        #[cfg(feature = "decompression")]
        let calls = self.decompression.layer(calls);
        let calls = ServiceBuilder::new()
            // Outside everything that belongs to an origin: each hop is a request of its own below.
            .layer(self.redirects)
            .layer(self.defaults)
            .service(calls);
        // Outside redirects, retry and the fallback, so that all hops, all attempts and a substitute carry the
        // same key.
        let keys = ServiceBuilder::new().option_layer(self.idempotency);
        match self.fallback {
            None => outermost(self.total, keys.service(calls)),
            // Outside everything that makes the call one for this origin, since the substitute may be
            // elsewhere; inside the total, which it must not outlast.
            Some(fallback) => outermost(self.total, keys.service(fallback(erase(calls)))),
        }
    }
}

fn outermost<S, R>(total: Option<Duration>, calls: S) -> Erased
where
    S: Service<Request<Body>, Response = Response<R>, Error = BoxError>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let stack = ServiceBuilder::new()
        // Sees each call once, whatever happens inside.
        .layer(ObserveLayer::new())
        // One instant for everything below, backoff, holds, hops and the body included.
        .layer(DeadlineLayer::new(total))
        .service(calls);
    erase(stack)
}
