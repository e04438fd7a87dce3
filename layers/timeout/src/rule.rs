//! The decisions, apart from any clock: each rule is told the time and says what it means.

use std::time::{Duration, Instant};

use buttress_kernel::Deadline;

use crate::error::{Expiry, Phase};

/// What a limit says about the waiting at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing can have run out before this instant; ask again then. Always later than now.
    Until(Instant),
    /// Nothing can ever run out.
    Never,
    /// The limit has run out.
    Expired(Expiry),
}

impl Verdict {
    /// The limit that ends at `end`, as it stands at `now`.
    #[inline]
    pub(crate) fn at(end: Option<Instant>, now: Instant, expiry: Expiry) -> Self {
        match end {
            Some(end) if end <= now => Self::Expired(expiry),
            Some(end) => Self::Until(end),
            // Beyond what the clock can say.
            None => Self::Never,
        }
    }

    /// Both limits hold: the one that ends sooner, or this one if both have.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Expired(_), _) | (_, Self::Never) => self,
            (_, Self::Expired(_)) | (Self::Never, _) => other,
            (Self::Until(a), Self::Until(b)) => Self::Until(a.min(b)),
        }
    }
}

/// A limit on some waiting.
pub(crate) trait Rule {
    /// What holds at `now`, while what is waited for is not there. `now` never goes back.
    fn check(&mut self, now: Instant) -> Verdict;

    /// The same, at an instant that an earlier verdict named.
    fn check_again(&mut self, now: Instant) -> Verdict;
}

/// A deadline, and what was left of it when we first looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    end: Instant,
    left: Duration,
}

impl Total {
    pub(crate) fn new(end: Deadline, now: Instant) -> Self {
        let left = end.remaining(now);
        let end = end.instant();
        Self { end, left }
    }

    /// What was left at first; zero when the deadline had passed.
    pub(crate) const fn left(self) -> Duration {
        self.left
    }

    #[inline]
    pub(crate) fn check(self, now: Instant) -> Verdict {
        Verdict::at(Some(self.end), now, Expiry::new(Phase::Total, self.left))
    }
}

/// Until the head of the response, where no upload is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// No limit.
    Never,
    /// So long from the first check on; an answer that is there at once costs no look at a clock.
    For(Duration),
    /// The total, which ends first.
    Total(Total),
}

impl Head {
    /// The shorter one. Where both end at once it is the total: another attempt would be pointless,
    /// and the error should say so.
    #[inline]
    pub(crate) fn new(limit: Option<Duration>, total: Option<Total>) -> Self {
        match (limit, total) {
            (Some(limit), Some(total)) if limit < total.left => Self::For(limit),
            (_, Some(total)) => Self::Total(total),
            (Some(limit), None) => Self::For(limit),
            (None, None) => Self::Never,
        }
    }
}

impl Rule for Head {
    #[inline]
    fn check(&mut self, now: Instant) -> Verdict {
        match *self {
            Self::Never => Verdict::Never,
            // The clock begins now, so that only a limit of zero can be over.
            Self::For(Duration::ZERO) => self.check_again(now),
            Self::For(limit) => now
                .checked_add(limit)
                .map_or(Verdict::Never, Verdict::Until),
            Self::Total(total) => total.check(now),
        }
    }

    fn check_again(&mut self, now: Instant) -> Verdict {
        match *self {
            Self::For(limit) => Verdict::Expired(Expiry::new(Phase::Head, limit)),
            Self::Never | Self::Total(_) => self.check(now),
        }
    }
}

/// The limit of an attempt whose clock began at `start`.
#[inline]
pub(crate) fn attempt(start: Instant, limit: Duration, now: Instant) -> Verdict {
    Verdict::at(
        start.checked_add(limit),
        now,
        Expiry::new(Phase::Head, limit),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn verdict(kind: u8, millis: u64, now: Instant) -> Verdict {
        let span = Duration::from_millis(millis);
        match kind {
            0 => Verdict::Never,
            1 => Verdict::Until(now + span),
            _ => Verdict::Expired(Expiry::new(Phase::Head, span)),
        }
    }

    proptest! {
        #[test]
        fn of_two_limits_the_sooner_one_holds(a in 0..3_u8, b in 0..3_u8, m in 1..99_u64, n in 1..99_u64) {
            let now = now();
            let (one, other) = (verdict(a, m, now), verdict(b, n, now));
            let both = one.and(other);
            // Ended before running before endless; of two that run, the sooner.
            let rank = |verdict| match verdict {
                Verdict::Expired(_) => (0, now),
                Verdict::Until(at) => (1, at),
                Verdict::Never => (2, now),
            };
            prop_assert_eq!(rank(both), rank(one).min(rank(other)));
            if matches!(one, Verdict::Expired(_)) {
                prop_assert_eq!(both, one, "the first of two that have ended");
            }
        }

        #[test]
        fn an_attempt_ends_with_its_limit_or_with_the_total(limit in 0..50_u64, left in 0..50_u64, later in 0..99_u64) {
            let start = now();
            let span = Duration::from_millis;
            let total = Total::new(Deadline::at(start + span(left)), start);
            let mut head = Head::new(Some(span(limit)), Some(total));
            let phase = if left <= limit { Phase::Total } else { Phase::Head };
            let end = limit.min(left);
            let expired = Verdict::Expired(Expiry::new(phase, span(end)));
            let first = if end == 0 { expired } else { Verdict::Until(start + span(end)) };
            prop_assert_eq!(head.check(start), first);
            prop_assert_eq!(head.check_again(start + span(end + later)), expired);
        }
    }

    #[test]
    fn without_limits_nothing_runs_out() {
        assert_eq!(Head::new(None, None).check(now()), Verdict::Never);
        assert_eq!(
            Head::new(Some(Duration::MAX), None).check(now()),
            Verdict::Never
        );
    }
}
