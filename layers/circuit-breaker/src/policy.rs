//! When a closed circuit opens.

use std::fmt;

use crate::rules::Rules;
use crate::window::Counts;

/// Why a circuit opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Too many failures in a row.
    Consecutive,
    /// Too large a share of the calls in the window failed.
    FailureRate,
    /// Too large a share of the calls in the window were slow.
    SlowRate,
    /// A probe failed.
    Probe,
    /// A probe did not end in time.
    HungProbe,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events and metrics carry it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Consecutive => "consecutive",
            Self::FailureRate => "failure-rate",
            Self::SlowRate => "slow-rate",
            Self::Probe => "probe",
            Self::HungProbe => "hung-probe",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether so many failures in a row, or so many calls of each kind, open the circuit.
pub(crate) fn trips(rules: &Rules, run: u32, counts: Counts) -> Option<Reason> {
    if rules.consecutive.is_some_and(|most| run >= most) {
        return Some(Reason::Consecutive);
    }
    if counts.calls < u64::from(rules.min_calls) {
        return None;
    }
    if reaches(counts.failed, counts.calls, rules.failure_rate) {
        return Some(Reason::FailureRate);
    }
    let slow = rules.slow.map(|slow| slow.rate);
    reaches(counts.slow, counts.calls, slow).then_some(Reason::SlowRate)
}

/// Whether no number of successes, in the tick of these counts, can make [`trips`] say yes: they
/// bring no failure, so a rate can only fall, once there are enough calls for one.
pub(crate) fn is_calm(rules: &Rules, counts: Counts) -> bool {
    let calls = counts.calls.max(rules.min_calls.into());
    let slow = rules.slow.map(|slow| slow.rate);
    !reaches(counts.failed, calls, rules.failure_rate) && !reaches(counts.slow, calls, slow)
}

/// Whether `part` of `all` is at least `percent`, exactly.
fn reaches(part: u64, all: u64, percent: Option<u32>) -> bool {
    percent.is_some_and(|percent| u128::from(part) * 100 >= u128::from(all) * u128::from(percent))
}

#[cfg(test)]
mod tests;
