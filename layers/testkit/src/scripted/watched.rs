use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::shared::Shared;

/// A response's body that reports when it goes, and whether it had been read to its end.
pub(super) struct Watched {
    body: Body,
    ended: bool,
    shared: Shared,
}

impl Watched {
    pub(super) fn body(body: Body, shared: Shared) -> Body {
        shared.lock().open_bodies += 1;
        Body::stream(Self {
            body,
            ended: false,
            shared,
        })
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        self.ended |= matches!(frame, Poll::Ready(None | Some(Err(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let unread = !self.ended && !http_body::Body::is_end_stream(&self.body);
        let mut state = self.shared.lock();
        state.open_bodies -= 1;
        state.unread_bodies += usize::from(unread);
    }
}
