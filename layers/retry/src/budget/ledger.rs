use std::collections::VecDeque;
use std::time::Duration;

use super::window::{TICKS, Window};

/// What one retry costs, in hundredths of a first attempt, so that a percentage is a whole number.
const COST: u32 = 100;

/// Ticks of a tenth of a second in which a reserve's retry still counts. One more than ten seconds
/// hold, so that no ten seconds see more than the reserve wherever they begin.
const SPENT_TICKS: u64 = 10 * TICKS as u64;

/// One key's account: what first attempts have paid in, and what was drawn from the reserve.
///
/// Pure: `at` is the time since the budget was made.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    credit: Window,
    /// Retries paid for by the reserve, by tick, from the oldest on.
    spent: VecDeque<(u64, u32)>,
}

/// What paid for a retry, so that it can be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Credit(u32),
    Reserve(u64),
}

impl Ledger {
    /// Collects `firsts`, each first attempt paying in `percent` hundredths.
    pub(super) fn collect(&mut self, at: Duration, firsts: &mut Window, percent: u32) {
        firsts.pour(second(at), &mut self.credit, percent);
    }

    /// Pays for one retry out of what was paid in, or else out of the reserve of `per_second`.
    pub(super) fn withdraw(&mut self, at: Duration, per_second: u32) -> Option<Source> {
        if let Some(tick) = self.credit.take(second(at), COST) {
            return Some(Source::Credit(tick));
        }
        let tick = tenth(at).max(self.spent.back().map_or(0, |(tick, _)| *tick));
        while self
            .spent
            .front()
            .is_some_and(|(then, _)| then + SPENT_TICKS < tick)
        {
            self.spent.pop_front();
        }
        let spent: u64 = self.spent.iter().map(|(_, n)| u64::from(*n)).sum();
        if spent >= u64::from(per_second) * u64::from(TICKS) {
            return None;
        }
        match self.spent.back_mut() {
            Some((then, n)) if *then == tick => *n += 1,
            _ => self.spent.push_back((tick, 1)),
        }
        Some(Source::Reserve(tick))
    }

    #[cfg(test)]
    pub(super) fn records(&self) -> usize {
        self.spent.len()
    }

    /// Gives back what paid for a retry that was not made.
    pub(super) fn put_back(&mut self, source: Source) {
        match source {
            Source::Credit(tick) => self.credit.put_back(tick, COST),
            Source::Reserve(tick) => {
                if let Ok(place) = self.spent.binary_search_by_key(&tick, |(tick, _)| *tick) {
                    let (_, n) = &mut self.spent[place];
                    *n = n.saturating_sub(1);
                }
            }
        }
    }
}

/// Seconds since the budget was made: enough for 136 years.
pub(super) fn second(at: Duration) -> u32 {
    u32::try_from(at.as_secs()).unwrap_or(u32::MAX)
}

fn tenth(at: Duration) -> u64 {
    at.as_secs().saturating_mul(10) + u64::from(at.subsec_millis() / 100)
}
