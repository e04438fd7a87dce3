//! What is to be seen of a circuit.

use std::time::Instant;

use super::{Forced, Kind, Machine, Moment, Phase, Trouble, Turn};
use crate::policy;
use crate::rules::Rules;

impl Machine {
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
}
