//! The lanes of all keys: bounded, and rid of idle ones now and then.

mod rates;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use buttress_kernel::Key;

use self::rates::Base;
use crate::bucket::Bucket;
use crate::clock::{Clock, Nanos, nanos, now};
use crate::handle::Peek;
use crate::lane::Lane;
use crate::rate::Rate;
use crate::telemetry;

/// The rate of a key, where it has one of its own.
pub(crate) type Rates = dyn Fn(&str) -> Option<Rate> + Send + Sync;

/// Every lane, spread over several locks.
pub(crate) struct Table {
    pub(crate) clock: Clock,
    /// The lane of the empty key, and of all keys that there is no room for.
    pub(crate) one: Arc<Lane>,
    /// The first key that came, which is never forgotten. Many layers never meet another, and it is
    /// found here without a hash and a lock.
    first: OnceLock<(Key, Arc<Lane>)>,
    shards: Box<[Mutex<Shard>]>,
    keys: AtomicUsize,
    base: Mutex<Base>,
    rates: Option<Arc<Rates>>,
    /// What lanes have counted that were forgotten.
    granted: AtomicU64,
    rejected: AtomicU64,
}

#[derive(Default)]
struct Shard {
    lanes: HashMap<Key, Arc<Lane>>,
    /// As many call for a look at which of them can be forgotten.
    sweep_at: usize,
    /// No look because of a lack of room before this.
    rest_until: Nanos,
}

const SHARDS: usize = 16;

/// Few enough that nobody needs to look which of them are idle.
const FEW: usize = 16;

/// While there is no room, a shard is searched for idle lanes this often at most.
const REST: Duration = Duration::from_secs(1);

impl Table {
    pub(crate) fn new(rate: Rate, rates: Option<Arc<Rates>>) -> Self {
        let own = rates.as_ref().and_then(|rates| rates(""));
        Self {
            clock: Clock::since(now()),
            one: Arc::new(Lane::new(own.unwrap_or(rate).pace())),
            first: OnceLock::new(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            keys: AtomicUsize::new(0),
            base: Mutex::new(Base {
                usual: rate,
                own: HashMap::new(),
            }),
            rates,
            granted: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    /// The same, as it was at first, with other rates.
    pub(crate) fn fresh(&self, change: impl FnOnce(Rate) -> Rate) -> Self {
        let usual = change(lock(&self.base).usual);
        Self::new(usual, self.rates.clone())
    }

    /// Takes tokens of a key if nobody waits and there are enough; whether it did.
    #[inline]
    pub(crate) fn take(&self, key: &str, now: Nanos, cost: u32, max_keys: usize) -> bool {
        if key.is_empty() {
            return self.one.take(now, cost);
        }
        if let Some((first, lane)) = self.first.get()
            && first.as_str() == key
        {
            return lane.take(now, cost);
        }
        self.look_up(key, now, cost, max_keys)
    }

    fn look_up(&self, key: &str, now: Nanos, cost: u32, max_keys: usize) -> bool {
        let shard = &mut *self.shard(key);
        match shard.lanes.get(key) {
            Some(lane) => lane.take(now, cost),
            None => self.insert(shard, key, now, max_keys).take(now, cost),
        }
    }

    /// The lane of a key, new if need be.
    pub(crate) fn lane(&self, key: &str, now: Nanos, max_keys: usize) -> Arc<Lane> {
        if key.is_empty() {
            return Arc::clone(&self.one);
        }
        let shard = &mut *self.shard(key);
        let known = shard.lanes.get(key).cloned();
        known.unwrap_or_else(|| self.insert(shard, key, now, max_keys))
    }

    #[cold]
    fn insert(&self, shard: &mut Shard, key: &str, now: Nanos, max_keys: usize) -> Arc<Lane> {
        let is_full = || self.keys.load(Ordering::Relaxed) >= max_keys;
        let swept = shard.wants_sweep(is_full(), now);
        if swept {
            self.sweep(shard, now);
        }
        if is_full() {
            self.make_room(now, &is_full);
        }
        if is_full() {
            // Not each time: keys may be a stranger's to choose.
            if swept {
                telemetry::crowded(key, max_keys);
            }
            return Arc::clone(&self.one);
        }
        let lane = Arc::new(Lane::new(self.pace(&lock(&self.base), key)));
        let key = Key::from(key);
        shard.lanes.insert(key.clone(), Arc::clone(&lane));
        self.keys.fetch_add(1, Ordering::Relaxed);
        self.first.get_or_init(|| (key, Arc::clone(&lane)));
        lane
    }

    /// Looks for idle lanes in the other shards, but does not wait for them: it holds one itself.
    fn make_room(&self, now: Nanos, is_full: &impl Fn() -> bool) {
        for shard in &self.shards {
            if let Ok(shard) = &mut shard.try_lock()
                && shard.wants_sweep(true, now)
            {
                self.sweep(shard, now);
                if !is_full() {
                    return;
                }
            }
        }
    }

    /// Forgets lanes that are as good as new, unless somebody holds one.
    fn sweep(&self, shard: &mut Shard, now: Nanos) {
        let before = shard.lanes.len();
        shard.lanes.retain(|_, lane| {
            let keep = !lane.is_idle(now) || Arc::strong_count(lane) > 1;
            if !keep {
                let (granted, rejected) = lane.counts();
                self.granted.fetch_add(granted, Ordering::Relaxed);
                self.rejected.fetch_add(rejected, Ordering::Relaxed);
            }
            keep
        });
        let left = shard.lanes.len();
        shard.lanes.shrink_to(2 * left);
        shard.sweep_at = FEW.max(2 * left);
        shard.rest_until = now.saturating_add(nanos(REST));
        self.keys.fetch_sub(before - left, Ordering::Relaxed);
    }

    /// The key whose bucket a lane is, for one that `key` led to.
    pub(crate) fn name(&self, lane: &Arc<Lane>, key: &Key) -> Key {
        if Arc::ptr_eq(lane, &self.one) {
            Key::from("")
        } else {
            key.clone()
        }
    }

    /// The lane of a key, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Lane>> {
        if key.is_empty() {
            return Some(Arc::clone(&self.one));
        }
        self.shard(key).lanes.get(key).cloned()
    }

    /// How a key's bucket looks now.
    pub(crate) fn peek(&self, key: &str) -> Peek {
        let now = now();
        let nanos = self.clock.nanos(now);
        let full = || Bucket {
            full_at: 0,
            pace: self.pace(&lock(&self.base), key),
        };
        let look = self.get(key).map(|lane| lane.look());
        let bucket = look.map_or_else(full, |look| look.bucket);
        let full_at = self.clock.instant(bucket.full_at.max(nanos));
        Peek {
            level: bucket.level(nanos),
            burst: bucket.pace.burst(),
            window: Duration::from_nanos(bucket.pace.span),
            full_at: full_at.max(now),
            waiting: look.map_or(0, |look| look.waiting),
            granted: look.map_or(0, |look| look.granted),
            rejected: look.map_or(0, |look| look.rejected),
        }
    }

    pub(crate) fn each(&self, mut see: impl FnMut(&str, &Lane)) {
        see("", &self.one);
        for shard in &self.shards {
            for (key, lane) in &lock(shard).lanes {
                see(key.as_str(), lane);
            }
        }
    }

    /// How many requests were let through and refused, lanes included that were forgotten.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let granted = self.granted.load(Ordering::Relaxed);
        let mut sums = (granted, self.rejected.load(Ordering::Relaxed));
        self.each(|_, lane| {
            let (granted, rejected) = lane.counts();
            sums.0 += granted;
            sums.1 += rejected;
        });
        sums
    }

    pub(crate) fn keys(&self) -> usize {
        self.keys.load(Ordering::Relaxed)
    }

    /// FNV-1a: enough to spread keys over locks, where nobody gains from a collision.
    #[inline]
    fn shard(&self, key: &str) -> MutexGuard<'_, Shard> {
        let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        lock(&self.shards[(hash >> 8) as usize % SHARDS])
    }
}

impl Shard {
    fn wants_sweep(&self, is_full: bool, now: Nanos) -> bool {
        let many = self.lanes.len() >= self.sweep_at.max(FEW);
        many || (is_full && self.rest_until <= now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("rate", &self.usual())
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}
