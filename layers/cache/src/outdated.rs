//! What was made out of date lately: a response that was asked for before is not stored after.

use std::collections::VecDeque;

use crate::store::{Key, Selector, Tags};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// So many keys are remembered, and so many selectors; what is fetched while more than that are made
/// out of date is not stored.
const KEYS: usize = 8_192;

const SELECTORS: usize = 64;

/// All invalidations of a store's content, in a fixed amount of memory. A fetch only notes how many there had
/// been when it began.
#[derive(Debug)]
pub(crate) struct Outdated {
    /// How many there have been.
    count: AtomicU64,
    /// The hashes of keys, each in the place of its number, round and round.
    keys: Box<[AtomicU64]>,
    wide: Mutex<Wide>,
}

/// Those of more than one key.
#[derive(Debug, Default)]
struct Wide {
    recent: VecDeque<(u64, Selector)>,
    /// The number of the last one that is not among them any more.
    forgotten: u64,
}

/// A moment between two invalidations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(u64);

impl Default for Outdated {
    fn default() -> Self {
        Self::of(KEYS)
    }
}

impl Outdated {
    /// Remembers so many keys.
    pub(crate) fn of(keys: usize) -> Self {
        Self {
            count: AtomicU64::new(0),
            keys: (0..keys).map(|_| AtomicU64::new(0)).collect(),
            wide: Mutex::new(Wide::default()),
        }
    }

    /// Now.
    #[inline]
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.count.load(Ordering::SeqCst))
    }

    /// What is fetched under this key is out of date.
    pub(crate) fn add_key(&self, key: &Key) {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        // Whoever does not see it yet has put what it fetched already, where the caller will find it.
        self.place(number).store(key.hash(), Ordering::SeqCst);
    }

    /// What the selector picks is out of date.
    pub(crate) fn add(&self, selector: &Selector) {
        if let Selector::Key(key) = selector {
            return self.add_key(key);
        }
        let mut wide = lock(&self.wide);
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        wide.recent.push_back((number, selector.clone()));
        if wide.recent.len() > SELECTORS
            && let Some((number, _)) = wide.recent.pop_front()
        {
            wide.forgotten = number;
        }
    }

    /// Whether a response that was asked for at that moment may be out of date.
    pub(crate) fn has(&self, key: &Key, tags: Option<&Tags>, since: Moment) -> bool {
        let Moment(since) = since;
        let now = self.moment().0;
        if now == since {
            return false;
        }
        let is_key = |number| self.place(number).load(Ordering::SeqCst) == key.hash();
        if self.is_too_long_ago(since) || (since + 1..=now).any(is_key) {
            return true;
        }
        // A place may have been taken by a later one before it was looked at.
        if self.is_too_long_ago(since) {
            return true;
        }
        let tags = tags.map(|tags| &**tags).unwrap_or_default();
        let wide = lock(&self.wide);
        let mut recent = wide.recent.iter().rev();
        wide.forgotten > since
            || recent
                .by_ref()
                .take_while(|(number, _)| *number > since)
                .any(|(_, selector)| selector.covers(key) || selector.names(tags))
    }

    /// Whether not all keys since then are remembered.
    fn is_too_long_ago(&self, since: u64) -> bool {
        self.moment().0 - since > self.keys.len() as u64
    }

    fn place(&self, number: u64) -> &AtomicU64 {
        let place = number % self.keys.len() as u64;
        &self.keys[usize::try_from(place).unwrap_or_default()]
    }
}
