//! The body of a response that has come through the cache.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::again::Again;
use crate::kept::Kept;
use crate::resumed::Resumed;
use crate::stream::{BoxBody, Reader};

pin_project! {
    /// A body from the store, from the origin, or from the origin and into the store.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, a body that is being stored is given up, unless another request reads
    /// it too: then that one goes on. What came so far is kept where the rest can be asked for
    /// later.
    ///
    /// One that goes on at the origin, where its store failed, gives up what it asks there.
    pub struct CacheBody<B> {
        #[pin]
        source: Source<B>,
    }
}

pin_project! {
    #[project = SourceProj]
    enum Source<B> {
        /// From the origin, and not to be stored.
        Passed { #[pin] body: B },
        /// From memory.
        Bytes { bytes: Bytes },
        /// From the origin, being stored.
        Shared { reader: Reader },
        /// From a store that keeps bodies elsewhere.
        Kept { kept: Box<Kept> },
        /// From a store, and from the origin behind that.
        Boxed { body: BoxBody },
    }
}

impl<B> CacheBody<B> {
    #[inline]
    pub(crate) const fn passed(body: B) -> Self {
        let source = Source::Passed { body };
        Self { source }
    }

    #[inline]
    pub(crate) const fn bytes(bytes: Bytes) -> Self {
        let source = Source::Bytes { bytes };
        Self { source }
    }

    pub(crate) const fn shared(reader: Reader) -> Self {
        let source = Source::Shared { reader };
        Self { source }
    }

    pub(crate) const fn kept(kept: Box<Kept>) -> Self {
        let source = Source::Kept { kept };
        Self { source }
    }

    pub(crate) const fn boxed(body: BoxBody) -> Self {
        let source = Source::Boxed { body };
        Self { source }
    }

    /// Where its store fails in the middle, and the origin can be asked for what is missing, that is done
    /// with `again`.
    pub(crate) fn or_from<S, Q>(self, again: impl FnOnce() -> Option<Again<S, Q>>) -> Self
    where
        S: Service<Request<Q>, Response = Response<B>> + Send + 'static,
        S::Error: Send,
        S::Future: Send,
        Q: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match self.source {
            Source::Kept { kept } if kept.rest.is_some() => match again() {
                Some(again) => Self::boxed(Box::pin(Resumed::new(kept, again))),
                None => Self::kept(kept),
            },
            source => Self { source },
        }
    }

    /// Nothing in place of what comes from a store.
    pub(crate) fn still_to_come(self) -> Self {
        match self.source {
            Source::Passed { .. } | Source::Shared { .. } => self,
            Source::Bytes { .. } | Source::Kept { .. } | Source::Boxed { .. } => {
                Self::bytes(Bytes::new())
            }
        }
    }

    /// The whole body, where it is in memory and has not been read.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Bytes { bytes } => Some(bytes),
            Source::Passed { .. }
            | Source::Shared { .. }
            | Source::Kept { .. }
            | Source::Boxed { .. } => None,
        }
    }
}

impl<B> http_body::Body for CacheBody<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().source.project() {
            SourceProj::Passed { body } => body.poll_frame(cx).map_err(Into::into),
            SourceProj::Bytes { bytes } if bytes.is_empty() => Poll::Ready(None),
            SourceProj::Bytes { bytes } => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            SourceProj::Shared { reader } => reader.poll_frame(cx),
            SourceProj::Kept { kept } => Pin::new(&mut **kept).poll_frame(cx),
            SourceProj::Boxed { body } => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Passed { body } => body.is_end_stream(),
            Source::Bytes { bytes } => bytes.is_empty(),
            Source::Shared { reader } => reader.is_end_stream(),
            Source::Kept { kept } => kept.is_end_stream(),
            Source::Boxed { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Passed { body } => body.size_hint(),
            Source::Bytes { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Source::Shared { reader } => reader.size_hint(),
            Source::Kept { kept } => kept.size_hint(),
            Source::Boxed { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for CacheBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the bytes: bodies hold secrets.
        f.write_str(match &self.source {
            Source::Passed { .. } => "CacheBody(passed)",
            Source::Bytes { .. } => "CacheBody(bytes)",
            Source::Shared { .. } => "CacheBody(shared)",
            Source::Kept { .. } | Source::Boxed { .. } => "CacheBody(kept)",
        })
    }
}
