use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Stream;
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// What nobody has added to for so long goes, if somebody else needs the room.
const IDLE: Duration = Duration::from_secs(5);

/// So much time is between two looks at all who hold something.
const PAUSE: Duration = Duration::from_secs(1);

/// How many bytes all bodies under way may hold together.
#[derive(Debug)]
pub(crate) struct Room {
    left: AtomicU64,
    holders: Mutex<Holders>,
}

/// The bodies that take some time to come.
#[derive(Debug, Default)]
struct Holders {
    all: Vec<Weak<Stream>>,
    /// So many there may be before the gone ones among them are looked for.
    most: usize,
    looked: Pause,
    given_up: Pause,
}

/// Something is not done more often than that.
#[derive(Debug, Default)]
struct Pause(Option<Instant>);

impl Pause {
    /// Whether it is over; then the next one begins.
    fn is_over(&mut self, now: Instant) -> bool {
        let over = |since: Instant| now.saturating_duration_since(since) >= PAUSE;
        let is_over = self.0.is_none_or(over);
        if is_over {
            self.0 = Some(now);
        }
        is_over
    }
}

impl Holders {
    fn add(&mut self, stream: &Arc<Stream>) {
        if self.all.len() >= self.most {
            self.all.retain(|holder| holder.strong_count() > 0);
            self.most = self.all.len() * 2 + 16;
        }
        self.all.push(Arc::downgrade(stream));
    }

    /// All, unless somebody has done the same to them a moment ago.
    fn look(&mut self, pause: fn(&mut Self) -> &mut Pause, now: Instant) -> Vec<Arc<Stream>> {
        if !pause(self).is_over(now) {
            return Vec::new();
        }
        self.all.iter().filter_map(Weak::upgrade).collect()
    }
}

impl Room {
    pub(crate) fn of(bytes: u64) -> Arc<Self> {
        let left = AtomicU64::new(bytes);
        let holders = Mutex::default();
        Arc::new(Self { left, holders })
    }

    /// Keeps an eye on a body that takes some time to come.
    pub(super) fn watch(&self, stream: &Arc<Stream>) {
        lock(&self.holders).add(stream);
    }

    /// Sees to it that there is room for so many bytes more of a body, at the cost of those which have
    /// not grown for long, the longest first: their readers have stopped, or their origin has.
    pub(super) fn make(&self, bytes: u64, whose: &Arc<Stream>, now: impl FnOnce() -> Instant) {
        if self.has(bytes) {
            return;
        }
        let now = now();
        let holders = lock(&self.holders).look(|holders| &mut holders.looked, now);
        let idle = holders.into_iter().filter_map(|holder| {
            let since = holder.grown_at(now);
            let is_idle = now.saturating_duration_since(since) >= IDLE;
            (is_idle && !holder.is_held() && !Arc::ptr_eq(&holder, whose))
                .then_some((since, holder))
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by_key(|(since, _)| *since);
        let mut on_its_way = 0;
        for (_, holder) in idle {
            if self.has(bytes.saturating_sub(on_its_way)) {
                break;
            }
            on_its_way += holder.make_room();
        }
    }

    /// Sees to it that the store has room for others, where too much is on its way in: it is given no more
    /// of what it has waited for long, and what its readers can do without goes unstored.
    pub(crate) fn make_in_store(&self, now: Instant) {
        let Some(since) = now.checked_sub(IDLE) else {
            return;
        };
        let holders = lock(&self.holders).look(|holders| &mut holders.given_up, now);
        for holder in holders {
            holder.give_up(since);
        }
    }

    fn has(&self, bytes: u64) -> bool {
        self.left.load(Ordering::Relaxed) >= bytes
    }

    fn take(&self, bytes: u64) -> bool {
        let take = |left: u64| left.checked_sub(bytes);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    fn give(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What one body holds of it, and gives back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    room: Arc<Room>,
    bytes: u64,
}

impl Share {
    pub(crate) const fn of(room: Arc<Room>) -> Self {
        Self { room, bytes: 0 }
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Holds so many bytes from now on; whether there is room for them.
    pub(crate) fn hold(&mut self, bytes: u64) -> bool {
        let fits = match bytes.checked_sub(self.bytes) {
            Some(more) => self.room.take(more),
            None => {
                self.room.give(self.bytes - bytes);
                true
            }
        };
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.room.give(self.bytes);
    }
}
