use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use buttress_kernel::BoxError;
use tower_layer::Layer;
use tower_service::Service;

/// Lets so many calls pass, and no more.
#[derive(Clone)]
pub(crate) struct QuotaLayer {
    limit: usize,
    used: Arc<AtomicUsize>,
}

impl QuotaLayer {
    pub(crate) fn new(limit: usize) -> Self {
        let used = Arc::default();
        Self { limit, used }
    }
}

impl<S> Layer<S> for QuotaLayer {
    type Service = Quota<S>;

    fn layer(&self, inner: S) -> Quota<S> {
        let quota = self.clone();
        Quota { inner, quota }
    }
}

#[derive(Clone)]
pub(crate) struct Quota<S> {
    inner: S,
    quota: QuotaLayer,
}

impl<S, R> Service<R> for Quota<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let exceeded = self.quota.used.fetch_add(1, Ordering::Relaxed) >= self.quota.limit;
        let answer = self.inner.call(request);
        Box::pin(async move {
            if exceeded {
                return Err("the quota is used up".into());
            }
            answer.await.map_err(Into::into)
        })
    }
}
