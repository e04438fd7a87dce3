//! What the layers over one store have together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::flight::Table;
use crate::outdated::Outdated;
use crate::unsettled::Unsettled;

/// What was made out of date in a store lately, and what is being fetched for it: one for all layers that are
/// given the store, so that what is made out of date through one of them is so for all of them at once.
///
/// Clones are one. It has a fixed size of some 70 KiB, and remembers beside that, for a while, what a store
/// has failed to forget: see [the module's page](super::store).
///
/// A [store](crate::store::Store::journal) of your own that several layers are given holds one:
///
/// ```
/// use buttress_cache::CacheLayer;
/// use buttress_cache::store::{Answer, Head, Journal, Key, KeyRef, Memory, Selector, Store};
/// use buttress_cache::store::{Variant, Variants};
/// use buttress_kernel::Body;
/// # use std::ops::Range;
///
/// /// Memory that forgets on demand alone.
/// #[derive(Clone)]
/// struct Mine {
///     memory: Memory,
///     journal: Journal,
/// }
///
/// impl Store for Mine {
///     fn journal(&self) -> Option<Journal> {
///         Some(self.journal.clone())
///     }
/// #   fn get(&self, key: KeyRef<'_>) -> Answer<Variants> { self.memory.get(key) }
/// #   fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
/// #       self.memory.body(key, id, range)
/// #   }
/// #   fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
/// #       self.memory.put(key, variant, replaces)
/// #   }
/// #   fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> { self.memory.update(key, id, head) }
/// #   fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> { self.memory.remove(key, ids) }
/// #   fn invalidate(&self, selector: &Selector) -> Answer<usize> { self.memory.invalidate(selector) }
///     // …
/// }
///
/// let store = Mine { memory: Memory::of(1 << 20), journal: Journal::new() };
/// let patient = CacheLayer::shared().store(store.clone());
/// let other = CacheLayer::shared().store(store).stale_on_error(false);
/// # drop((patient, other));
/// ```
#[derive(Clone, Default)]
pub struct Journal {
    pub(crate) outdated: Arc<Outdated>,
    pub(crate) unsettled: Unsettled,
    pub(crate) flights: Arc<Table>,
    /// Whether there may be something for those who have not said who they are.
    pub(crate) anyones: Arc<AtomicBool>,
}

impl Journal {
    /// One in which nothing stands yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}
