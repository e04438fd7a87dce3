//! Spreading what remains over what is left of a window: arithmetic alone.

use std::time::{Duration, Instant};

use buttress_kernel::Quota;

/// What a server said is left, and how we spend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    remaining: u64,
    end: Instant,
    /// When the last request went, by our plan.
    last: Instant,
}

/// Timers can do no better than this, so nobody waits for less than that for its share.
const GRAIN: Duration = Duration::from_millis(1);

impl Window {
    /// The window that a quota tells of, in place of an older one; none if it ends at once.
    pub(crate) fn told(now: Instant, quota: Quota, before: Option<&Self>) -> Option<Self> {
        let end = now
            .checked_add(quota.resets_in())
            .filter(|end| *end > now)?;
        let running = before.filter(|window| window.end > now);
        Some(Self {
            remaining: quota.remaining(),
            end,
            last: running.map_or(now, |window| window.last),
        })
    }

    /// How many requests are left.
    pub(crate) const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// When the window is over.
    pub(crate) const fn end(&self) -> Instant {
        self.end
    }

    /// When a request may go that has `ahead` others before it: the time from the last one to the
    /// end is cut into equal parts with a request between each two; who finds none left waits for
    /// the end.
    pub(crate) fn slot(&self, ahead: u64) -> Instant {
        if ahead >= self.remaining {
            return self.end;
        }
        let left = self.end.saturating_duration_since(self.last).as_nanos();
        let parts = u128::from(self.remaining) + 1;
        let nanos = left * (u128::from(ahead) + 1) / parts;
        let wait = u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos);
        self.last.checked_add(wait).unwrap_or(self.end)
    }

    /// Whether a request that has `ahead` others before it may go at once. The end of the window is
    /// the server's word, so that is waited for exactly.
    pub(crate) fn lets_go(&self, ahead: u64, now: Instant) -> bool {
        ahead < self.remaining && self.slot(ahead) <= now + GRAIN
    }

    /// One request goes now without having waited. Time that nobody used is not made up for.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.last = self.slot(0).max(now);
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// One request goes that waited for its slot, or for longer. A slot that is overdue stays where
    /// it was planned, so that those behind keep theirs.
    pub(crate) fn spend_slot(&mut self, now: Instant) {
        self.last = self.slot(0).min(now).max(self.last);
        self.remaining = self.remaining.saturating_sub(1);
    }
}
