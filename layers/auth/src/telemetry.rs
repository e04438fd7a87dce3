//! Events and metrics. No secret, no query, and no text of somebody else's error is in them.

use tracing::warn;

const TARGET: &str = "buttress_auth";

/// A store of tokens failed at `what`.
pub(crate) fn store_failed(what: &'static str, malformed: bool) {
    warn!(target: TARGET, what, malformed, "the store of tokens failed");
}
