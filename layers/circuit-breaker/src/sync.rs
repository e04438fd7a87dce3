//! The primitives that the shared state is made of, in one place, so that a test can put others in
//! theirs.

use std::sync::atomic::AtomicUsize;

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};

/// The number of this thread; threads take theirs in turn.
#[inline]
pub(crate) fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    PLACE.with(|place| *place)
}
