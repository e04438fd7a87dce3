//! Fetches that are shared, under a thousand random schedules of those who share them.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the sources of what is shared, without the layer around them"
)]

#[path = "../../src"]
mod sources {
    pub(crate) mod error;
    pub(crate) mod flight;
    pub(crate) mod journal;
    pub(crate) mod outdated;
    pub(crate) mod policy;
    pub(crate) mod store;
    pub(crate) mod stream;
    pub(crate) mod unsettled;
    pub(crate) mod wakers;
}

use sources::{error, flight, journal, outdated, policy, store, stream, unsettled, wakers};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

mod bodies;
mod flights;
mod layers;
mod pieces;
mod pipe;

/// How many orders of events a test is run under.
const SCHEDULES: usize = 1_000;
