//! What the readers of one response share: pure transitions. The body is never polled here, and
//! nobody is woken, so that the lock around this is held for moments only.

use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Instant;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use super::filing::{Fate, Filing, Limits};
use super::growing::Growing;
use super::readers::Readers;
use super::room::Share;
use super::step::{After, News, Step};
use crate::error::{FellBehind, FetchFailed};

pub(crate) type BoxBody = Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>;

pub(super) type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

pub(super) struct State {
    rest: Rest,
    end: End,
    pub(super) bytes: Growing,
    pub(super) limits: Limits,
    pub(super) filing: Filing,
    /// Whether the store is, or was, given pieces.
    pub(super) is_filed: bool,
    /// Whether there was no room for the last bytes.
    pub(super) crowded: bool,
    /// What is held of the room for all bodies.
    pub(super) share: Share,
    /// Whether every byte so far is held.
    pub(super) whole: bool,
    /// Whether somebody has been told how the body ended, or that it is too long.
    pub(super) told: bool,
    /// What the body said of its length at first.
    pub(super) promised: SizeHint,
    trailers: Option<HeaderMap>,
    pub(super) readers: Readers,
    /// Whether the body has woken those who wait since it was polled last.
    woken: bool,
    /// Since when it has had nothing to give.
    silent: Option<Instant>,
    /// Whether it is known to take some time, or that its readers may.
    slow: bool,
    /// How many bytes there were when somebody looked, and when that was seen first.
    pub(super) grown: (u64, Option<Instant>),
}

enum Rest {
    Here(BoxBody),
    /// A reader is polling it.
    Lent,
    Over,
}

enum End {
    Open,
    Clean,
    Broken(FetchFailed),
}

impl State {
    pub(super) fn new(body: BoxBody, limits: Limits, share: Share) -> Self {
        Self {
            promised: body.size_hint(),
            rest: Rest::Here(body),
            end: End::Open,
            bytes: Growing::default(),
            limits,
            filing: limits.filing(),
            is_filed: false,
            crowded: false,
            share,
            whole: true,
            told: false,
            trailers: None,
            readers: Readers::default(),
            woken: false,
            silent: None,
            slow: false,
            grown: (0, None),
        }
    }

    /// The seat of the first reader, of a body that is at its end already or not.
    pub(super) fn begin(&mut self, ended: bool) -> usize {
        if ended {
            self.end = End::Clean;
            self.rest = Rest::Over;
            self.told = true;
        }
        self.readers.sit()
    }

    /// A seat for one more reader, which begins at the start, and whether it is the first that may be slower
    /// than others; none when bytes are gone.
    pub(super) fn join(&mut self) -> Option<(usize, bool)> {
        let may_join = self.is_whole();
        may_join.then(|| (self.readers.sit(), !std::mem::replace(&mut self.slow, true)))
    }

    /// Whether all is there that has come so far, and more may come.
    pub(super) const fn is_whole(&self) -> bool {
        self.whole && !matches!(self.end, End::Broken(_))
    }

    /// A reader goes.
    pub(super) fn leave(&mut self, seat: usize) -> After {
        self.readers.leave(seat);
        self.release();
        if self.is_read() || matches!(self.rest, Rest::Lent | Rest::Over) {
            return After {
                wake: self.all_waiting(),
                ..After::default()
            };
        }
        let Rest::Here(body) = std::mem::replace(&mut self.rest, Rest::Over) else {
            return After::default();
        };
        // Whoever is sent a whole `Content-Length` may not ask for more.
        let news = if self.promised.exact() == Some(self.bytes.end()) {
            self.end = End::Clean;
            self.tell(Fate::Complete)
        } else {
            self.end = End::Broken(FetchFailed::new("nobody wanted the rest".into()));
            self.tell(Fate::Cut)
        };
        After {
            news,
            spent: Some(body),
            wake: self.take_filing().into_iter().collect(),
            ..After::default()
        }
    }

    /// Whether somebody reads it, or waits until the store has it.
    fn is_read(&self) -> bool {
        let waits = self.is_filed && self.filing.is_hopeful() && self.readers.has_lost();
        waits || self.readers.slowest().is_some()
    }

    /// The next step of a reader, which waits if it is told so or takes the body.
    pub(super) fn step(
        &mut self,
        seat: usize,
        told_trailers: &mut bool,
        waker: &Waker,
        now: fn() -> Instant,
    ) -> Step {
        let Some(position) = self.readers.position(seat) else {
            return self.step_behind(seat, waker, now);
        };
        if let Some(bytes) = self.bytes.read(position) {
            self.readers.advance(seat, position + bytes.len() as u64);
            self.release();
            return Step::Send(Frame::data(bytes));
        }
        self.step_at_end(seat, told_trailers, waker, now)
    }

    /// The reader has all bytes that there are.
    fn step_at_end(
        &mut self,
        seat: usize,
        told_trailers: &mut bool,
        waker: &Waker,
        now: fn() -> Instant,
    ) -> Step {
        match &self.end {
            End::Broken(error) => return Step::Fail(error.clone()),
            End::Clean => {
                let first = !std::mem::replace(told_trailers, true);
                let trailers = first.then(|| self.trailers.clone()).flatten();
                return trailers
                    .map_or(Step::End, |trailers| Step::Send(Frame::trailers(trailers)));
            }
            End::Open => {}
        }
        if matches!(self.rest, Rest::Over) {
            return Step::End;
        }
        self.take(seat, waker, now).map_or(Step::Wait, Step::Take)
    }

    /// The bytes that the reader needs are gone. The store will have them, where it is given the body in
    /// pieces.
    fn step_behind(&mut self, seat: usize, waker: &Waker, now: fn() -> Instant) -> Step {
        match &self.end {
            _ if !self.is_filed => Step::Fail(FetchFailed::new(FellBehind.into())),
            End::Broken(error) => Step::Fail(error.clone()),
            End::Open if self.filing.is_hopeful() => {
                self.take(seat, waker, now).map_or(Step::Wait, Step::Help)
            }
            End::Open | End::Clean => {
                let lost = self.readers.lost(seat).unwrap_or_default();
                Step::Look(lost)
            }
        }
    }

    /// The body, to be polled; the reader waits if it cannot have it.
    fn take(&mut self, seat: usize, waker: &Waker, now: fn() -> Instant) -> Option<BoxBody> {
        self.readers.wait(seat, waker);
        if self.is_held_up(now) {
            return None;
        }
        match std::mem::replace(&mut self.rest, Rest::Lent) {
            Rest::Here(body) => {
                self.woken = false;
                Some(body)
            }
            other => {
                self.rest = other;
                None
            }
        }
    }

    /// Takes the body back from a reader that found nothing in it.
    pub(super) fn give_back_empty(&mut self, body: BoxBody, now: Instant) -> After {
        self.rest = Rest::Here(body);
        if self.woken {
            // Those who were woken meanwhile did not find it here, and wait again.
            return After {
                wake: self.readers.take_waiting(),
                ..After::default()
            };
        }
        self.silent.get_or_insert(now);
        After::default()
    }

    /// Since when those who read have waited in vain for the body to give something, if they do.
    pub(super) fn silent_since(&self) -> Option<Instant> {
        self.silent
            .filter(|_| !self.woken && matches!(self.rest, Rest::Here(_)))
    }

    /// Takes the body back from a reader, with what it gave.
    pub(super) fn give_back(
        &mut self,
        seat: usize,
        body: BoxBody,
        polled: &Polled,
        told_trailers: &mut bool,
    ) -> After {
        self.silent = None;
        let mut at_end = body.is_end_stream();
        let mut news = None;
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.trailers = Some(trailers.clone());
                    *told_trailers = true;
                    at_end = true;
                } else if let Some(data) = frame.data_ref() {
                    news = self.take_in(seat, data, at_end);
                }
            }
            Poll::Ready(None) => at_end = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        let spent = if at_end {
            self.end = End::Clean;
            self.rest = Rest::Over;
            news = self.tell(Fate::Complete).or(news);
            Some(body)
        } else {
            self.rest = Rest::Here(body);
            None
        };
        let is_slow = !self.told && !std::mem::replace(&mut self.slow, true);
        After {
            wake: self.all_waiting(),
            news,
            spent,
            is_slow,
        }
    }

    /// The body failed, in the hands of a reader.
    pub(super) fn fail(&mut self, error: FetchFailed) -> After {
        self.end = End::Broken(error);
        self.rest = Rest::Over;
        After {
            news: self.tell(Fate::Cut),
            wake: self.all_waiting(),
            ..After::default()
        }
    }

    /// Says, once, how it ended: to the sink, or to the store that is given pieces.
    pub(super) fn tell(&mut self, fate: Fate) -> Option<News> {
        if std::mem::replace(&mut self.told, true) || self.filing.end(fate, self.bytes.end()) {
            return None;
        }
        Some(match fate {
            Fate::Complete => News::Complete(self.bytes.concat()),
            Fate::Cut => News::Cut(self.bytes.concat()),
            Fate::TooLong => News::TooLong,
        })
    }

    pub(super) fn is_end(&self, seat: usize, told_trailers: bool) -> bool {
        let position = self.readers.position(seat);
        matches!(self.end, End::Clean)
            && position.is_some_and(|position| position >= self.bytes.end())
            && (told_trailers || self.trailers.is_none())
    }

    pub(super) fn size_hint(&self, seat: usize) -> SizeHint {
        let Some(sent) = self.readers.position(seat) else {
            return SizeHint::new();
        };
        if matches!(self.end, End::Clean) {
            return SizeHint::with_exact(self.bytes.end().saturating_sub(sent));
        }
        let mut hint = SizeHint::new();
        hint.set_lower(self.promised.lower().saturating_sub(sent));
        if let Some(upper) = self.promised.upper() {
            hint.set_upper(upper.saturating_sub(sent));
        }
        hint
    }

    /// All who wait and have something to do now.
    pub(super) fn all_waiting(&mut self) -> Vec<Waker> {
        let mut waiting = self.readers.take_waiting();
        waiting.extend(self.take_filing());
        waiting
    }

    /// The body may have something to give.
    pub(super) fn wake(&mut self) -> Vec<Waker> {
        self.woken = true;
        self.all_waiting()
    }
}
