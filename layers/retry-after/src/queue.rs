//! Those who wait for one key, in the order of their arrival.

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use crate::rules::Spread;

/// The waiters of one key. `T` is a mark that the caller leaves with each.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    /// When the first of those who wait arrived.
    since: Instant,
    waiters: VecDeque<Waiter<T>>,
}

/// Somebody who waits.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    pub(crate) ticket: Ticket,
    pub(crate) hurried: bool,
    pub(crate) place: Place,
    pub(crate) mark: T,
}

/// A number, higher than all before it, and the luck of whoever holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub(crate) number: u64,
    pub(crate) draw: u32,
}

/// What a waiter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// For the end of the hold.
    Held,
    /// For its share of what remains in the window.
    Paced,
    /// For its moment after the hold's end.
    Spread(Instant),
}

impl<T> Queue<T> {
    pub(crate) const fn since(now: Instant) -> Self {
        Self {
            since: now,
            waiters: VecDeque::new(),
        }
    }

    pub(crate) fn push(&mut self, waiter: Waiter<T>) {
        self.waiters.push_back(waiter);
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn index(&self, ticket: u64) -> Option<usize> {
        self.waiters
            .binary_search_by_key(&ticket, |waiter| waiter.ticket.number)
            .ok()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Waiter<T>> {
        self.waiters.get(index)
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Waiter<T>> {
        self.waiters.get_mut(index)
    }

    pub(crate) fn remove(&mut self, index: usize) {
        self.waiters.remove(index);
    }

    /// How many wait for their share in front of a place.
    pub(crate) fn paced(&self, before: usize) -> u64 {
        let ahead = self.waiters.iter().take(before);
        ahead
            .map(|waiter| u64::from(waiter.place == Place::Paced))
            .sum()
    }

    /// Takes the marks of all who wait, from a place on.
    pub(crate) fn marks(&mut self, from: usize) -> impl Iterator<Item = T>
    where
        T: Default,
    {
        self.waiters
            .iter_mut()
            .skip(from)
            .map(|waiter| mem::take(&mut waiter.mark))
    }

    /// Gives everybody whose obstacle went away at `base` a moment of departure: in the order of
    /// arrival, evenly over the spread, at random within their shares of it.
    pub(crate) fn schedule(&mut self, base: Instant, paced_too: bool, spread: Spread) {
        let spread = spread.after(base.saturating_duration_since(self.since));
        let is_due = |waiter: &&mut Waiter<T>| match waiter.place {
            Place::Held => true,
            Place::Paced => paced_too,
            Place::Spread(_) => false,
        };
        let due = self.waiters.iter_mut().filter(is_due);
        let crowd = due.filter(|waiter| !waiter.hurried).count();
        let mut ahead = 0;
        for waiter in self.waiters.iter_mut().filter(is_due) {
            let mut at = base;
            if !waiter.hurried {
                let share = share(spread, ahead, waiter.ticket.draw, crowd);
                at = base.checked_add(share).unwrap_or(base);
                ahead += 1;
            }
            waiter.place = Place::Spread(at);
        }
    }
}

/// The moment, within the `ahead`th of `crowd` equal parts of `spread`, that `draw` picks.
pub(crate) fn share(spread: Duration, ahead: usize, draw: u32, crowd: usize) -> Duration {
    let part = ((ahead as u128) << 32) + u128::from(draw);
    let parts = (crowd as u128) << 32;
    let nanos = spread.as_nanos().saturating_mul(part) / parts;
    u64::try_from(nanos).map_or(spread, Duration::from_nanos)
}
