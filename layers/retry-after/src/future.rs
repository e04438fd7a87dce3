//! The future of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Explain};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::hold::Hold;
use crate::memo::Memo;
use crate::shared::Shared;

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
        listener: Listener,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, B, F> {
        /// Waiting for the release; in a box, since hardly any request does.
        Holding { hold: Pin<Box<Hold<S, B>>> },
        /// Waiting for the inner service's response.
        Calling { #[pin] inner: F },
        /// There is nothing to wait for.
        Refused { error: Option<BoxError> },
    }
}

/// Who learns from the response.
pub(crate) struct Listener {
    pub(crate) shared: Arc<Shared>,
    pub(crate) memo: Memo,
    pub(crate) explain: Option<Explain>,
}

impl<S, B, F> ResponseFuture<S, B, F> {
    #[inline]
    pub(crate) const fn calling(inner: F, listener: Listener) -> Self {
        let step = Step::Calling { inner };
        Self { step, listener }
    }

    pub(crate) fn holding(hold: Hold<S, B>, listener: Listener) -> Self {
        let hold = Box::pin(hold);
        let step = Step::Holding { hold };
        Self { step, listener }
    }

    pub(crate) const fn refused(error: BoxError, listener: Listener) -> Self {
        let error = Some(error);
        let step = Step::Refused { error };
        Self { step, listener }
    }
}

impl<S, B, C> Future for ResponseFuture<S, B, S::Future>
where
    S: Service<Request<B>, Response = Response<C>>,
    S::Error: Into<BoxError>,
{
    type Output = Result<Response<C>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProj::Calling { inner } => {
                    let mut response = ready!(inner.poll(cx)).map_err(Into::into)?;
                    let Listener {
                        shared,
                        memo,
                        explain,
                    } = this.listener;
                    shared.hear(memo, explain.as_ref(), &mut response);
                    return Poll::Ready(Ok(response));
                }
                StepProj::Holding { hold } => {
                    let inner = ready!(hold.as_mut().poll(cx))?;
                    this.step.set(Step::Calling { inner });
                }
                StepProj::Refused { error } => {
                    let error = error.take().expect("polled after it was over");
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
