//! How the store takes in a body while others read it: pure transitions, as those of the readers.

use std::task::Waker;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::state::State;

/// How many bytes the store is given at once, and so how long a body is that it is given in pieces.
pub(crate) const PIECE: u64 = 128 * 1024;

/// When the store lacks more than this, the readers wait for it.
const BACKLOG: u64 = 1024 * 1024;

/// A longer body that goes into the store in pieces is not held whole.
const HELD: u64 = 4 * 1024 * 1024;

/// What is held of one body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most bytes of a body that is stored.
    pub(super) most: u64,
    /// The most that are held of it for those who may yet join.
    pub(super) held: u64,
    in_pieces: bool,
}

impl Limits {
    /// Of a body that the store is given whole.
    pub(crate) const fn whole(most: u64) -> Self {
        Self {
            most,
            held: most,
            in_pieces: false,
        }
    }

    /// Of a body that the store is given in pieces, if it is long.
    pub(crate) fn in_pieces(most: u64) -> Self {
        Self {
            most,
            held: most.min(HELD),
            in_pieces: true,
        }
    }

    pub(super) const fn filing(self) -> Filing {
        if self.in_pieces {
            Filing::Ready
        } else {
            Filing::Whole
        }
    }
}

/// How far the store has come.
pub(super) enum Filing {
    /// It is given all at the end.
    Whole,
    /// It is given pieces as soon as the body is long enough.
    Ready,
    /// It has so many bytes.
    At(Place),
    /// It is given no more.
    Over,
}

pub(super) struct Place {
    position: u64,
    /// Who waits for the next piece, and since when.
    waiting: Option<(Waker, Instant)>,
    /// How the body ended, and where.
    end: Option<(Fate, u64)>,
    /// Why a reader waits for the store, if one does, and since when.
    held_up: Option<(HeldUp, Instant)>,
}

/// Why readers wait for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldUp {
    /// It has not kept up.
    ByStore,
    /// There is so little room beside other bodies that nothing is held which it does not have.
    ByOthers,
}

/// What became of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is complete.
    Complete,
    /// It broke off, or nobody wants the rest.
    Cut,
    /// It is longer than what may be stored of one.
    TooLong,
}

/// What the store is given next.
#[derive(Debug)]
pub(crate) enum Next {
    Piece(Bytes),
    End(Fate),
    /// It is given no more of this body, for the sake of others.
    GivenUp,
}

impl Place {
    /// Whether it is for nothing.
    const fn is_too_long(&self) -> bool {
        matches!(self.end, Some((Fate::TooLong, _)))
    }
}

impl Filing {
    pub(super) fn begin(&mut self) {
        *self = Self::At(Place {
            position: 0,
            waiting: None,
            end: None,
            held_up: None,
        });
    }

    /// Where the bytes begin that it has yet to be given.
    pub(super) const fn position(&self) -> Option<u64> {
        match self {
            Self::At(place) if !place.is_too_long() => Some(place.position),
            _ => None,
        }
    }

    /// Whether all of it may be there in the end.
    pub(super) const fn is_hopeful(&self) -> bool {
        matches!(self, Self::At(place) if !place.is_too_long())
    }

    /// The body has ended, with so many bytes; whether the store is told so in this way.
    pub(super) const fn end(&mut self, fate: Fate, end: u64) -> bool {
        if let Self::At(place) = self {
            place.end = Some((fate, end));
            return true;
        }
        false
    }
}

impl State {
    /// Whether the store has to come closer before the body goes on.
    pub(super) fn is_held_up(&mut self, now: impl FnOnce() -> Instant) -> bool {
        let end = self.bytes.end();
        let Filing::At(place) = &mut self.filing else {
            return false;
        };
        if place.is_too_long() {
            return false;
        }
        let held_up = match end.saturating_sub(place.position) {
            behind if behind > BACKLOG || self.crowded && behind > PIECE => HeldUp::ByStore,
            behind if self.crowded && behind > 0 => HeldUp::ByOthers,
            _ => return false,
        };
        let since = place.held_up.map_or_else(now, |(_, since)| since);
        place.held_up = Some((held_up, since));
        true
    }

    /// Whoever puts the body into the store, if there is something to do.
    pub(super) fn take_filing(&mut self) -> Option<Waker> {
        let ready = self.piece_length() > 0 || self.has_ended();
        match &mut self.filing {
            Filing::At(place) if ready => Some(place.waiting.take()?.0),
            _ => None,
        }
    }

    fn has_ended(&self) -> bool {
        matches!(&self.filing, Filing::At(place) if place.end.is_some())
    }

    /// How many bytes the store can be given now.
    fn piece_length(&self) -> u64 {
        let Filing::At(place) = &self.filing else {
            return 0;
        };
        let end = place.end.map_or(self.bytes.end(), |(_, end)| end);
        let behind = end.saturating_sub(place.position);
        // Less is worth a piece only if it is all there will be, or somebody waits for it.
        if behind >= PIECE || place.end.is_some() || self.crowded {
            behind.min(PIECE)
        } else {
            0
        }
    }

    /// What the store is given next; nothing if there is not enough yet.
    pub(super) fn next_piece(&mut self, waker: &Waker, now: Instant) -> Option<Next> {
        let length = self.piece_length();
        let Filing::At(place) = &mut self.filing else {
            return Some(Next::GivenUp);
        };
        if place.is_too_long() {
            return Some(Next::End(Fate::TooLong));
        }
        if length > 0 {
            let piece = self.bytes.piece(place.position, length);
            return Some(Next::Piece(piece));
        }
        if let Some((fate, _)) = place.end {
            return Some(Next::End(fate));
        }
        let since = place.waiting.take().map_or(now, |(_, since)| since);
        place.waiting = Some((waker.clone(), since));
        None
    }

    /// The store has so many bytes more: why readers had to wait for it, if they had to, for how long, and
    /// who is to be woken.
    pub(super) fn filed(
        &mut self,
        length: u64,
        now: Instant,
    ) -> (Option<(HeldUp, Duration)>, Vec<Waker>) {
        let Filing::At(place) = &mut self.filing else {
            return (None, Vec::new());
        };
        place.position += length;
        let held_up = place.held_up.take();
        self.release();
        let waiting = held_up.map(|_| self.all_waiting());
        let waited = |since| now.saturating_duration_since(since);
        let held_up = held_up.map(|(why, since)| (why, waited(since)));
        (held_up, waiting.unwrap_or_default())
    }

    /// The store is given no more for the sake of others, if it has waited for a piece since then and the
    /// readers can do without it: who reads alone falls behind nobody, and nobody joins him from now on.
    pub(super) fn give_up(&mut self, since: Instant) -> Vec<Waker> {
        let waiting = match &mut self.filing {
            Filing::At(place) if self.readers.is_lone() => &mut place.waiting,
            _ => return Vec::new(),
        };
        let Some((filing, _)) = waiting.take_if(|(_, waits)| *waits <= since) else {
            return Vec::new();
        };
        self.whole = false;
        let mut waiting = self.end_filing();
        waiting.push(filing);
        waiting
    }

    /// The store is given no more.
    pub(super) fn end_filing(&mut self) -> Vec<Waker> {
        self.filing = Filing::Over;
        self.told = true;
        self.release();
        self.all_waiting()
    }
}
