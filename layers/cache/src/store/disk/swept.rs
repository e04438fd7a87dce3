//! Keys that the index has let go, whose files have yet to follow.

use std::collections::VecDeque;

use super::digest::Digest;

#[derive(Debug, Default)]
pub(super) struct Swept {
    new: VecDeque<Digest>,
    /// Those whose files could not be removed, each once; the first has waited longest for another try.
    failed: VecDeque<Digest>,
}

impl Swept {
    pub(super) fn add(&mut self, keys: impl IntoIterator<Item = Digest>) {
        self.new.extend(keys);
    }

    /// Those to be tried now: what has not been tried yet, so many at most, and one that has failed.
    pub(super) fn due(&self, most: usize) -> Vec<Digest> {
        let new = self.new.iter().take(most);
        new.chain(self.failed.front()).copied().collect()
    }

    /// Whether there is something that has not been tried yet.
    pub(super) fn is_any_new(&self) -> bool {
        !self.new.is_empty()
    }

    pub(super) fn all(&self) -> Vec<Digest> {
        self.new.iter().chain(&self.failed).copied().collect()
    }

    /// The files of a key have gone.
    pub(super) fn done(&mut self, key: Digest) {
        remove(&mut self.new, key);
        remove(&mut self.failed, key);
    }

    /// They could not be removed; whether it is the first time.
    pub(super) fn failed(&mut self, key: Digest) -> bool {
        remove(&mut self.new, key);
        let is_first = !remove(&mut self.failed, key);
        self.failed.push_back(key);
        is_first
    }
}

/// Whether it was there.
fn remove(keys: &mut VecDeque<Digest>, key: Digest) -> bool {
    // Whoever goes through them finds each at the front.
    let at = keys.iter().position(|other| *other == key);
    at.and_then(|at| keys.remove(at)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Digest {
        Digest([number; 16])
    }

    #[test]
    fn what_has_failed_is_due_one_after_the_other() {
        let mut swept = Swept::default();
        swept.add((0..3).map(key));
        assert_eq!(swept.due(9).len(), 3);
        assert_eq!(swept.due(2), [key(0), key(1)]);
        for number in 0..3 {
            assert!(swept.failed(key(number)), "the first time");
        }
        swept.add([key(7)]);
        for turn in 0..9 {
            assert_eq!(swept.due(9), [key(7), key(turn % 3)]);
            assert!(swept.is_any_new());
            assert!(!swept.failed(key(turn % 3)), "again");
        }
        swept.done(key(1));
        swept.done(key(7));
        assert_eq!(swept.all(), [key(0), key(2)]);
    }

    #[test]
    fn what_was_let_go_twice_is_tried_twice_and_failed_once() {
        let mut swept = Swept::default();
        swept.add([key(1), key(1)]);
        assert_eq!([swept.failed(key(1)), swept.failed(key(1))], [true, false]);
        assert_eq!(swept.all(), [key(1)]);
        swept.add([key(1)]);
        swept.done(key(1));
        assert!(swept.all().is_empty());
    }
}
