//! The body of a response of either origin.

use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The inner service's body, or a substitute's.
    #[derive(Debug)]
    pub struct ResponseBody<R> {
        #[pin]
        origin: Origin<R>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = OriginProj]
    enum Origin<R> {
        Inner { #[pin] body: R },
        Substitute { #[pin] body: Body },
    }
}

impl<R> ResponseBody<R> {
    pub(crate) const fn inner(body: R) -> Self {
        let origin = Origin::Inner { body };
        Self { origin }
    }

    pub(crate) const fn substitute(body: Body) -> Self {
        let origin = Origin::Substitute { body };
        Self { origin }
    }
}

impl<R> http_body::Body for ResponseBody<R>
where
    R: http_body::Body<Data = Bytes>,
    R::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().origin.project() {
            OriginProj::Inner { body } => body
                .poll_frame(cx)
                .map(|frame| frame.map(|frame| frame.map_err(Into::into))),
            OriginProj::Substitute { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.origin {
            Origin::Inner { body } => body.is_end_stream(),
            Origin::Substitute { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.origin {
            Origin::Inner { body } => body.size_hint(),
            Origin::Substitute { body } => body.size_hint(),
        }
    }
}
