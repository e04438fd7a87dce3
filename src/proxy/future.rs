use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use super::settings::Settings;
use super::{message, respond};

pin_project! {
    /// The future of a [`Proxy`](super::Proxy).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the upstream's call.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F> {
        // The request goes no further; the answer is given out once.
        Refused { answer: Option<Response<Body>> },
        // The stack is at work.
        Passed { #[pin] future: F, settings: Arc<Settings> },
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn passed(future: F, settings: Arc<Settings>) -> Self {
        let state = State::Passed { future, settings };
        Self { state }
    }

    pub(super) const fn refused(answer: Response<Body>) -> Self {
        let answer = Some(answer);
        let state = State::Refused { answer };
        Self { state }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = match self.project().state.project() {
            Projected::Passed { future, settings } => match ready!(future.poll(cx)) {
                Ok(response) => message::response(settings, response.map(Body::new)),
                Err(error) => respond(&*error.into()),
            },
            Projected::Refused { answer } => match answer.take() {
                Some(answer) => answer,
                None => return Poll::Pending, // polled after its end
            },
        };
        Poll::Ready(Ok(answer))
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
