use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::mpsc;

type Item = Result<Frame<Bytes>, BoxError>;

/// A body whose frames come when the test sends them.
///
/// It ends when the sender is dropped. Until then, and while nothing was sent, it is pending.
///
/// ```
/// use http_body_util::BodyExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), buttress_kernel::BoxError> {
/// let (sender, body) = buttress_testkit::channel();
/// sender.data("one");
/// sender.data("two");
/// drop(sender);
/// assert_eq!(body.collect().await?.to_bytes(), "onetwo");
/// # Ok(()) }
/// ```
#[must_use]
pub fn channel() -> (FrameSender, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (FrameSender(sender), Body::stream(Frames(receiver)))
}

/// The sending end of a [`channel`]. Sending to a body that was dropped does nothing.
pub struct FrameSender(mpsc::UnboundedSender<Item>);

impl FrameSender {
    /// Sends a frame of data.
    pub fn data(&self, data: impl Into<Bytes>) {
        self.send(Ok(Frame::data(data.into())));
    }

    /// Sends trailers.
    pub fn trailers(&self, trailers: HeaderMap) {
        self.send(Ok(Frame::trailers(trailers)));
    }

    /// Lets the body fail.
    pub fn error(&self, error: impl Into<BoxError>) {
        self.send(Err(error.into()));
    }

    /// Whether the body was dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn send(&self, item: Item) {
        // A closed channel is `is_closed`'s business.
        let _ = self.0.send(item);
    }
}

impl fmt::Debug for FrameSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameSender")
            .field("closed", &self.is_closed())
            .finish()
    }
}

struct Frames(mpsc::UnboundedReceiver<Item>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.0.poll_recv(cx)
    }
}
