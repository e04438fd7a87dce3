//! Bodies from Redis, a piece at a time.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::BoxError;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Inner;

/// How many bytes are sent at once.
pub(super) const PIECE: u64 = 128 * 1024;

type Pending = Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send>>;

/// The rest of a body.
pub(super) struct Pieces {
    inner: Arc<Inner>,
    name: Vec<u8>,
    /// Where the next piece begins that has not been asked for.
    next: u64,
    end: u64,
    /// How many bytes have not been given yet.
    left: u64,
    source: Source,
}

enum Source {
    Ready(Bytes),
    Asking(Pending),
    Over,
}

impl Pieces {
    /// What came already, and what of the body comes behind it, up to `end`.
    pub(super) fn new(inner: Arc<Inner>, name: Vec<u8>, first: Bytes, next: u64, end: u64) -> Self {
        Self {
            inner,
            name,
            next,
            end,
            left: first.len() as u64 + (end - next),
            source: Source::Ready(first),
        }
    }

    fn ask(&mut self) -> Source {
        if self.next >= self.end {
            return Source::Over;
        }
        let (first, end) = (self.next, self.end.min(self.next + PIECE));
        self.next = end;
        let (inner, name) = (Arc::clone(&self.inner), self.name.clone());
        let is_last = end == self.end;
        Source::Asking(Box::pin(async move {
            let mut script = inner.on(&inner.scripts.read, &name);
            script.arg(first).arg(end - 1).arg(u8::from(is_last));
            let piece: Vec<u8> = inner.line.run(&script).await?;
            if piece.len() as u64 == end - first {
                Ok(piece.into())
            } else {
                Err("a stored body was swept out while it was read".into())
            }
        }))
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let piece = match std::mem::replace(&mut this.source, Source::Over) {
            Source::Over => return Poll::Ready(None),
            Source::Ready(piece) => piece,
            Source::Asking(mut pending) => match pending.as_mut().poll(cx) {
                Poll::Pending => {
                    this.source = Source::Asking(pending);
                    return Poll::Pending;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Ok(piece)) => piece,
            },
        };
        this.left -= piece.len() as u64;
        this.source = this.ask();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
