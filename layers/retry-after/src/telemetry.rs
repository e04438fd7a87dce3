//! Events and metrics. Keys turn up in events, never in metrics: there may be a million of them.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::rules::Reason;
use crate::scope::Scope;
use crate::source::Source;

const TARGET: &str = "buttress_retry_after";

/// A hold began, or became longer.
pub(crate) fn learned(scope: &Scope, hold: Duration, source: Source) {
    let (for_ms, source) = (millis(hold), source.as_str());
    let (key, partition) = (scope.key.as_str(), scope.part());
    info!(target: TARGET, key, partition, for_ms, source, "learned: requests to this key are held");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.learned", "source" => source).increment(1);
}

/// A request begins to wait.
pub(crate) fn held(scope: &Scope, wait: Duration, source: Source) {
    let (for_ms, source) = (millis(wait), source.as_str());
    let (key, partition) = (scope.key.as_str(), scope.part());
    debug!(target: TARGET, key, partition, for_ms, source, "held");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.held", "source" => source).increment(1);
}

/// A request has waited and goes on.
pub(crate) fn released(scope: &Scope, waited: Duration) {
    let for_ms = millis(waited);
    let (key, partition) = (scope.key.as_str(), scope.part());
    debug!(target: TARGET, key, partition, for_ms, "released");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.retry_after.wait").record(waited.as_secs_f64());
}

/// A request could not wait.
pub(crate) fn rejected(scope: &Scope, wait: Duration, reason: Reason) {
    let (for_ms, reason) = (millis(wait), reason.as_str());
    let (key, partition) = (scope.key.as_str(), scope.part());
    debug!(target: TARGET, key, partition, for_ms, reason, "rejected");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.rejected", "reason" => reason).increment(1);
}

/// A server's wish was lost for want of room.
pub(crate) fn lost(scope: &Scope, max_keys: usize) {
    let (key, partition) = (scope.key.as_str(), scope.part());
    warn!(target: TARGET, key, partition, max_keys, "lost: no room for one more key");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.lost").increment(1);
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
