//! How long a response may be reused (RFC 9111 §4.2).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::control::Control;
use super::{Arrival, Policy, age, dates, status};

/// So much the clocks of several machines may differ, and one clock before and after it is set.
const MOST_AHEAD: Duration = Duration::from_secs(60);

/// All that the directives of a stored response come down to for this cache, computed once, when it
/// is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Freshness {
    /// When its head arrived, or it was last validated (RFC 9111 §4.2.3, `response_time`).
    pub(crate) received: SystemTime,
    /// When the origin made it: of several responses the newest counts (§4).
    pub(crate) date: SystemTime,
    /// How old it was when it arrived (`corrected_initial_age`), in whole seconds.
    pub(crate) initial_age: Duration,
    /// How old it may become before it is stale (§4.2.1, §4.2.2).
    pub(crate) lifetime: Duration,
    /// Whether each use needs validation (`no-cache`, §5.2.2.4).
    pub(crate) no_cache: bool,
    /// Whether it is never used stale (`must-revalidate`; in a shared cache `proxy-revalidate` and
    /// `s-maxage` too, §5.2.2).
    pub(crate) must_revalidate: bool,
    /// Whether a reload need not ask again while it is fresh (RFC 8246).
    pub(crate) immutable: bool,
    /// How long it may be used stale while it is revalidated (RFC 5861 §3).
    pub(crate) while_revalidate: Duration,
    /// How long it may be used stale when the origin fails (RFC 5861 §4), if it says so.
    pub(crate) if_error: Option<Duration>,
    /// For how long after its arrival a caller has asked for it to be fresh, whatever it says: at least as
    /// long it may be of use.
    pub(crate) wished: Option<Duration>,
}

impl Freshness {
    /// That of a response that has just arrived. `headers` are those to be stored: the arrival's own, or after
    /// an update the merged ones.
    pub(super) fn of(
        policy: &Policy,
        control: &Control,
        status: StatusCode,
        headers: &HeaderMap,
        arrival: &Arrival<'_>,
    ) -> Self {
        let received = arrival.received;
        let shared = policy.shared && (control.proxy_revalidate || control.s_maxage.is_some());
        Self {
            received,
            date: dates::field(headers, &header::DATE, received).unwrap_or(received),
            initial_age: age::initial(arrival),
            lifetime: lifetime(policy, control, status, headers, received),
            no_cache: control.no_cache,
            must_revalidate: control.must_revalidate || shared,
            immutable: control.immutable,
            while_revalidate: control.while_revalidate.unwrap_or_default(),
            if_error: control.if_error,
            wished: None,
        }
    }

    /// Of several responses the one counts for which this is greatest (§4).
    pub(crate) const fn rank(&self) -> (SystemTime, SystemTime) {
        (self.date, self.received)
    }

    /// How long it has been here.
    pub(crate) fn resident(&self, now: SystemTime) -> Duration {
        time_since(self.received, now)
    }

    /// Its age (§4.2.3, `current_age`).
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        self.age_after(self.resident(now))
    }

    /// Its age when it has been here for so long.
    pub(super) fn age_after(&self, resident: Duration) -> Duration {
        self.initial_age.saturating_add(resident)
    }
}

/// The time since a response came. A clock that went backwards a little counts as one that stood
/// still; after more, nobody knows, and the response must not stay fresh until that time is reached
/// again.
pub(super) fn time_since(received: SystemTime, now: SystemTime) -> Duration {
    match now.duration_since(received) {
        Ok(time) => time,
        Err(ahead) if ahead.duration() <= MOST_AHEAD => Duration::ZERO,
        Err(_) => Duration::MAX,
    }
}

/// What a response says about its lifetime (§4.2.1); nothing when it says nothing.
///
/// An `Expires` that is no date is in the past (§5.3).
pub(super) fn explicit_lifetime(
    policy: &Policy,
    control: &Control,
    headers: &HeaderMap,
    received: SystemTime,
) -> Option<Duration> {
    let s_maxage = control.s_maxage.filter(|_| policy.shared);
    s_maxage.or(control.max_age).or_else(|| {
        let expires = headers.get(header::EXPIRES).filter(|_| !control.targeted)?;
        let expires = dates::parse(expires.as_bytes(), received);
        let date = dates::field(headers, &header::DATE, received).unwrap_or(received);
        Some(expires.map_or(Duration::ZERO, |expires| {
            expires.duration_since(date).unwrap_or_default()
        }))
    })
}

/// Whether the origin itself says that a response may be reused without a question.
pub(super) fn is_said(
    policy: &Policy,
    control: &Control,
    headers: &HeaderMap,
    received: SystemTime,
) -> bool {
    let lifetime = || explicit_lifetime(policy, control, headers, received);
    !control.no_cache && (control.public || lifetime().is_some_and(|time| !time.is_zero()))
}

fn lifetime(
    policy: &Policy,
    control: &Control,
    status: StatusCode,
    headers: &HeaderMap,
    received: SystemTime,
) -> Duration {
    explicit_lifetime(policy, control, headers, received)
        .or_else(|| heuristic_lifetime(policy, control, status, headers, received))
        .unwrap_or_default()
}

/// A part of the time since the last modification (§4.2.2).
///
/// A shared cache guesses nothing about a response that sets a cookie: it may be for one user (§7.3).
fn heuristic_lifetime(
    policy: &Policy,
    control: &Control,
    status: StatusCode,
    headers: &HeaderMap,
    received: SystemTime,
) -> Option<Duration> {
    let allowed = control.public || status::heuristically_cacheable(status);
    let cookie = policy.shared && !control.public && headers.contains_key(header::SET_COOKIE);
    if !allowed || cookie {
        return None;
    }
    let modified = dates::field(headers, &header::LAST_MODIFIED, received)?;
    let date = dates::field(headers, &header::DATE, received).unwrap_or(received);
    let unchanged = date.duration_since(modified).ok()?;
    let part = unchanged / 100 * u32::from(policy.heuristic_percent.min(100));
    Some(part.min(policy.heuristic_cap))
}
