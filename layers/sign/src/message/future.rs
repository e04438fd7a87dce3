//! The future of the service that verifies responses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Explain, Sent};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use pin_project_lite::pin_project;

use super::body::VerifiedBody;
use super::content_digest::{self, Claims};
use super::verify_layer::Shared;
use super::view::Message;
use crate::{Unverified, telemetry};

pin_project! {
    /// The inner service's response, if it is signed as it must be.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and nothing else is held.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        request: Box<Parts>,
        shared: Arc<Shared>,
        explain: Option<Explain>,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(
        inner: F,
        request: Box<Parts>,
        shared: Arc<Shared>,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            inner,
            request,
            shared,
            explain,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: http_body::Body,
{
    type Output = Result<Response<VerifiedBody<R>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx)).map_err(Into::into)?;
        let explain = this.explain.as_ref();
        let verified = match this.shared.verified_response(this.request, response) {
            Ok(mut response) => {
                telemetry::verified("response", explain);
                if let Some(explain) = explain {
                    explain.attach(response.extensions_mut());
                }
                Ok(response)
            }
            Err(error) => {
                telemetry::unverified("response", error.reason(), explain);
                Err(error.sent(Sent::Yes).into())
            }
        };
        Poll::Ready(verified)
    }
}

impl Shared {
    fn verified_response<R>(
        &self,
        request: &Parts,
        response: Response<R>,
    ) -> Result<Response<VerifiedBody<R>>, Unverified>
    where
        R: http_body::Body,
    {
        let (mut head, body) = response.into_parts();
        let message = Message::response(&head).answering(request).outbound();
        let params = self.check(message)?;
        let without = is_without_content(&request.method, head.status);
        let claims = if without && content_digest::is_covered(&params) {
            Some(Claims::nothing())
        } else {
            Claims::covered(&head.headers, &params)?
        };
        let body = VerifiedBody::new(body, claims)?;
        head.extensions.insert(params);
        Ok(Response::from_parts(head, body))
    }
}

/// Whether a response says of its content what another one's would be
/// ([RFC 9110 §6.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1)).
fn is_without_content(method: &Method, status: StatusCode) -> bool {
    *method == Method::HEAD || status == StatusCode::NOT_MODIFIED
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
