//! Whether a response may be stored (RFC 9111 §3), and as what.

use http::{HeaderMap, Method, StatusCode, header};

use super::control::Control;
use super::{
    Arrival, Ask, Extent, Freshness, Head, Mode, Policy, Vary, Wishes, dates, fields, freshness,
    location, range, request, status, validator,
};

/// The head to store a response under; nothing when it may not be stored, or could not be used
/// again.
pub(super) fn head(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    arrival: &Arrival<'_>,
) -> Option<Head> {
    let control = Control::of(policy, arrival.headers);
    let forbidden = || wishes.mode == Mode::NoStore || request::forbids_storing(ask.headers);
    if !allowed(policy, &control, ask, arrival) || forbidden() {
        return None;
    }
    let freshness = Freshness::of(policy, &control, arrival.status, arrival.headers, arrival);
    let worth_it = wishes.lifetime(arrival.status).is_some()
        || is_cacheable(policy, &control, arrival) && is_of_use(&freshness, arrival);
    if !worth_it {
        return None;
    }
    let vary = Vary::of(arrival.headers, ask.headers, arrival.received)?;
    let extent = extent(ask, arrival)?;
    Some(build(policy, &control, arrival, vary, freshness, extent))
}

/// The rules that nothing overrules.
fn allowed(policy: &Policy, control: &Control, ask: &Ask<'_>, arrival: &Arrival<'_>) -> bool {
    let code = arrival.status;
    // §3.5
    let authorized = policy.shared && ask.headers.contains_key(header::AUTHORIZATION);
    has_method(policy, control, ask, arrival)
        && !code.is_informational()
        && !status::answers_conditions(code)
        && (!control.must_understand || status::understood(code))
        && !control.forbids(policy, code)
        && (!authorized || control.allows_authorized())
        && !fields::may_begin_a_session(policy, arrival.headers)
}

/// GET, or POST where the response is what GET would have got (RFC 9110 §9.3.3).
fn has_method(policy: &Policy, control: &Control, ask: &Ask<'_>, arrival: &Arrival<'_>) -> bool {
    let received = arrival.received;
    match *ask.method {
        Method::GET => true,
        Method::POST => {
            arrival.status.is_success()
                && arrival.status != StatusCode::PARTIAL_CONTENT
                && freshness::explicit_lifetime(policy, control, arrival.headers, received)
                    .is_some()
                && location::is_content_of(ask, arrival.headers)
        }
        _ => false,
    }
}

/// Whether the response says that it may be stored, or its status does (§3, the last rule).
fn is_cacheable(policy: &Policy, control: &Control, arrival: &Arrival<'_>) -> bool {
    let received = arrival.received;
    control.public
        || (control.private && !policy.shared)
        || status::heuristically_cacheable(arrival.status)
        || freshness::explicit_lifetime(policy, control, arrival.headers, received).is_some()
}

/// Whether it can ever be reused: a response that is never fresh, may not be stale and cannot be
/// validated cannot.
fn is_of_use(freshness: &Freshness, arrival: &Arrival<'_>) -> bool {
    let reusable = !freshness.lifetime.is_zero()
        || !freshness.while_revalidate.is_zero()
        || freshness.if_error.is_some();
    (reusable && !freshness.no_cache) || validator::has_validator(arrival.headers)
}

/// Which bytes the response holds; nothing when it does not say so in a way that can be used.
fn extent(ask: &Ask<'_>, arrival: &Arrival<'_>) -> Option<Extent> {
    if arrival.status == StatusCode::PARTIAL_CONTENT {
        return range::content(arrival.headers).filter(|_| ask.headers.contains_key(header::RANGE));
    }
    let total = range::content_length(arrival.headers);
    Some(Extent {
        first: 0,
        end: total.unwrap_or_default(),
        total,
    })
}

fn build(
    policy: &Policy,
    control: &Control,
    arrival: &Arrival<'_>,
    vary: Vary,
    freshness: Freshness,
    extent: Extent,
) -> Head {
    let mut headers = fields::stored(policy, control, arrival);
    // RFC 9110 §6.6.1
    if !headers.contains_key(header::DATE) {
        headers.insert(header::DATE, dates::format(arrival.received));
    }
    let mut status = arrival.status;
    if status == StatusCode::PARTIAL_CONTENT {
        status = StatusCode::OK;
        whole(&mut headers, extent.total);
    }
    Head {
        parts: super::head::parts(status, arrival.version, headers),
        vary,
        freshness,
        extent,
    }
}

/// Makes the fields of a part those of the whole (§3.4).
pub(super) fn whole(headers: &mut HeaderMap, total: Option<u64>) {
    headers.remove(header::CONTENT_RANGE);
    match total {
        Some(total) => headers.insert(header::CONTENT_LENGTH, total.into()),
        None => headers.remove(header::CONTENT_LENGTH),
    };
}
