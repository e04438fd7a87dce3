//! How long a request puts up with a wait.

use std::time::{Duration, Instant};

use buttress_kernel::Deadline;

/// Why a request was refused.
// Open: a later bound may refuse for a reason of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// As many requests wait as `max_waiting` allows, none of them less urgent.
    Full,
    /// As many requests waited as `max_waiting` allows, and a more urgent one came.
    Displaced,
    /// It waited as long as `max_wait`, or an override, allows.
    TooLong,
    /// It waited until its deadline.
    Deadline,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Displaced => "displaced",
            Self::TooLong => "too-long",
            Self::Deadline => "deadline",
        }
    }
}

/// When a request gives up, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) at: Instant,
    pub(crate) reason: Reason,
}

impl Limit {
    /// The limit of a request that comes now, if it has one.
    pub(crate) fn of(
        now: Instant,
        max_wait: Option<Duration>,
        deadline: Option<Deadline>,
    ) -> Option<Self> {
        // A wait that ends beyond what the clock can say has no end.
        let most = max_wait.and_then(|most| now.checked_add(most));
        let most = most.map(|at| Self {
            at,
            reason: Reason::TooLong,
        });
        let deadline = deadline.map(|deadline| Self {
            at: deadline.instant(),
            reason: Reason::Deadline,
        });
        match (most, deadline) {
            (Some(most), Some(deadline)) if most.at < deadline.at => Some(most),
            (most, deadline) => deadline.or(most),
        }
    }

    pub(crate) fn has_passed(self, now: Instant) -> bool {
        self.at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_earlier_bound_counts_and_the_deadline_where_both_are_equal() {
        let now = tokio::time::Instant::now().into_std();
        let of = |most: Option<u64>, deadline: Option<u64>| {
            let deadline = deadline.map(|after| Deadline::at(now + secs(after)));
            let limit = Limit::of(now, most.map(secs), deadline);
            limit.map(|limit| (limit.at - now, limit.reason))
        };
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some(2), None), Some((secs(2), Reason::TooLong)));
        assert_eq!(of(None, Some(2)), Some((secs(2), Reason::Deadline)));
        assert_eq!(of(Some(1), Some(2)), Some((secs(1), Reason::TooLong)));
        assert_eq!(of(Some(2), Some(2)), Some((secs(2), Reason::Deadline)));
        assert_eq!(of(Some(3), Some(2)), Some((secs(2), Reason::Deadline)));
    }

    #[test]
    fn a_wait_beyond_the_clock_has_no_end() {
        let now = tokio::time::Instant::now().into_std();
        assert_eq!(Limit::of(now, Some(Duration::MAX), None), None);
    }

    #[test]
    fn a_limit_has_passed_from_its_instant_on() {
        let now = tokio::time::Instant::now().into_std();
        let limit = Limit::of(now, Some(secs(1)), None).expect("a bound");
        assert!(!limit.has_passed(now));
        assert!(limit.has_passed(now + secs(1)));
        assert!(limit.has_passed(now + secs(2)));
    }
}
