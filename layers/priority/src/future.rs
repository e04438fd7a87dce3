//! The future of the service.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Explain};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::error::Crowded;
use crate::mode::Mode;
use crate::permit::Permit;
use crate::wait::Hold;

pin_project! {
    /// The response of the inner service, after the wait, if there is one.
    ///
    /// A request that was served while nobody polls its future counts as in flight until it is polled
    /// or dropped.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits, it gives its place in the queue up; dropped after it was served and
    /// before anybody polled it, or at any time in the call, it lets the next one go. While it waits,
    /// nothing has been sent, and no place of the inner service is held.
    pub struct ResponseFuture<S, Req, F, M> {
        #[pin]
        step: Step<S, Req, F>,
        // Below the call, so that the call is gone when the next one goes.
        permit: Option<Permit>,
        explain: Option<Explain>,
        mode: PhantomData<fn() -> M>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, Req, F> {
        /// Waiting for a permit; in a box, since most requests do not.
        Holding { hold: Pin<Box<Hold<S, Req>>> },
        /// Waiting for the inner service's response.
        Calling { #[pin] inner: F },
        /// There is nothing to wait for.
        Refused { refusal: Option<Box<Crowded>> },
    }
}

impl<S, Req, F, M> ResponseFuture<S, Req, F, M> {
    #[inline]
    pub(crate) const fn calling(
        inner: F,
        permit: Option<Permit>,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            step: Step::Calling { inner },
            permit,
            explain,
            mode: PhantomData,
        }
    }

    pub(crate) fn holding(hold: Hold<S, Req>, explain: Option<Explain>) -> Self {
        let hold = Box::pin(hold);
        Self {
            step: Step::Holding { hold },
            permit: None,
            explain,
            mode: PhantomData,
        }
    }

    pub(crate) const fn refused(refusal: Box<Crowded>) -> Self {
        let refusal = Some(refusal);
        Self {
            step: Step::Refused { refusal },
            permit: None,
            explain: None,
            mode: PhantomData,
        }
    }
}

impl<S, Req, M> Future for ResponseFuture<S, Req, S::Future, M>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    M: Mode<Req, S::Response>,
{
    type Output = Result<M::Response, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            if let StepProj::Calling { inner } = this.step.as_mut().project() {
                // The usual case by itself, so that the response is moved once.
                let mut end = match inner.poll(cx) {
                    Poll::Ready(Ok(answer)) if this.explain.is_none() => {
                        return Poll::Ready(Ok(M::answer(answer, this.permit.take())));
                    }
                    end => ready!(end),
                };
                if let (Ok(answer), Some(explain)) = (&mut end, &this.explain) {
                    M::extensions_mut(answer)
                        .into_iter()
                        .for_each(|found| explain.attach(found));
                }
                let permit = this.permit.take();
                let answer = end.map(|answer| M::answer(answer, permit));
                return Poll::Ready(answer.map_err(Into::into));
            }
            *this.permit = ready!(this.step.as_mut().begin(cx))?;
        }
    }
}

impl<S, Req> Step<S, Req, S::Future>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
{
    /// Goes on to the call, after the wait.
    #[cold]
    fn begin(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Permit>, BoxError>> {
        match self.as_mut().project() {
            StepProj::Holding { hold } => {
                let (inner, permit) = ready!(hold.as_mut().poll(cx))?;
                self.set(Self::Calling { inner });
                Poll::Ready(Ok(permit))
            }
            StepProj::Refused { refusal } => {
                let refusal = refusal.take().expect("polled after it was over");
                Poll::Ready(Err(refusal))
            }
            StepProj::Calling { .. } => unreachable!("begun twice"),
        }
    }
}

impl<S, Req, F, M> fmt::Debug for ResponseFuture<S, Req, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
