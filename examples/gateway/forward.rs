//! What a proxy changes in a message, and nothing else (RFC 9110 §7.6).

use buttress::{BaseUri, Body};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use hyper::body::{Body as _, Incoming};

/// Fields that belong to one connection (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The request as it goes upstream.
pub(crate) fn request(upstream: &BaseUri, request: Request<Incoming>) -> Option<Request<Body>> {
    let (mut parts, body) = request.into_parts();
    parts.uri = target(upstream, &parts.uri)?;
    parts.version = http::Version::default();
    strip(&mut parts.headers);
    // The transport writes the upstream's own.
    parts.headers.remove(header::HOST);
    parts
        .headers
        .append(header::VIA, HeaderValue::from_static("1.1 buttress"));
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::stream(body)
    };
    Some(Request::from_parts(parts, body))
}

/// The path and query as they came, below the upstream's own path: a proxy passes paths on as they
/// are, dot segments and doubled slashes too.
fn target(upstream: &BaseUri, uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    format!("{upstream}{path}").parse().ok()
}

/// Takes the fields of one connection out of a message's header.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}
