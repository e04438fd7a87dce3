//! One reader of a stream, and what it is told to do.

use std::task::{Poll, Waker};

use bytes::Bytes;
use http_body::Frame;

use super::BoxBody;
use crate::BoxError;

pub(super) type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// How far one reader has come.
#[derive(Default)]
pub(super) struct Reader {
    /// How many bytes it has sent.
    pub(super) position: usize,
    pub(super) trailers_sent: bool,
    /// Which reader this is; drawn when it is first polled.
    pub(super) turn: Option<u64>,
}

impl Reader {
    /// It sends this frame.
    pub(super) fn advance(&mut self, frame: &Frame<Bytes>) {
        let sent = frame.data_ref().map_or(0, Bytes::len);
        self.position = self.position.saturating_add(sent);
        self.trailers_sent |= frame.is_trailers();
    }
}

/// What a reader that is polled does next.
pub(super) enum Step {
    Send(Frame<Bytes>),
    End,
    /// Part of the body is gone for this reader.
    Lost,
    Wait,
    /// Poll the stream and give it back.
    Take(BoxBody),
}

/// What follows from giving the stream back.
pub(super) struct Back {
    pub(super) may_send: bool,
    pub(super) displaced: Option<Waker>,
    /// The stream, when it is over, to be dropped outside the lock: that is foreign code too.
    pub(super) spent: Option<BoxBody>,
}
