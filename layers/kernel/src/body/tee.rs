use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http_body::{Body as _, SizeHint};

use super::BoxBody;
use super::reader::{Polled, Reader, Step};
use super::shared::Shared;

/// One reader of a stream that is kept while it is sent.
///
/// All readers share the stream and what has been taken from it. A reader first sends what is kept
/// and then goes on taking from the stream itself, so a replay of a body that was half sent is
/// whole. The last reader that began owns the stream: an earlier one gets an error, because two
/// attempts must not each send a half. Once all of the stream is kept, nobody needs to own it.
pub(super) struct Tee {
    shared: Arc<Mutex<Shared>>,
    reader: Reader,
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
        Self::reader(Arc::new(Mutex::new(Shared::new(rest, limit))))
    }

    fn reader(shared: Arc<Mutex<Shared>>) -> Self {
        let reader = Reader::default();
        Self { shared, reader }
    }

    pub(super) fn replay(&self) -> Option<Self> {
        self.can_replay()
            .then(|| Self::reader(Arc::clone(&self.shared)))
    }

    pub(super) fn can_replay(&self) -> bool {
        lock(&self.shared).can_begin()
    }

    pub(super) fn limit(&self) -> usize {
        lock(&self.shared).limit()
    }

    /// Whether this reader has been polled.
    pub(super) const fn has_begun(&self) -> bool {
        self.reader.turn.is_some()
    }

    pub(super) fn is_whole(&self) -> bool {
        lock(&self.shared).allows(&self.reader)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        lock(&self.shared).is_end(&self.reader)
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        lock(&self.shared).size_hint(&self.reader)
    }

    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Polled {
        let (step, displaced) = lock(&self.shared).step(&mut self.reader, cx.waker());
        wake(displaced);
        match step {
            Step::Send(frame) => Poll::Ready(Some(Ok(frame))),
            Step::End => Poll::Ready(None),
            Step::Lost => lost(),
            Step::Wait => Poll::Pending,
            Step::Take(rest) => self.take(rest, cx),
        }
    }

    /// Polls the stream outside the lock: it is foreign code, which may take its time, panic, or
    /// come back here.
    fn take(&mut self, mut rest: BoxBody, cx: &mut Context<'_>) -> Polled {
        let mut guard = Guard {
            shared: &self.shared,
            armed: true,
        };
        let polled = rest.as_mut().poll_frame(cx);
        let at_end = rest.is_end_stream();
        guard.armed = false;
        let back =
            lock(&self.shared).give_back(&mut self.reader, rest, &polled, at_end, cx.waker());
        drop(back.spent);
        wake(back.displaced);
        if back.may_send { polled } else { lost() }
    }
}

fn lost() -> Polled {
    Poll::Ready(Some(Err(NotWhole(()).into())))
}

/// Nothing runs under the lock that could leave things half done, so poison says nothing.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Watches over the stream while it is polled: if it panics, nobody may wait for it.
struct Guard<'a> {
    shared: &'a Mutex<Shared>,
    armed: bool,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.armed {
            let waiting = lock(self.shared).fail();
            wake(waiting);
        }
    }
}
