use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::{BoxError, Sent, TransportError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// How a body ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Whole,
    /// The connection breaks after so many bytes.
    Reset(usize),
    /// Nothing comes any more after so many bytes.
    Stall(usize),
}

/// A body in pieces.
#[derive(Debug)]
pub(super) struct Pieces {
    left: VecDeque<Bytes>,
    /// What the server promised, whether or not it keeps it.
    promised: u64,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    begun: bool,
    ending: Ending,
}

impl Pieces {
    pub(super) fn new(pieces: Vec<Bytes>, pause: Duration, ending: Ending) -> Self {
        let promised = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self {
            left: cut(pieces, ending),
            promised,
            pause,
            waiting: None,
            begun: false,
            ending,
        }
    }
}

fn cut(pieces: Vec<Bytes>, ending: Ending) -> VecDeque<Bytes> {
    let mut room = match ending {
        Ending::Whole => usize::MAX,
        Ending::Reset(bytes) | Ending::Stall(bytes) => bytes,
    };
    let cut = pieces.into_iter().map(|mut piece| {
        piece.truncate(room);
        room -= piece.len();
        piece
    });
    cut.filter(|piece| !piece.is_empty()).collect()
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(waiting) = &mut this.waiting {
            ready!(waiting.as_mut().poll(cx));
            this.waiting = None;
        } else if this.begun && !this.left.is_empty() && !this.pause.is_zero() {
            this.waiting = Some(Box::pin(sleep(this.pause)));
            return self.poll_frame(cx);
        }
        this.begun = true;
        if let Some(piece) = this.left.pop_front() {
            this.promised -= piece.len() as u64;
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match this.ending {
            Ending::Whole => Poll::Ready(None),
            Ending::Stall(_) => Poll::Pending,
            Ending::Reset(_) => {
                this.ending = Ending::Whole;
                let reset = io::Error::from(io::ErrorKind::ConnectionReset);
                Poll::Ready(Some(Err(TransportError::broken(Sent::Yes, reset).into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty() && matches!(self.ending, Ending::Whole)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
