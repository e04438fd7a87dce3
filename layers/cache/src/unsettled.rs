//! Invalidations that the store has not confirmed: what they mean is not served until it has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::store::{Key, KeyRef, Selector, Variants};

/// So many keys are remembered one by one, and so many bytes of them. Beyond that, everything that is
/// stored is taken for out of date.
const KEYS: Bound = Bound {
    count: 8_192,
    bytes: 2 * 1024 * 1024,
};

/// The same of selectors of more than one key. Each response that is read meanwhile is held against all of
/// them, so they are fewer.
const WIDE: Bound = Bound {
    count: 256,
    bytes: 256 * 1024,
};

/// So many questions to the store go on at the same time.
const ATTEMPTS: usize = 512;

/// What is yet to be forgotten by the store, in a bounded amount of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsettled(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How many there are.
    count: AtomicUsize,
    /// How many questions to the store there have been.
    questions: AtomicU64,
    open: Mutex<Open>,
}

/// The number of a question to the store. Whatever was begun before it has been dealt with when it is
/// answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(u64);

/// A question that the store is asked. Dropped, it has failed.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt {
    inner: Arc<Inner>,
    number: Number,
    pub(crate) selector: Selector,
    is_done: bool,
}

/// The duty to try again what has failed. Dropped, it falls to whoever [tends](Unsettled::tend) next.
#[derive(Debug)]
#[must_use]
pub(crate) struct Tending {
    inner: Arc<Inner>,
    is_over: bool,
}

impl Unsettled {
    /// The number of a question that the store is asked after this.
    pub(crate) fn number(&self) -> Number {
        self.0.number()
    }

    /// From now on, what the selector picks is not served. The store has been asked, unless so much is asked
    /// at the same time that this has to wait.
    pub(crate) fn begin(&self, number: Number, selector: &Selector) -> Option<Attempt> {
        let begun = self.0.change(|open| open.begin(number, selector));
        begun.then(|| self.0.attempt(number, selector.clone()))
    }

    /// One that has failed, or waited, to be asked now.
    pub(crate) fn next(&self) -> Option<Attempt> {
        let number = self.number();
        let selector = self.0.change(|open| open.next(number))?;
        Some(self.0.attempt(number, selector))
    }

    /// Whether there is something to be tried again, and nobody who sees to it: the caller does now.
    pub(crate) fn tend(&self) -> Option<Tending> {
        let mut open = self.0.open();
        if open.is_tended || !open.waits() {
            return None;
        }
        open.is_tended = true;
        Some(Tending {
            inner: Arc::clone(&self.0),
            is_over: false,
        })
    }

    /// Whether there may be something that is stored, and not to be served.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.0.count.load(Ordering::SeqCst) > 0
    }

    /// What of all that is stored under a key is not to be served.
    pub(crate) fn of(&self, key: KeyRef<'_>) -> Doubt {
        let (key, open) = (key.keep(), self.0.open());
        let mut wide = open.wide.all.keys();
        let is_covered = wide.any(|selector| selector.covers(&key));
        if is_covered || open.keys.all.contains_key(&Selector::Key(key.clone())) {
            return Doubt::All;
        }
        let wide = open.wide.all.keys();
        let tags = wide.filter(|selector| matches!(selector, Selector::Tag(_)));
        Doubt::Some(key, tags.cloned().collect())
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Open) -> T) -> T {
        let mut open = self.open();
        let end = change(&mut open);
        let count = open.keys.all.len() + open.wide.all.len();
        self.count.store(count, Ordering::SeqCst);
        end
    }

    fn number(&self) -> Number {
        Number(self.questions.fetch_add(1, Ordering::SeqCst) + 1)
    }

    fn attempt(self: &Arc<Self>, number: Number, selector: Selector) -> Attempt {
        Attempt {
            inner: Arc::clone(self),
            number,
            selector,
            is_done: false,
        }
    }
}

impl Attempt {
    /// The store has done it, or has failed to.
    pub(crate) fn end(mut self, is_done: bool) {
        self.is_done = is_done;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let (number, is_done) = (self.number, self.is_done);
        self.inner
            .change(|open| open.end(number, &self.selector, is_done));
    }
}

impl Tending {
    /// Goes on as long as something has to be tried again.
    pub(crate) fn go_on(mut self) -> Option<Self> {
        let mut open = self.inner.open();
        open.is_tended = open.waits();
        let goes_on = open.is_tended;
        drop(open);
        self.is_over = !goes_on;
        goes_on.then_some(self)
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        if !self.is_over {
            self.inner.open().is_tended = false;
        }
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

#[derive(Debug)]
struct Open {
    keys: Several,
    wide: Several,
    /// How many questions the store has yet to answer.
    attempts: usize,
    /// Whether somebody sees to those that failed.
    is_tended: bool,
}

/// Invalidations of one kind.
#[derive(Debug)]
struct Several {
    all: HashMap<Selector, One>,
    bytes: usize,
    most: Bound,
}

#[derive(Clone, Copy, Debug)]
struct Bound {
    count: usize,
    bytes: usize,
}

/// All invalidations with one selector.
#[derive(Debug)]
struct One {
    /// The last of them.
    last: Number,
    /// The last question about them that the store has yet to answer.
    asked: Option<Number>,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            keys: Several::of(KEYS),
            wide: Several::of(WIDE),
            attempts: 0,
            is_tended: false,
        }
    }
}

impl Open {
    fn kind(&mut self, selector: &Selector) -> &mut Several {
        match selector {
            Selector::Key(_) => &mut self.keys,
            _ => &mut self.wide,
        }
    }

    /// Whether the store is asked by this question.
    fn begin(&mut self, number: Number, selector: &Selector) -> bool {
        let all = self.wide.all.get(&Selector::All);
        if all.is_some_and(|all| all.asked.is_none()) {
            // It will have been done with the rest.
            return false;
        }
        let is_asked = self.attempts < ATTEMPTS;
        let asked = is_asked.then_some(number);
        if !self.kind(selector).add(number, asked, selector) {
            self.keys = Several::of(KEYS);
            self.wide = Several::of(WIDE);
            self.wide.add(number, None, &Selector::All);
            return false;
        }
        self.attempts += usize::from(is_asked);
        is_asked
    }

    fn end(&mut self, number: Number, selector: &Selector, is_done: bool) {
        self.attempts -= 1;
        if is_done && *selector == Selector::All {
            self.keys.settle_all(number);
            self.wide.settle_all(number);
        }
        self.kind(selector).end(number, selector, is_done);
    }

    fn next(&mut self, number: Number) -> Option<Selector> {
        let selector = self.wide.next(number);
        let selector = selector.or_else(|| self.keys.next(number))?;
        self.attempts += 1;
        Some(selector)
    }

    fn waits(&self) -> bool {
        let mut all = self.wide.all.values().chain(self.keys.all.values());
        all.any(|one| one.asked.is_none())
    }
}

impl Several {
    fn of(most: Bound) -> Self {
        Self {
            all: HashMap::new(),
            bytes: 0,
            most,
        }
    }

    /// Whether there is room for it.
    fn add(&mut self, number: Number, asked: Option<Number>, selector: &Selector) -> bool {
        if let Some(one) = self.all.get_mut(selector) {
            one.last = one.last.max(number);
            one.asked = one.asked.max(asked);
            return true;
        }
        let bytes = self.bytes + size(selector);
        if self.all.len() >= self.most.count || bytes > self.most.bytes {
            return false;
        }
        self.bytes = bytes;
        let one = One {
            last: number,
            asked,
        };
        self.all.insert(selector.clone(), one);
        true
    }

    fn end(&mut self, number: Number, selector: &Selector, is_done: bool) {
        let Some(one) = self.all.get_mut(selector) else {
            return;
        };
        if is_done && one.last <= number {
            self.bytes -= size(selector);
            self.all.remove(selector);
        } else if one.asked == Some(number) {
            one.asked = None;
        }
    }

    /// The store has forgotten everything.
    fn settle_all(&mut self, number: Number) {
        self.all.retain(|_, one| one.last > number);
        self.bytes = self.all.keys().map(size).sum();
    }

    fn next(&mut self, number: Number) -> Option<Selector> {
        let mut all = self.all.iter_mut();
        let (selector, one) = all.find(|(_, one)| one.asked.is_none())?;
        one.asked = Some(number);
        Some(selector.clone())
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
mod tests;
