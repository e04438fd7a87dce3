//! What a 304 or an answer to HEAD changes in stored heads (RFC 9111 §4.3.4, §4.3.5).

use http::{HeaderMap, StatusCode, header};

use super::control::Control;
use super::select::reply;
use super::validator::{self, Tag};
use super::{
    Action, Aim, Arrival, Ask, Freshness, Head, Policy, Serve, Vary, Wishes, dates, fields, range,
    status,
};

/// What to do about a 304.
pub(super) fn not_modified<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    aim: Aim,
    arrival: &Arrival<'_>,
) -> Action {
    let selected = match aim {
        Aim::Validate(index) => match stored.get(index).map(T::as_ref) {
            Some(head) if validator::has_validator(&head.parts.headers) => Some(index),
            _ => return Action::Leave,
        },
        // The caller's own condition was met.
        Aim::Fetch => return Action::Leave,
        Aim::Select => tagged(stored, arrival.headers),
        Aim::Complete(_) => None,
    };
    let update = selected.and_then(|index| update(policy, wishes, ask, stored, index, arrival));
    update.unwrap_or(Action::Repeat)
}

/// The newest stored response that the tag of a 304 names.
fn tagged<T: AsRef<Head>>(stored: &[T], headers: &HeaderMap) -> Option<usize> {
    let named = Tag::of(headers)?;
    let is_named =
        |head: &Head| Tag::of(&head.parts.headers).is_some_and(|tag| tag.matches(&named));
    let heads = stored.iter().map(T::as_ref).enumerate();
    let named = heads.filter(|(_, head)| is_named(head));
    named
        .max_by_key(|(_, head)| head.freshness.date)
        .map(|(index, _)| index)
}

/// Updates the selected response, and every other of the same bytes.
fn update<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    index: usize,
    arrival: &Arrival<'_>,
) -> Option<Action> {
    let old = stored.get(index)?.as_ref();
    let head = if contradicts(old, arrival.headers) {
        touched(old, ask, arrival)
    } else {
        refreshed(policy, old, ask, arrival)
    };
    let reply = reply(ask, &head, arrival.received)?;
    let serve = Serve::of(wishes, ask, index, &head, reply, arrival.received);
    let others = stored.iter().map(T::as_ref).enumerate();
    let same = |(other, head): &(usize, &Head)| {
        *other != index
            && validator::same_bytes(&head.parts.headers, arrival.headers)
            && head.matches(ask)
    };
    let others = others
        .filter(same)
        .map(|(other, head)| (other, refreshed(policy, head, ask, arrival)));
    let mut heads = vec![(index, head)];
    heads.extend(others);
    Some(Action::Update { heads, serve })
}

/// Whether a 304 speaks of another representation than the one it was asked about.
///
/// A strong tag names one (§4.3.4): if the stored response came without, two versions may share the
/// second of their modification.
fn contradicts(old: &Head, newer: &HeaderMap) -> bool {
    let differs = || {
        let modified = newer.get(header::LAST_MODIFIED);
        modified.is_some_and(|newer| old.parts.headers.get(header::LAST_MODIFIED) != Some(newer))
    };
    match (Tag::of(&old.parts.headers), Tag::of(newer)) {
        (Some(old), Some(newer)) => !old.matches(&newer),
        (None, Some(newer)) => newer.is_strong() || differs(),
        (_, None) => differs(),
    }
}

/// Validated, with its fields left alone, since the validators differ (§4.3.4): the origin was asked about
/// this response alone, and said that it is right. Only that, no field of the 304, makes it fresh again.
fn touched(old: &Head, ask: &Ask<'_>, arrival: &Arrival<'_>) -> Head {
    let freshness = Freshness {
        received: arrival.received,
        date: arrival.received,
        initial_age: super::age::initial(arrival),
        ..old.freshness.clone()
    };
    let mut vary = old.vary.clone();
    vary.confirm(ask.headers, &old.parts.headers, arrival.received);
    Head {
        freshness,
        vary,
        ..old.clone()
    }
}

/// Why a newer response may not be stored.
pub(super) enum Unfit {
    /// It says so itself.
    Forbidden,
    /// It was given to one user, to a cache that several share (§3.5).
    Authorized,
}

/// Updated with the fields of a newer response, and as fresh as they say (§3.2).
///
/// When those forbid to store it, it stays as it was, but is validated at each use from now on. When
/// only the user is why, it says nothing about what the others may be given.
pub(super) fn refreshed(policy: &Policy, old: &Head, ask: &Ask<'_>, arrival: &Arrival<'_>) -> Head {
    match renewed(policy, old, ask, arrival) {
        Ok(head) => head,
        Err(Unfit::Forbidden) => locked(old),
        Err(Unfit::Authorized) => old.clone(),
    }
}

/// The same, where the newer response may be stored.
pub(super) fn renewed(
    policy: &Policy,
    old: &Head,
    ask: &Ask<'_>,
    arrival: &Arrival<'_>,
) -> Result<Head, Unfit> {
    let mut merged = fields::merged(policy, &old.parts.headers, arrival.headers);
    if !arrival.headers.contains_key(header::DATE) {
        merged.insert(header::DATE, dates::format(arrival.received));
    }
    let control = Control::of(policy, &merged);
    let authorized = policy.shared && ask.headers.contains_key(header::AUTHORIZATION);
    let understood = !control.must_understand || status::understood(old.parts.status);
    if control.forbids(policy, old.parts.status) || !understood {
        return Err(Unfit::Forbidden);
    }
    let vary = Vary::of(&merged, ask.headers, arrival.received).ok_or(Unfit::Forbidden)?;
    if authorized && !control.allows_authorized() {
        return Err(Unfit::Authorized);
    }
    Ok(Head {
        freshness: Freshness::of(policy, &control, old.parts.status, &merged, arrival),
        parts: super::head::parts(
            old.parts.status,
            arrival.version,
            fields::updated(policy, &control, arrival, merged),
        ),
        vary: vary.and(&old.vary),
        extent: old.extent,
    })
}

/// As it was, but validated at each use.
fn locked(old: &Head) -> Head {
    let mut locked = old.clone();
    locked.freshness.no_cache = true;
    locked
}

/// What to do about an answer to HEAD: stored responses that it agrees with are updated, others have
/// to be validated.
pub(super) fn head<T: AsRef<Head>>(
    policy: &Policy,
    ask: &Ask<'_>,
    stored: &[T],
    arrival: &Arrival<'_>,
) -> Action {
    let stored = stored.iter().map(T::as_ref).enumerate();
    let chosen =
        stored.filter(|(_, head)| head.parts.status == StatusCode::OK && head.matches(ask));
    let heads: Vec<_> = chosen
        .map(|(index, old)| (index, after_head(policy, old, ask, arrival)))
        .collect();
    if arrival.status != StatusCode::OK || heads.is_empty() {
        return Action::Leave;
    }
    Action::Refresh { heads }
}

fn after_head(policy: &Policy, old: &Head, ask: &Ask<'_>, arrival: &Arrival<'_>) -> Head {
    let newer = arrival.headers;
    let modified = newer.get(header::LAST_MODIFIED);
    let tags = Tag::of(newer).is_none_or(|tag| {
        let own = Tag::of(&old.parts.headers);
        own.is_some_and(|own| own.matches(&tag))
    });
    let agrees = tags
        && modified.is_none_or(|date| old.parts.headers.get(header::LAST_MODIFIED) == Some(date))
        && range::content_length(newer).is_none_or(|length| old.extent.total == Some(length));
    if agrees {
        return refreshed(policy, old, ask, arrival);
    }
    locked(old)
}

#[cfg(test)]
mod tests;
