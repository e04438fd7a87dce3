use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Scripted;
use super::future::ResponseFuture;

/// A [`Scripted`] service that reads each request's body, frame by frame, into its record; made by
/// [`Scripted::collecting`].
///
/// A body that fails ends the call with a [`TransportError`] around the body's error, as a transport
/// would end it.
#[derive(Clone, Debug)]
pub struct Collecting(Scripted);

impl Collecting {
    pub(super) fn new(scripted: Scripted) -> Self {
        Self(scripted)
    }
}

impl<B> Service<Request<B>> for Collecting
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = CollectingFuture<B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let hint = request.body().size_hint();
        let (body, response) = self.0.begin(request, hint);
        CollectingFuture {
            body: Some(body),
            response,
        }
    }
}

pin_project! {
    /// A call to a [`Collecting`] service.
    ///
    /// # Cancellation
    ///
    /// Dropping it ends the call, drops the request's body, and is counted. What was read of the body
    /// stays in the record.
    pub struct CollectingFuture<B> {
        #[pin]
        body: Option<B>,
        #[pin]
        response: ResponseFuture<()>,
    }
}

impl<B> Future for CollectingFuture<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while let Some(body) = this.body.as_mut().as_pin_mut() {
            let in_flight = this.response.as_mut().in_flight();
            match ready!(body.poll_frame(cx)) {
                None => this.body.set(None),
                Some(Err(error)) => {
                    in_flight.end();
                    return Poll::Ready(Err(TransportError::request_body(error).into()));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => in_flight.read(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        in_flight.read_trailers(trailers);
                    }
                },
            }
        }
        this.response.poll(cx)
    }
}

impl<B> fmt::Debug for CollectingFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectingFuture")
            .field("reading", &self.body.is_some())
            .field("response", &self.response)
            .finish()
    }
}
