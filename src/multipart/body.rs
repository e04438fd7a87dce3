use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Bodies one after the other, without their trailers.
pub(super) struct Chain {
    now: Body,
    later: vec::IntoIter<Body>,
}

impl Chain {
    pub(super) fn new(bodies: Vec<Body>) -> Self {
        Self {
            now: Body::empty(),
            later: bodies.into_iter(),
        }
    }
}

impl http_body::Body for Chain {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            match ready!(Pin::new(&mut self.now).poll_frame(cx)) {
                Some(Ok(frame)) if !frame.is_data() => {}
                Some(end) => return Poll::Ready(Some(end)),
                None => match self.later.next() {
                    Some(next) => self.now = next,
                    None => return Poll::Ready(None),
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.now.is_end_stream() && self.later.as_slice().is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut sum = self.now.size_hint();
        for body in self.later.as_slice() {
            let hint = body.size_hint();
            let lower = sum.lower().saturating_add(hint.lower());
            let upper = sum
                .upper()
                .zip(hint.upper())
                .and_then(|(a, b)| a.checked_add(b));
            sum = SizeHint::new();
            if let Some(upper) = upper {
                sum.set_upper(upper);
            }
            sum.set_lower(lower);
        }
        sum
    }
}
