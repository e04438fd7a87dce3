//! Those who wait for tokens of one bucket, in the order in which they will be served.

use std::collections::BTreeMap;

use crate::clock::Nanos;

/// The waiters of one bucket. `T` is a mark that the caller leaves with each.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiters: BTreeMap<Place, Waiter<T>>,
    /// What all of them want together.
    tokens: u64,
    last: u64,
}

/// A place in the queue; the lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// When its holder came, a less urgent one some time later than it really did. So classes age:
    /// whoever comes later than that time after it is behind it, however urgent.
    rank: Nanos,
    number: u64,
}

impl Place {
    /// The place right behind this one.
    pub(crate) const fn next(self) -> Self {
        let number = self.number + 1;
        Self { number, ..self }
    }
}

#[derive(Debug)]
pub(crate) struct Waiter<T> {
    pub(crate) cost: u32,
    pub(crate) mark: T,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            waiters: BTreeMap::new(),
            tokens: 0,
            last: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// A place behind all of the same rank, for whoever may come to need it.
    pub(crate) fn place(&mut self, rank: Nanos) -> Place {
        self.last += 1;
        let number = self.last;
        Place { rank, number }
    }

    /// Takes a place that nobody has taken.
    pub(crate) fn insert(&mut self, place: Place, cost: u32, mark: T) {
        self.tokens += u64::from(cost);
        self.waiters.insert(place, Waiter { cost, mark });
    }

    pub(crate) fn remove(&mut self, place: Place) -> Option<Waiter<T>> {
        let waiter = self.waiters.remove(&place)?;
        self.tokens -= u64::from(waiter.cost);
        Some(waiter)
    }

    /// Who goes next, and at what cost.
    pub(crate) fn first(&self) -> Option<(Place, u32)> {
        let (place, waiter) = self.waiters.first_key_value()?;
        Some((*place, waiter.cost))
    }

    pub(crate) fn mark(&mut self, place: Place) -> Option<&mut T> {
        self.waiters.get_mut(&place).map(|waiter| &mut waiter.mark)
    }

    /// What those want who are in front of a place.
    pub(crate) fn before(&self, place: Place) -> u64 {
        match self.waiters.last_key_value() {
            Some((last, _)) if *last >= place => {
                let ahead = self.waiters.range(..place);
                ahead.map(|(_, waiter)| u64::from(waiter.cost)).sum()
            }
            _ => self.tokens,
        }
    }
}
