//! Invalidations that the store has not confirmed: what they mean is not served until it has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::{Key, KeyRef, Selector, Variants};

/// So many are remembered one by one, and so many bytes of them. Beyond that, everything that is
/// stored is taken for out of date.
const MOST: usize = 256;
const BYTES: usize = 256 * 1024;

/// So many questions to the store go on at the same time.
const ATTEMPTS: usize = 512;

/// What is yet to be forgotten by the store, in a bounded amount of memory.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    /// How many there are.
    count: AtomicUsize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: Vec<One>,
    last: u64,
    attempts: usize,
    /// Whether somebody sees to those that failed.
    is_tended: bool,
}

/// An invalidation.
#[derive(Debug)]
struct One {
    number: u64,
    selector: Selector,
    /// Whether the store has been asked, and has yet to answer.
    running: bool,
}

/// A question that the store is to be asked, and to be told the [end](Unsettled::end) of.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt {
    number: u64,
    pub(crate) selector: Selector,
}

impl Unsettled {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, what the selector picks is not served. The store is to be asked at once, unless
    /// there is so much open that it has to wait.
    pub(crate) fn begin(&self, selector: &Selector) -> Option<Attempt> {
        let mut open = self.open();
        let attempt = open.begin(selector);
        self.count.store(open.all.len(), Ordering::SeqCst);
        attempt
    }

    /// The store has done it, or has failed to.
    pub(crate) fn end(&self, attempt: &Attempt, done: bool) {
        let mut open = self.open();
        open.attempts -= 1;
        if done {
            open.all.retain(|one| one.number != attempt.number);
        } else if let Some(one) = open.find(attempt.number) {
            one.running = false;
        }
        self.count.store(open.all.len(), Ordering::SeqCst);
    }

    /// One that has failed, to be tried again.
    pub(crate) fn next(&self) -> Option<Attempt> {
        let mut open = self.open();
        let one = open.all.iter_mut().find(|one| !one.running)?;
        one.running = true;
        let attempt = Attempt {
            number: one.number,
            selector: one.selector.clone(),
        };
        open.attempts += 1;
        Some(attempt)
    }

    /// Whether there is something to be tried again, and nobody who sees to it: the caller does now.
    pub(crate) fn tend(&self) -> bool {
        let mut open = self.open();
        let tends = !open.is_tended && open.all.iter().any(|one| !one.running);
        open.is_tended |= tends;
        tends
    }

    /// Whether nothing has to be tried again; then the caller need not see to it any more.
    pub(crate) fn rest(&self) -> bool {
        let mut open = self.open();
        open.is_tended = open.all.iter().any(|one| !one.running);
        !open.is_tended
    }

    /// Whether there may be something that is stored, and not to be served.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// What of all that is stored under a key is not to be served.
    pub(crate) fn of(&self, key: KeyRef<'_>) -> Doubt {
        let (key, open) = (key.keep(), self.open());
        let mut selectors = open.all.iter().map(|one| &one.selector);
        if selectors.any(|selector| selector.covers(&key)) {
            return Doubt::All;
        }
        let tags = open.all.iter().map(|one| &one.selector);
        let tags = tags.filter(|selector| matches!(selector, Selector::Tag(_)));
        Doubt::Some(key, tags.cloned().collect())
    }
}

/// What of all that is stored under a key is out of date.
pub(crate) enum Doubt {
    All,
    /// What these selectors pick.
    Some(Key, Vec<Selector>),
}

impl Doubt {
    /// What is left of what the store gave.
    pub(crate) fn sift(&self, found: &Variants) -> Variants {
        let Self::Some(key, selectors) = self else {
            return Variants::default();
        };
        let is_left = |variant: &&_| !selectors.iter().any(|one| one.picks(key, variant));
        found.iter().filter(is_left).cloned().collect()
    }
}

impl Open {
    fn begin(&mut self, selector: &Selector) -> Option<Attempt> {
        let waits = |one: &One| !one.running && one.selector == Selector::All;
        if self.all.iter().any(waits) {
            // It will have been done with the rest.
            return None;
        }
        // One that has failed is tried again with this.
        self.all
            .retain(|one| one.running || one.selector != *selector);
        let bytes: usize = self.all.iter().map(|one| size(&one.selector)).sum();
        let is_full = self.all.len() >= MOST || bytes + size(selector) > BYTES;
        if is_full || self.attempts >= ATTEMPTS {
            self.all.clear();
            self.add(Selector::All, false);
            return None;
        }
        let number = self.add(selector.clone(), true);
        self.attempts += 1;
        Some(Attempt {
            number,
            selector: selector.clone(),
        })
    }

    fn add(&mut self, selector: Selector, running: bool) -> u64 {
        self.last += 1;
        self.all.push(One {
            number: self.last,
            selector,
            running,
        });
        self.last
    }

    fn find(&mut self, number: u64) -> Option<&mut One> {
        self.all.iter_mut().find(|one| one.number == number)
    }
}

fn size(selector: &Selector) -> usize {
    match selector {
        Selector::Key(key) => key.size(),
        Selector::Prefix(text) | Selector::Pattern(text) | Selector::Tag(text) => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::{key, variant};

    fn is_served(unsettled: &Unsettled, name: &str) -> bool {
        let found: Variants = [variant(1, "body")].into_iter().collect();
        let found = unsettled.of(key(name).lend()).sift(&found);
        !found.is_empty()
    }

    fn one(name: &str) -> Selector {
        Selector::Prefix(name.into())
    }

    #[test]
    fn what_is_not_confirmed_is_not_served_until_it_is() {
        let unsettled = Unsettled::default();
        assert!(!unsettled.is_any());
        for selector in [
            one("http://a"),
            Selector::Tag("every".into()),
            Selector::All,
        ] {
            let attempt = unsettled.begin(&selector).expect("there is room");
            assert!(unsettled.is_any() && !is_served(&unsettled, "http://a.example/"));
            let others = is_served(&unsettled, "http://b.example/");
            assert_eq!(others, selector == one("http://a"));
            unsettled.end(&attempt, false);
            assert!(!is_served(&unsettled, "http://a.example/"), "it has failed");
            assert!(unsettled.tend() && !unsettled.tend(), "one sees to it");
            let again = unsettled.next().expect("it is tried again");
            assert_eq!(again.selector, selector);
            assert!(unsettled.next().is_none(), "by one at a time");
            unsettled.end(&again, true);
            assert!(!unsettled.is_any() && is_served(&unsettled, "http://a.example/"));
            assert!(unsettled.rest());
        }
    }

    #[test]
    fn a_later_one_is_not_settled_by_an_earlier_answer() {
        let unsettled = Unsettled::default();
        let first = unsettled.begin(&one("http://a")).expect("there is room");
        let second = unsettled.begin(&one("http://a")).expect("there is room");
        unsettled.end(&first, true);
        assert!(!is_served(&unsettled, "http://a.example/"));
        unsettled.end(&second, true);
        assert!(is_served(&unsettled, "http://a.example/"));
    }

    #[test]
    fn too_many_are_taken_for_all_in_a_bounded_amount_of_memory() {
        let unsettled = Unsettled::default();
        let long = "x".repeat(BYTES / 4);
        for count in [MOST, 4] {
            let name = |n: usize| {
                if count == 4 {
                    format!("{n}{long}")
                } else {
                    n.to_string()
                }
            };
            let begun = (0..count).map(|n| unsettled.begin(&one(&name(n))));
            let begun: Vec<Attempt> = begun.flatten().collect();
            assert!(begun.len() + 1 >= count && unsettled.begin(&one("other")).is_none());
            assert_eq!(unsettled.open().all.len(), 1);
            assert!(!is_served(&unsettled, "http://a.example/"));
            for attempt in &begun {
                unsettled.end(attempt, true);
            }
            assert!(
                !is_served(&unsettled, "http://a.example/"),
                "one was not asked"
            );
            assert!(unsettled.begin(&one("more")).is_none(), "it goes with all");
            let all = unsettled.next().expect("it is tried again");
            assert_eq!(all.selector, Selector::All);
            unsettled.end(&all, true);
            assert!(!unsettled.is_any() && unsettled.open().attempts == 0);
        }
    }
}
