//! How long a stored response is of use, and so how long it is kept.

use std::time::Duration;

use crate::policy::Head;

/// Nothing is kept longer, whatever it says.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a response may be of use from the moment at which it came: as long as it is fresh, as long
/// as it may be served stale after that by its own word, and at least `stale` more, for as long it may
/// be worth a validation, or stand in for one that cannot be had. Not less than a millisecond.
pub(super) fn useful_for(head: &Head, stale: Duration) -> Duration {
    let freshness = &head.freshness;
    let fresh = freshness.lifetime.saturating_sub(freshness.initial_age);
    let stale = stale
        .max(freshness.while_revalidate)
        .max(freshness.if_error.unwrap_or_default());
    let all = fresh.saturating_add(stale);
    all.clamp(Duration::from_millis(1), LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::variant;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Fresh for 60 s, of which 3 s are over; 5 s and 7 s of use after that.
    fn head() -> Head {
        variant(1, "body").head().as_ref().clone()
    }

    #[test]
    fn what_is_fresh_or_may_be_served_stale_is_useful() {
        assert_eq!(useful_for(&head(), Duration::ZERO), seconds(57 + 7));
        assert_eq!(useful_for(&head(), seconds(100)), seconds(157));
        let mut longer = head();
        longer.freshness.while_revalidate = seconds(9);
        assert_eq!(useful_for(&longer, Duration::ZERO), seconds(57 + 9));
    }

    #[test]
    fn no_time_is_too_short_or_too_long() {
        let mut head = head();
        head.freshness.initial_age = Duration::MAX;
        assert_eq!(useful_for(&head, Duration::ZERO), seconds(7));
        head.freshness.while_revalidate = Duration::ZERO;
        head.freshness.if_error = None;
        assert_eq!(useful_for(&head, Duration::ZERO), Duration::from_millis(1));
        head.freshness.lifetime = Duration::MAX;
        head.freshness.initial_age = Duration::ZERO;
        assert_eq!(useful_for(&head, Duration::MAX), LONGEST);
    }
}
