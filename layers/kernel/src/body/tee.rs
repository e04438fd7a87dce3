use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

use super::BoxBody;
use crate::BoxError;

/// One reader of a stream that is kept while it is sent.
///
/// All readers share the stream and what has been taken from it. A reader first sends what is kept
/// and then goes on taking from the stream itself, so a replay of a body that was half sent is
/// whole. The last reader that was polled owns the stream: an earlier one gets an error, because two
/// attempts must not each send a half.
pub(super) struct Tee {
    shared: Arc<Mutex<Shared>>,
    /// How many of the kept bytes this reader has sent.
    position: usize,
    trailers_sent: bool,
    /// Which reader this is; drawn when it is first polled.
    turn: Option<u64>,
}

struct Shared {
    rest: BoxBody,
    kept: BytesMut,
    limit: usize,
    trailers: Option<HeaderMap>,
    state: State,
    last_turn: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything taken from the stream is in `kept`, and there may be more.
    Reading,
    /// The stream has ended, and all of it is in `kept`.
    Ended,
    /// More was taken than is kept; whoever reads now may go on, nobody else can begin.
    Outgrown,
    /// The stream failed, so no reader can send it whole.
    Failed,
}

/// This body cannot be sent (any more), because part of it is gone.
#[derive(Debug)]
pub struct NotWhole(());

impl fmt::Display for NotWhole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body can no longer be sent whole")
    }
}

impl Error for NotWhole {}

impl Tee {
    pub(super) fn new(rest: BoxBody, limit: usize) -> Self {
        let shared = Shared {
            rest,
            limit,
            kept: BytesMut::new(),
            trailers: None,
            state: State::Reading,
            last_turn: 0,
        };
        Self::reader(Arc::new(Mutex::new(shared)))
    }

    fn reader(shared: Arc<Mutex<Shared>>) -> Self {
        Self {
            shared,
            position: 0,
            trailers_sent: false,
            turn: None,
        }
    }

    pub(super) fn replay(&self) -> Option<Self> {
        self.shared().can_begin().then(|| Self::reader(Arc::clone(&self.shared)))
    }

    /// A reader that has begun and is the current one may go on even when the stream has outgrown
    /// what is kept; any other needs all of it.
    pub(super) fn is_whole(&self) -> bool {
        let shared = self.shared();
        shared.can_begin() || shared.state == State::Outgrown && self.turn == Some(shared.last_turn)
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let shared = Arc::clone(&self.shared);
        let mut shared = lock(&shared);
        let turn = *self.turn.get_or_insert_with(|| shared.next_turn());
        if turn != shared.last_turn {
            return Poll::Ready(Some(Err(NotWhole(()).into())));
        }
        if let Some(kept) = shared.kept_from(self.position) {
            self.position += kept.len();
            return Poll::Ready(Some(Ok(Frame::data(kept))));
        }
        match shared.state {
            State::Ended => Poll::Ready(self.trailers(&shared).map(Ok)),
            // An outgrown stream may be finished by the reader that outgrew it.
            State::Outgrown if self.position == 0 => Poll::Ready(Some(Err(NotWhole(()).into()))),
            State::Failed => Poll::Ready(Some(Err(NotWhole(()).into()))),
            State::Reading | State::Outgrown => {
                let frame = shared.take(cx);
                if let Poll::Ready(Some(Ok(frame))) = &frame {
                    let sent = frame.data_ref().map_or(0, Bytes::len);
                    self.position = self.position.saturating_add(sent);
                    self.trailers_sent |= frame.is_trailers();
                }
                frame
            }
        }
    }

    fn trailers(&mut self, shared: &Shared) -> Option<Frame<Bytes>> {
        let first = !std::mem::replace(&mut self.trailers_sent, true);
        let trailers = first.then(|| shared.trailers.clone()).flatten();
        trailers.map(Frame::trailers)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let shared = self.shared();
        let all_sent = self.position >= shared.kept.len();
        match shared.state {
            State::Ended => all_sent && (self.trailers_sent || shared.trailers.is_none()),
            State::Reading => all_sent && shared.rest.is_end_stream(),
            State::Outgrown => shared.rest.is_end_stream(),
            State::Failed => false,
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let shared = self.shared();
        let kept = shared.kept.len().saturating_sub(self.position) as u64;
        if shared.state == State::Ended {
            return SizeHint::with_exact(kept);
        }
        let rest = shared.rest.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(kept)) {
            hint.set_upper(upper);
        }
        hint.set_lower(rest.lower().saturating_add(kept));
        hint
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

/// A panic in the stream leaves its bytes as they were, so a poisoned lock is no reason to panic.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn can_begin(&self) -> bool {
        matches!(self.state, State::Reading | State::Ended)
    }

    fn next_turn(&mut self) -> u64 {
        self.last_turn += 1;
        self.last_turn
    }

    fn kept_from(&self, position: usize) -> Option<Bytes> {
        let kept = self.kept.get(position..)?;
        (!kept.is_empty()).then(|| Bytes::copy_from_slice(kept))
    }

    fn take(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = self.rest.as_mut().poll_frame(cx);
        match &frame {
            Poll::Pending => {}
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(Err(_))) => self.lose(State::Failed),
            Poll::Ready(Some(Ok(frame))) => self.keep(frame),
        }
        frame
    }

    fn end(&mut self) {
        if self.state == State::Reading {
            self.state = State::Ended;
        }
    }

    fn keep(&mut self, frame: &Frame<Bytes>) {
        if self.state != State::Reading {
            return;
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
            self.end();
        } else if let Some(data) = frame.data_ref() {
            if data.len() > self.limit - self.kept.len() {
                self.lose(State::Outgrown);
            } else {
                self.kept.extend_from_slice(data);
            }
        }
    }

    fn lose(&mut self, state: State) {
        self.state = state;
        self.kept = BytesMut::new();
        self.trailers = None;
    }
}
