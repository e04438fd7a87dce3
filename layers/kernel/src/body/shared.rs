//! What the readers of one stream share: pure transitions. The stream is never polled here, and
//! nobody is woken, so that the lock around this is held for moments only.

use std::task::{Poll, Waker};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Frame, SizeHint};

use super::BoxBody;
use super::reader::{Back, Polled, Reader, Step};

/// A replay hands out what is kept in pieces of at most so many bytes, each a copy.
const PIECE: usize = 64 * 1024;

pub(super) struct Shared {
    rest: Rest,
    /// What the stream said of its length at first, which a replay repeats.
    promised: SizeHint,
    /// Whether the stream said, when it was last here, that nothing more would come.
    at_end: bool,
    kept: BytesMut,
    limit: usize,
    trailers: Option<HeaderMap>,
    state: State,
    /// The reader that began last.
    owner: u64,
    /// Whoever waits: for the stream, or for the reader that polls it.
    waiting: Option<Waker>,
}

enum Rest {
    Here(BoxBody),
    /// A reader is polling it.
    Lent,
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Everything taken from the stream is in `kept`, and there may be more.
    Reading,
    /// The stream has ended, and all of it is in `kept`.
    Ended,
    /// More was taken than is kept; its owner may go on, nobody else can begin.
    Outgrown,
    /// The stream failed, so no reader can send it whole.
    Failed,
}

impl Shared {
    pub(super) fn new(rest: BoxBody, limit: usize) -> Self {
        Self {
            promised: rest.size_hint(),
            at_end: rest.is_end_stream(),
            rest: Rest::Here(rest),
            kept: BytesMut::new(),
            limit,
            trailers: None,
            state: State::Reading,
            owner: 0,
            waiting: None,
        }
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether a reader that begins now can send everything.
    pub(super) const fn can_begin(&self) -> bool {
        matches!(self.state, State::Reading | State::Ended)
    }

    /// Whether nothing is lost for this reader.
    pub(super) fn allows(&self, reader: &Reader) -> bool {
        let owns = reader.turn == Some(self.owner);
        match self.state {
            State::Ended => true,
            State::Reading => owns || reader.turn.is_none(),
            State::Outgrown => owns,
            State::Failed => false,
        }
    }

    pub(super) fn is_end(&self, reader: &Reader) -> bool {
        let kept_sent = reader.position >= self.kept.len();
        match self.state {
            State::Ended => kept_sent && (reader.trailers_sent || self.trailers.is_none()),
            State::Reading => kept_sent && self.at_end,
            // Not for a reader that has lost its place: its half must not end like a whole.
            State::Outgrown => self.at_end && self.allows(reader),
            State::Failed => false,
        }
    }

    /// What is left for this reader. For one that has lost its place nothing is known: were it an
    /// exact 0, the transport would send an empty body and never learn of the error.
    pub(super) fn size_hint(&self, reader: &Reader) -> SizeHint {
        if !self.allows(reader) {
            return SizeHint::new();
        }
        let sent = reader.position as u64;
        if self.state == State::Ended {
            return SizeHint::with_exact((self.kept.len() as u64).saturating_sub(sent));
        }
        let mut hint = SizeHint::new();
        hint.set_lower(self.promised.lower().saturating_sub(sent));
        if let Some(upper) = self.promised.upper() {
            hint.set_upper(upper.saturating_sub(sent));
        }
        hint
    }

    /// The next step, and a waker to wake, if somebody no longer needs to wait.
    pub(super) fn step(&mut self, reader: &mut Reader, waker: &Waker) -> (Step, Option<Waker>) {
        let displaced = self.begin(reader);
        if !self.allows(reader) {
            return (Step::Lost, displaced);
        }
        if let Some(kept) = self.kept_from(reader.position) {
            reader.position += kept.len();
            return (Step::Send(Frame::data(kept)), displaced);
        }
        if self.state == State::Ended {
            return (self.last_step(reader), displaced);
        }
        match std::mem::replace(&mut self.rest, Rest::Lent) {
            Rest::Here(rest) => (Step::Take(rest), displaced),
            Rest::Lent => (Step::Wait, displaced.or(self.wait(waker))),
            Rest::Over => {
                self.rest = Rest::Over;
                (Step::End, displaced)
            }
        }
    }

    /// A reader that can begin becomes the owner, and whoever waits must learn of it.
    fn begin(&mut self, reader: &mut Reader) -> Option<Waker> {
        if reader.turn.is_some() || !self.can_begin() {
            return None;
        }
        self.owner += 1;
        reader.turn = Some(self.owner);
        self.waiting.take()
    }

    fn kept_from(&self, position: usize) -> Option<Bytes> {
        let kept = self.kept.get(position..)?;
        let piece = &kept[..kept.len().min(PIECE)];
        (!piece.is_empty()).then(|| Bytes::copy_from_slice(piece))
    }

    fn last_step(&self, reader: &mut Reader) -> Step {
        let first = !std::mem::replace(&mut reader.trailers_sent, true);
        let trailers = first.then(|| self.trailers.clone()).flatten();
        trailers.map_or(Step::End, |trailers| Step::Send(Frame::trailers(trailers)))
    }

    /// Waits; returns whoever waited before.
    fn wait(&mut self, waker: &Waker) -> Option<Waker> {
        let waits = |waiting: &Waker| waiting.will_wake(waker);
        if self.waiting.as_ref().is_some_and(waits) {
            return None;
        }
        self.waiting.replace(waker.clone())
    }

    /// Takes the stream back from `reader`, with what it gave.
    pub(super) fn give_back(
        &mut self,
        reader: &mut Reader,
        rest: BoxBody,
        polled: &Polled,
        at_end: bool,
        waker: &Waker,
    ) -> Back {
        let owns = self.allows(reader);
        self.at_end = at_end;
        self.account(polled, owns);
        let spent = self.put_back(rest, matches!(polled, Poll::Ready(None)));
        let failed = matches!(polled, Poll::Ready(Some(Err(_))));
        let may_send = failed || owns || self.allows(reader);
        if let (true, Poll::Ready(Some(Ok(frame)))) = (may_send, polled) {
            reader.advance(frame);
        }
        let displaced = match (owns, polled) {
            (true, Poll::Pending) => self.wait(waker),
            (true, Poll::Ready(_)) => None,
            (false, _) => self.waiting.take(),
        };
        Back {
            may_send,
            displaced,
            spent,
        }
    }

    fn account(&mut self, polled: &Polled, owned: bool) {
        match polled {
            Poll::Pending => {}
            Poll::Ready(None) => self.end(),
            Poll::Ready(Some(Err(_))) => self.lose(State::Failed),
            Poll::Ready(Some(Ok(frame))) => self.keep(frame, owned),
        }
    }

    /// The stream, if nobody needs it any more.
    fn put_back(&mut self, rest: BoxBody, ended: bool) -> Option<BoxBody> {
        if ended || matches!(self.state, State::Ended | State::Failed) {
            self.rest = Rest::Over;
            Some(rest)
        } else {
            self.rest = Rest::Here(rest);
            None
        }
    }

    /// The stream is gone without a word; returns whoever waited for it.
    pub(super) fn fail(&mut self) -> Option<Waker> {
        self.lose(State::Failed);
        self.rest = Rest::Over;
        self.waiting.take()
    }

    /// A stream shorter than it promised has not ended but broken off.
    fn end(&mut self) {
        if self.state == State::Reading {
            if (self.kept.len() as u64) < self.promised.lower() {
                self.lose(State::Failed);
            } else {
                self.state = State::Ended;
            }
        }
    }

    /// Keeps a frame, if there is room for it. A reader that lost its place while it polled cannot
    /// send the frame, so then the owner's only copy is kept whatever its size.
    fn keep(&mut self, frame: &Frame<Bytes>, owned: bool) {
        if self.state != State::Reading {
            return;
        }
        if let Some(trailers) = frame.trailers_ref() {
            self.trailers = Some(trailers.clone());
            self.end();
        } else if let Some(data) = frame.data_ref() {
            let room = self.limit.saturating_sub(self.kept.len());
            if owned && data.len() > room {
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
