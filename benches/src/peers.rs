//! tower's own layers, for comparison.

use std::future::Ready;
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Replay};
use http::{Request, Response};
use tower::limit::ConcurrencyLimitLayer;
use tower::retry::{Policy, RetryLayer};
use tower::timeout::TimeoutLayer;

/// tower's time limit.
#[must_use]
pub const fn timeout() -> TimeoutLayer {
    TimeoutLayer::new(Duration::from_secs(30))
}

/// tower's limit of concurrent calls.
#[must_use]
pub const fn concurrency_limit() -> ConcurrencyLimitLayer {
    ConcurrencyLimitLayer::new(64)
}

/// tower's retry, with a policy that keeps a clone of the request.
#[must_use]
pub const fn retry() -> RetryLayer<Cloning> {
    RetryLayer::new(Cloning)
}

/// Keeps a clone of every request, and repeats a call that a server failed.
#[derive(Clone, Copy, Debug)]
pub struct Cloning;

impl Policy<Request<Body>, Response<Body>, BoxError> for Cloning {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Body>,
        result: &mut Result<Response<Body>, BoxError>,
    ) -> Option<Ready<()>> {
        let failed = result
            .as_ref()
            .map_or(true, |response| response.status().is_server_error());
        failed.then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        // `Body` has no `Clone`; for one without content this comes to the same.
        let body = request.body().can_replay().then(Body::empty)?;
        let mut clone = Request::new(body);
        clone.method_mut().clone_from(request.method());
        clone.uri_mut().clone_from(request.uri());
        clone.headers_mut().clone_from(request.headers());
        clone.extensions_mut().clone_from(request.extensions());
        *clone.version_mut() = request.version();
        Some(clone)
    }
}
