//! Probes of a half-open circuit.

use std::time::Instant;

use crate::rules::Rules;

/// What a half-open circuit knows.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// How many times the circuit was opened since it was last closed, less one.
    pub(super) level: u32,
    pub(super) passed: u32,
    started: u32,
    probes: Vec<Probe>,
}

/// A call that may tell whether all is well.
#[derive(Clone, Copy, Debug)]
struct Probe {
    number: u32,
    since: Instant,
}

impl Trial {
    pub(super) const fn new(level: u32) -> Self {
        Self {
            level,
            passed: 0,
            started: 0,
            probes: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, now: Instant, rules: &Rules) -> Option<u32> {
        if self.probes.len() >= rules.probes as usize {
            return None;
        }
        self.started = self.started.wrapping_add(1).max(1);
        let number = self.started;
        self.probes.push(Probe { number, since: now });
        Some(number)
    }

    pub(super) fn end(&mut self, number: u32) {
        self.probes.retain(|probe| probe.number != number);
    }

    pub(super) fn progress(&mut self, number: u32, now: Instant) {
        let probe = self.probes.iter_mut().find(|probe| probe.number == number);
        if let Some(probe) = probe {
            probe.since = probe.since.max(now);
        }
    }

    /// When the first of the probes will have taken too long.
    pub(super) fn first_end(&self, rules: &Rules) -> Option<Instant> {
        let ends = self.probes.iter();
        ends.filter_map(|probe| probe.since.checked_add(rules.probe_timeout))
            .min()
    }
}
