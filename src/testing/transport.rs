use std::fmt;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_service::Service;

use super::Call;
use super::mock::{Shared, Verdict};

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

/// The service of a [`Mock`](super::Mock), in the place of a transport. Clones are one.
///
/// It reads a request's body to its end before it looks at the request.
#[derive(Clone)]
pub struct MockTransport {
    shared: Arc<Shared>,
}

impl MockTransport {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl<B> Service<Request<B>> for MockTransport
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        let shared = Arc::clone(&self.shared);
        ResponseFuture(Box::pin(serve(shared, request.map(Body::new))))
    }
}

async fn serve(shared: Arc<Shared>, request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(TransportError::request_body)?;
    let body = body.to_bytes();
    let call = Call::new(head.clone(), body.clone(), shared.redaction());
    match shared.receive(call) {
        Verdict::Refuse(unexpected) => Err(TransportError::request(unexpected).into()),
        Verdict::Otherwise(service) => {
            let request = Request::from_parts(head, Body::from(body));
            service.oneshot(request).await
        }
        Verdict::Reply(reply, delay) => {
            let reply = reply();
            let delay = delay.saturating_add(reply.delayed());
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            match reply.end() {
                Some(end) => end,
                None => pending().await,
            }
        }
    }
}

impl fmt::Debug for MockTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockTransport").finish_non_exhaustive()
    }
}

/// A call of a [`MockTransport`].
///
/// # Cancellation
///
/// Dropping it ends the call. One that was still sending its body is not written down.
pub struct ResponseFuture(Answer);

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
