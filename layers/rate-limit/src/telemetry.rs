//! Events and metrics. Keys turn up in events, never in metrics: there may be a million of them.

use std::error::Error;
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::rules::Reason;

const TARGET: &str = "buttress_rate_limit";

/// A request begins to wait.
pub(crate) fn delayed(key: &str, wait: Duration) {
    let for_ms = millis(wait);
    debug!(target: TARGET, key, for_ms, "delayed");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.delayed").increment(1);
}

/// A request has waited and goes on.
pub(crate) fn released(key: &str, waited: Duration) {
    let for_ms = millis(waited);
    debug!(target: TARGET, key, for_ms, "released");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.rate_limit.wait").record(waited.as_secs_f64());
}

/// A request could not wait.
pub(crate) fn rejected(key: &str, wait: Duration, reason: Reason) {
    let (for_ms, reason) = (millis(wait), reason.as_str());
    debug!(target: TARGET, key, for_ms, reason, "rejected");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.rejected", "reason" => reason).increment(1);
}

/// A request costs more than there ever is.
pub(crate) fn too_dear(key: &str, cost: u32, burst: u64) {
    warn!(target: TARGET, key, cost, burst, "too dear: the bucket never holds as much");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.too_dear").increment(1);
}

/// One key was delayed or refused suspiciously often.
pub(crate) fn alarm(key: &str, times: u32, window: Duration) {
    let within_ms = millis(window);
    warn!(target: TARGET, key, times, within_ms, "throttled again and again: is a caller in a loop?");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.alarms").increment(1);
}

/// There is no room for one more key.
pub(crate) fn crowded(key: &str, max_keys: usize) {
    warn!(target: TARGET, key, max_keys, "no room for one more key: it shares the bucket of the empty key");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.crowded").increment(1);
}

/// A store of shared limits does not answer.
pub(crate) fn store_out(error: &(dyn Error + 'static)) {
    warn!(target: TARGET, error, "the store is out: each process keeps to the limit by itself");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.outages").increment(1);
}

/// A store answers again.
pub(crate) fn store_back(out: Duration) {
    let for_ms = millis(out);
    info!(target: TARGET, for_ms, "the store is back");
}

/// A request goes with the tokens of this process alone.
pub(crate) fn unshared() {
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.unshared").increment(1);
}

/// The server wants it slower.
pub(crate) fn slower(key: &str, interval: Duration) {
    let interval_us = micros(interval);
    info!(target: TARGET, key, interval_us, "slower: the server asked for less");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.rate_limit.slower").increment(1);
}

/// The server has not complained for a while.
pub(crate) fn faster(key: &str, interval: Duration) {
    let interval_us = micros(interval);
    debug!(target: TARGET, key, interval_us, "faster");
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
