//! What is told about decisions: events, metrics and the trail of one call.

use std::time::{Duration, Instant};

use buttress_kernel::{Attempt, Deadline, Entry, Explain};

use crate::policy::Reason;

const LAYER: &str = "retry";

/// This attempt follows after `wait`.
pub(crate) fn retrying(attempt: Attempt, wait: Duration) {
    let delay_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let (number, cause) = (attempt.number().get(), attempt.cause());
    tracing::debug!(attempt = number, %cause, delay_ms, "retrying");
}

/// The call is over after `sends` attempts.
pub(crate) fn ended(sends: u32, reason: Reason) {
    if reason != Reason::Final {
        tracing::debug!(attempts = sends, reason = reason.as_str(), "giving up");
    }
    #[cfg(feature = "metrics")]
    metrics::histogram!("http.request.resend_count").record(sends.saturating_sub(1));
}

/// A retry to the server of this key was not paid for.
pub(crate) fn budget_exhausted(key: &str) {
    tracing::warn!(key, "the retry budget is spent");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.retry.budget_exhausted").increment(1);
}

/// The request can be sent once only.
pub(crate) fn sent_once(explain: Option<&Explain>) {
    if let Some(explain) = explain {
        let now = now();
        explain.record(Entry::new(LAYER, "off for this request", now, now));
    }
}

/// `attempt` is being made; that was decided at `decided`.
pub(crate) fn resent(
    explain: &Explain,
    attempt: Attempt,
    decided: Instant,
    deadline: Option<Deadline>,
) {
    let now = now();
    let mut note = format!(
        "{attempt}, waited {}",
        readable(now.duration_since(decided))
    );
    if let Some(deadline) = deadline {
        note.push_str(&format!(
            " of {} budget",
            readable(deadline.remaining(decided))
        ));
    }
    explain.record(Entry::new(LAYER, note, decided, now));
}

/// The call is over after `sends` attempts.
pub(crate) fn explained(explain: &Explain, sends: u32, reason: Reason) {
    let now = now();
    if reason != Reason::Final {
        explain.record(Entry::new(LAYER, format!("gave up: {reason}"), now, now));
    } else if sends == 1 {
        explain.record(Entry::new(LAYER, "no retry needed", now, now));
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Milliseconds below a second, tenths of a second from there on.
fn readable(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}
