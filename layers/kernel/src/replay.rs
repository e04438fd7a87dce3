use bytes::Bytes;
use http_body_util::{Empty, Full};

/// Whether a request's body can be sent twice, and how.
///
/// Retry, hedging and 401 handling need the same body again. A body that is not `Replay` cannot be
/// put under such a layer at all, and one that is can still say no for the message at hand: then it
/// is sent once, and what came back is the answer. It is never sent in part, and never as an empty
/// body instead.
///
/// Implemented by [`Body`](crate::Body), [`Full`] and [`Empty`]; wrap any other body in
/// [`Body::stream`](crate::Body::stream), which keeps a bounded copy of what was sent.
///
/// ```
/// use buttress_kernel::{Body, Replay};
///
/// let mut first = Body::from("bytes replay for free");
/// let second = first.replay().expect("bytes can be sent again");
/// assert!(second.is_whole());
/// ```
#[diagnostic::on_unimplemented(
    message = "a body of type `{Self}` cannot be sent twice",
    label = "this layer sends a request again, so its body must be `Replay`",
    note = "wrap it: `request.map(buttress_kernel::Body::stream)`; small bodies are then kept and sent again, large ones are sent once"
)]
pub trait Replay: Sized {
    /// Prepares this body for being sent more than once and returns a second one that sends the
    /// same, or `None` when it cannot. This body stays as it was, or, if it must keep what it
    /// sends, keeps it from now on. To be called before anything of this body is sent: a [`Full`]
    /// that has been sent cannot tell that it was not empty from the start.
    fn replay(&mut self) -> Option<Self>;

    /// Whether [`replay`](Self::replay) will return a body; costs nothing and changes nothing.
    fn can_replay(&self) -> bool;

    /// Whether this body, sent now or sent on, would be sent whole. A replay of a stream is no
    /// longer whole when the stream outgrew what is kept, or failed, or, once it has begun, when a
    /// later one took the stream over.
    fn is_whole(&self) -> bool {
        true
    }
}

impl<D: bytes::Buf + Clone> Replay for Full<D> {
    fn replay(&mut self) -> Option<Self> {
        Some(self.clone())
    }

    fn can_replay(&self) -> bool {
        true
    }
}

impl<D> Replay for Empty<D> {
    fn replay(&mut self) -> Option<Self> {
        Some(Self::new())
    }

    fn can_replay(&self) -> bool {
        true
    }
}

/// For request types without a body of their own.
impl Replay for () {
    fn replay(&mut self) -> Option<Self> {
        Some(())
    }

    fn can_replay(&self) -> bool {
        true
    }
}

impl Replay for Bytes {
    fn replay(&mut self) -> Option<Self> {
        Some(self.clone())
    }

    fn can_replay(&self) -> bool {
        true
    }
}
