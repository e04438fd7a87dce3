//! The header fields that a proxy takes out, puts together and adds (RFC 9110 §7.6).

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

/// Fields that belong to one connection (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes the fields of one connection out of a message's header.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = elements(headers, &header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// Whether the sender reads trailers (RFC 9110 §10.1.4).
pub(super) fn wants_trailers(headers: &HeaderMap) -> bool {
    elements(headers, &header::TE).any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
}

/// Whether the body came as it is, or in chunks, which are undone before anybody sees it. What else
/// was done to it (RFC 9112 §7) nobody here can undo, and the next connection cannot tell of it.
pub(super) fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(one), None) => one.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// HTTP/2 may split a cookie into several fields; HTTP/1.1 wants one (RFC 9113 §8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if cookies.len() < 2 {
        return;
    }
    let Ok(mut joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..])) else {
        return; // cannot be: each of them is a value
    };
    joined.set_sensitive(true);
    headers.insert(header::COOKIE, joined);
}

/// Whether the sender wants to speak WebSocket from here on. Other wishes for another protocol may be passed over
/// (RFC 9110 §7.8): many clients ask every server for HTTP/2.
pub(super) fn wants_websocket(headers: &HeaderMap) -> bool {
    elements(headers, &header::UPGRADE).any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// Names this hop, and the version in which it was reached (RFC 9110 §7.6.3).
pub(super) fn add_via(headers: &mut HeaderMap, received: Version) {
    let hop = match received {
        Version::HTTP_10 => "1.0 buttress",
        Version::HTTP_2 => "2 buttress",
        _ => "1.1 buttress",
    };
    headers.append(header::VIA, HeaderValue::from_static(hop));
}

/// The elements of a list, without the space around them. Bytes, since one element that is not
/// text must not hide the others.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(name).into_iter();
    let elements = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii)
}
