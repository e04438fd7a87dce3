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
}

/// A deadline, and when we first looked at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Total {
    start: Instant,
    end: Deadline,
}

impl Total {
    pub(crate) const fn new(start: Instant, end: Deadline) -> Self {
        Self { start, end }
    }

    /// What was left at the start; zero when it had passed.
    pub(crate) fn left(self) -> Duration {
        self.end.remaining(self.start)
    }

    pub(crate) fn check(self, now: Instant) -> Verdict {
        let expiry = Expiry::new(Phase::Total, self.left());
        Verdict::at(Some(self.end.instant()), now, expiry)
    }
}

/// Until the head of the response: an attempt's own limit, the total, or both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    limit: Option<Duration>,
    total: Option<Total>,
    /// Unset until the first check, so that an answer that is there at once costs no look at a clock.
    start: Option<Instant>,
}

impl Head {
    pub(crate) const fn new(limit: Option<Duration>, total: Option<Total>) -> Self {
        let start = None;
        Self {
            limit,
            total,
            start,
        }
    }

    /// The attempt's limit, counted from `start`.
    pub(crate) fn limit_from(&self, start: Instant, now: Instant) -> Verdict {
        self.limit.map_or(Verdict::Never, |limit| {
            Verdict::at(
                start.checked_add(limit),
                now,
                Expiry::new(Phase::Head, limit),
            )
        })
    }

    /// When the waiting began; it does so at the first question.
    pub(crate) fn start(&mut self, now: Instant) -> Instant {
        *self.start.get_or_insert(now)
    }

    pub(crate) fn total(&self, now: Instant) -> Verdict {
        self.total.map_or(Verdict::Never, |total| total.check(now))
    }

    pub(crate) const fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

impl Rule for Head {
    fn check(&mut self, now: Instant) -> Verdict {
        let start = self.start(now);
        // The total first: where both end at once, another attempt would be pointless, and the
        // error should say so.
        self.total(now).and(self.limit_from(start, now))
    }
}
