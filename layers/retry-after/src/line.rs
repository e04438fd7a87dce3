//! The waiters of one key, if there are any: a line that takes next to no room while it is empty.

use std::time::Instant;

use crate::queue::{Place, Queue, Waiter};
use crate::rules::Spread;

/// Nobody, or a queue.
#[derive(Debug)]
pub(crate) struct Line<T>(Option<Box<Queue<T>>>);

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Line<T> {
    pub(crate) fn push(&mut self, now: Instant, waiter: Waiter<T>) {
        let queue = self.0.get_or_insert_with(|| Box::new(Queue::since(now)));
        queue.push(waiter);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |queue| queue.len())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn index(&self, ticket: u64) -> Option<usize> {
        self.0.as_ref()?.index(ticket)
    }

    pub(crate) fn place(&self, index: usize) -> Option<Place> {
        Some(self.0.as_ref()?.get(index)?.place)
    }

    pub(crate) fn put(&mut self, index: usize, place: Place) {
        if let Some(waiter) = self.get_mut(index) {
            waiter.place = place;
        }
    }

    /// The mark of a waiter.
    pub(crate) fn mark(&mut self, ticket: u64) -> Option<&mut T> {
        let index = self.index(ticket)?;
        Some(&mut self.get_mut(index)?.mark)
    }

    /// Takes the marks of all who wait, from a place on.
    pub(crate) fn marks(&mut self, from: usize) -> impl Iterator<Item = T>
    where
        T: Default,
    {
        self.0.iter_mut().flat_map(move |queue| queue.marks(from))
    }

    /// How many wait for their share in front of a place.
    pub(crate) fn paced(&self, before: usize) -> u64 {
        self.0.as_ref().map_or(0, |queue| queue.paced(before))
    }

    pub(crate) fn schedule(&mut self, base: Instant, paced_too: bool, spread: Spread) {
        if let Some(queue) = &mut self.0 {
            queue.schedule(base, paced_too, spread);
        }
    }

    pub(crate) fn remove(&mut self, index: usize) {
        if let Some(queue) = &mut self.0 {
            queue.remove(index);
            if queue.len() == 0 {
                self.0 = None;
            }
        }
    }

    fn get_mut(&mut self, index: usize) -> Option<&mut Waiter<T>> {
        self.0.as_mut()?.get_mut(index)
    }
}
