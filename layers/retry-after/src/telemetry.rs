//! Events and metrics. Keys turn up in events, never in metrics: there may be a million of them.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::rules::Reason;
use crate::source::Source;

const TARGET: &str = "buttress_retry_after";

/// A hold began, or became longer.
pub(crate) fn learned(key: &str, hold: Duration, source: Source) {
    let (for_ms, source) = (millis(hold), source.as_str());
    info!(target: TARGET, key, for_ms, source, "learned: requests to this key are held");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.learned", "source" => source).increment(1);
}

/// A request begins to wait.
pub(crate) fn held(key: &str, wait: Duration, source: Source) {
    let (for_ms, source) = (millis(wait), source.as_str());
    debug!(target: TARGET, key, for_ms, source, "held");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.held", "source" => source).increment(1);
}

/// A request has waited and goes on.
pub(crate) fn released(key: &str, waited: Duration) {
    let for_ms = millis(waited);
    debug!(target: TARGET, key, for_ms, "released");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.retry_after.wait").record(waited.as_secs_f64());
}

/// A request could not wait.
pub(crate) fn rejected(key: &str, wait: Duration, reason: Reason) {
    let (for_ms, reason) = (millis(wait), reason.as_str());
    debug!(target: TARGET, key, for_ms, reason, "rejected");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.rejected", "reason" => reason).increment(1);
}

/// A server's wish was lost for want of room.
pub(crate) fn lost(key: &str, max_keys: usize) {
    warn!(target: TARGET, key, max_keys, "lost: no room for one more key");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry_after.lost").increment(1);
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
