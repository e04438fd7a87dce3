//! References in `Link` headers.

use http::Uri;

use crate::redirect::resolve as resolve_target;

/// The URI that a reference means in a document at `base` (RFC 3986 §5.2.2), without a fragment, which is
/// not sent. `None` where it is none of http or https.
pub(super) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    resolve_target(base, reference).ok()
}

#[cfg(test)]
mod tests;
