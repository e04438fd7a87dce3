//! The future of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::BoxError;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::course::Course;
use crate::mode::Mode;

pin_project! {
    /// The response of the inner service, after the wait for tokens, if there is one.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits, it gives its place in the queue back, and those behind it move up at
    /// once. Dropped after it was served and before the inner service was called, it gives the
    /// tokens back. Nothing has been sent then, and no place of the inner service is held. What a
    /// [`Store`](crate::Store) has granted, or is about to, is given back by a task of its own, if
    /// there is a runtime to run it. Dropped later, the inner future is dropped with it; the tokens
    /// are spent.
    pub struct ResponseFuture<S, Req, F, M> {
        #[pin]
        course: Course<S, Req, F, M>,
    }
}

impl<S, Req, F, M> ResponseFuture<S, Req, F, M> {
    #[inline]
    pub(crate) const fn new(course: Course<S, Req, F, M>) -> Self {
        Self { course }
    }
}

impl<S, Req, M> Future for ResponseFuture<S, Req, S::Future, M>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
    M: Mode<Req, S::Response>,
{
    type Output = Result<S::Response, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().course.drive(cx, Into::into)
    }
}

impl<S, Req, F, M> fmt::Debug for ResponseFuture<S, Req, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
