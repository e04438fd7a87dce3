//! References in `Link` headers.

use http::Uri;

use crate::redirect::{resolve as resolve_target, written};

/// The URI that a reference means in a document at `base` (RFC 3986 §5.2.2), written and read as in a
/// `Location`: what browsers encode is encoded, and the fragment is not sent. `None` where it is none of http
/// or https.
pub(super) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = written(reference.as_bytes()).ok()?;
    resolve_target(base, &reference).ok()
}

#[cfg(test)]
mod tests;
