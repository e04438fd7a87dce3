//! Whether a stored response may be used, and how fresh it is (RFC 9111 §4.2).

use std::time::Duration;

use super::request::Wanted;
use super::{Head, Mode, Policy, Reason, Wishes};

/// How far a stored response is from the end of its freshness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Fresh for so long.
    Left(Duration),
    /// Stale for so long.
    Over(Duration),
}

/// Whether a stored response may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Use,
    /// Now, and it is to be validated in the background.
    UseAndValidate,
    /// Only after it was validated.
    Validate(Reason),
}

impl Life {
    /// A lifetime that the caller wishes is measured from the response's arrival: whoever sets one
    /// means the age of the copy.
    pub(super) fn of(wishes: &Wishes, head: &Head, resident: Duration) -> Self {
        let freshness = &head.freshness;
        let (lifetime, age) = match wishes.lifetime(head.parts.status) {
            Some(wish) => (wish, resident),
            None => (freshness.lifetime, freshness.age_after(resident)),
        };
        // §4.2: fresh as long as the lifetime is greater than the age.
        match lifetime.checked_sub(age) {
            Some(left) if !left.is_zero() => Self::Left(left),
            _ => Self::Over(age.saturating_sub(lifetime)),
        }
    }

    /// In whole seconds, negative when it is over.
    pub(super) fn ttl(self) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        match self {
            Self::Left(left) => seconds(left),
            Self::Over(over) => -seconds(over),
        }
    }
}

impl Verdict {
    pub(super) fn of(
        wishes: &Wishes,
        wanted: &Wanted,
        head: &Head,
        life: Life,
        resident: Duration,
    ) -> Self {
        match wishes.mode {
            Mode::ForceCache | Mode::OnlyIfCached => Self::Use,
            Mode::NoCache => Self::Validate(Reason::Request),
            Mode::Default | Mode::NoStore | Mode::Reload => {
                let objection = objection(wanted, head, life, resident);
                objection.map_or_else(|| Self::by_rule(wishes, wanted, head, life), Self::Validate)
            }
        }
    }

    /// What the response's own rules say.
    fn by_rule(wishes: &Wishes, wanted: &Wanted, head: &Head, life: Life) -> Self {
        let freshness = &head.freshness;
        let wished = wishes.lifetime(head.parts.status).is_some();
        match life {
            Life::Left(_) if wished || !freshness.no_cache => Self::Use,
            Life::Left(_) => Self::Validate(Reason::Stale),
            Life::Over(_) if freshness.no_cache || freshness.must_revalidate => {
                Self::Validate(Reason::Stale)
            }
            Life::Over(over) => {
                if wanted.max_stale.is_some_and(|most| over <= most) {
                    Self::Use
                } else if over < freshness.while_revalidate {
                    Self::UseAndValidate
                } else {
                    Self::Validate(Reason::Stale)
                }
            }
        }
    }
}

/// What the request has against a stored response (§5.2.1).
///
/// A stale response will do only within `max-stale`, if it is given; who gives an age and no
/// `max-stale` wants none (§5.2.1.1).
fn objection(wanted: &Wanted, head: &Head, life: Life, resident: Duration) -> Option<Reason> {
    let freshness = &head.freshness;
    let (left, too_stale) = match life {
        Life::Left(left) => (left, false),
        Life::Over(over) => {
            let unsaid = wanted.max_age.is_some();
            let too_stale = wanted.max_stale.map_or(unsaid, |most| over > most);
            (Duration::ZERO, too_stale)
        }
    };
    // RFC 8246 §2: a reload, which asks for an age of zero, finds nothing new.
    let pointless =
        freshness.immutable && !left.is_zero() && wanted.max_age == Some(Duration::ZERO);
    let too_old = |most: Duration| freshness.age_after(resident) > most && !pointless;
    let objects = wanted.no_cache
        || wanted.max_age.is_some_and(too_old)
        || wanted.min_fresh.is_some_and(|least| left < least);
    if objects {
        Some(Reason::Request)
    } else {
        too_stale.then_some(Reason::Stale)
    }
}

/// Whether a stored response may be used though it could not be validated (§4.2.4; RFC 5861 §4).
pub(super) fn may_rescue(
    policy: &Policy,
    wishes: &Wishes,
    wanted: &Wanted,
    head: &Head,
    resident: Duration,
) -> bool {
    let freshness = &head.freshness;
    let life = Life::of(wishes, head, resident);
    let over = match life {
        Life::Left(_) => Duration::ZERO,
        Life::Over(over) => over,
    };
    if freshness.no_cache || freshness.must_revalidate || wishes.mode != Mode::Default {
        return false;
    }
    // The caller's permission counts, and so does the origin's, which is a limit as well.
    wanted.if_error.is_some_and(|most| over <= most)
        || objection(wanted, head, life, resident).is_none()
            && freshness
                .if_error
                .map_or(policy.stale_on_error, |most| over <= most)
}

#[cfg(test)]
mod tests;
