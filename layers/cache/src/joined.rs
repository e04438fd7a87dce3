//! Stored bytes, and behind them those that were missing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::kept::Kept;
use crate::stream::BoxBody;

/// A body whose beginning is stored.
pub(crate) struct Joined {
    /// What is stored, until all of it was given.
    before: Option<Kept>,
    /// How many bytes of the rest are stored, too.
    skip: u64,
    rest: BoxBody,
}

impl Joined {
    /// What is stored, and what comes behind it.
    pub(crate) fn new(before: Kept, skip: u64, rest: BoxBody) -> Self {
        Self {
            before: Some(before).filter(|before| before.left() > 0),
            skip,
            rest,
        }
    }

    /// The next frame of what is stored, as long as there is one.
    fn poll_before(&mut self, cx: &mut Context<'_>) -> Poll<Option<Polled>> {
        let Some(before) = &mut self.before else {
            return Poll::Ready(None);
        };
        let polled = ready!(Pin::new(&mut *before).poll_frame(cx));
        if before.left() == 0 || !matches!(polled, Some(Ok(_))) {
            self.before = None;
        }
        Poll::Ready(polled)
    }
}

type Polled = Result<Frame<Bytes>, BoxError>;

impl Body for Joined {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(frame) = ready!(self.poll_before(cx)) {
            return Poll::Ready(Some(frame));
        }
        loop {
            let frame = match ready!(self.rest.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                end => return Poll::Ready(end),
            };
            let mut data = match frame.into_data() {
                Ok(data) => data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            };
            let stored = usize::try_from(self.skip).map_or(data.len(), |skip| skip.min(data.len()));
            data.advance(stored);
            self.skip -= stored as u64;
            if !data.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(data))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.before.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.size_hint();
        let before = self.before.as_ref().map_or(0, Kept::left);
        let with = |rest: u64| rest.saturating_sub(self.skip).saturating_add(before);
        let mut hint = SizeHint::new();
        hint.set_lower(with(rest.lower()));
        if let Some(upper) = rest.upper() {
            hint.set_upper(with(upper));
        }
        hint
    }
}
