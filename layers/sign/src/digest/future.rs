//! The future of the service.

use std::fmt;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Attempt, BoxError, Explain, Replay};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::pending::Pending;

pin_project! {
    /// The response, after a second attempt where the first was challenged.
    ///
    /// The challenge's body is dropped unread.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the attempt that is under way, and whatever the inner service had reserved for
    /// a second one. What was learned from a challenge stays learned, and a count that was drawn stays
    /// used: servers allow gaps.
    pub struct ResponseFuture<S, B, F> {
        #[pin]
        step: Step<F>,
        pending: Option<Box<Pending<S, B>>>,
        explain: Option<Explain>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<F> {
        /// Waiting for a response: the first, or if nothing is pending the last.
        Calling { #[pin] inner: F },
        /// Waiting for the inner service to be ready for the second attempt.
        Readying { made: NonZeroU32 },
    }
}

impl<S, B, F> ResponseFuture<S, B, F> {
    pub(super) const fn plain(inner: F, explain: Option<Explain>) -> Self {
        Self {
            step: Step::Calling { inner },
            pending: None,
            explain,
        }
    }

    pub(super) fn pending(inner: F, explain: Option<Explain>, pending: Pending<S, B>) -> Self {
        Self {
            step: Step::Calling { inner },
            pending: Some(Box::new(pending)),
            explain,
        }
    }
}

impl<S, B, R> Future for ResponseFuture<S, B, S::Future>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Replay + http_body::Body + 'static,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            match this.step.as_mut().project() {
                StepProj::Calling { inner } => {
                    let attempt = this.pending.as_ref().and_then(|pending| pending.attempt());
                    let mut response = match ready!(inner.poll(cx)) {
                        Ok(response) => response,
                        Err(error) => return Poll::Ready(Err(failed(attempt, error.into()))),
                    };
                    if let Some(pending) = this.pending
                        && pending.judge(&response, this.explain.as_ref())
                    {
                        let made = Attempt::number_in(response.extensions());
                        this.step.set(Step::Readying { made });
                        continue;
                    }
                    if let Some(attempt) = attempt {
                        attempt.mark(response.extensions_mut());
                    }
                    if let Some(explain) = this.explain {
                        explain.attach(response.extensions_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
                StepProj::Readying { made } => {
                    let pending = this.pending.as_mut().expect("it wanted a second attempt");
                    ready!(pending.service.poll_ready(cx)).map_err(Into::into)?;
                    let request = pending.take(*made).expect("it can be sent again");
                    let inner = pending.service.call(request);
                    this.step.set(Step::Calling { inner });
                }
            }
        }
    }
}

fn failed(attempt: Option<Attempt>, error: BoxError) -> BoxError {
    match attempt {
        Some(attempt) => attempt.mark_error(error),
        None => error,
    }
}

impl<S, B, F> fmt::Debug for ResponseFuture<S, B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
