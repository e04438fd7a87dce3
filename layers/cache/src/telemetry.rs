//! Events and metrics. Names and URIs turn up in events without their query, and never in metrics:
//! there may be a million of them.

use std::fmt;
use std::time::Duration;

use tracing::{debug, error, warn};

use crate::policy::{Reason, Serve};
pub(crate) use crate::store::events::store_failed;
use crate::store::{Key, KeyRef, Name, Selector};

const TARGET: &str = "buttress_cache";

/// A name without its query.
struct Where<'a>(&'a str);

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.split('?').next().unwrap_or_default())
    }
}

#[inline]
fn count(result: &'static str) {
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.requests", "result" => result).increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = result;
}

/// A request was answered from the store.
#[inline]
pub(crate) fn hit(key: &KeyRef<'_>, serve: &Serve) {
    let (age_s, ttl_s) = (serve.age.as_secs(), serve.ttl);
    debug!(target: TARGET, %key, age_s, ttl_s, "hit");
    count(if serve.ttl < 0 { "stale-hit" } else { "hit" });
}

/// A request goes to the origin; nobody asks for the key where nobody listens.
#[inline]
pub(crate) fn forwarded<K: fmt::Display>(key: impl Fn() -> K, reason: Reason) {
    let reason = reason.token();
    debug!(target: TARGET, key = %key(), reason, "forwarded");
    count(reason);
}

/// A request is answered by another one's fetch.
pub(crate) fn collapsed(key: &Key) {
    debug!(target: TARGET, %key, "collapsed");
    count("collapsed");
}

/// A stored response stands in for one that failed.
pub(crate) fn rescued(key: &Key, serve: &Serve, status: Option<http::StatusCode>) {
    let (age_s, status) = (
        serve.age.as_secs(),
        status.map_or(0, |status| status.as_u16()),
    );
    warn!(target: TARGET, %key, age_s, status, "stale: the origin failed");
    count("rescued");
}

/// Nothing is stored, and the caller wants nothing else.
pub(crate) fn refused(key: &KeyRef<'_>) {
    debug!(target: TARGET, %key, "refused");
    count("refused");
}

/// A response has been stored.
pub(crate) fn stored(key: &Key, bytes: usize) {
    debug!(target: TARGET, %key, bytes, "stored");
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("buttress.cache.stored").increment(1);
        #[allow(clippy::cast_precision_loss, reason = "a size need not be exact")]
        metrics::histogram!("buttress.cache.entry_bytes").record(bytes as f64);
    }
}

/// A response that was to be stored was not.
pub(crate) fn not_stored(key: &Key, reason: &'static str) {
    debug!(target: TARGET, %key, reason, "not stored");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.not_stored", "reason" => reason).increment(1);
}

/// What was stored is out of date.
pub(crate) fn invalidated(key: &Key, responses: usize) {
    debug!(target: TARGET, %key, responses, "invalidated");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.invalidated").increment(responses as u64);
}

/// Somebody has said that something is out of date.
pub(crate) fn invalidated_by_hand(selector: &Selector, responses: usize) {
    let what = match selector {
        Selector::All => "all",
        Selector::Key(_) => "key",
        Selector::Prefix(_) => "prefix",
        Selector::Pattern(_) => "pattern",
        Selector::Tag(_) => "tag",
    };
    debug!(target: TARGET, what, responses, "invalidated by hand");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.invalidated").increment(responses as u64);
}

/// A stale response was served and is validated in the background, or could not be.
pub(crate) fn revalidating(key: &Key) {
    debug!(target: TARGET, %key, "revalidating");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.revalidations", "end" => "begun").increment(1);
}

/// A validation in the background did not happen, or failed.
pub(crate) fn not_revalidated(key: &Key, reason: &'static str) {
    warn!(target: TARGET, %key, reason, "not revalidated");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.revalidations", "end" => reason).increment(1);
}

/// The store failed in the middle of a body, of which the origin gives so many bytes more.
pub(crate) fn resumed(key: &Key, bytes: u64) {
    debug!(target: TARGET, %key, bytes, "resumed at the origin");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.resumptions", "end" => "begun").increment(1);
}

/// The store failed in the middle of a body, and the origin does not go on with it.
pub(crate) fn not_resumed(key: &Key, reason: &'static str) {
    warn!(target: TARGET, %key, reason, "not resumed");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.resumptions", "end" => reason).increment(1);
}

/// One key was asked for again and again.
#[cold]
pub(crate) fn asked_too_often(key: &dyn fmt::Display, times: u32, window: Duration) {
    let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
    error!(target: TARGET, %key, times, window_ms, "asked too often: is there a loop?");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.cache.asked_too_often").increment(1);
}

impl fmt::Display for Key {
    /// Without the query and the partition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Where(self.name()).fmt(f)
    }
}

impl fmt::Display for KeyRef<'_> {
    /// Without the query and the partition.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

impl fmt::Display for Name<'_> {
    /// Without the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pieces = self.pieces().into_iter();
        pieces.try_for_each(|piece| Where(piece).fmt(f))
    }
}
