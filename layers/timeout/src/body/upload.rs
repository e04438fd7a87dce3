use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::timer;
use crate::upload::Shared;

/// What is handed to the transport at once. Small enough that a slow link takes one in a fraction of
/// any sensible limit, large enough that cutting costs nothing beside sending.
const PIECE: usize = 64 * 1024;

pin_project! {
    /// A request's body that tells how far the transport is with it.
    ///
    /// Large frames are handed on in pieces of 64 KiB, without copying where the data is [`Bytes`]:
    /// a file that lies in memory as one frame would otherwise count as sent the moment the
    /// transport began with it. What is sent, its size and its trailers stay the same.
    ///
    /// Without a limit it is the inner body and nothing else, frames uncut.
    ///
    /// # Cancellation
    ///
    /// Polling may be abandoned at any point and taken up again. Dropping the body ends the upload:
    /// no limit on it can run out any more.
    #[derive(Debug)]
    pub struct UploadBody<B: Body> {
        #[pin]
        inner: B,
        rest: Option<B::Data>,
        progress: Option<Shared>,
    }

    impl<B: Body> PinnedDrop for UploadBody<B> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(progress) = this.project().progress.take() {
                progress.lock().done(timer::now());
            }
        }
    }
}

impl<B: Body> UploadBody<B> {
    pub(crate) const fn new(inner: B, progress: Option<Shared>) -> Self {
        let rest = None;
        Self {
            inner,
            rest,
            progress,
        }
    }

    /// The body as the caller gave it.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }

    /// Asks the caller's body and writes down whose turn it is then.
    fn poll_watched(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = self.as_mut().poll_piece(cx);
        let is_over = match &polled {
            Poll::Ready(Some(Ok(_))) => self.is_end_stream(),
            Poll::Ready(_) => true,
            Poll::Pending => false,
        };
        if let Some(progress) = &self.progress {
            match polled {
                Poll::Pending => progress.lock().starved(timer::now()),
                Poll::Ready(_) if is_over => progress.lock().done(timer::now()),
                Poll::Ready(_) => progress.lock().fed(timer::now()),
            }
        }
        polled
    }

    fn poll_piece(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if let Some(rest) = this.rest {
            let piece = cut(rest);
            if !rest.has_remaining() {
                *this.rest = None;
            }
            return Poll::Ready(Some(Ok(piece)));
        }
        let frame = match ready!(this.inner.poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None => return Poll::Ready(None),
        };
        let frame = match frame.into_data() {
            Ok(mut data) => {
                let piece = cut(&mut data);
                *this.rest = data.has_remaining().then_some(data);
                piece
            }
            Err(frame) => frame.map_data(|mut data| data.copy_to_bytes(data.remaining())),
        };
        Poll::Ready(Some(Ok(frame)))
    }
}

fn cut(data: &mut impl Buf) -> Frame<Bytes> {
    Frame::data(data.copy_to_bytes(data.remaining().min(PIECE)))
}

impl<B: Body> Body for UploadBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.progress.is_some() {
            return self.poll_watched(cx);
        }
        let whole =
            |frame: Frame<B::Data>| frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
        self.project().inner.poll_frame(cx).map_ok(whole)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.as_ref().map_or(0, |rest| rest.remaining() as u64);
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper().and_then(|upper| upper.checked_add(rest)) {
            hint.set_upper(upper);
        }
        hint
    }
}
