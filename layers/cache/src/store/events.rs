//! What stores tell of themselves.

use std::error::Error;

use tracing::{debug, warn};

use super::NoRoom;

const TARGET: &str = "buttress_cache";

/// The store failed, or took too long. Where it has no room for more, nobody need look after it.
pub(crate) fn store_failed(operation: &'static str, error: &(dyn Error + 'static)) {
    if NoRoom::of(error).is_some() {
        return debug!(target: TARGET, operation, %error, "the store has no room");
    }
    warn!(target: TARGET, operation, %error, "the store failed");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.store_failures", "operation" => operation).increment(1);
}

/// What earlier processes left has been searched through.
#[cfg(feature = "disk")]
pub(crate) fn scanned(keys: usize, bytes: u64, removed: usize) {
    tracing::debug!(target: TARGET, keys, bytes, removed, "the store was searched");
}

/// What is kept in Redis has no bound.
#[cfg(feature = "redis")]
pub(crate) fn unbounded(address: &str) {
    warn!(target: TARGET, address, "the store has no bound: set maxmemory and an eviction policy");
}

/// A store could not be opened, and memory stands in for it.
#[cfg(feature = "persistent")]
pub(crate) fn unopened(error: &(dyn Error + 'static)) {
    warn!(target: TARGET, %error, "the store could not be opened: memory is used");
}
