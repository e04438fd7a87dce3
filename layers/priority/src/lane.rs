//! One limit, shared: an atomic while nobody waits, a mutex around the queue when somebody does.

use std::fmt;
use std::sync::PoisonError;
use std::task::Waker;

use crate::line::{Arrival, Line, Load, Turn};
use crate::queue::{Place, Queue, Rank};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// Who to wake when a wait is over.
pub(crate) type Mark = Option<Waker>;

/// The limit of one key, and those who wait for it.
pub(crate) struct Lane {
    /// The load, and the mark that the mutex's owner alone may touch it. Both numbers of a load are
    /// in one atomic, so that nobody compares one with what the other was before.
    state: AtomicU64,
    queue: Mutex<Option<Box<Queue<Mark>>>>,
}

/// A state that holds this mark has a queue.
const QUEUED: u64 = 1 << 63;

/// The highest limit: it leaves room for the mark.
pub(crate) const MOST: u32 = u32::MAX >> 1;

#[inline]
const fn pack(load: Load) -> u64 {
    (load.most as u64) << 32 | load.in_flight as u64
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "each half is cut out")]
const fn unpack(state: u64) -> Load {
    Load {
        in_flight: state as u32,
        most: ((state & !QUEUED) >> 32) as u32,
    }
}

impl Lane {
    /// A lane with nobody in it; `most` is at most [`MOST`].
    pub(crate) fn new(most: u32) -> Self {
        let load = Load { in_flight: 0, most };
        Self {
            state: AtomicU64::new(pack(load)),
            queue: Mutex::new(None),
        }
    }

    /// One more is in flight if there is room and nobody waits; whether it is.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        let mut state = self.state.load(Ordering::Acquire);
        while state < QUEUED {
            let Some(load) = unpack(state).take() else {
                return false;
            };
            match self.swap(state, load) {
                Ok(_) => return true,
                Err(other) => state = other,
            }
        }
        false
    }

    /// One that was in flight is over.
    #[inline]
    pub(crate) fn give_back(&self) {
        let mut state = self.state.load(Ordering::Acquire);
        while state < QUEUED {
            match self.swap(state, unpack(state).give_back()) {
                Ok(_) => return,
                Err(other) => state = other,
            }
        }
        self.hand_over();
    }

    #[cold]
    #[allow(
        clippy::redundant_closure_for_method_calls,
        reason = "the method itself is of one lifetime"
    )]
    fn hand_over(&self) {
        self.with(|line| line.give_back());
    }

    #[inline]
    fn swap(&self, state: u64, load: Load) -> Result<u64, u64> {
        let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
        self.state
            .compare_exchange_weak(state, pack(load), success, failure)
    }

    /// A request comes that could not [`take`](Self::take). Its rank is found when nobody else can
    /// touch the queue, so that a later one is not before an earlier one of the same class.
    pub(crate) fn arrive(&self, rank: impl FnOnce() -> Rank, max_waiting: usize) -> Arrival {
        self.with(|line| line.arrive(rank(), max_waiting))
    }

    /// A waiter asks; `waker` is told when it should ask again, unless it is `late`.
    pub(crate) fn turn(&self, place: Place, late: bool, waker: &Waker) -> Turn {
        let (turn, _old) = self.with(|line| {
            let mut old = line.queue.mark(place).and_then(Option::take);
            let turn = line.turn(place, late);
            if let Some(mark) = line.queue.mark(place) {
                let same = old.take_if(|old| old.will_wake(waker));
                *mark = same.or_else(|| Some(waker.clone()));
            }
            (turn, old)
        });
        turn
    }

    /// A waiter goes away that has not been told how its wait ended.
    pub(crate) fn leave(&self, place: Place) {
        let _own = self.with(|line| {
            let own = line.queue.mark(place).and_then(Option::take);
            line.leave(place);
            own
        });
    }

    /// Another limit from now on; those who have to be woken for it.
    pub(crate) fn set_most(&self, most: u32) -> Vec<Mark> {
        self.work(|line| line.set_most(most)).1
    }

    pub(crate) fn in_flight(&self) -> u32 {
        unpack(self.state.load(Ordering::Acquire)).in_flight
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().as_ref().map_or(0, |queue| queue.len())
    }

    /// Works on the load and the queue as their only owner, and wakes who must be told. Wakers are
    /// woken and dropped without the lock, for both may run code of a stranger.
    fn with<R>(&self, work: impl FnOnce(&mut Line<'_, Mark>) -> R) -> R {
        let (result, told) = self.work(work);
        told.into_iter().flatten().for_each(Waker::wake);
        result
    }

    fn work<R>(&self, work: impl FnOnce(&mut Line<'_, Mark>) -> R) -> (R, Vec<Mark>) {
        let mut guard = self.lock();
        let queue = guard.get_or_insert_default();
        let load = unpack(self.state.fetch_or(QUEUED, Ordering::AcqRel));
        let mut line = Line::new(load, queue);
        let result = work(&mut line);
        let Line { load, told, .. } = line;
        let mark = if queue.is_empty() { 0 } else { QUEUED };
        self.state.store(pack(load) | mark, Ordering::Release);
        (result, told)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Queue<Mark>>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let load = unpack(self.state.load(Ordering::Acquire));
        f.debug_struct("Lane")
            .field("load", &load)
            .finish_non_exhaustive()
    }
}
