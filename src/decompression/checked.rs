use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
        // How much of the last piece the decoder has left.
        left: Arc<AtomicUsize>,
    }
}

impl<B> Checked<B> {
    pub(super) fn new(inner: B, is_zstd: bool) -> Self {
        let frames = is_zstd.then(Frames::new);
        let left = Arc::default();
        Self {
            inner,
            frames,
            left,
        }
    }
}

impl<B> Body for Checked<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Piece;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, BoxError>>> {
        let this = self.project();
        // Whoever asks for more while there is some has found the end of what was compressed.
        if this.left.swap(0, Ordering::Relaxed) > 0 {
            return Poll::Ready(Some(Err(Box::new(Trailing))));
        }
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
        let frame = frame.map_data(|data| Piece::new(data, this.left));
        Poll::Ready(Some(read.map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A piece of a body that tells how much of it has not been read.
#[derive(Debug)]
pub(super) struct Piece {
    data: Bytes,
    left: Arc<AtomicUsize>,
}

impl Piece {
    fn new(data: Bytes, left: &Arc<AtomicUsize>) -> Self {
        left.store(data.len(), Ordering::Relaxed);
        let left = Arc::clone(left);
        Self { data, left }
    }
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.data.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.data
    }

    fn advance(&mut self, bytes: usize) {
        self.data.advance(bytes);
        self.left.store(self.data.len(), Ordering::Relaxed);
    }
}

/// A decoder passes over what follows in the piece that it ends in, and a second gzip member is content
/// (RFC 1952 §2.2): what was cut in one way must not be shorter than what was cut in another.
#[derive(Debug)]
struct Trailing;

impl fmt::Display for Trailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something follows the end of what was compressed")
    }
}

impl Error for Trailing {}

impl fmt::Display for LargeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame asks its reader to keep more than 8 MiB, which none may over HTTP")
    }
}

impl Error for LargeWindow {}
