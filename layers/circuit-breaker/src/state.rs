//! The circuit as a state machine: no clock, no lock, no atomics; `now` is an argument.

mod change;
mod trial;
mod view;
mod words;

use std::time::Instant;

use self::trial::Trial;
use crate::rules::Rules;
use crate::window::{Counts, Window};

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

#[cfg(test)]
mod tests;
