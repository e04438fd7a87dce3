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
    /// It was so slow that the bytes which it needs are gone.
    Behind,
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
            Place::Free | Place::Behind => None,
        }
    }

    pub(super) fn advance(&mut self, seat: usize, position: u64) {
        self.places[seat] = Place::At(position);
    }

    /// Where the slowest is; none when nobody reads.
    pub(super) fn slowest(&self) -> Option<u64> {
        let positions = (0..self.places.len()).filter_map(|seat| self.position(seat));
        positions.min()
    }

    /// Leaves behind all that have not come so far.
    pub(super) fn leave_behind(&mut self, position: u64) {
        for place in &mut self.places {
            if matches!(place, Place::At(at) if *at < position) {
                *place = Place::Behind;
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
