//! Stored bytes, and behind them those that were missing.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};

use crate::stream::BoxBody;

/// A body whose beginning is stored.
pub(crate) struct Joined {
    before: Option<Bytes>,
    /// How many bytes of the rest are stored, too.
    skip: u64,
    rest: BoxBody,
}

impl Joined {
    pub(crate) fn new(before: Bytes, skip: u64, rest: BoxBody) -> Self {
        Self {
            before: (!before.is_empty()).then_some(before),
            skip,
            rest,
        }
    }
}

impl Body for Joined {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(before) = self.before.take() {
            return Poll::Ready(Some(Ok(Frame::data(before))));
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
        let before = self.before.as_ref().map_or(0, Bytes::len) as u64;
        let rest = self.rest.size_hint();
        let with = |rest: u64| rest.saturating_sub(self.skip).saturating_add(before);
        let mut hint = SizeHint::new();
        hint.set_lower(with(rest.lower()));
        if let Some(upper) = rest.upper() {
            hint.set_upper(with(upper));
        }
        hint
    }
}
