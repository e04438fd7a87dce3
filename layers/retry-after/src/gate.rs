//! The state that all services of a layer share: one entry for each key that a server has spoken
//! about, behind one mutex that is not touched while nothing is held.

use std::fmt;
use std::sync::PoisonError;
use std::task::Waker;
use std::time::Instant;

use crate::rules::{Ask, Rules};
use crate::state::{Answer, Change, Lesson, State};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};
use crate::table::{Mark, Table};

/// Everything that is known, by key.
pub(crate) struct Gate {
    /// What `horizon` counts from. May be off by any amount: see `nanos`.
    origin: Instant,
    /// Until when somebody may be held, in nanoseconds; 0 when nobody is.
    horizon: AtomicU64,
    table: Mutex<Table>,
}

/// What is known about one key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) held_until: Option<Instant>,
    pub(crate) quota: Option<(u64, Instant)>,
    pub(crate) waiting: usize,
}

/// What became of a lesson.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) change: Change,
    /// There was no room for one more key.
    pub(crate) lost: bool,
}

impl Gate {
    pub(crate) fn new(origin: Instant) -> Self {
        Self {
            origin,
            horizon: AtomicU64::new(0),
            table: Mutex::new(Table::new()),
        }
    }

    /// Whether nobody is held, whatever the key. One relaxed load: whoever was told of a hold by the
    /// thread that learned of it sees it here.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.horizon.load(Ordering::Relaxed) == 0
    }

    /// Whether the last hold is over; then the gate is quiet again, and idle keys go.
    pub(crate) fn has_settled(&self, now: Instant) -> bool {
        let horizon = self.horizon.load(Ordering::Relaxed);
        if self.nanos(now) < horizon {
            return false;
        }
        // A lesson in between has moved the horizon on, and the exchange fails.
        let quiet = (Ordering::Relaxed, Ordering::Relaxed);
        if self
            .horizon
            .compare_exchange(horizon, 0, quiet.0, quiet.1)
            .is_err()
        {
            return false;
        }
        self.lock().sweep(now);
        true
    }

    /// A request asks to go. With the answer to wait comes a ticket, to be asked for a
    /// [`turn`](Self::turn) or to be given up.
    pub(crate) fn arrive(
        &self,
        key: &str,
        now: Instant,
        ask: &Ask,
        rules: &Rules,
    ) -> (Answer, u64) {
        let table = &mut *self.lock();
        let Some(state) = table.keys.get_mut(key) else {
            return (Answer::Go, 0);
        };
        let ticket = table.tickets.next();
        (state.arrive(now, ask, rules, ticket, None), ticket.number)
    }

    /// A waiter asks again, to be woken by `waker` when it should ask earlier than it is told now.
    pub(crate) fn turn(
        &self,
        (key, ticket): (&str, u64),
        now: Instant,
        ask: &Ask,
        rules: &Rules,
        waker: &Waker,
    ) -> Answer {
        let mut table = self.lock();
        let Some(state) = table.keys.get_mut(key) else {
            return Answer::Go;
        };
        let old = state.mark(ticket).and_then(Option::take);
        let answer = state.turn(ticket, now, ask, rules);
        if let Some(mark) = state.mark(ticket) {
            *mark = Some(waker.clone());
        }
        if !state.is_live(now) {
            table.keys.remove(key);
        }
        drop(table);
        // Dropping a waker may run code of a stranger, so not under the lock.
        drop(old);
        answer
    }

    /// A waiter gives up its place.
    pub(crate) fn leave(&self, key: &str, ticket: u64) {
        let mut table = self.lock();
        let Some(state) = table.keys.get_mut(key) else {
            return;
        };
        let own = state.mark(ticket).and_then(Option::take);
        let behind = state.leave(ticket);
        let woken: Vec<_> = state.marks(behind.unwrap_or(usize::MAX)).collect();
        drop(table);
        drop(own);
        wake(woken);
    }

    /// Takes in what a response said.
    pub(crate) fn learn(&self, key: &str, now: Instant, lesson: Lesson, rules: &Rules) -> Learned {
        let mut table = self.lock();
        let Some(state) = table.entry(key, now, rules) else {
            let lost = true;
            return Learned {
                lost,
                ..Learned::default()
            };
        };
        let change = state.learn(now, lesson);
        let woken: Vec<_> = state
            .marks(if change.sooner { 0 } else { usize::MAX })
            .collect();
        if let Some(horizon) = state.horizon(rules) {
            self.horizon
                .fetch_max(self.nanos(horizon).max(1), Ordering::Relaxed);
        }
        if !state.is_live(now) {
            table.keys.remove(key);
        }
        drop(table);
        wake(woken);
        Learned {
            change,
            lost: false,
        }
    }

    /// Ends a key's hold; whether anything was known about it.
    pub(crate) fn clear(&self, key: &str) -> bool {
        let mut table = self.lock();
        let Some(state) = table.keys.get_mut(key) else {
            return false;
        };
        state.clear();
        let woken: Vec<_> = state.marks(0).collect();
        if state.waiting() == 0 {
            table.keys.remove(key);
        }
        drop(table);
        wake(woken);
        true
    }

    /// Ends every hold.
    pub(crate) fn clear_all(&self) {
        let mut table = self.lock();
        table.keys.values_mut().for_each(State::clear);
        let woken: Vec<_> = table
            .keys
            .values_mut()
            .flat_map(|state| state.marks(0))
            .collect();
        table.keys.retain(|_, state| state.waiting() > 0);
        self.horizon.store(0, Ordering::Relaxed);
        drop(table);
        wake(woken);
    }

    pub(crate) fn facts(&self, key: &str, now: Instant) -> Facts {
        let table = self.lock();
        table
            .keys
            .get(key)
            .map_or_else(Facts::default, |state| Facts {
                held_until: state.held_until(now),
                quota: state
                    .window(now)
                    .map(|window| (window.remaining(), window.end())),
                waiting: state.waiting(),
            })
    }

    /// How many wait, over all keys.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().keys.values().map(State::waiting).sum()
    }

    /// How many keys are kept.
    pub(crate) fn keys(&self) -> usize {
        self.lock().keys.len()
    }

    /// Makes the draws repeatable.
    pub(crate) fn seed(&self, seed: u64) {
        self.lock().tickets.seed(seed);
    }

    /// Nanoseconds since the origin. An instant before it, which another runtime's paused clock may
    /// give, counts as the origin: then a hold is looked for in vain, never missed.
    fn nanos(&self, at: Instant) -> u64 {
        let nanos = at.saturating_duration_since(self.origin).as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(marks: Vec<Mark>) {
    marks.into_iter().flatten().for_each(Waker::wake);
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}
