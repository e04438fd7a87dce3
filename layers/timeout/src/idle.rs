//! Whether a silence has lasted too long.

use std::time::{Duration, Instant};

use crate::error::{Expiry, Phase};
use crate::rule::Verdict;

/// The end of a silence that is noticed later than this was not noticed in time: nobody polled.
const LATE: Duration = Duration::from_millis(100);

/// A clock that runs while we wait for the peer and stands still otherwise.
///
/// | event | what happens |
/// | --- | --- |
/// | we begin to wait | it starts from zero, unless it runs |
/// | the peer moves | it stops |
/// | it reaches the limit | the silence was too long |
/// | that is noticed late | once in a silence, it starts from zero again |
///
/// The last row is for a consumer that asked, went away and came back, and for a runtime that was
/// held up: in both cases what the peer sent meanwhile may still wait to be read, so the time in
/// which nobody looked cannot be held against the peer. Once is enough; a dead peer is still found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Idle {
    limit: Duration,
    phase: Phase,
    since: Option<Instant>,
    excused: bool,
}

impl Idle {
    pub(crate) const fn new(limit: Duration, phase: Phase) -> Self {
        let (since, excused) = (None, false);
        Self {
            limit,
            phase,
            since,
            excused,
        }
    }

    pub(crate) const fn is_running(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) const fn start(&mut self, now: Instant) {
        if self.since.is_none() {
            self.since = Some(now);
        }
    }

    pub(crate) const fn stop(&mut self) {
        self.since = None;
        self.excused = false;
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    /// What the clock says at `now`; it never runs out while it stands still.
    pub(crate) fn check(&mut self, now: Instant) -> Verdict {
        let Some(since) = self.since else {
            return Verdict::Never;
        };
        let end = since.checked_add(self.limit);
        let is_late = end.is_some_and(|end| now.saturating_duration_since(end) > LATE);
        if is_late && !self.excused {
            self.since = Some(now);
            self.excused = true;
            return self.check(now);
        }
        Verdict::at(end, now, Expiry::new(self.phase, self.limit))
    }
}
