//! Those who wait, in the order in which they will go.

use std::collections::{BTreeMap, BTreeSet};

/// How early a waiter goes; the lower goes first.
pub(crate) type Rank = i128;

/// The waiters of one limit. `T` is a mark that the caller leaves with each.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiters: BTreeMap<Place, T>,
    /// Those who had to make room and have not been told yet.
    displaced: BTreeSet<Place>,
    last: u64,
}

/// A place in the queue; the lower goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    rank: Rank,
    number: u64,
}

impl<T> Queue<T> {
    pub(crate) fn len(&self) -> usize {
        self.waiters.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// A place behind all of the same rank.
    pub(crate) fn push(&mut self, rank: Rank, mark: T) -> Place {
        self.last += 1;
        let number = self.last;
        let place = Place { rank, number };
        self.waiters.insert(place, mark);
        place
    }

    pub(crate) fn pop_first(&mut self) -> Option<T> {
        self.waiters.pop_first().map(|(_, mark)| mark)
    }

    pub(crate) fn remove(&mut self, place: Place) -> Option<T> {
        self.waiters.remove(&place)
    }

    pub(crate) fn mark(&mut self, place: Place) -> Option<&mut T> {
        self.waiters.get_mut(&place)
    }

    /// The last waiter makes room for a newcomer of this rank, if the newcomer goes first.
    pub(crate) fn displace_for(&mut self, rank: Rank) -> Option<T> {
        let last = self.waiters.last_entry()?;
        if last.key().rank <= rank {
            return None;
        }
        let (place, mark) = last.remove_entry();
        self.displaced.insert(place);
        Some(mark)
    }

    /// Whether the holder of this place had to make room; it is told once.
    pub(crate) fn was_displaced(&mut self, place: Place) -> bool {
        self.displaced.remove(&place)
    }
}

// By hand: a derive would ask `T` for a default.
impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            waiters: BTreeMap::new(),
            displaced: BTreeSet::new(),
            last: 0,
        }
    }
}
