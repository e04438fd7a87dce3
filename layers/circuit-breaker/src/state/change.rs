//! What makes a circuit open, half-open and closed again.

use std::time::{Duration, Instant};

use buttress_kernel::Outcome;

use super::trial::Trial;
use super::{End, Machine, Moment, Trouble, Turn};
use crate::policy::{self, Reason};
use crate::rules::Rules;
use crate::window::Mark;

impl Machine {
    /// Does what time does: a probe that has not ended in time has failed, then.
    pub(super) fn settle(&mut self, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
        let Some(Trouble::HalfOpen(trial)) = self.trouble.as_deref() else {
            return;
        };
        let level = trial.level.saturating_add(1);
        let overdue = trial.first_end(rules).filter(|end| *end <= at.now);
        if let Some(since) = overdue {
            let wait = rules.open_time(level, at.draw);
            self.open(since, wait, level, Reason::HungProbe, turns);
        }
    }

    /// open ⇒ half-open, once the time is over.
    pub(super) fn begin_trial(&mut self, now: Instant, turns: &mut Vec<Turn>) {
        let Some(Trouble::Open { until, level }) = self.trouble.as_deref() else {
            return;
        };
        if *until <= now {
            let trial = Trial::new(*level);
            self.enter(Some(Trouble::HalfOpen(trial)));
            turns.push(Turn::HalfOpened);
        }
    }

    /// The end of a call through a closed circuit.
    pub(super) fn count(&mut self, end: End, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
        let failed = match end.outcome {
            Outcome::Success => {
                self.run = 0;
                false
            }
            Outcome::ServerFailure => {
                self.run = self.run.saturating_add(1);
                true
            }
            Outcome::Throttled => true,
            Outcome::CallerFault | Outcome::Neutral => return,
        };
        let (tick, slow) = (rules.tick(at.now), end.slow);
        let newest = self.tick;
        let counts = self.window(rules).map(|window| {
            window.record(tick, Mark { failed, slow });
            window.advance(newest);
            window.counts()
        });
        if let Some(reason) = policy::trips(rules, self.run, counts.unwrap_or_default()) {
            let wait = longer(rules.open_time(0, at.draw), end.delay, rules);
            self.open(at.now, wait, 0, reason, turns);
        }
    }

    /// The end of a probe.
    pub(super) fn judge(&mut self, end: End, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
        let Some(Trouble::HalfOpen(trial)) = self.trouble.as_deref_mut() else {
            return;
        };
        match end.outcome {
            Outcome::ServerFailure => {
                let level = trial.level.saturating_add(1);
                let wait = longer(rules.open_time(level, at.draw), end.delay, rules);
                self.open(at.now, wait, level, Reason::Probe, turns);
            }
            // Who finds fault with the caller is well.
            Outcome::CallerFault if !end.answered => {}
            Outcome::Success | Outcome::CallerFault => {
                trial.passed += 1;
                if trial.passed >= rules.close_after {
                    self.enter(None);
                    turns.push(Turn::Closed);
                }
            }
            Outcome::Throttled | Outcome::Neutral => {}
        }
    }

    fn open(
        &mut self,
        since: Instant,
        wait: Duration,
        level: u32,
        reason: Reason,
        turns: &mut Vec<Turn>,
    ) {
        // No duration of the rules is longer than a year.
        let until = since + wait;
        self.enter(Some(Trouble::Open { until, level }));
        turns.push(Turn::Opened { until, reason });
    }
}

/// The server's wish is a floor, up to what we are ready to believe.
fn longer(wait: Duration, delay: Option<Duration>, rules: &Rules) -> Duration {
    wait.max(delay.unwrap_or_default().min(rules.max_server_delay))
}
