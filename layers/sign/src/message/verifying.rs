use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Explain};
use http::{Request, Response};
use tower_service::Service;

use super::body::VerifiedBody;
use super::verify_layer::Shared;
use crate::future::ResponseFuture;
use crate::{Unverified, telemetry};

/// Lets verified requests pass; made by [`VerifyLayer`](super::VerifyLayer).
///
/// Ready when the inner service is. A request that is refused does not reach it.
#[derive(Clone)]
pub struct Verifying<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Verifying<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for Verifying<S>
where
    S: Service<Request<VerifiedBody<B>>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: http_body::Body,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let explain = Explain::of(request.extensions()).cloned();
        match self.shared.verified(request) {
            Ok(request) => ResponseFuture::calling(self.inner.call(request), explain),
            Err(error) => ResponseFuture::refused(error),
        }
    }
}

impl Shared {
    /// The request as it is passed on.
    fn verified<B>(&self, request: Request<B>) -> Result<Request<VerifiedBody<B>>, Unverified>
    where
        B: http_body::Body,
    {
        let (mut head, body) = request.into_parts();
        let verdict = self.verify(&head).and_then(|(params, claims)| {
            let body = VerifiedBody::new(body, claims)?;
            Ok((params, body))
        });
        match verdict {
            Ok((params, body)) => {
                telemetry::verified("request", Explain::of(&head.extensions));
                head.extensions.insert(params);
                Ok(Request::from_parts(head, body))
            }
            Err(error) => {
                telemetry::unverified("request", error.reason(), Explain::of(&head.extensions));
                Err(error)
            }
        }
    }
}

impl<S> fmt::Debug for Verifying<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("Verifying", f)
    }
}
