//! What a request brings.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use buttress_kernel::{Deadline, Partition};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};

use super::X_FORWARDED_FOR;
use super::cookies::Cookies;
use super::forwarded::{Field, Forwarded, Reach};
use super::policy::Policy;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// The longest request id that goes on.
const LONGEST_ID: usize = 128;

/// What everybody on the way has to be able to pass on (W3C Trace Context §3.3.1.5, in bytes), and nobody has to beyond.
const LONGEST_STATE: usize = 512;

/// The same of baggage (W3C Baggage §3.3.2).
const LONGEST_BAGGAGE: usize = 8_192;

pub(super) fn read(
    policy: &Policy,
    headers: &HeaderMap,
    extensions: &Extensions,
    now: Instant,
) -> Forwarded {
    let headers = &*end_to_end(headers);
    let mut fields = secrets(policy, headers);
    let partition = partition(policy, &fields);
    fields.extend(open(policy, headers, extensions));
    Forwarded::new(
        fields,
        partition,
        deadline(policy, headers, extensions, now),
    )
}

/// The fields that are not for one connection alone, as `Connection` names them.
fn end_to_end(headers: &HeaderMap) -> Cow<'_, HeaderMap> {
    let mut end_to_end = Cow::Borrowed(headers);
    let options = headers.get_all(header::CONNECTION).iter();
    for option in options.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let name = HeaderName::from_bytes(option.trim_ascii());
        if let Ok(name) = name
            && end_to_end.contains_key(&name)
        {
            end_to_end.to_mut().remove(name);
        }
    }
    end_to_end
}

/// What tells who somebody is.
fn secrets(policy: &Policy, headers: &HeaderMap) -> Vec<Field> {
    let cookies = policy.cookies.of(headers);
    let cookies = cookies.map(|value| Field::one(header::COOKIE, value, Reach::Secret));
    let named = policy.headers.iter().filter_map(|name| {
        let values = headers.get_all(name).iter().cloned();
        let pairs: Vec<_> = values
            .map(|value| (name.clone(), sensitive(value)))
            .collect();
        (!pairs.is_empty()).then(|| Field::new(pairs, Reach::Secret))
    });
    cookies.into_iter().chain(named).collect()
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Told apart by every name and every value, whatever is in them.
fn partition(policy: &Policy, secrets: &[Field]) -> Option<Partition> {
    if secrets.is_empty() {
        // Where users are told apart, one who does not say who he is could be anyone.
        let tells_apart = policy.cookies != Cookies::None || !policy.headers.is_empty();
        return tells_apart.then(Partition::anyone);
    }
    let mut whole = Vec::new();
    for (name, value) in secrets.iter().flat_map(Field::pairs) {
        // No field holds a NUL.
        for part in [name.as_str().as_bytes(), value.as_bytes()] {
            whole.extend_from_slice(part);
            whole.push(0);
        }
    }
    Some(policy.hasher.of_secret(&whole))
}

/// What is no secret.
fn open(policy: &Policy, headers: &HeaderMap, extensions: &Extensions) -> Vec<Field> {
    let trace = policy.trace.then(|| trace(headers)).flatten();
    let id = policy.request_id.as_ref().and_then(|name| {
        let id = only(headers, name).filter(|id| is_id(id.as_bytes()))?;
        Some(Field::one(name.clone(), id.clone(), Reach::Open))
    });
    let baggage = policy.baggage.then(|| {
        let pairs = bounded(headers, &BAGGAGE, LONGEST_BAGGAGE);
        (!pairs.is_empty()).then(|| Field::new(pairs, Reach::Open))
    });
    let address = policy.address.as_ref();
    let told = address.and_then(|address| address.told(headers, extensions));
    let address = told.map(|told| Field::one(X_FORWARDED_FOR, told.field, Reach::Open));
    [trace, id, baggage.flatten(), address]
        .into_iter()
        .flatten()
        .collect()
}

/// Both fields or none: the state means something under its parent alone.
fn trace(headers: &HeaderMap) -> Option<Field> {
    let parent = only(headers, &TRACEPARENT).filter(|parent| is_parent(parent.as_bytes()))?;
    let mut pairs = vec![(TRACEPARENT, parent.clone())];
    pairs.extend(bounded(headers, &TRACESTATE, LONGEST_STATE));
    Some(Field::new(pairs, Reach::Anywhere))
}

/// A list in all its fields, or none of it: if it is longer, or if it holds what is no text.
fn bounded(headers: &HeaderMap, name: &HeaderName, most: usize) -> Vec<(HeaderName, HeaderValue)> {
    let values = headers.get_all(name);
    // With the comma that stands between two of them.
    let length: usize = values.iter().map(|value| value.len() + 1).sum();
    let is_text = values.iter().all(|value| value.to_str().is_ok());
    if length > most + 1 || !is_text {
        return Vec::new();
    }
    let values = values.iter().cloned();
    values.map(|value| (name.clone(), value)).collect()
}

/// `version-trace-parent-flags` in lower-case hexadecimal; a later version may go on behind it.
fn is_parent(value: &[u8]) -> bool {
    let hex = |part: &[u8]| part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let is_some = |part: &[u8]| part.iter().any(|byte| *byte != b'0');
    let mut parts = value.split(|byte| *byte == b'-');
    let mut next = |length| {
        parts
            .next()
            .filter(|part| part.len() == length && hex(part))
    };
    let (Some(version), Some(trace), Some(parent), Some(_)) =
        (next(2), next(32), next(16), next(2))
    else {
        return false;
    };
    let is_whole = version != b"00" || parts.next().is_none();
    version != b"ff" && is_some(trace) && is_some(parent) && is_whole
}

fn is_id(value: &[u8]) -> bool {
    (1..=LONGEST_ID).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic)
}

/// The value of a field that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// The earlier of what the one who asks says and what the server has set itself.
fn deadline(
    policy: &Policy,
    headers: &HeaderMap,
    extensions: &Extensions,
    now: Instant,
) -> Option<Deadline> {
    let asked = policy.deadline.as_ref().and_then(|(name, most)| {
        let left = only(headers, name).and_then(|value| millis(value.as_bytes()))?;
        Deadline::after(now, left.min(*most))
    });
    let own = extensions.get::<Deadline>().copied();
    asked.into_iter().chain(own).min()
}

/// A number above 0 in digits; one that is too large to be said is as large as can be.
fn millis(value: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis = text.parse().unwrap_or(u64::MAX);
    (millis > 0).then(|| Duration::from_millis(millis))
}
