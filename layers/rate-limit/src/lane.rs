//! One bucket, shared: an atomic while nobody waits, a mutex around the queue when somebody does.

mod look;

use std::sync::PoisonError;
use std::task::Waker;

use crate::alarm::Alarm;
use crate::bucket::{Bucket, Pace};
use crate::clock::{LATEST, Nanos};
use crate::cubic::{Cubic, Signal};
use crate::line::{Answer, Line, Turn};
use crate::queue::{Place, Queue};
use crate::rules::{Ask, Reason, Rules};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// Who to wake when a waiter was served, or is first.
pub(crate) type Mark = Option<Waker>;

/// The bucket of one key, and those who wait for it.
pub(crate) struct Lane {
    hot: Hot,
    price: AtomicU64,
    span: AtomicU64,
    slow: Mutex<Option<Box<Slow>>>,
}

/// What every request writes. Side by side, and never on two lines of the processor's cache, since
/// each line that processors take from one another is what a request costs on two of them.
#[repr(align(16))]
struct Hot {
    /// When the bucket is full, and the mark that the mutex's owner alone may touch it.
    state: AtomicU64,
    granted: AtomicU64,
}

/// What only those need who could not go at once.
struct Slow {
    queue: Queue<Mark>,
    rest: Rest,
}

/// What goes with a queue.
#[derive(Default)]
struct Rest {
    alarm: Alarm,
    cubic: Option<Cubic>,
    rejected: u64,
}

/// A bucket that holds this mark has a queue.
const QUEUED: u64 = 1 << 63;

impl Lane {
    /// A lane with a full bucket.
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            hot: Hot {
                state: AtomicU64::new(0),
                granted: AtomicU64::new(0),
            },
            price: AtomicU64::new(pace.price),
            span: AtomicU64::new(pace.span),
            slow: Mutex::new(None),
        }
    }

    /// Takes tokens if nobody waits and there are enough; whether it did.
    #[inline]
    pub(crate) fn take(&self, now: Nanos, cost: u32) -> bool {
        let mut full_at = self.hot.state.load(Ordering::Acquire);
        while full_at < QUEUED {
            // A change of pace takes the mark first, so the exchange fails if this one is old.
            let pace = self.pace();
            let need = pace.need(cost.into());
            let bucket = Bucket { full_at, pace };
            let (true, Ok(next)) = (need <= pace.span, bucket.take(now, need)) else {
                return false;
            };
            let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
            let swapped =
                self.hot
                    .state
                    .compare_exchange_weak(full_at, next.full_at, success, failure);
            match swapped {
                Ok(_) => {
                    self.hot.granted.fetch_add(1, Ordering::Relaxed);
                    return true;
                }
                Err(other) => full_at = other,
            }
        }
        false
    }

    /// A request comes that could not [`take`](Self::take): what becomes of it, when it came, and
    /// whether that raises the alarm.
    ///
    /// The clock is read when nobody else can touch the bucket. An instant read before that may lie
    /// before another's who took tokens meanwhile, and a token that was there would not be seen.
    pub(crate) fn arrive(
        &self,
        now: impl FnOnce() -> Nanos,
        ask: &Ask,
        rules: &Rules,
    ) -> (Answer, Nanos, bool) {
        self.with(|line, rest| {
            let now = now();
            let answer = line.arrive(now, ask, rules);
            let alarm = match answer {
                Answer::Go { .. } | Answer::TooDear { .. } => false,
                Answer::Wait { .. } => rest.alarm.note(now, rules.alarm),
                Answer::Refuse { .. } => {
                    rest.rejected += 1;
                    rest.alarm.note(now, rules.alarm)
                }
            };
            (answer, now, alarm)
        })
    }

    /// One that came at `came` and was served is told by somebody else to wait until `ready`; whether
    /// that raises the alarm. It is news if it has not waited yet.
    pub(crate) fn defer(
        &self,
        place: Place,
        times: (Nanos, Nanos, Nanos),
        is_news: bool,
        ask: &Ask,
        rules: &Rules,
    ) -> (Result<Nanos, (Nanos, Reason)>, bool) {
        self.hot.granted.fetch_sub(1, Ordering::Relaxed);
        self.with(|line, rest| {
            let answer = line.defer(place, times, ask, rules);
            rest.rejected += u64::from(answer.is_err());
            let alarm = is_news && rest.alarm.note(times.1, rules.alarm);
            (answer, alarm)
        })
    }

    /// Somebody who saw others take tokens says that no more than so many were left at `then`.
    pub(crate) fn cap(&self, then: Nanos, tokens: u64) {
        self.with(|line, _| line.bucket.cap(then, tokens));
    }

    /// Takes tokens at this pace from now on: how many whole ones are left, or for how long they are
    /// not there.
    pub(crate) fn pay(
        &self,
        now: impl FnOnce() -> Nanos,
        pace: Pace,
        cost: u32,
    ) -> Result<u64, Nanos> {
        self.with(|line, _| {
            let now = now();
            if line.bucket.pace != pace {
                line.bucket.set_pace(now, pace);
            }
            let paid = line.bucket.take(now, pace.need(cost.into()));
            line.bucket = paid.map_err(|ready_at| ready_at - now)?;
            Ok(line.bucket.level(now))
        })
    }

    /// Tokens that were paid for at this pace come back.
    pub(crate) fn refund(&self, pace: Pace, cost: u32) {
        self.with(|line, _| line.bucket.refund(pace.need(cost.into())));
    }

    /// A waiter asks again, that meant to do so at `until` and gives up at `limit`; `waker` is told
    /// when it should ask earlier.
    pub(crate) fn turn(
        &self,
        place: Place,
        now: Nanos,
        (until, limit): (Nanos, Nanos),
        waker: &Waker,
    ) -> Turn {
        self.with(|line, rest| {
            let turn = line.turn(place, now, until, limit);
            if let Some(mark) = line.queue.mark(place) {
                *mark = Some(waker.clone());
            }
            rest.rejected += u64::from(matches!(turn, Turn::Late { .. }));
            turn
        })
    }

    /// A waiter goes away, or one that was served without using what it was given.
    pub(crate) fn leave(&self, place: Place, cost: u32, now: Nanos) {
        let refunded = self.with(|line, _| line.leave(place, cost, now));
        self.hot
            .granted
            .fetch_sub(u64::from(refunded), Ordering::Relaxed);
    }

    /// Another pace from now on; the level stays.
    pub(crate) fn set_pace(&self, now: Nanos, pace: Pace) {
        self.with(|line, rest| {
            rest.cubic = None;
            if line.bucket.pace != pace {
                line.set_pace(now, pace);
            }
        });
    }

    /// A response to a request that left at `left`; the paces before and after it.
    pub(crate) fn hear(&self, now: Nanos, left: Nanos, signal: Signal) -> (Pace, Pace) {
        self.with(|line, rest| {
            let before = line.bucket.pace;
            let cubic = rest.cubic.get_or_insert_with(|| Cubic::new(before));
            let pace = cubic.hear(now, left, before, signal);
            if pace != before {
                line.set_pace(now, pace);
            }
            (before, pace)
        })
    }

    #[inline]
    pub(crate) fn pace(&self) -> Pace {
        Pace {
            price: self.price.load(Ordering::Relaxed),
            span: self.span.load(Ordering::Relaxed),
        }
    }

    /// Works on the bucket and the queue as their only owner.
    fn with<R>(&self, work: impl FnOnce(&mut Line<'_, Mark>, &mut Rest) -> R) -> R {
        let mut guard = self.lock();
        let slow = guard.get_or_insert_with(Slow::boxed);
        let full_at = self.hot.state.fetch_or(QUEUED, Ordering::AcqRel) & !QUEUED;
        let pace = self.pace();
        let mut line = Line::new(Bucket { full_at, pace }, &mut slow.queue);
        let result = work(&mut line, &mut slow.rest);
        let Line {
            bucket,
            woken,
            served,
            ..
        } = line;
        if bucket.pace != pace {
            self.price.store(bucket.pace.price, Ordering::Relaxed);
            self.span.store(bucket.pace.span, Ordering::Relaxed);
        }
        if served > 0 {
            self.hot.granted.fetch_add(served, Ordering::Relaxed);
        }
        let mark = if slow.queue.is_empty() { 0 } else { QUEUED };
        self.hot
            .state
            .store(bucket.full_at.min(LATEST) | mark, Ordering::Release);
        drop(guard);
        // Waking may run code of a stranger, so not under the lock.
        woken.into_iter().flatten().for_each(Waker::wake);
        result
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Slow>>> {
        self.slow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slow {
    fn boxed() -> Box<Self> {
        Box::new(Self {
            queue: Queue::new(),
            rest: Rest::default(),
        })
    }
}
