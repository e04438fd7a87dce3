use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain};
use http::{Request, Response};
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::layer::Shared;
use crate::origin::Stray;
use crate::overrides::Override;
use crate::{Sign, SignError, body, telemetry};

/// Signs each request on its way; made by [`SignLayer`](crate::SignLayer).
///
/// Ready when the inner service is. A request that cannot be signed is not sent.
pub struct Signing<S, T> {
    inner: S,
    shared: Arc<Shared<T>>,
}

impl<S, T> Signing<S, T> {
    pub(crate) const fn new(inner: S, shared: Arc<Shared<T>>) -> Self {
        Self { inner, shared }
    }
}

impl<S, T, B, R> Service<Request<B>> for Signing<S, T>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    T: Sign,
    B: http_body::Body + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let explain = Explain::of(request.extensions()).cloned();
        match self.shared.signed(request) {
            Ok(request) => ResponseFuture::calling(self.inner.call(request), explain),
            Err(error) => ResponseFuture::refused(error),
        }
    }
}

impl<T> Shared<T> {
    fn stray<B>(&self, request: &Request<B>) -> Option<Stray> {
        let origins = self.origins.as_ref()?.iter();
        Stray::of(origins, request.uri(), request.headers())
    }
}

impl<T: Sign> Shared<T> {
    /// The request as it is to be sent.
    fn signed<B>(&self, request: Request<B>) -> Result<Request<B>, SignError>
    where
        B: http_body::Body + 'static,
    {
        let scheme = self.signer.scheme();
        if Override::of(request.extensions()).skip {
            telemetry::skipped(scheme, request.extensions());
            return Ok(request);
        }
        if let Some(stray) = self.stray(&request) {
            telemetry::astray(scheme, stray, request.extensions());
            return Ok(request);
        }
        let (mut head, body) = request.into_parts();
        let bytes = body::in_memory(&body);
        let payload = body::payload(bytes.as_ref());
        match self.signer.sign(&mut head, payload, self.clock.now()) {
            Ok(()) => telemetry::signed(scheme, &head.extensions),
            Err(error) => {
                telemetry::refused(scheme, &error, &head.extensions);
                return Err(error);
            }
        }
        Ok(Request::from_parts(head, body))
    }
}

// By hand: a derive would ask `T` to be `Clone`, and the signer is shared.
impl<S: Clone, T> Clone for Signing<S, T> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.shared))
    }
}

impl<S, T> fmt::Debug for Signing<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("Signing", f)
    }
}
