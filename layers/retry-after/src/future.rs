//! The future of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::key::KeyExtractor;
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

impl Listener {
    /// For the response to this request.
    #[inline(always)]
    pub(crate) fn of<B, K>(shared: &Arc<Shared>, extractor: &K, request: &Request<B>) -> Self
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        Self {
            shared: Arc::clone(shared),
            memo: Memo::of(extractor, request),
            explain: Explain::of(request.extensions()).cloned(),
        }
    }

    #[inline(always)]
    fn hear<C>(&self, response: &mut Response<C>) {
        self.shared
            .hear(&self.memo, self.explain.as_ref(), response);
    }
}

impl<S, B, F> ResponseFuture<S, B, F> {
    #[inline(always)]
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
            if let StepProj::Calling { inner } = this.step.as_mut().project() {
                let mut end = ready!(inner.poll(cx)).map_err(Into::into);
                if let Ok(response) = &mut end {
                    this.listener.hear(response);
                }
                return Poll::Ready(end);
            }
            ready!(this.step.as_mut().begin(cx))?;
        }
    }
}

impl<S, B> Step<S, B, S::Future>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    /// Goes on to the call, after the hold.
    #[cold]
    fn begin(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self.as_mut().project() {
            StepProj::Holding { hold } => {
                let inner = ready!(hold.as_mut().poll(cx))?;
                self.set(Self::Calling { inner });
                Poll::Ready(Ok(()))
            }
            StepProj::Refused { error } => {
                let error = error.take().expect("polled after it was over");
                Poll::Ready(Err(error))
            }
            StepProj::Calling { .. } => Poll::Ready(Ok(())),
        }
    }
}

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
