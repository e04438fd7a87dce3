use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{BoxError, Explain, Replay};
use http::{Extensions, Request, Response};
use tokio::time::Instant;
use tower_service::Service;

use crate::call::Call;
use crate::future::ResponseFuture;
use crate::layer::Shared;
use crate::{Override, record};

/// A service that sends requests again; made by [`RetryLayer`](crate::RetryLayer).
///
/// A request that can be sent once only (its body cannot [`Replay`], or one attempt is all it may
/// have) goes straight to the inner service. For any other, the inner service that was ready is kept
/// for later attempts and a clone of it takes its place here; it is asked anew whether it is ready
/// right before every attempt, and never while a retry waits.
pub struct Retry<S, K = Authority> {
    inner: S,
    shared: Arc<Shared<K>>,
}

impl<S, K> Retry<S, K> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared<K>>) -> Self {
        Self { inner, shared }
    }

    fn may_repeat(&self, extensions: &Extensions) -> bool {
        let asked = Override::of(extensions).and_then(Override::attempts);
        asked.unwrap_or(self.shared.settings.max_attempts) > 1
    }
}

impl<S, B, R, K> Service<Request<B>> for Retry<S, K>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body,
    K: KeyExtractor<Request<B>>,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, R, K>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let repeats = self.may_repeat(request.extensions());
        let Some(copy) = repeats.then(|| request.body_mut().replay()).flatten() else {
            record::sent_once(Explain::of(request.extensions()));
            return ResponseFuture::once(self.inner.call(request));
        };
        let now = Instant::now().into_std();
        let key = self.shared.key.extract(&request);
        self.shared.budget.deposit(&key, now);
        drop(key);

        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        let mut call = Call::new(ready, Arc::clone(&self.shared), &request, copy);
        ResponseFuture::repeatable(call.service.call(request), call)
    }
}

impl<S: Clone, K> Clone for Retry<S, K> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.shared))
    }
}

impl<S: fmt::Debug, K> fmt::Debug for Retry<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("inner", &self.inner)
            .field("shared", &self.shared)
            .finish()
    }
}
