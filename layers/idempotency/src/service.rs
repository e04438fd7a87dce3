use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Entry, Explain};
use http::Request;
use tower_service::Service;

use crate::layer::Settings;

/// Adds an idempotency key; see [`IdempotencyKeyLayer`](crate::IdempotencyKeyLayer).
///
/// Readiness, response, error and future are those of the inner service.
#[derive(Clone, Debug)]
pub struct IdempotencyKey<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> IdempotencyKey<S> {
    pub(crate) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B> Service<Request<B>> for IdempotencyKey<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if self.settings.apply(&mut request)
            && let Some(explain) = Explain::of(request.extensions())
        {
            let now = tokio::time::Instant::now().into_std();
            explain.record(Entry::new("idempotency", "added a key", now, now));
        }
        self.inner.call(request)
    }
}
