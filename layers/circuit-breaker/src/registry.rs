//! All circuits of a layer, by key.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use buttress_kernel::Key;

use crate::cache::Place;
use crate::circuit::Circuit;
use crate::common::Common;

/// The circuits, spread over several locks. A circuit that is in use takes none of them: services
/// remember the last one that they used.
pub(crate) struct Registry {
    pub(crate) common: Arc<Common>,
    /// The first circuit that was ever used through its authority. Most layers never need another,
    /// and a service that was cloned for one call finds it here.
    pub(crate) first: OnceLock<(Place, Arc<Circuit>)>,
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    max_in_shard: usize,
    /// Which shard is swept next.
    turn: AtomicUsize,
}

#[derive(Default)]
struct Shard {
    circuits: HashSet<Slot, RandomState>,
    /// As many call for a look at which of them can be forgotten.
    sweep_at: usize,
    /// No look because of a lack of room before this instant.
    rest_until: Option<Instant>,
}

/// A circuit, found by its key.
struct Slot(Arc<Circuit>);

const SHARDS: usize = 16;

/// Few enough that nobody needs to look which of them are idle.
const FEW: usize = 16;

/// While a shard is full of circuits in use, it is searched for idle ones this often at most.
const REST: Duration = Duration::from_secs(1);

impl Registry {
    pub(crate) fn new(common: Common, max_keys: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default());
        Self {
            common: Arc::new(common),
            first: OnceLock::new(),
            shards: shards.collect(),
            hasher: RandomState::new(),
            max_in_shard: max_keys.div_ceil(SHARDS),
            turn: AtomicUsize::new(0),
        }
    }

    /// The circuit of this key; none if it would be one too many.
    pub(crate) fn get_or_insert(&self, key: &str, now: Instant) -> Option<Arc<Circuit>> {
        let mut shard = self.shard(key);
        if let Some(Slot(circuit)) = shard.circuits.get(key) {
            return Some(Arc::clone(circuit));
        }
        shard.make_room(now, self.max_in_shard);
        if shard.circuits.len() >= self.max_in_shard {
            return None;
        }
        let circuit = Circuit::new(Key::from(key), Arc::clone(&self.common), now);
        let circuit = Arc::new(circuit);
        shard.circuits.insert(Slot(Arc::clone(&circuit)));
        Some(circuit)
    }

    /// The circuit of this key, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Circuit>> {
        let shard = self.shard(key);
        shard.circuits.get(key).map(|slot| Arc::clone(&slot.0))
    }

    pub(crate) fn all(&self) -> Vec<Arc<Circuit>> {
        let shards = self.shards.iter().map(lock);
        shards
            .flat_map(|shard| {
                let slots = shard.circuits.iter();
                slots.map(|slot| Arc::clone(&slot.0)).collect::<Vec<_>>()
            })
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).circuits.len())
            .sum()
    }

    /// Forgets what can be forgotten, in one of the shards: a caller should not wait for all.
    #[cold]
    pub(crate) fn sweep_one(&self, now: Instant) {
        let parts = u32::try_from(2 * SHARDS).unwrap_or(u32::MAX);
        self.common
            .looked(now, self.common.rules.idle_after / parts);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        lock(&self.shards[turn % SHARDS]).sweep(now);
    }

    /// Forgets whatever can be forgotten.
    pub(crate) fn sweep(&self, now: Instant) {
        for shard in &self.shards {
            lock(shard).sweep(now);
        }
    }

    #[allow(clippy::cast_possible_truncation)] // any part of the hash will do
    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let hash = self.hasher.hash_one(key) as usize;
        lock(&self.shards[hash % SHARDS])
    }
}

impl Shard {
    /// Idle circuits go when there are twice as many as the last time, or too many; so a new one
    /// costs the same however many there are.
    fn make_room(&mut self, now: Instant, most: usize) {
        let full = self.circuits.len() >= most;
        let rested = self.rest_until.is_none_or(|until| until <= now);
        if (full && rested) || self.circuits.len() >= self.sweep_at.max(FEW) {
            self.sweep(now);
            self.rest_until = now.checked_add(REST);
        }
    }

    /// Nobody can come by a circuit that the set alone holds while the shard is locked.
    fn sweep(&mut self, now: Instant) {
        self.circuits.retain(|Slot(circuit)| {
            let idle = circuit.rest(now);
            !idle || Arc::strong_count(circuit) > 1
        });
        if self.circuits.capacity() > 4 * self.circuits.len() {
            self.circuits.shrink_to(2 * self.circuits.len());
        }
        self.sweep_at = 2 * self.circuits.len();
    }
}

/// Circuits are whole whoever panics, and so is a set of them.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Borrow<str> for Slot {
    fn borrow(&self) -> &str {
        self.0.key().as_str()
    }
}

impl Hash for Slot {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().as_str().hash(state);
    }
}

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl Eq for Slot {}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("common", &self.common)
            .field("circuits", &self.len())
            .finish_non_exhaustive()
    }
}
