use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Meter;

/// So much is given at once, so that there is something to see.
const PIECE: usize = 64 * 1024;

/// A body that is counted as it is taken.
pub(crate) struct Counted {
    body: Body,
    /// What is left of a frame that was too large.
    rest: Bytes,
    meter: Meter,
}

impl Counted {
    pub(crate) fn new(body: Body, meter: Meter) -> Self {
        meter.begin(0, http_body::Body::size_hint(&body).exact());
        let rest = Bytes::new();
        Self { body, rest, meter }
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.meter.add(length as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut sum = SizeHint::new();
        sum.set_lower(hint.lower().saturating_add(rest));
        if let Some(upper) = hint.upper().and_then(|upper| upper.checked_add(rest)) {
            sum.set_upper(upper);
        }
        sum
    }
}
