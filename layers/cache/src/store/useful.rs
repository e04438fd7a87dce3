//! How long a stored response is of use, and so how long it is worth its place.

use std::time::Duration;

use super::Head;

impl Head {
    /// How long the response may be of use from its arrival on, or from its last validation, after which it
    /// was [updated](super::Store::update): for a store that gives each a time to live, or sweeps out first
    /// what is of no use any more.
    ///
    /// That is as long as it is fresh, by its own word or because somebody asked for it with
    /// [`fresh_for`](crate::Override::fresh_for) or [`negative_for`](crate::Override::negative_for); then as
    /// long as it may be served stale by its own word, and at least `stale`, since as long it may be worth a
    /// validation, or stand in for one that cannot be had.
    #[must_use]
    pub fn useful_for(&self, stale: Duration) -> Duration {
        let freshness = &self.as_ref().freshness;
        let fresh = freshness.lifetime.saturating_sub(freshness.initial_age);
        let fresh = fresh.max(freshness.wished.unwrap_or_default());
        let stale = stale
            .max(freshness.while_revalidate)
            .max(freshness.if_error.unwrap_or_default());
        fresh.saturating_add(stale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Freshness;
    use crate::store::suite::variant;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Fresh for 60 s, of which 3 s are over; 5 s and 7 s of use after that.
    fn head(change: impl FnOnce(&mut Freshness)) -> Head {
        let mut head = variant(1, "body").head().as_ref().clone();
        change(&mut head.freshness);
        Head::new(head)
    }

    #[test]
    fn what_is_fresh_or_may_be_served_stale_is_useful() {
        let usual = head(|_| ());
        assert_eq!(usual.useful_for(Duration::ZERO), seconds(57 + 7));
        assert_eq!(usual.useful_for(seconds(100)), seconds(157));
        let longer = head(|freshness| freshness.while_revalidate = seconds(9));
        assert_eq!(longer.useful_for(Duration::ZERO), seconds(57 + 9));
    }

    #[test]
    fn what_somebody_wishes_to_use_is_useful_so_long() {
        for (wished, expected) in [(30, 57 + 7), (70, 70 + 7)] {
            let head = head(|freshness| freshness.wished = Some(seconds(wished)));
            assert_eq!(head.useful_for(Duration::ZERO), seconds(expected));
        }
    }

    #[test]
    fn no_time_is_too_short_or_too_long() {
        let old = head(|freshness| freshness.initial_age = Duration::MAX);
        assert_eq!(old.useful_for(Duration::ZERO), seconds(7));
        let long = head(|freshness| freshness.lifetime = Duration::MAX);
        assert_eq!(long.useful_for(Duration::MAX), Duration::MAX);
    }
}
