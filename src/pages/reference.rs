//! References in `Link` headers.

use http::Uri;

use crate::BaseUri;
use crate::redirect::resolve as resolve_target;

/// The URI that a reference means in a document at `base` (RFC 3986 §5.2.2), without a fragment, which is
/// not sent. `None` where it is none of http or https.
pub(super) fn resolve(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    resolve_target(base, reference).ok()
}

/// Whether two URIs have the same scheme, host and port.
pub(super) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let scheme = one.scheme_str().unwrap_or_default();
    let (host, port) = (one.host().unwrap_or_default(), one.port());
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{scheme}://{host}{port}").parse::<BaseUri>();
    origin.is_ok_and(|origin| origin.is_origin_of(other))
}

#[cfg(test)]
mod tests;
