//! The circuit as a state machine: no clock, no lock, no atomics; `now` is an argument.

mod trial;
mod words;

use std::time::{Duration, Instant};

use buttress_kernel::Outcome;

use self::trial::Trial;
use crate::policy::{self, Reason};
use crate::rules::Rules;
use crate::window::{Counts, Mark, Window};

pub(crate) use self::words::{Answer, End, Forced, Kind, Moment, Permit, Phase, Refusal, Turn};

/// One circuit.
///
/// Small while it is closed and nothing is in its window: there may be a million of them.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// What is counted; absent while that is nothing.
    window: Option<Box<Window>>,
    /// Absent while the circuit is closed, and not by hand.
    trouble: Option<Box<Trouble>>,
    /// The newest tick in which something happened.
    tick: u64,
    /// Failures in a row.
    run: u32,
    /// Changes with every change of state, so that what began before it can be told apart.
    epoch: u32,
}

#[derive(Clone, Debug)]
enum Trouble {
    Open { until: Instant, level: u32 },
    HalfOpen(Trial),
    Forced(Forced),
}

impl Machine {
    pub(crate) fn new(tick: u64) -> Self {
        Self {
            window: None,
            trouble: None,
            tick,
            run: 0,
            epoch: 0,
        }
    }

    /// A call wants to be made.
    pub(crate) fn admit(&mut self, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) -> Answer {
        self.tick = self.tick.max(rules.tick(at.now));
        self.settle(at, rules, turns);
        self.begin_trial(at.now, turns);
        let epoch = self.epoch;
        match self.trouble.as_deref_mut() {
            None | Some(Trouble::Forced(Forced::Closed)) => {
                Answer::Granted(Permit { epoch, probe: 0 })
            }
            Some(Trouble::Forced(Forced::Open)) => Answer::Refused(Refusal::Forced),
            Some(Trouble::Open { until, .. }) => Answer::Refused(Refusal::Until(*until)),
            Some(Trouble::HalfOpen(trial)) => match trial.begin(at.now, rules) {
                Some(probe) => Answer::Granted(Permit { epoch, probe }),
                None => Answer::Refused(Refusal::Busy),
            },
        }
    }

    /// A call has ended. What began in another epoch changes nothing.
    pub(crate) fn record(
        &mut self,
        permit: Permit,
        end: End,
        at: Moment,
        rules: &Rules,
        turns: &mut Vec<Turn>,
    ) {
        self.tick = self.tick.max(rules.tick(at.now));
        self.settle(at, rules, turns);
        if permit.epoch != self.epoch {
            return;
        }
        match self.trouble.as_deref_mut() {
            None => self.count(end, at, rules, turns),
            Some(Trouble::HalfOpen(trial)) => {
                trial.end(permit.probe);
                self.judge(end, at, rules, turns);
            }
            Some(Trouble::Open { .. } | Trouble::Forced(_)) => {}
        }
    }

    /// A call was given up: it says nothing, and its place is free. A probe that was given up too
    /// late has failed already.
    pub(crate) fn release(
        &mut self,
        permit: Permit,
        at: Moment,
        rules: &Rules,
        turns: &mut Vec<Turn>,
    ) {
        self.settle(at, rules, turns);
        if let Some(trial) = self.trial(permit) {
            trial.end(permit.probe);
        }
    }

    /// A call goes on: if it is a probe, its time starts anew.
    pub(crate) fn progress(
        &mut self,
        permit: Permit,
        at: Moment,
        rules: &Rules,
        turns: &mut Vec<Turn>,
    ) {
        self.settle(at, rules, turns);
        if let Some(trial) = self.trial(permit) {
            trial.progress(permit.probe, at.now);
        }
    }

    /// So many calls of this epoch ended well in the newest tick.
    pub(crate) fn successes(&mut self, calls: u32, rules: &Rules) {
        if calls > 0 {
            self.run = 0;
            let tick = self.tick;
            if let Some(window) = self.window(rules) {
                window.successes(tick, calls);
            }
        }
    }

    /// Chooses a state by hand.
    pub(crate) fn force(&mut self, forced: Forced) {
        self.enter(Some(Trouble::Forced(forced)));
    }

    /// Ends what [`force`](Self::force) began: the circuit is closed and has seen nothing yet.
    pub(crate) fn automatic(&mut self) {
        if let Some(Trouble::Forced(_)) = self.trouble.as_deref() {
            self.reset();
        }
    }

    /// Closed, as if nothing had ever happened.
    pub(crate) fn reset(&mut self) {
        self.enter(None);
    }

    /// What a call would find. A circuit whose open time is over is half-open: whether somebody has
    /// called since makes no difference to who calls next.
    pub(crate) fn phase(&mut self, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) -> Phase {
        self.settle(at, rules, turns);
        match self.trouble.as_deref() {
            None => Phase::Closed,
            Some(Trouble::Open { until, .. }) if *until > at.now => Phase::Open(*until),
            Some(Trouble::Open { .. } | Trouble::HalfOpen(_)) => Phase::HalfOpen,
            Some(Trouble::Forced(forced)) => Phase::Forced(*forced),
        }
    }

    pub(crate) const fn has_window(&self) -> bool {
        self.window.is_some()
    }

    /// Gives back what the window no longer needs.
    pub(crate) fn rest(&mut self, now: Instant, rules: &Rules) {
        let tick = rules.tick(now);
        if let Some(window) = &mut self.window {
            window.advance(tick);
            if window.counts() == Counts::default() {
                self.window = None;
            }
        }
    }

    /// Whether nothing has happened for so long that the circuit may be forgotten.
    pub(crate) fn is_idle(&self, now: Instant, rules: &Rules) -> bool {
        let idle = u64::try_from(rules.idle_after.as_nanos()).unwrap_or(u64::MAX);
        let used = rules.end_of(self.tick).saturating_add(idle) > rules.nanos(now);
        match self.trouble.as_deref() {
            Some(Trouble::Forced(_)) => false,
            Some(Trouble::Open { until, .. }) => !used && *until + rules.idle_after <= now,
            Some(Trouble::HalfOpen(_)) | None => !used,
        }
    }

    /// The state, by its name alone.
    pub(crate) fn kind(&self) -> Kind {
        match self.trouble.as_deref() {
            None => Kind::Closed,
            Some(Trouble::Open { .. }) => Kind::Open,
            Some(Trouble::HalfOpen(_)) => Kind::HalfOpen,
            Some(Trouble::Forced(Forced::Open)) => Kind::ForcedOpen,
            Some(Trouble::Forced(Forced::Closed)) => Kind::ForcedClosed,
        }
    }

    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) const fn tick(&self) -> u64 {
        self.tick
    }

    /// Whether calls pass without a question.
    pub(crate) fn admits(&self) -> bool {
        matches!(
            self.trouble.as_deref(),
            None | Some(Trouble::Forced(Forced::Closed))
        )
    }

    /// Whether successes need not be told one by one: none of them can change anything until the
    /// tick is over.
    pub(crate) fn is_calm(&self, rules: &Rules) -> bool {
        let counts = self.window.as_ref().map(|window| window.counts());
        self.trouble.is_none() && policy::is_calm(rules, counts.unwrap_or_default())
    }

    /// Does what time does: a probe that has not ended in time has failed, then.
    fn settle(&mut self, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
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
    fn begin_trial(&mut self, now: Instant, turns: &mut Vec<Turn>) {
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
    fn count(&mut self, end: End, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
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
    fn judge(&mut self, end: End, at: Moment, rules: &Rules, turns: &mut Vec<Turn>) {
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

    /// Every state begins with nothing counted.
    fn enter(&mut self, trouble: Option<Trouble>) {
        self.window = None;
        self.trouble = trouble.map(Box::new);
        self.run = 0;
        self.epoch = self.epoch.wrapping_add(1);
    }

    fn window(&mut self, rules: &Rules) -> Option<&mut Window> {
        let new = || Box::new(Window::new(rules.span));
        rules
            .has_rates()
            .then(|| &mut **self.window.get_or_insert_with(new))
    }

    fn trial(&mut self, permit: Permit) -> Option<&mut Trial> {
        match self.trouble.as_deref_mut() {
            Some(Trouble::HalfOpen(trial)) if permit.epoch == self.epoch => Some(trial),
            _ => None,
        }
    }
}

/// The server's wish is a floor, up to what we are ready to believe.
fn longer(wait: Duration, delay: Option<Duration>, rules: &Rules) -> Duration {
    wait.max(delay.unwrap_or_default().min(rules.max_server_delay))
}

#[cfg(test)]
mod tests;
