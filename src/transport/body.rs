use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::TransportError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::verdict;

/// The body of a response, as it comes in.
///
/// Read at the pace of its consumer: what is not asked for stays with the server, but for a window's
/// worth. Its errors are [`TransportError`]s, and say that the server has seen the request.
///
/// # Cancellation
///
/// Dropping it before its end closes an HTTP/1.1 connection, unless what is left has arrived already,
/// and resets an HTTP/2 stream.
#[derive(Debug)]
pub struct ResponseBody(Incoming);

impl ResponseBody {
    pub(super) const fn new(incoming: Incoming) -> Self {
        Self(incoming)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        Pin::new(&mut self.0)
            .poll_frame(cx)
            .map_err(verdict::of_body)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
