//! Which fields are stored, and which an update changes (RFC 9111 §3.1, §3.2).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::control::Control;
use super::{Arrival, Policy, freshness, list};

/// Those of one connection (RFC 9110 §7.6.1), and those between a client and its proxy.
static HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Those that describe the stored bytes, which an update leaves as they are (§3.2).
static OF_THE_BYTES: [HeaderName; 4] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::CONTENT_RANGE,
];

/// The fields of a response that are stored, after a place for the age of each reuse.
pub(super) fn stored(policy: &Policy, control: &Control, arrival: &Arrival<'_>) -> HeaderMap {
    let mut stored = end_to_end(arrival.headers);
    strip(policy, control, arrival, &mut stored);
    stored
}

/// Without the fields of this connection, and those that `Connection` names; with a place for the age
/// in front, where it is found at once.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    kept.insert(header::AGE, HeaderValue::from_static("0"));
    for (name, value) in headers {
        if !HOP_BY_HOP.contains(name) && *name != header::AGE {
            // Not more than the response had, so there is room.
            let _ = kept.try_append(name, value.clone());
        }
    }
    for name in list::members(list::lines(headers, &header::CONNECTION)) {
        if let Ok(name) = HeaderName::from_bytes(name)
            && name != header::AGE
        {
            kept.remove(name);
        }
    }
    kept
}

/// Without what may not be reused.
fn strip(policy: &Policy, control: &Control, arrival: &Arrival<'_>, stored: &mut HeaderMap) {
    // §5.2.2.4: reused after validation only; here not at all.
    for name in &control.no_cache_fields {
        stored.remove(name);
    }
    if policy.shared {
        // §5.2.2.7
        for name in &control.private_fields {
            stored.remove(name);
        }
        // §7.3: given to all only where the origin says how long the response is for all.
        let is_said = freshness::is_said(policy, control, stored, arrival.received);
        if !is_said || policy.strangers && !control.public && control.s_maxage.is_none() {
            stored.remove(header::SET_COOKIE);
        }
    }
}

/// Whether what a stranger is given may have a cookie that is for him alone.
pub(super) fn may_begin_a_session(policy: &Policy, headers: &HeaderMap) -> bool {
    if !policy.strangers || !headers.contains_key(header::SET_COOKIE) {
        return false;
    }
    let control = Control::of(policy, headers);
    !control.public && control.s_maxage.is_none()
}

/// Stored fields, updated by those of a newer response about the same bytes (§3.2).
///
/// An entity tag is never taken: it would name bytes that came without it.
/// A shared cache takes a cookie only in place of one that the origin gives to all: any other is for
/// the user who made the cache ask (§7.3).
pub(super) fn merged(policy: &Policy, old: &HeaderMap, newer: &HeaderMap) -> HeaderMap {
    let mut merged = old.clone();
    let is_for_all = || old.contains_key(header::SET_COOKIE) && !may_begin_a_session(policy, newer);
    let cookies = !policy.shared || is_for_all();
    let newer = end_to_end(newer);
    let changes = |name: &HeaderName| {
        !OF_THE_BYTES.contains(name)
            && *name != header::AGE
            && *name != header::ETAG
            && (cookies || *name != header::SET_COOKIE)
    };
    for name in newer.keys().filter(|name| changes(name)) {
        merged.remove(name);
        for value in newer.get_all(name) {
            let _ = merged.try_append(name, value.clone());
        }
    }
    merged
}

/// Lays over an answer what a 304 brought for its own caller: fields that are not for reuse, and so
/// are not among the stored ones (§5.2.2.4, §5.2.2.7, §7.3).
pub(crate) fn give(policy: &Policy, newer: &HeaderMap, answer: &mut HeaderMap) {
    let control = Control::of(policy, answer);
    let mut names = control.no_cache_fields;
    if policy.shared {
        names.extend(control.private_fields);
        names.push(header::SET_COOKIE);
    }
    for name in names {
        let reserved = OF_THE_BYTES.contains(&name) || HOP_BY_HOP.contains(&name);
        if reserved || name == header::AGE || !newer.contains_key(&name) {
            continue;
        }
        answer.remove(&name);
        for value in newer.get_all(&name) {
            answer.append(name.clone(), value.clone());
        }
    }
}

/// The merged fields, ready to be stored.
pub(super) fn updated(
    policy: &Policy,
    control: &Control,
    arrival: &Arrival<'_>,
    mut merged: HeaderMap,
) -> HeaderMap {
    strip(policy, control, arrival, &mut merged);
    merged
}
