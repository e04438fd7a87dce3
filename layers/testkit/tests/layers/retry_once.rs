use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Replay};
use http::{Request, Response};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

/// Tries again, once, a little after a failure.
pub(crate) struct RetryOnceLayer;

impl<S> Layer<S> for RetryOnceLayer {
    type Service = RetryOnce<S>;

    fn layer(&self, inner: S) -> RetryOnce<S> {
        RetryOnce(inner)
    }
}

#[derive(Clone)]
pub(crate) struct RetryOnce<S>(S);

impl<S> Service<Request<Body>> for RetryOnce<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let clone = self.0.clone();
        let mut ready = std::mem::replace(&mut self.0, clone);
        Box::pin(async move {
            let (head, mut body) = request.into_parts();
            let second = body.replay();
            let first = ready.call(Request::from_parts(head.clone(), body)).await;
            let failed = first
                .as_ref()
                .map_or(true, |r| r.status().is_server_error());
            match second.filter(Replay::is_whole) {
                Some(body) if failed => {
                    drop(first);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    ready
                        .ready()
                        .await?
                        .call(Request::from_parts(head, body))
                        .await
                }
                _ => first,
            }
        })
    }
}
