//! The time of day, coarse and at little cost.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

/// The number of the sixteenth of a second that it is, counted from 1970: to know what happened lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now(u64);

const A_SECOND: u64 = 16;
const STEP: Duration = Duration::from_nanos(1_000_000_000 / A_SECOND);

/// A number, and when it begins and ends.
#[derive(Clone, Copy)]
struct Known {
    now: Now,
    from: SystemTime,
    to: SystemTime,
}

thread_local! {
    /// The one that was asked for last: to see that a time lies within it takes a quarter of what it takes
    /// to work out how far it is from 1970.
    static LAST: Cell<Known> = const { Cell::new(Known::NONE) };
}

impl Now {
    #[inline]
    pub(crate) const fn number(self) -> u64 {
        self.0
    }

    /// In whole seconds.
    #[inline]
    pub(crate) const fn seconds(self) -> u64 {
        self.0 / A_SECOND
    }

    /// How many of them a time takes; one at least.
    pub(crate) fn count(time: Duration) -> u64 {
        let count = time.as_nanos().div_ceil(STEP.as_nanos());
        u64::try_from(count).unwrap_or(u64::MAX).max(1)
    }
}

impl From<SystemTime> for Now {
    #[inline]
    fn from(time: SystemTime) -> Self {
        let last = LAST.get();
        if last.from <= time && time < last.to {
            return last.now;
        }
        let known = Known::of(time);
        LAST.set(known);
        known.now
    }
}

impl Known {
    const NONE: Self = Self {
        now: Now(0),
        from: SystemTime::UNIX_EPOCH,
        to: SystemTime::UNIX_EPOCH,
    };

    /// A time before 1970 counts as that.
    #[cold]
    fn of(time: SystemTime) -> Self {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let part = since.subsec_nanos() / STEP.subsec_nanos();
        let now = since.as_secs().saturating_mul(A_SECOND);
        let now = Now(now.saturating_add(part.into()));
        let start = Duration::from_secs(since.as_secs()) + STEP * part;
        let from = SystemTime::UNIX_EPOCH.checked_add(start);
        let to = from.and_then(|from| from.checked_add(STEP));
        match (from, to) {
            (Some(from), Some(to)) => Self { now, from, to },
            // At the end of time it is worked out each time.
            _ => Self { now, ..Self::NONE },
        }
    }
}
