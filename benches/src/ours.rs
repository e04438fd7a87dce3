//! Our layers, as they come.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress_auth::{AuthLayer, Credential, Credentials, Origins, Token, Tokens};
use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_idempotency::IdempotencyKeyLayer;
use buttress_kernel::key::{Authority, Shared};
use buttress_priority::mode::UntilBodyEnd;
use buttress_priority::{Equal, PriorityLayer};
use buttress_rate_limit::RateLimitLayer;
use buttress_retry::RetryLayer;
use buttress_retry_after::RetryAfterLayer;
use buttress_timeout::{DeadlineLayer, TimeoutLayer};
use bytes::Bytes;
use http::Response;

use crate::traffic::{SIX_HEADERS, Traffic};

/// 30 seconds for an attempt.
#[must_use]
pub fn timeout() -> TimeoutLayer {
    TimeoutLayer::new(Duration::from_secs(30))
}

/// 60 seconds for a call.
#[must_use]
pub fn deadline() -> DeadlineLayer {
    DeadlineLayer::new(Duration::from_secs(60))
}

/// No limit for a call, as in a client of which none was asked.
#[must_use]
pub fn no_deadline() -> DeadlineLayer {
    DeadlineLayer::none()
}

/// Three attempts.
#[must_use]
pub fn retry() -> RetryLayer {
    RetryLayer::new()
}

/// The gate.
#[must_use]
pub fn retry_after() -> RetryAfterLayer {
    RetryAfterLayer::new()
}

/// The breaker, its circuit closed.
#[must_use]
pub fn circuit_breaker() -> CircuitBreakerLayer {
    CircuitBreakerLayer::new()
}

/// The same, where it matters how long a call takes.
///
/// # Panics
///
/// Never: the settings are valid.
#[must_use]
pub fn timing_circuit_breaker() -> CircuitBreakerLayer {
    let builder = CircuitBreakerLayer::builder().slow_calls(Duration::from_secs(5), 50);
    builder.build().expect("good settings")
}

/// So many requests a second that none ever waits.
#[must_use]
pub fn rate_limit() -> RateLimitLayer {
    let rate = RateLimitLayer::per_second(1_000_000_000);
    rate.unwrap_or_else(|_| unreachable!("a thousand million a second can be counted"))
}

/// The same for each server.
#[must_use]
pub fn keyed_rate_limit() -> RateLimitLayer<Authority> {
    rate_limit().key(Authority)
}

/// As many requests at once as tower's limit here allows.
#[must_use]
pub fn priority() -> PriorityLayer {
    let limit = PriorityLayer::new(64);
    limit.unwrap_or_else(|_| unreachable!("64 can be counted"))
}

/// The same for each server.
#[must_use]
pub fn keyed_priority() -> PriorityLayer<Authority> {
    priority().key(Authority)
}

/// The same, where a response's body counts as well.
#[must_use]
pub fn whole_priority() -> PriorityLayer<Shared, Equal, UntilBodyEnd> {
    priority().until_body_end()
}

/// A key for requests that need one.
#[must_use]
pub fn idempotency() -> IdempotencyKeyLayer {
    IdempotencyKeyLayer::new()
}

/// A cache with nothing in it.
#[must_use]
pub fn cache() -> CacheLayer {
    CacheLayer::private()
}

/// A cache that holds the answer to this traffic, of so many bytes.
///
/// # Panics
///
/// Never: memory answers at once, and the answer may be stored.
#[must_use]
pub fn full_cache(traffic: Traffic, bytes: usize) -> CacheLayer {
    let layer = CacheLayer::private();
    let handle = layer.handle();
    let mut response = Response::new(Bytes::from(vec![b'x'; bytes]));
    response.headers_mut().clone_from(&SIX_HEADERS);
    response.headers_mut().remove("content-length");
    let key = handle.key(&traffic.request());
    let mut set = pin!(handle.set(&key, response, Duration::from_secs(3_600)));
    let done = set.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(done, Poll::Ready(true), "stored");
    layer
}

/// A bearer token that stays as it is, in place of the one that the request has.
#[must_use]
pub fn bearer() -> AuthLayer {
    let credential = Credential::bearer(SECRET);
    auth(credential.unwrap_or_else(|_| unreachable!("it is one word")))
}

/// A token of a source, an hour from its end, in place of the one that the request has.
#[must_use]
pub fn token() -> AuthLayer {
    let token = || Token::new(SECRET).map(|token| token.expires_in(Duration::from_secs(3_600)));
    let tokens = Tokens::new(move || async move { token() });
    // The calls are made in one turn each, and a source is asked in a task of its own.
    let set = token().and_then(|token| tokens.handle().set(token));
    set.unwrap_or_else(|_| unreachable!("it is one word"));
    auth(tokens)
}

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn auth(credentials: impl Into<Credentials>) -> AuthLayer {
    let api = Origins::only("https://api.example.com");
    let api = api.unwrap_or_else(|_| unreachable!("it is one"));
    AuthLayer::new(credentials, api).overwrite(true)
}
