//! Which invalidations of more than one key there have been while something was written.

use std::collections::VecDeque;

use crate::store::Selector;

/// So many that have ended are remembered; what is written while more than that end is taken for
/// out of date.
const ENDED: usize = 64;

/// Invalidations under way, and those that ended lately.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// How many have begun or ended.
    count: u64,
    running: Vec<(u64, Selector)>,
    ended: VecDeque<(u64, Selector)>,
    /// The number of the last end that is not remembered any more.
    forgotten: u64,
}

/// A moment between two changes of the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u64);

impl Journal {
    pub(super) const fn moment(&self) -> Moment {
        Moment(self.count)
    }

    /// From now on, what the selector picks is being forgotten; the number is for its end.
    pub(super) fn begin(&mut self, selector: &Selector) -> u64 {
        self.count += 1;
        self.running.push((self.count, selector.clone()));
        self.count
    }

    pub(super) fn end(&mut self, number: u64) {
        let at = self.running.iter().position(|(other, _)| *other == number);
        let Some(at) = at else { return };
        let (_, selector) = self.running.swap_remove(at);
        self.count += 1;
        self.ended.push_back((self.count, selector));
        if self.ended.len() > ENDED
            && let Some((number, _)) = self.ended.pop_front()
        {
            self.forgotten = number;
        }
    }

    /// Whether one was under way at that moment or since, and picks.
    pub(super) fn has(&self, since: Moment, picks: impl Fn(&Selector) -> bool) -> bool {
        let Moment(since) = since;
        let ended = self.ended.iter().rev();
        let mut lately = ended.take_while(|(number, _)| *number > since);
        self.forgotten > since
            || self.running.iter().any(|(_, selector)| picks(selector))
            || lately.any(|(_, selector)| picks(selector))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: fn(&Selector) -> bool = |selector| *selector == Selector::All;

    #[test]
    fn one_that_goes_on_or_has_ended_since_counts_and_an_earlier_one_does_not() {
        let mut journal = Journal::default();
        let before = journal.moment();
        assert!(!journal.has(before, ALL));
        let number = journal.begin(&Selector::All);
        let meanwhile = journal.moment();
        assert!(journal.has(before, ALL) && journal.has(meanwhile, ALL));
        assert!(
            !journal.has(before, |selector| !ALL(selector)),
            "another one"
        );
        journal.end(number);
        assert!(journal.has(before, ALL) && journal.has(meanwhile, ALL));
        assert!(!journal.has(journal.moment(), ALL));
        journal.end(number);
        assert!(!journal.has(journal.moment(), ALL), "it ends once");
    }

    #[test]
    fn each_ends_by_itself() {
        let tags = ["a", "b"].map(|tag| Selector::Tag(tag.into()));
        for ends in 0..tags.len() {
            let mut journal = Journal::default();
            let numbers = tags.each_ref().map(|tag| journal.begin(tag));
            journal.end(numbers[ends]);
            let now = journal.moment();
            let goes_on: Vec<_> = tags
                .iter()
                .filter(|tag| journal.has(now, |other| other == *tag))
                .collect();
            assert_eq!(goes_on, [&tags[1 - ends]]);
        }
    }

    #[test]
    fn as_many_as_are_remembered_are_told_apart() {
        let mut journal = Journal::default();
        let before = journal.moment();
        for _ in 0..ENDED {
            let number = journal.begin(&Selector::Tag("a".into()));
            journal.end(number);
        }
        assert!(!journal.has(before, ALL));
    }

    #[test]
    fn what_is_forgotten_counts_as_all() {
        let mut journal = Journal::default();
        let before = journal.moment();
        let numbers = (0..=ENDED).map(|_| journal.begin(&Selector::Tag("a".into())));
        for number in numbers.collect::<Vec<_>>() {
            journal.end(number);
        }
        assert!(journal.has(before, |_| false));
        assert!(!journal.has(journal.moment(), |_| true));
        assert!(journal.ended.len() <= ENDED && journal.running.is_empty());
    }
}
