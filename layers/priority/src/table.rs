//! The lanes of all keys: bounded, and rid of idle ones now and then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use buttress_kernel::Key;

use crate::lane::Lane;
use crate::permit::Permit;
use crate::priority::Priority;
use crate::queue::Rank;
use crate::telemetry;

/// What the layer was told that holds for all who share its lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) max_waiting: usize,
    pub(crate) ageing: Option<Duration>,
    pub(crate) max_keys: usize,
}

/// Every lane.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rules: Rules,
    origin: Instant,
    /// The lane of the empty key, and of all keys that there is no room for.
    one: Arc<Lane>,
    /// The first key that came, which is never forgotten. Many layers never meet another, and it is
    /// found here without a hash and a lock.
    first: OnceLock<(Key, Arc<Lane>)>,
    keys: Mutex<Keys>,
}

#[derive(Debug)]
struct Keys {
    most: u32,
    lanes: HashMap<Key, Arc<Lane>>,
    /// So many look-ups go by before the lanes are searched for idle ones again. At least as many as
    /// were left the last time, so that a search costs each look-up the same little, however many
    /// keys come.
    rest: usize,
}

/// Few enough that nobody needs to look which of them are idle.
const FEW: usize = 16;

impl Table {
    /// Lanes for so many in flight each; `most` was checked.
    pub(crate) fn new(most: u32, rules: Rules) -> Self {
        Self {
            rules,
            origin: now(),
            one: Arc::new(Lane::new(most)),
            first: OnceLock::new(),
            keys: Mutex::new(Keys {
                most,
                lanes: HashMap::new(),
                rest: 0,
            }),
        }
    }

    /// A place of this key, if there is room and nobody waits.
    #[inline]
    pub(crate) fn take(&self, key: &str) -> Option<Permit> {
        if key.is_empty() {
            return Permit::take(&self.one);
        }
        match self.first.get() {
            Some((first, lane)) if first.as_str() == key => Permit::take(lane),
            _ => Permit::take(&self.look_up(key)),
        }
    }

    /// The lane of a key, new if need be.
    pub(crate) fn lane(&self, key: &str) -> Arc<Lane> {
        if key.is_empty() {
            return Arc::clone(&self.one);
        }
        self.look_up(key)
    }

    fn look_up(&self, key: &str) -> Arc<Lane> {
        let keys = &mut *self.lock();
        keys.rest = keys.rest.saturating_sub(1);
        let known = keys.lanes.get(key).cloned();
        known.unwrap_or_else(|| self.insert(keys, key))
    }

    #[cold]
    fn insert(&self, keys: &mut Keys, key: &str) -> Arc<Lane> {
        let max_keys = self.rules.max_keys;
        let many = keys.lanes.len() >= FEW.min(max_keys);
        let searched = many && keys.rest == 0;
        if searched {
            keys.forget_idle();
        }
        if keys.lanes.len() >= max_keys {
            // Not each time: keys may be a stranger's to choose.
            if searched {
                telemetry::no_room(key, max_keys);
            }
            return Arc::clone(&self.one);
        }
        let lane = Arc::new(Lane::new(keys.most));
        let key = Key::from(key);
        keys.lanes.insert(key.clone(), Arc::clone(&lane));
        self.first.get_or_init(|| (key, Arc::clone(&lane)));
        lane
    }

    /// The lane of a key, if there is one.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Lane>> {
        if key.is_empty() {
            return Some(Arc::clone(&self.one));
        }
        self.lock().lanes.get(key).cloned()
    }

    /// Where a request stands in a queue that comes now.
    pub(crate) fn rank(&self, priority: Priority) -> Rank {
        let since = || now().saturating_duration_since(self.origin);
        priority.rank(self.rules.ageing, since)
    }

    pub(crate) fn most(&self) -> u32 {
        self.lock().most
    }

    /// Another limit for all keys, those to come included.
    pub(crate) fn set_most(&self, most: u32) {
        let mut keys = self.lock();
        keys.most = most;
        let mut woken = self.one.set_most(most);
        for lane in keys.lanes.values() {
            woken.extend(lane.set_most(most));
        }
        drop(keys);
        // Waking may run code of a stranger, so not under the lock.
        woken.into_iter().flatten().for_each(Waker::wake);
    }

    /// The sum over all lanes.
    pub(crate) fn sum(&self, of: impl Fn(&Lane) -> usize) -> usize {
        let lanes = self.lock();
        let keyed: usize = lanes.lanes.values().map(|lane| of(lane)).sum();
        keyed + of(&self.one)
    }

    pub(crate) fn keys(&self) -> usize {
        self.lock().lanes.len()
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keys {
    /// Forgets lanes that nobody holds: no one is in flight there or waits.
    fn forget_idle(&mut self) {
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let left = self.lanes.len();
        self.lanes.shrink_to(2 * left);
        self.rest = left.max(FEW);
    }
}

/// The clock that durations are measured with; tests pause it.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
