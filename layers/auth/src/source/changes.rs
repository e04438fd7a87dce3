//! What is to be written to a store. Of several changes only the last counts.

use crate::Token;

#[derive(Clone, Debug)]
pub(super) enum Change {
    Keep(Token),
    Remove,
    /// Remove it if it is still this one: somebody else may have stored a newer one.
    Discard(Token),
}

impl Change {
    /// As events name it.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Keep(_) => "set",
            Self::Remove | Self::Discard(_) => "remove",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The change that is not written yet.
    change: Option<Change>,
    /// How many there have been.
    number: u64,
    /// How many of them came from outside, not from a fetch.
    epoch: u64,
    writing: bool,
}

impl Changes {
    /// What a fetch has to show, so that what it brings does not undo what came from outside
    /// meanwhile.
    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// A change from outside.
    pub(super) fn dictate(&mut self, change: Change) {
        self.epoch += 1;
        self.put(change);
    }

    /// A change by a fetch that began in this epoch; returns its number, unless it is out of date.
    pub(super) fn propose(&mut self, epoch: u64, change: Change) -> Option<u64> {
        (self.epoch == epoch).then(|| self.put(change))
    }

    fn put(&mut self, change: Change) -> u64 {
        self.change = Some(change);
        self.number += 1;
        self.number
    }

    pub(super) const fn pending(&self) -> Option<&Change> {
        self.change.as_ref()
    }

    /// Whether somebody has to begin to write. Whoever is told so writes until [`next`](Self::next)
    /// has nothing more.
    pub(super) const fn begin(&mut self) -> bool {
        let begins = self.change.is_some() && !self.writing;
        self.writing |= begins;
        begins
    }

    /// What to write next, and its number.
    pub(super) fn next(&mut self) -> Option<(u64, Change)> {
        let next = self.change.clone();
        self.writing = next.is_some();
        next.map(|change| (self.number, change))
    }

    /// The change of this number is written.
    pub(super) fn written(&mut self, number: u64) {
        if self.number == number {
            self.change = None;
        }
    }

    /// Whoever wrote has gone.
    pub(super) const fn stop(&mut self) {
        self.writing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(secret: &str) -> Change {
        Change::Keep(Token::new(secret).unwrap())
    }

    /// What is to be written, in a word.
    fn pending(changes: &Changes) -> Option<&str> {
        changes.pending().map(|change| match change {
            Change::Keep(token) | Change::Discard(token) => token.expose().unwrap(),
            Change::Remove => "none",
        })
    }

    #[test]
    fn the_last_change_is_written_by_one_writer() {
        let mut changes = Changes::default();
        assert!(!changes.begin(), "there is nothing to write");
        assert_eq!(changes.propose(0, keep("a")), Some(1));
        assert!(changes.begin());
        assert!(!changes.begin(), "somebody writes");
        assert_eq!(changes.next().unwrap().0, 1);
        assert_eq!(changes.propose(0, keep("b")), Some(2));
        changes.written(1);
        assert_eq!(pending(&changes), Some("b"));
        assert_eq!(changes.next().unwrap().0, 2);
        changes.written(2);
        assert!(changes.next().is_none());
        changes.propose(0, keep("c"));
        assert!(changes.begin(), "the writer had gone");
        changes.stop();
        assert!(changes.begin());
    }

    #[test]
    fn a_fetch_does_not_undo_what_came_from_outside() {
        let mut changes = Changes::default();
        let begun = changes.epoch();
        changes.dictate(keep("set"));
        assert_eq!(changes.propose(begun, keep("fetched")), None);
        assert_eq!(pending(&changes), Some("set"));
        let begun = changes.epoch();
        changes.dictate(Change::Remove);
        let discard = Change::Discard(Token::new("old").unwrap());
        assert_eq!(changes.propose(begun, discard), None);
        assert_eq!(pending(&changes), Some("none"));
        assert_eq!(changes.propose(changes.epoch(), keep("next")), Some(3));
    }
}
