use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::zstd::{Frames, LargeWindow};

pin_project! {
    /// A compressed body on its way to the decoder. Its errors are in boxes: the decoder keeps them, and they
    /// need not be `Send` before.
    pub(super) struct Checked<B> {
        #[pin]
        inner: B,
        // Of Zstandard alone the reader's memory is the sender's to choose.
        frames: Option<Frames>,
    }
}

impl<B> Checked<B> {
    pub(super) fn new(inner: B, is_zstd: bool) -> Self {
        let frames = is_zstd.then(Frames::new);
        Self { inner, frames }
    }
}

impl<B> Body for Checked<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let frame = match ready!(this.inner.poll_frame(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(frame)) => frame,
        };
        let frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
        let read = match (this.frames, frame.data_ref()) {
            (Some(frames), Some(data)) => frames.read(data),
            _ => Ok(()),
        };
        Poll::Ready(Some(read.map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Display for LargeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame asks its reader to keep more than 8 MiB, which none may over HTTP")
    }
}

impl Error for LargeWindow {}
