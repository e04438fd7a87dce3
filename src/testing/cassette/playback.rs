use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use tower_service::Service;

use super::Shared;
use super::exchange::{Asked, Exchange};

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

/// The service of a [`Cassette`](super::Cassette).
///
/// Where everything is replayed it is ready whatever the inner service says, which is not asked.
#[derive(Clone)]
pub struct Playback<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Playback<S> {
    pub(super) const fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for Playback<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = PlaybackFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if self.shared.mode.records() {
            return self.inner.poll_ready(cx).map_err(Into::into);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> PlaybackFuture {
        // The very service that was ready is the one that is called.
        let next = self.inner.clone();
        let inner = mem::replace(&mut self.inner, next);
        let shared = Arc::clone(&self.shared);
        PlaybackFuture(Box::pin(serve(inner, shared, request.map(Body::new))))
    }
}

async fn serve<S, R>(
    mut inner: S,
    shared: Arc<Shared>,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    let (mut head, body) = request.into_parts();
    let body = body.collect().await.map_err(TransportError::request_body)?;
    let body = body.to_bytes();
    let redaction = shared.redaction.knowing(&head, &body);
    let asked = Asked::new(&head, &body, &redaction).map_err(TransportError::request)?;
    let question = asked.question();
    if shared.mode.replays()
        && let Some(exchange) = shared.replay(&question)
    {
        return exchange.response();
    }
    if !shared.mode.records() {
        let unrecorded = shared.unrecorded(&question, &head.uri);
        return Err(TransportError::request(unrecorded).into());
    }

    // What is compressed cannot be searched for secrets.
    head.headers.remove(header::ACCEPT_ENCODING);
    let identity = http::HeaderValue::from_static("identity");
    head.headers.insert(header::ACCEPT_ENCODING, identity);
    let request = Request::from_parts(head, Body::from(body));
    let response = inner.call(request).await.map_err(Into::into)?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(Into::into)?.to_bytes();
    let recorded =
        Exchange::new(asked, &head, &body, &redaction).and_then(|exchange| shared.keep(exchange));
    match recorded {
        Ok(()) => Ok(Response::from_parts(head, Body::from(body))),
        Err(fault) => Err(fault.answered().into()),
    }
}

impl<S> fmt::Debug for Playback<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playback")
            .field("path", &self.shared.path)
            .field("mode", &self.shared.mode)
            .finish_non_exhaustive()
    }
}

/// A call of a [`Playback`].
///
/// # Cancellation
///
/// Dropping it drops the call of the inner service, and nothing is recorded. What was taken from the
/// recording counts as replayed.
pub struct PlaybackFuture(Answer);

impl Future for PlaybackFuture {
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for PlaybackFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaybackFuture").finish_non_exhaustive()
    }
}
