use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain, Replay};
use http::{Request, Response, header};
use tower_service::Service;

use super::future::ResponseFuture;
use super::layer::Shared;
use super::pending::{self, Pending, Spare};
use crate::origin::Stray;
use crate::overrides::Override;
use crate::telemetry;

/// Answers Digest challenges; made by [`DigestLayer`](super::DigestLayer).
///
/// Ready when the inner service is. The inner service that was ready is kept for the second attempt,
/// and a clone of it takes its place here; it is asked anew whether it is ready right before that.
pub struct Digest<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Digest<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for Digest<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: Replay + http_body::Body + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let explain = Explain::of(request.extensions()).cloned();
        let Some(place) = self.place_of(&request) else {
            return ResponseFuture::plain(self.inner.call(request), explain);
        };
        let copy = request.body_mut().replay();
        let (mut head, body) = request.into_parts();
        let spare = copy.map_or(Spare::None, |copy| {
            Spare::Here(Box::new(head.clone()), copy)
        });
        let used = pending::sign(&self.shared, place, &mut head, &body);
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let call = ready.call(Request::from_parts(head, body));
        let pending = Pending::new(ready, Arc::clone(&self.shared), place, used, spare);
        ResponseFuture::pending(call, explain, pending)
    }
}

impl<S> Digest<S> {
    /// The origin for which to answer, if this request is one to answer for.
    fn place_of<B>(&self, request: &Request<B>) -> Option<usize> {
        let extensions = request.extensions();
        if Override::of(extensions).skip {
            telemetry::skipped(super::SCHEME, extensions);
            return None;
        }
        if request.headers().contains_key(header::AUTHORIZATION) {
            // The caller's own credentials are not ours to replace.
            return None;
        }
        let uri = request.uri();
        if let Some(stray) = Stray::of(self.shared.origins(), uri, request.headers()) {
            telemetry::astray(super::SCHEME, stray, extensions);
            return None;
        }
        self.shared.place_of(uri)
    }
}

impl<S: Clone> Clone for Digest<S> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.shared))
    }
}

impl<S> fmt::Debug for Digest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("Digest", f)
    }
}
