//! What was made out of date lately: a response that was asked for before is not stored after.

use std::collections::VecDeque;

use crate::store::{Key, Selector, Tags};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// Keys that fall to the same place are made out of date together, which costs one fetch more.
const PLACES: u64 = 1_024;

/// So many selectors are remembered; a fetch that began before them is not stored.
const SELECTORS: usize = 64;

/// A journal of a layer's invalidations, in a fixed amount of memory. A fetch only notes how long
/// the journal was when it began.
#[derive(Debug)]
pub(crate) struct Outdated {
    /// How many there have been.
    count: AtomicU64,
    /// The number of the last one of a key, by the key's hash.
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

impl Outdated {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            keys: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
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
        self.place(key).fetch_max(number, Ordering::SeqCst);
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
        if self.moment().0 == since {
            return false;
        }
        if self.place(key).load(Ordering::SeqCst) > since {
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

    fn place(&self, key: &Key) -> &AtomicU64 {
        &self.keys[usize::try_from(key.hash() % PLACES).unwrap_or_default()]
    }
}
