//! Events, metrics, and entries of a trail. Never a URI, a header or a key.

use std::borrow::Cow;

use buttress_kernel::{Entry, Explain};
use http::Extensions;
use tracing::{debug, warn};

use crate::SignError;
#[cfg(feature = "digest")]
use crate::digest::Outcome;
use crate::origin::Stray;

const TARGET: &str = "buttress_sign";

/// This layer's name in a trail.
const LAYER: &str = "sign";

/// An attempt carries a signature.
pub(crate) fn signed(scheme: &'static str, extensions: &Extensions) {
    debug!(target: TARGET, scheme, "signed");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.signed", "scheme" => scheme).increment(1);
    note(extensions, || format!("signed with {scheme}").into());
}

/// An attempt goes without, because of where it goes.
pub(crate) fn astray(scheme: &'static str, stray: Stray, extensions: &Extensions) {
    let reason = stray.as_str();
    warn!(target: TARGET, scheme, reason, "not signed: the request leaves the signer's origins");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.skipped", "scheme" => scheme, "reason" => reason).increment(1);
    note(extensions, || match stray {
        Stray::Elsewhere => "not signed: another origin".into(),
        Stray::Downgrade => "not signed: http instead of https".into(),
    });
}

/// An attempt goes without, because it asked for that.
pub(crate) fn skipped(scheme: &'static str, extensions: &Extensions) {
    let reason = "override";
    debug!(target: TARGET, scheme, reason, "not signed: the request asks for none");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.skipped", "scheme" => scheme, "reason" => reason).increment(1);
    note(extensions, || {
        "not signed: the request asks for none".into()
    });
}

/// An attempt is not sent.
pub(crate) fn refused(scheme: &'static str, error: &SignError, extensions: &Extensions) {
    let reason = error.reason();
    warn!(target: TARGET, scheme, reason, "not sent: the request cannot be signed");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.refused", "scheme" => scheme).increment(1);
    note(extensions, || {
        "not sent: the request cannot be signed".into()
    });
}

/// A server wants an answer of Digest's.
#[cfg(feature = "digest")]
pub(crate) fn challenged(outcome: Outcome, explain: Option<&Explain>) {
    let name = outcome.as_str();
    if outcome == Outcome::Answered {
        debug!(target: TARGET, outcome = name, "challenged");
    } else {
        warn!(target: TARGET, outcome = name, "challenged: the 401 is the answer");
    }
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.challenges", "outcome" => name).increment(1);
    let what = || format!("a digest challenge: {name}").into();
    note_in(explain, what);
}

/// A request or a response came with a good signature.
#[cfg(feature = "message-signatures")]
pub(crate) fn verified(kind: &'static str, explain: Option<&Explain>) {
    debug!(target: TARGET, kind, "verified");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.verified", "kind" => kind).increment(1);
    note_in(explain, || format!("{kind} verified").into());
}

/// A request or a response came without a good signature.
#[cfg(feature = "message-signatures")]
pub(crate) fn unverified(kind: &'static str, reason: crate::Reason, explain: Option<&Explain>) {
    let reason = reason.as_str();
    warn!(target: TARGET, kind, reason, "refused: the signature proves nothing");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.sign.unverified", "kind" => kind, "reason" => reason).increment(1);
    note_in(explain, || format!("{kind} refused: {reason}").into());
}

/// Writes down what happened just now, where somebody asked.
fn note(extensions: &Extensions, what: impl FnOnce() -> Cow<'static, str>) {
    note_in(Explain::of(extensions), what);
}

fn note_in(explain: Option<&Explain>, what: impl FnOnce() -> Cow<'static, str>) {
    if let Some(explain) = explain {
        let now = tokio::time::Instant::now().into_std();
        explain.record(Entry::new(LAYER, what(), now, now));
    }
}
