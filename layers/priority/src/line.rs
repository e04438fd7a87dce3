//! A limit and those who wait for it: who goes, who waits, who is sent away.
//!
//! Nobody waits while there is room: whoever gives something back serves the first of the queue.

use crate::queue::{Place, Queue, Rank};

/// How many are in flight, of how many at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) in_flight: u32,
    /// Fewer than are in flight, for a while after it was lowered.
    pub(crate) most: u32,
}

impl Load {
    /// One more in flight, if there is room.
    #[inline]
    pub(crate) const fn take(self) -> Option<Self> {
        if self.in_flight >= self.most {
            return None;
        }
        Some(Self {
            in_flight: self.in_flight + 1,
            ..self
        })
    }

    /// One less in flight.
    #[inline]
    pub(crate) const fn give_back(self) -> Self {
        Self {
            in_flight: self.in_flight.saturating_sub(1),
            ..self
        }
    }
}

/// A limit and its queue.
#[derive(Debug)]
pub(crate) struct Line<'a, T> {
    pub(crate) load: Load,
    pub(crate) queue: &'a mut Queue<T>,
    /// Marks of those who were served or displaced, and must be told.
    pub(crate) told: Vec<T>,
}

/// What becomes of a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    Go,
    Wait(Place),
    /// The queue is full of others who go first.
    Crowded,
}

/// What becomes of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was served: it is in flight, and its place is gone.
    Go,
    Wait,
    /// It had to make room, and its place is gone.
    Displaced,
    /// It came too late, and its place is gone.
    Late,
}

impl<'a, T: Default> Line<'a, T> {
    pub(crate) const fn new(load: Load, queue: &'a mut Queue<T>) -> Self {
        let told = Vec::new();
        Self { load, queue, told }
    }

    /// A request comes.
    pub(crate) fn arrive(&mut self, rank: Rank, max_waiting: usize) -> Arrival {
        if let Some(load) = self.load.take() {
            self.load = load;
            return Arrival::Go;
        }
        if self.queue.len() >= max_waiting {
            match self.queue.displace_for(rank) {
                Some(mark) => self.told.push(mark),
                None => return Arrival::Crowded,
            }
        }
        Arrival::Wait(self.queue.push(rank, T::default()))
    }

    /// A waiter asks; if it is `late` it does not go on waiting.
    pub(crate) fn turn(&mut self, place: Place, late: bool) -> Turn {
        if self.queue.was_displaced(place) {
            return Turn::Displaced;
        }
        if self.queue.mark(place).is_none() {
            return Turn::Go;
        }
        if !late {
            return Turn::Wait;
        }
        self.queue.remove(place);
        Turn::Late
    }

    /// A waiter goes away that has not been told how its wait ended. If it was served, the next one
    /// is in its stead.
    pub(crate) fn leave(&mut self, place: Place) {
        if self.queue.remove(place).is_none() && !self.queue.was_displaced(place) {
            self.give_back();
        }
    }

    /// One that was in flight is over.
    pub(crate) fn give_back(&mut self) {
        self.load = self.load.give_back();
        self.serve();
    }

    /// Another limit from now on. Who is in flight stays so.
    pub(crate) fn set_most(&mut self, most: u32) {
        self.load.most = most;
        self.serve();
    }

    fn serve(&mut self) {
        while let Some(load) = self.load.take()
            && let Some(mark) = self.queue.pop_first()
        {
            self.load = load;
            self.told.push(mark);
        }
    }
}
