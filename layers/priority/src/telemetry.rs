//! Events, metrics and trails. Keys turn up in events, never in metrics: there may be very many of them.

use std::time::{Duration, Instant};

use buttress_kernel::{Entry, Explain};
use tracing::{debug, warn};

use crate::limit::Reason;
use crate::priority::Priority;

const TARGET: &str = "buttress_priority";

/// A request begins to wait.
pub(crate) fn queued(key: &str, Priority(priority): Priority) {
    debug!(target: TARGET, key, priority, "queued");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.priority.queued").increment(1);
}

/// A request has waited and goes on.
pub(crate) fn released(key: &str, waited: Duration) {
    let for_ms = millis(waited);
    debug!(target: TARGET, key, for_ms, "released");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.priority.wait").record(waited.as_secs_f64());
}

/// A request could not wait, or not any longer.
pub(crate) fn refused(key: &str, waited: Duration, reason: Reason) {
    let (for_ms, reason) = (millis(waited), reason.as_str());
    debug!(target: TARGET, key, for_ms, reason, "refused");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.priority.refused", "reason" => reason).increment(1);
}

/// There is no room for one more key.
pub(crate) fn no_room(key: &str, max_keys: usize) {
    warn!(target: TARGET, key, max_keys, "no room for one more key: it shares the limit of the empty key");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.priority.keys_refused").increment(1);
}

/// Writes down a decision, if somebody wants to know.
pub(crate) fn note(
    explain: Option<&Explain>,
    (start, end): (Instant, Instant),
    words: impl FnOnce() -> String,
) {
    if let Some(explain) = explain {
        explain.record(Entry::new("priority", words(), start, end));
    }
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
