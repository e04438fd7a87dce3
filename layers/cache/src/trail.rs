//! What was decided, for the caller who asked to be told.

use std::time::Instant;

use buttress_kernel::{Entry, Explain};
use http::{Request, Response};

use crate::status::CacheStatus;

/// Who wants to know what is decided, and since when.
#[inline]
pub(crate) fn explain<B>(request: &Request<B>) -> Option<(Explain, Instant)> {
    let extensions = request.extensions();
    if extensions.is_empty() {
        return None;
    }
    let explain = Explain::of(extensions)?.clone();
    Some((explain, tokio::time::Instant::now().into_std()))
}

/// Writes down what was decided.
pub(crate) fn note<B>(
    explain: &Explain,
    start: Instant,
    status: &CacheStatus,
    response: &mut Response<B>,
) {
    let end = tokio::time::Instant::now().into_std();
    explain.record(Entry::new("cache", status.to_string(), start, end));
    explain.attach(response.extensions_mut());
}
