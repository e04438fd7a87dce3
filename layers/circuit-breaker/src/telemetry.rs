//! Events and metrics. Keys turn up in events, never in metrics: there may be a million of them.

use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use crate::circuit::Circuit;
use crate::state::{Refusal, Turn};

const TARGET: &str = "buttress_circuit_breaker";

/// The state of a circuit has changed.
pub(crate) fn turned(circuit: &Circuit, turns: &[Turn], now: Instant) {
    if turns.is_empty() {
        return;
    }
    let key = circuit.key().as_str();
    for turn in turns {
        match *turn {
            Turn::Opened { until, reason } => {
                let for_ms = millis(until.saturating_duration_since(now));
                let reason = reason.as_str();
                warn!(target: TARGET, key, for_ms, reason, "opened");
                #[cfg(feature = "metrics")]
                metrics::counter!("buttress.circuit_breaker.opened", "reason" => reason)
                    .increment(1);
            }
            Turn::HalfOpened => info!(target: TARGET, key, "half-open"),
            Turn::Closed => {
                info!(target: TARGET, key, "closed");
                #[cfg(feature = "metrics")]
                metrics::counter!("buttress.circuit_breaker.closed").increment(1);
            }
        }
    }
    circuit.common().changes.send_replace(());
}

/// A call was not made.
pub(crate) fn rejected(circuit: &Circuit, refusal: Refusal, wait: Duration) {
    let (key, for_ms) = (circuit.key().as_str(), millis(wait));
    let state = refusal.as_str();
    debug!(target: TARGET, key, for_ms, state, "rejected");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.circuit_breaker.rejected", "state" => state).increment(1);
}

/// Somebody has chosen a state by hand, or ended that.
pub(crate) fn chosen(circuit: &Circuit, state: &'static str) {
    let key = circuit.key().as_str();
    info!(target: TARGET, key, state, "set by hand");
    circuit.common().changes.send_replace(());
}

/// A call went through without a circuit for want of room.
pub(crate) fn untracked(key: &str) {
    warn!(target: TARGET, key, "untracked: no room for one more circuit");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.circuit_breaker.untracked").increment(1);
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
