use std::sync::Arc;

use crate::sync::{AtomicU64, Ordering};

/// How many bytes all bodies under way may hold together.
#[derive(Debug)]
pub(crate) struct Room {
    left: AtomicU64,
}

impl Room {
    pub(crate) fn of(bytes: u64) -> Arc<Self> {
        let left = AtomicU64::new(bytes);
        Arc::new(Self { left })
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
