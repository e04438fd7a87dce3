use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain};
use http::request::Parts;
use http::{Request, Response};
use tower_service::Service;

use super::body::VerifiedBody;
use super::future::ResponseFuture;
use super::verify_layer::Shared;

/// Lets verified responses through; made by [`VerifyResponseLayer`](super::VerifyResponseLayer).
///
/// Ready when the inner service is.
#[derive(Clone)]
pub struct VerifyingResponses<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> VerifyingResponses<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for VerifyingResponses<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body,
{
    type Response = Response<VerifiedBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let explain = Explain::of(request.extensions()).cloned();
        let head = Box::new(head_of(&request));
        let inner = self.inner.call(request);
        ResponseFuture::new(inner, head, Arc::clone(&self.shared), explain)
    }
}

/// What a response's signature may cover of its request: no extensions.
fn head_of<B>(request: &Request<B>) -> Parts {
    let mut copy = Request::new(());
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.into_parts().0
}

impl<S> fmt::Debug for VerifyingResponses<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("VerifyingResponses", f)
    }
}
