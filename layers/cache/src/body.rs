//! The body of a response that has come through the cache.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::stream::Reader;

pin_project! {
    /// A body from the store, from the origin, or from the origin and into the store.
    ///
    /// # Cancellation
    ///
    /// Dropped before its end, a body that is being stored is given up, unless another request reads
    /// it too: then that one goes on. What came so far is kept where the rest can be asked for
    /// later.
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
        Kept { body: Body },
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

    pub(crate) const fn kept(body: Body) -> Self {
        let source = Source::Kept { body };
        Self { source }
    }

    /// The whole body, where it came from memory and has not been read.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.source {
            Source::Bytes { bytes } => Some(bytes),
            Source::Passed { .. } | Source::Shared { .. } | Source::Kept { .. } => None,
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
            SourceProj::Kept { body } => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Passed { body } => body.is_end_stream(),
            Source::Bytes { bytes } => bytes.is_empty(),
            Source::Shared { reader } => reader.is_end_stream(),
            Source::Kept { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Passed { body } => body.size_hint(),
            Source::Bytes { bytes } => SizeHint::with_exact(bytes.len() as u64),
            Source::Shared { reader } => reader.size_hint(),
            Source::Kept { body } => body.size_hint(),
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
            Source::Kept { .. } => "CacheBody(kept)",
        })
    }
}
