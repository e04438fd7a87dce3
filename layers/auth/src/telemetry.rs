//! Events, metrics, and what the trail of a call says. No secret, no query, and no text of somebody
//! else's error is in them.

use std::time::{Duration, Instant};

use buttress_kernel::{Entry, Explain};
use http::{StatusCode, Uri};
use tracing::{debug, info, warn};

use crate::error::Reason;
use crate::origins::Place;
use crate::tokens::{Why, now};

const TARGET: &str = "buttress_auth";

/// The layer's name in trails.
const LAYER: &str = "auth";

/// A source is asked for a token.
pub(crate) fn fetching(why: Why) {
    let why = why.as_str();
    debug!(target: TARGET, why, "fetching a token");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.fetches", "why" => why).increment(1);
}

/// A source gave a token.
pub(crate) fn renewed(generation: u64, life: Option<Duration>, took: Duration) {
    let (life_s, took_ms) = (life.map(|life| life.as_secs()), millis(took));
    info!(target: TARGET, generation, life_s, took_ms, "a new token");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.auth.fetch_duration").record(took.as_secs_f64());
}

/// A source failed, `failures` times in a row, and is left alone for `rest`.
pub(crate) fn failed(reason: Reason, failures: u32, rest: Duration) {
    let (reason, rest_ms) = (reason.as_str(), millis(rest));
    warn!(target: TARGET, reason, failures, rest_ms, "no token could be fetched");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.failures", "reason" => reason).increment(1);
}

/// A store of tokens failed at `what`.
pub(crate) fn store_failed(what: &'static str, malformed: bool) {
    warn!(target: TARGET, what, malformed, "the store of tokens failed");
}

/// A request goes without credentials, because of where it goes. Its host is told, never the user
/// info before it.
pub(crate) fn withheld(uri: &Uri, place: Place) {
    let (scheme, host, port) = (uri.scheme_str(), uri.host(), uri.port_u16());
    let reason = place.as_str();
    warn!(target: TARGET, scheme, host, port, reason, "credentials were withheld");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.withheld").increment(1);
}

/// The token of this generation was rejected.
pub(crate) fn rejected(status: StatusCode, generation: u64) {
    let status = status.as_u16();
    debug!(target: TARGET, status, generation, "a token was rejected");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.rejections").increment(1);
}

/// A request waited for a token, from `since`.
pub(crate) fn waited(explain: Option<&Explain>, since: Instant) {
    let wait = now().saturating_duration_since(since);
    let wait_ms = millis(wait);
    debug!(target: TARGET, wait_ms, "waited for a token");
    #[cfg(feature = "metrics")]
    metrics::histogram!("buttress.auth.wait").record(wait.as_secs_f64());
    if let Some(explain) = explain {
        let note = format!("waited {wait_ms} ms for a token");
        explain.record(Entry::new(LAYER, note, since, now()));
    }
}

/// A request could not be given a token.
pub(crate) fn refused(explain: Option<&Explain>, reason: Reason, since: Instant) {
    debug!(target: TARGET, reason = reason.as_str(), "a request has no token");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.refused", "reason" => reason.as_str()).increment(1);
    if let Some(explain) = explain {
        let note = format!("no credentials: {reason}");
        explain.record(Entry::new(LAYER, note, since, now()));
    }
}

/// A request is to be sent again, with another token.
pub(crate) fn replaying(explain: Option<&Explain>, status: StatusCode) {
    debug!(target: TARGET, status = status.as_u16(), "sending it again");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.auth.replays").increment(1);
    if let Some(explain) = explain {
        let note = format!("{}, again with another token", status.as_u16());
        explain.record(Entry::new(LAYER, note, now(), now()));
    }
}

/// A decision that took no time.
pub(crate) fn note(explain: Option<&Explain>, note: &'static str) {
    if let Some(explain) = explain {
        explain.record(Entry::new(LAYER, note, now(), now()));
    }
}

/// Rounded up, so that a wait never reads as none.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
