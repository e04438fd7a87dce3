use std::task::Waker;

use crate::wakers::Wakers;

/// Those who read a body, each with a seat.
#[derive(Default)]
pub(super) struct Readers {
    wakers: Wakers,
    places: Vec<Place>,
}

#[derive(Clone, Copy)]
enum Place {
    Free,
    /// It has read so many bytes.
    At(u64),
    /// It has read so many bytes, and was so slow that those which it needs are gone.
    Behind(u64),
}

impl Readers {
    /// A seat for one more, at the start.
    pub(super) fn sit(&mut self) -> usize {
        let seat = self.wakers.sit();
        if seat == self.places.len() {
            self.places.push(Place::Free);
        }
        self.places[seat] = Place::At(0);
        seat
    }

    pub(super) fn leave(&mut self, seat: usize) {
        self.places[seat] = Place::Free;
        self.wakers.leave(seat);
    }

    /// Where a reader is; nowhere if it was left behind.
    pub(super) fn position(&self, seat: usize) -> Option<u64> {
        match self.places[seat] {
            Place::At(position) => Some(position),
            Place::Free | Place::Behind(_) => None,
        }
    }

    /// How many bytes one has read that was left behind.
    pub(super) fn lost(&self, seat: usize) -> Option<u64> {
        match self.places[seat] {
            Place::Behind(position) => Some(position),
            Place::Free | Place::At(_) => None,
        }
    }

    /// Whether somebody was left behind, and is still there.
    pub(super) fn has_lost(&self) -> bool {
        self.places
            .iter()
            .any(|place| matches!(place, Place::Behind(_)))
    }

    /// Whether there is no more than one, who was not left behind.
    pub(super) fn is_lone(&self) -> bool {
        self.wakers.len() <= 1 && !self.has_lost()
    }

    /// A reader has come so far, unless it was left behind.
    pub(super) fn advance(&mut self, seat: usize, position: u64) {
        if let Place::At(at) = &mut self.places[seat] {
            *at = position;
        }
    }

    /// Where the slowest is; none when nobody reads.
    pub(super) fn slowest(&self) -> Option<u64> {
        let positions = (0..self.places.len()).filter_map(|seat| self.position(seat));
        positions.min()
    }

    /// Leaves behind all that have not come so far.
    pub(super) fn leave_behind(&mut self, position: u64) {
        for place in &mut self.places {
            if let Place::At(at) = *place
                && at < position
            {
                *place = Place::Behind(at);
            }
        }
    }

    pub(super) fn wait(&mut self, seat: usize, waker: &Waker) {
        self.wakers.wait(seat, waker);
    }

    /// All that wait, to be woken once the lock around this is free.
    #[must_use]
    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        self.wakers.take()
    }
}
