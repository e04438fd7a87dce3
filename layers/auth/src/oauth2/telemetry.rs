//! Events. No secret, and no text of a server, is in them.

use std::time::Duration;

use http::StatusCode;
use tracing::debug;

const TARGET: &str = "buttress_auth";

/// An endpoint answered a request of this grant, or nothing did.
pub(super) fn answered(grant: &'static str, status: Option<StatusCode>, took: Duration) {
    let status = status.map(|status| status.as_u16());
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    debug!(target: TARGET, grant, status, took_ms, "asked an OAuth 2 endpoint");
}

/// Somebody came to the redirect listener with what is not the answer to this sign-in.
#[cfg(feature = "oauth2-loopback")]
pub(super) fn turned_away(status: u16) {
    debug!(target: TARGET, status, "turned a visitor of the redirect listener away");
}
