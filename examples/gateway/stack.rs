//! The flags as layers. Each is put around what there is already, the innermost first.

use std::time::Duration;

use buttress::cache::CacheLayer;
use buttress::circuit_breaker::CircuitBreakerLayer;
use buttress::idempotency::IdempotencyKeyLayer;
use buttress::kernel::key::Authority;
use buttress::rate_limit::RateLimitLayer;
use buttress::retry::{Backoff, Budget, RetryLayer};
use buttress::retry_after::RetryAfterLayer;
use buttress::timeout::{DeadlineLayer, TimeoutLayer};
use buttress::transport::Transport;
use buttress::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderName, Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service, ServiceExt};

use crate::flags::{Excess, Flags, Pushback, Storing, millis};
use crate::store;

/// Retries a second that are allowed whatever the percentage.
const RETRIES_A_SECOND: u32 = 10;

/// How long a connection to the upstream is kept without use: less than the five seconds after which
/// Node's servers close it, for a request that is sent just then is lost.
const IDLE: Duration = Duration::from_secs(4);

/// What is addressed to gateways, the more specific first; browsers read neither.
const CDN: HeaderName = HeaderName::from_static("cdn-cache-control");
const SURROGATE: HeaderName = HeaderName::from_static("surrogate-control");

/// The longest body that a cache of any size keeps.
const LARGEST_ENTRY: u64 = 64 * 1024 * 1024;

/// The time over which a circuit breaker counts unless told otherwise.
const USUAL_WINDOW: Duration = Duration::from_secs(30);

/// The longest time for which a circuit stays open, however often its probes fail.
const LONGEST_OPEN: Duration = Duration::from_secs(300);

/// A stack of whatever layers the flags ask for.
pub(crate) type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Builds the stack; an error is a contradiction between flags.
pub(crate) async fn build(flags: &Flags) -> Result<Stack, BoxError> {
    check_limits(flags)?;
    let transport = Transport::builder().pool_idle_timeout(IDLE).build()?;
    let mut stack = erase(transport);
    if flags.timeout.is_some() || flags.body_idle.is_some() {
        let layer = TimeoutLayer::new(millis(flags.timeout)).body_idle(millis(flags.body_idle));
        stack = erase(layer.layer(stack));
    }
    if flags.breaker {
        stack = erase(breaker(flags)?.layer(stack));
    }
    if let Some(rate) = flags.rate {
        stack = erase(rate_limit(rate, flags)?.layer(stack));
    }
    if let Some(mode) = flags.retry_after {
        stack = erase(pushback(mode, millis(flags.max_hold)).layer(stack));
    }
    if let Some(auth) = flags.credentials.layer(&flags.upstream)? {
        stack = erase(auth.layer(stack));
    }
    if let Some(attempts) = flags.retry {
        stack = erase(retry(attempts, flags)?.layer(stack));
    }
    if let Some(kind) = flags.cache {
        stack = erase(cache(kind, flags).await?.layer(stack));
    }
    if flags.idempotency {
        stack = erase(IdempotencyKeyLayer::new().layer(stack));
    }
    if let Some(total) = millis(flags.total) {
        stack = erase(DeadlineLayer::new(total).layer(stack));
    }
    Ok(stack)
}

/// A limit that another one always cuts short is a mistake.
fn check_limits(flags: &Flags) -> Result<(), BoxError> {
    let within = [
        ("--timeout", flags.timeout),
        ("--body-idle", flags.body_idle),
    ];
    for (name, limit) in within {
        if flags.total.is_some() && limit > flags.total {
            return Err(format!("{name} is above --total, so it could never run out").into());
        }
    }
    let two_attempts = flags.timeout.map(|attempt| attempt.saturating_mul(2));
    if flags.breaker_window.is_some() && flags.breaker_window < two_attempts {
        return Err("--breaker-window is shorter than two attempts of --timeout, so that slow failures would be forgotten before they add up".into());
    }
    Ok(())
}

async fn cache(kind: Storing, flags: &Flags) -> Result<CacheLayer, BoxError> {
    let cache = match kind {
        Storing::Private => CacheLayer::private(),
        Storing::Shared => CacheLayer::shared().targets([CDN, SURROGATE]),
    };
    let cache = match flags.cache_size {
        // No entry may take all of it, or one response would drive out all others.
        Some(size) => cache
            .max_entry((size / 8).clamp(1, LARGEST_ENTRY))?
            .max_bytes(size)?,
        None => cache,
    };
    let cache = match &flags.cache_store {
        Some(store) => store::of(store, flags.cache_size).await?.keep(cache),
        None => cache,
    };
    let cache = match &flags.cache_secret {
        Some(_) if kind == Storing::Shared => {
            return Err("--cache-secret has no meaning with --cache shared, which does not tell users apart".into());
        }
        Some(place) => cache
            .partition_secret(store::secret(place)?)
            .map_err(|error| format!("--cache-secret: {error}"))?,
        None => cache,
    };
    Ok(cache.name("buttress")?)
}

fn retry(attempts: u32, flags: &Flags) -> Result<RetryLayer, BoxError> {
    let base = millis(flags.retry_base).unwrap_or(Duration::from_millis(100));
    let cap = millis(flags.retry_cap).unwrap_or(Duration::from_secs(20).max(base));
    let mut retry = RetryLayer::builder()
        .max_attempts(attempts)
        .backoff(Backoff::exponential(base).cap(cap));
    // A throttled request is not retried sooner than others, nor later than the cap allows.
    retry = retry.throttled_base(Duration::from_secs(1).clamp(base, cap.max(base)));
    if let Some(percent) = flags.retry_budget {
        retry = retry.budget(Budget::new(percent, RETRIES_A_SECOND)?);
    }
    Ok(retry.build()?)
}

/// What is not set stays as the layer has it, but for a window that is too short for `--timeout`.
fn breaker(flags: &Flags) -> Result<CircuitBreakerLayer, BoxError> {
    let mut breaker = CircuitBreakerLayer::builder();
    let two_attempts = millis(flags.timeout).map(|attempt| attempt.saturating_mul(2));
    let fitting = two_attempts.filter(|time| *time > USUAL_WINDOW);
    if let Some(window) = millis(flags.breaker_window).or(fitting) {
        breaker = breaker.window(window);
    }
    if let Some(calls) = flags.breaker_min {
        breaker = breaker.min_calls(calls);
    }
    if let Some(percent) = flags.breaker_rate {
        breaker = breaker.failure_rate(percent);
    }
    if let Some(failures) = flags.breaker_consecutive {
        breaker = breaker.consecutive(failures);
    }
    if let Some(open) = millis(flags.breaker_open) {
        breaker = breaker.open_for(open).max_open(open.max(LONGEST_OPEN));
    }
    if let Some(probes) = flags.breaker_probes {
        breaker = breaker.probes(probes);
    }
    Ok(breaker.build()?)
}

fn rate_limit(rate: u32, flags: &Flags) -> Result<RateLimitLayer<Authority>, BoxError> {
    let mut limit = RateLimitLayer::per_second(rate)?.key(Authority);
    if let Some(burst) = flags.burst {
        limit = limit.burst(burst)?;
    }
    match (flags.rate_mode, millis(flags.max_wait)) {
        (Excess::Reject, None) => Ok(limit.reject()),
        (Excess::Reject, Some(_)) => {
            Err("--max-wait has no meaning with --rate-mode reject: nobody waits there".into())
        }
        (Excess::Wait, Some(longest)) => Ok(limit.wait(longest)),
        (Excess::Wait, None) => Ok(limit),
    }
}

fn pushback(mode: Pushback, max_hold: Option<Duration>) -> RetryAfterLayer {
    let layer = match mode {
        Pushback::Hold => RetryAfterLayer::new(),
        Pushback::Reject => RetryAfterLayer::new().reject(),
        Pushback::Pace => RetryAfterLayer::new().pace(true),
    };
    match max_hold {
        Some(longest) => layer.max_hold(longest),
        None => layer,
    }
}

fn erase<S, R>(service: S) -> Stack
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let service = service.map_response(|response: Response<R>| response.map(Body::new));
    BoxCloneSyncService::new(service.map_err(Into::into))
}
