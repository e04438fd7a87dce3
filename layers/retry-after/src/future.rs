//! The future of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::hold::Hold;
use crate::listener::Listener;

pin_project! {
    /// The response of the inner service, after the hold, if there is one.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits, it gives its place in the queue back, and those behind it move up.
    /// Nothing has been sent then, and no place of the inner service is held. Dropped later, the
    /// inner future is dropped with it; what its response would have said is not learned.
    pub struct ResponseFuture<S, B, F> {
        #[pin]
        step: Step<S, B, F>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, B, F> {
        /// Waiting for the inner service's response.
        Calling { #[pin] inner: F, listener: Listener },
        /// Not yet, or never; in a box, since hardly any request is.
        Detained { detained: Box<Detained<S, B>> },
    }
}

enum Detained<S, B> {
    /// Waiting for the release.
    Holding(Pin<Box<Hold<S, B>>>),
    /// There is nothing to wait for.
    Refused(Option<BoxError>),
}

impl<S, B, F> ResponseFuture<S, B, F> {
    #[inline(always)]
    pub(crate) const fn calling(inner: F, listener: Listener) -> Self {
        let step = Step::Calling { inner, listener };
        Self { step }
    }

    pub(crate) fn holding(hold: Hold<S, B>) -> Self {
        Self::detained(Detained::Holding(Box::pin(hold)))
    }

    pub(crate) fn refused(error: BoxError) -> Self {
        Self::detained(Detained::Refused(Some(error)))
    }

    fn detained(detained: Detained<S, B>) -> Self {
        let detained = Box::new(detained);
        let step = Step::Detained { detained };
        Self { step }
    }
}

impl<S, B, C> Future for ResponseFuture<S, B, S::Future>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<C>, BoxError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.as_mut().project().step.project() {
            StepProj::Calling { inner, listener } => listener.poll(inner, cx),
            StepProj::Detained { .. } => self.poll_detained(cx),
        }
    }
}

impl<S, B, C> ResponseFuture<S, B, S::Future>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: Into<BoxError>,
{
    /// Goes on to the call, after the hold.
    #[cold]
    #[inline(never)]
    fn poll_detained(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<<Self as Future>::Output> {
        let mut step = self.as_mut().project().step;
        if let StepProj::Detained { detained } = step.as_mut().project() {
            let (inner, listener) = ready!(detained.poll(cx))?;
            step.set(Step::Calling { inner, listener });
        }
        self.poll(cx)
    }
}

impl<S, B> Detained<S, B>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(S::Future, Listener), BoxError>> {
        match self {
            Self::Holding(hold) => hold.as_mut().poll(cx),
            Self::Refused(error) => {
                let error = error.take().expect("polled after it was over");
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
