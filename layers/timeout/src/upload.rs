//! Whose turn it is while a request's body is sent, and which limit runs meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Phase;
use crate::idle::Idle;
use crate::rule::{Head, Rule, Verdict};

/// Timers are no finer, and a check that asks to be asked again at once would spin.
const TICK: Duration = Duration::from_millis(1);

/// How far a request's body is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    stage: Stage,
    idle: Idle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The transport has not asked yet: it connects, or waits for a connection.
    Unasked,
    /// It has; the idle clock runs while it is the peer's turn, not while it is the caller's.
    Sending,
    /// Everything was taken, or nobody will take any more.
    Done(Instant),
}

impl Progress {
    pub(crate) const fn new(limit: Duration) -> Self {
        let idle = Idle::new(limit, Phase::RequestBody);
        let stage = Stage::Unasked;
        Self { stage, idle }
    }

    /// The transport asked, and the caller's own source has nothing yet.
    pub(crate) const fn starved(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage = Stage::Sending;
            self.idle.stop();
        }
    }

    /// The transport asked and got a frame: until it asks again it is the peer's turn.
    pub(crate) const fn fed(&mut self, now: Instant) {
        self.starved();
        self.idle.start(now);
    }

    /// The body has ended, failed or was dropped.
    pub(crate) const fn done(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage = Stage::Done(now);
            self.idle.stop();
        }
    }

    fn check(&mut self, head: &mut Head, now: Instant) -> Verdict {
        let start = head.start(now);
        let limit = match self.stage {
            Stage::Unasked => head.limit_from(start, now).and(self.earliest(head, now)),
            Stage::Sending => match self.idle.check(now) {
                Verdict::Never => self.earliest(head, now),
                verdict => verdict,
            },
            Stage::Done(end) => head.limit_from(end, now),
        };
        head.total(now).and(limit)
    }

    /// No limit runs, or one that stops when the transport asks. Whatever happens next, nothing
    /// runs out before this instant, so nobody needs to wake the one who checks before it.
    fn earliest(&self, head: &Head, now: Instant) -> Verdict {
        let limit = self.idle.limit();
        let wait = head.limit().map_or(limit, |head| head.min(limit)).max(TICK);
        now.checked_add(wait).map_or(Verdict::Never, Verdict::Until)
    }
}

/// What the request's body tells the future of the response.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Progress>>);

impl Shared {
    pub(crate) fn new(limit: Duration) -> Self {
        Self(Arc::new(Mutex::new(Progress::new(limit))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the head of the response, with an upload on the way to it.
#[derive(Debug)]
pub(crate) struct Upload {
    head: Head,
    progress: Option<Shared>,
}

impl Upload {
    pub(crate) const fn new(head: Head, progress: Option<Shared>) -> Self {
        Self { head, progress }
    }
}

impl Rule for Upload {
    fn check(&mut self, now: Instant) -> Verdict {
        match &self.progress {
            Some(progress) => progress.lock().check(&mut self.head, now),
            None => self.head.check(now),
        }
    }
}
