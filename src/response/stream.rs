use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::Body;
use bytes::Bytes;
use futures_core::Stream;
use http_body::Body as _;

use crate::error::{Answer, BrokenBody, Call};
use crate::progress::{Counted, Meter};
use crate::{Error, Response};

impl Response {
    /// The body piece by piece as it comes, of whatever status.
    #[must_use]
    pub fn into_stream(self) -> Pieces {
        Pieces {
            answer: self.answer(),
            call: self.call,
            body: Some(self.inner.into_body()),
        }
    }

    /// Counts what is read of the body. See [`progress`](crate::progress).
    #[must_use]
    pub fn progress(mut self, meter: Meter) -> Self {
        self.inner = self
            .inner
            .map(|body| Body::stream(Counted::new(body, meter)));
        self
    }
}

/// A body's pieces; see [`Response::into_stream`].
///
/// # Cancellation
///
/// Dropping it drops the body; no piece is lost in between.
pub struct Pieces {
    call: Call,
    answer: Answer,
    /// `None` after its end.
    body: Option<Body>,
}

impl Stream for Pieces {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while let Some(body) = &mut self.body {
            match ready!(Pin::new(body).poll_frame(cx)) {
                None => self.body = None,
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(source)) => {
                    self.body = None;
                    let fault = BrokenBody::new(self.answer, source);
                    return Poll::Ready(Some(Err(Error::new(self.call.clone(), fault.into()))));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}
