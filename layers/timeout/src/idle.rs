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
    since: Option<Instant>,
    excused: bool,
}

impl Idle {
    pub(crate) const fn new(limit: Duration) -> Self {
        let (since, excused) = (None, false);
        Self {
            limit,
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

    /// What the clock says at `now`; it never runs out while it stands still. `phase` is whose clock
    /// it is.
    pub(crate) fn check(&mut self, phase: Phase, now: Instant) -> Verdict {
        let Some(since) = self.since else {
            return Verdict::Never;
        };
        let end = since.checked_add(self.limit);
        let is_late = end.is_some_and(|end| now.saturating_duration_since(end) > LATE);
        if is_late && !self.excused {
            self.since = Some(now);
            self.excused = true;
            return self.check(phase, now);
        }
        Verdict::at(end, now, Expiry::new(phase, self.limit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(500);

    /// What happens, and how many milliseconds after the last thing that happened.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// A poll found nothing.
        Waits,
        /// A poll found a frame.
        Moves,
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let event = prop_oneof![2 => Just(Event::Waits), 1 => Just(Event::Moves)];
        // Around the limit, and around the lateness that excuses, or anything.
        let pause = prop_oneof![
            Just(0),
            Just(1),
            98..103_u64,
            498..503_u64,
            598..603_u64,
            0..2_000_u64
        ];
        prop::collection::vec((pause, event), 0..40)
    }

    /// The rule once more, with the whole history at hand: how long has nothing come since we first
    /// asked, or since the one excuse in this silence?
    fn model(history: &[(u64, Event)], now: u64) -> bool {
        let silence = history
            .iter()
            .rposition(|(_, event)| matches!(event, Event::Moves));
        let polls = &history[silence.map_or(0, |last| last + 1)..];
        let limit = 500;
        let Some(&(mut since, _)) = polls.first() else {
            return false;
        };
        let mut excused = false;
        for &(at, _) in polls {
            if !excused && at > since + limit + 100 {
                (since, excused) = (at, true);
            }
        }
        now >= since + limit
    }

    proptest! {
        #[test]
        fn the_clock_agrees_with_the_history(events in events()) {
            let origin = tokio::time::Instant::now().into_std();
            let at = |now: u64| origin + Duration::from_millis(now);
            let mut idle = Idle::new(LIMIT);
            let (mut now, mut history) = (0, Vec::new());
            for (pause, event) in events {
                now += pause;
                history.push((now, event));
                match event {
                    Event::Moves => idle.stop(),
                    Event::Waits => {
                        idle.start(at(now));
                        let expired = matches!(idle.check(Phase::Head, at(now)), Verdict::Expired(_));
                        prop_assert_eq!(expired, model(&history, now));
                        if expired {
                            return Ok(());
                        }
                    }
                }
            }
        }

        #[test]
        fn asked_when_it_said_it_never_runs_out_early_or_twice_late(pauses in prop::collection::vec(0..1_500_u64, 1..20)) {
            let origin = tokio::time::Instant::now().into_std();
            let mut idle = Idle::new(LIMIT);
            idle.start(origin);
            let mut now = origin;
            for pause in pauses {
                match idle.check(Phase::Head, now) {
                    Verdict::Until(next) => prop_assert!(next > now && next <= now + LIMIT),
                    Verdict::Expired(expiry) => {
                        prop_assert!(now >= origin + LIMIT);
                        prop_assert_eq!(expiry, Expiry::new(Phase::Head, LIMIT));
                        return Ok(());
                    }
                    Verdict::Never => prop_assert!(false, "it runs"),
                }
                now += Duration::from_millis(pause);
            }
            // Whoever looked away is excused once, so three more looks in time find the end.
            let is_over = |verdict| matches!(verdict, Verdict::Expired(_));
            prop_assert!((0..3).any(|n| is_over(idle.check(Phase::Head, now + LIMIT * n))));
        }
    }

    #[test]
    fn a_clock_that_stands_still_never_runs_out() {
        let now = tokio::time::Instant::now().into_std();
        let mut idle = Idle::new(Duration::ZERO);
        assert_eq!(idle.check(Phase::Head, now), Verdict::Never);
        idle.start(now);
        idle.stop();
        assert_eq!(idle.check(Phase::Head, now), Verdict::Never);
    }

    #[test]
    fn a_limit_beyond_the_clock_never_runs_out() {
        let now = tokio::time::Instant::now().into_std();
        let mut idle = Idle::new(Duration::MAX);
        idle.start(now);
        assert_eq!(idle.check(Phase::Head, now + LIMIT), Verdict::Never);
    }
}
