//! Events, metrics and trails.

use buttress_kernel::{BoxError, Entry, Explain, Failure};
use tokio::time::Instant;
use tracing::{error, warn};

use crate::cause::Failed;

const TARGET: &str = "buttress_fallback";

/// A substitute goes out.
pub(crate) fn answered(source: &'static str, cause: Failed<'_>) {
    warn!(target: TARGET, source, cause = %cause, "answered from a fallback");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.fallback.answered", "source" => source).increment(1);
}

/// The substitute could not be made, and the original failure stands.
pub(crate) fn failed_too(source: &'static str, cause: Failed<'_>, fault: &BoxError) {
    let kind = Failure::of(&**fault).kind().as_str();
    error!(target: TARGET, source, cause = %cause, kind, "the fallback failed, too");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.fallback.failed", "source" => source).increment(1);
}

/// Writes down what was decided.
pub(crate) fn note(explain: &Explain, since: Instant, words: String) {
    let now = Instant::now().into_std();
    explain.record(Entry::new("fallback", words, since.into_std(), now));
}
