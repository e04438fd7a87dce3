//! Which bytes of a body are held, and for whom: pure transitions, as those of the readers.

use std::time::Instant;

use bytes::Bytes;

use super::filing::{Fate, Filing, PIECE};
use super::state::State;
use super::step::{After, News};

impl State {
    /// When somebody saw first that there were as many bytes as now.
    pub(super) fn grown_at(&mut self, now: Instant) -> Instant {
        let end = self.bytes.end();
        if self.grown.0 != end {
            self.grown = (end, None);
        }
        *self.grown.1.get_or_insert(now)
    }

    /// Holds nothing any more, for the sake of others, but what the store is given in pieces: nobody joins it,
    /// and who has not read as far as the others is left behind.
    pub(super) fn make_room(&mut self) -> After {
        self.whole = false;
        self.readers.leave_behind(self.bytes.end());
        let news = if matches!(self.filing, Filing::Whole) {
            self.crowd_out()
        } else {
            self.file()
        };
        self.release();
        After {
            news,
            wake: self.all_waiting(),
            ..After::default()
        }
    }

    /// How much of the room it takes.
    pub(super) const fn share(&self) -> u64 {
        self.share.bytes()
    }

    /// Bytes have come, from a reader's hands.
    pub(super) fn take_in(&mut self, seat: usize, data: &Bytes, is_last: bool) -> Option<News> {
        let length = data.len() as u64;
        let end = self.bytes.end().saturating_add(length);
        self.readers.advance(seat, end);
        if self.whole && end <= self.limits.held && self.share.hold(end) {
            self.bytes.append(data);
            // What is all here, or will be with its last announced byte, is put in one go.
            let is_last = is_last || self.promised.exact() == Some(end);
            return (end > PIECE && !is_last).then(|| self.file()).flatten();
        }
        self.whole = false;
        let news = if end > self.limits.most {
            self.tell(Fate::TooLong)
        } else if matches!(self.filing, Filing::Whole) {
            self.crowd_out()
        } else {
            self.file()
        };
        self.pass_on(data, end);
        news
    }

    /// From here on the store is given pieces, unless it was before.
    fn file(&mut self) -> Option<News> {
        // One that goes on behind its announced end has been told of already.
        let is_ready = matches!(self.filing, Filing::Ready) && !self.told;
        is_ready.then(|| {
            self.filing.begin();
            self.is_filed = true;
            News::Long
        })
    }

    /// Holds no more than what slower readers, or the store, have not had yet. A reader that is too slow
    /// is left behind, so that it stalls nobody else; one that has all but this frame is not slow.
    fn pass_on(&mut self, data: &Bytes, end: u64) {
        let before = self.bytes.end();
        self.readers
            .leave_behind(before.saturating_sub(self.limits.most));
        self.release();
        self.crowded = !self.has_room(end);
        if self.crowded {
            self.readers.leave_behind(before);
            self.release();
            self.crowded = !self.has_room(end);
        }
        if self.needed(end) < end {
            self.bytes.append(data);
        } else {
            self.bytes.skip(data.len());
        }
    }

    /// Whether there is room for what is needed of the bytes up to `end`.
    fn has_room(&mut self, end: u64) -> bool {
        self.needed(end) >= end || self.share.hold(end - self.bytes.start())
    }

    /// Where the bytes begin that somebody has yet to read.
    fn needed(&self, end: u64) -> u64 {
        let readers = self.readers.slowest().unwrap_or(end);
        self.filing
            .position()
            .map_or(readers, |position| position.min(readers))
    }

    /// Lets go of what every reader and the store have, once it need not be whole.
    pub(super) fn release(&mut self) {
        if !self.whole {
            let end = self.bytes.end();
            self.bytes.forget(self.needed(end).min(end));
            // Nearly always less than before, which there is room for; never more than one frame.
            self.share.hold(end - self.bytes.start());
        }
    }

    fn crowd_out(&mut self) -> Option<News> {
        (!std::mem::replace(&mut self.told, true)).then_some(News::NoRoom)
    }
}
