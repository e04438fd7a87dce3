//! A body that keeps its request in flight.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::permit::Permit;

pin_project! {
    /// A response's body, with whose end its request is over.
    ///
    /// Frames, errors, trailers, size and end are the inner body's. The end is whichever comes first:
    /// the last frame, the inner body's word that there is none, its error, or the drop.
    ///
    /// # Cancellation
    ///
    /// Polling may be abandoned at any point and taken up again; no frame is lost. Dropped, it drops
    /// the inner body, and then the first request that waits goes.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        // Above the permit, so that it is gone when the next one goes.
        #[pin]
        inner: B,
        permit: Option<Permit>,
    }
}

impl<B: Body> ResponseBody<B> {
    pub(crate) fn new(inner: B, permit: Option<Permit>) -> Self {
        let permit = permit.filter(|_| !inner.is_end_stream());
        Self { inner, permit }
    }
}

impl<B> ResponseBody<B> {
    /// The inner body.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        let goes_on = matches!(frame, Some(Ok(_))) && !this.inner.is_end_stream();
        if !goes_on {
            *this.permit = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
