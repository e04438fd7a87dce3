//! The futures of the services.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Explain};
use http::Response;
use pin_project_lite::pin_project;

pin_project! {
    /// The inner service's response to the request that was signed or verified, or the reason why there
    /// is none.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and nothing else is held.
    pub struct ResponseFuture<F> {
        #[pin]
        step: Step<F>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<F> {
        /// Waiting for the inner service's response.
        Calling { #[pin] inner: F, explain: Option<Explain> },
        /// The request was not passed on.
        Refused { error: Option<BoxError> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn calling(inner: F, explain: Option<Explain>) -> Self {
        let step = Step::Calling { inner, explain };
        Self { step }
    }

    pub(crate) fn refused(error: impl Into<BoxError>) -> Self {
        let error = Some(error.into());
        let step = Step::Refused { error };
        Self { step }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().step.project() {
            StepProj::Calling { inner, explain } => {
                let mut response = ready!(inner.poll(cx)).map_err(Into::into)?;
                if let Some(explain) = explain {
                    explain.attach(response.extensions_mut());
                }
                Poll::Ready(Ok(response))
            }
            StepProj::Refused { error } => {
                let error = error.take().expect("polled after it was over");
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
