//! What a proxy changes in a message, and nothing else (RFC 9110 §7.6).

use std::sync::Arc;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};

use super::fields;
use super::refusal::Refusal;
use super::settings::Settings;
use super::trailers::Sieve;
use crate::transport::is_place;

/// The response as it goes back to the client.
pub(super) fn response(settings: &Settings, response: Response<Body>) -> Response<Body> {
    handed_back(settings, response).unwrap_or_else(Refusal::into_response)
}

/// The request as it goes upstream.
pub(super) fn request<B>(
    settings: &Arc<Settings>,
    request: Request<B>,
) -> Result<Request<Body>, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = request.into_parts();
    check(&parts.method, parts.version, &parts.headers)?;
    if settings.via.has_seen(&parts.headers) {
        return Err(Refusal::Loop);
    }
    if parts.method == Method::OPTIONS && !fields::count_hop(&mut parts.headers) {
        return Err(Refusal::LastHop);
    }
    parts.uri = settings.base.target(&parts.uri, settings.dot_segments)?;
    let received = std::mem::take(&mut parts.version);
    let trailers = fields::wants_trailers(&parts.headers);
    let named = fields::strip(&mut parts.headers);
    if trailers {
        // Trailers come from those alone who know that they are read. The transport, which knows the version, names
        // the field in `Connection` where it has to be.
        let trailers = HeaderValue::from_static("trailers");
        parts.headers.insert(header::TE, trailers);
    }
    settings.cookies.pick(&mut parts.headers);
    // The transport writes the upstream's own.
    parts.headers.remove(header::HOST);
    settings.tell(&mut parts.headers, &parts.extensions);
    settings.insist(&mut parts.extensions);
    settings.users.tell(&parts.headers, &mut parts.extensions);
    settings.via.add(&mut parts.headers, received);
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        frame(&mut parts.headers);
        let settings = Some(Arc::clone(settings));
        Sieve { settings, named }.over(Body::new(body))
    };
    Ok(Request::from_parts(parts, body))
}

/// What can be seen to be wrong for a request that is to be passed on.
fn check(method: &Method, version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    match *method {
        Method::CONNECT => return Err(Refusal::Connect),
        Method::TRACE => return Err(Refusal::Trace),
        _ => check_host(version, headers)?,
    }
    if fields::wants_websocket(headers) {
        return Err(Refusal::WebSocket);
    }
    if !fields::is_plainly_framed(headers) {
        return Err(Refusal::Encoding);
    }
    Ok(())
}

/// RFC 9112 §3.2: exactly one `Host`, whose value is a host, in HTTP/1.1; at most one elsewhere.
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => Err(Refusal::Host),
        (None, _) => Ok(()),
        (Some(host), None) if host.is_empty() => Ok(()),
        (Some(host), None) => match Authority::try_from(host.as_bytes()) {
            Ok(host) if is_place(&host) => Ok(()),
            _ => Err(Refusal::Host),
        },
        (Some(_), Some(_)) => Err(Refusal::Host),
    }
}

/// A body of unknown length goes on in chunks, whatever the method: left to itself the transport sends
/// none with GET, and so does the cache take the request for one without. HTTP/2 has frames of its own,
/// and the transport leaves the field out there.
fn frame(headers: &mut HeaderMap) {
    if !headers.contains_key(header::CONTENT_LENGTH) {
        let chunked = HeaderValue::from_static("chunked");
        headers.insert(header::TRANSFER_ENCODING, chunked);
    }
}

fn handed_back(
    settings: &Settings,
    mut response: Response<Body>,
) -> Result<Response<Body>, Refusal> {
    // No request that leaves here asks for another protocol.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Refusal::Switched);
    }
    if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Err(Refusal::ProxyAuthentication);
    }
    if !fields::is_plainly_framed(response.headers()) {
        return Err(Refusal::ResponseEncoding);
    }
    let named = fields::strip(response.headers_mut());
    settings.cookies.pick_set(response.headers_mut());
    // Of the upstream's host; browsers would take it for ours (RFC 7838 §3).
    response.headers_mut().remove(header::ALT_SVC);
    let sieve = Sieve {
        settings: None,
        named,
    };
    // The version is each connection's own.
    *response.version_mut() = Version::default();
    Ok(response.map(|body| sieve.over(body)))
}
