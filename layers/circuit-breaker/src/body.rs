//! The response's body of a service that waits for its end.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{BoxError, Classify, Outcome};
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::admission::Admission;

pin_project! {
    /// A response's body that tells the circuit how it ended.
    ///
    /// Frames, trailers, size and end are the inner body's, and so is an error, as a [`BoxError`].
    /// Its end is the success of the call. Its error is what the layer's classifier makes of it:
    /// usually a failure of the server.
    ///
    /// # Cancellation
    ///
    /// Polling may be abandoned at any point and taken up again; no frame is lost. Dropped before its
    /// end, the body drops the inner one, and the call counts for nothing: whether the rest would have
    /// come, nobody knows. If the call was a probe, its place is free for another.
    pub struct ResponseBody<B, C> {
        #[pin]
        inner: B,
        watch: Option<Watch<B, C>>,
    }
}

struct Watch<B, C> {
    admission: Admission,
    classify: C,
    body: PhantomData<fn(B)>,
}

impl<B, C> ResponseBody<B, C> {
    pub(crate) fn new(inner: B, watch: Option<(Admission, C)>) -> Self {
        let watch = watch.map(|(admission, classify)| Watch {
            admission,
            classify,
            body: PhantomData,
        });
        Self { inner, watch }
    }

    /// The inner body.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }
}

impl<B, C: Classify<Response<B>>> Watch<B, C> {
    fn fail(mut self, error: &(dyn Error + 'static)) {
        let outcome = self.classify.classify(Err(error));
        self.admission.end(outcome, false, |_| None);
    }

    fn succeed(mut self) {
        if !self.admission.succeed() {
            self.admission.end(Outcome::Success, true, |_| None);
        }
    }
}

impl<B, C> Body for ResponseBody<B, C>
where
    B: Body,
    B::Error: Into<BoxError>,
    C: Classify<Response<B>>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        let frame = frame.map(|frame| frame.map_err(Into::into));
        match &frame {
            // Who knows by the length that this was the last frame does not ask for another.
            Some(Ok(_)) if !this.inner.is_end_stream() => {
                if let Some(watch) = this.watch {
                    watch.admission.progress();
                }
            }
            Some(Ok(_)) | None => {
                if let Some(watch) = this.watch.take() {
                    watch.succeed();
                }
            }
            Some(Err(error)) => {
                if let Some(watch) = this.watch.take() {
                    watch.fail(&**error);
                }
            }
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

impl<B: fmt::Debug, C> fmt::Debug for ResponseBody<B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
