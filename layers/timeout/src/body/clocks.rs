use std::time::{Duration, Instant};

use crate::error::Phase;
use crate::idle::Idle;
use crate::rule::{Rule, Total, Verdict};

/// The limits that go on after the head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    idle: Option<Idle>,
    total: Option<Total>,
}

impl Clocks {
    pub(super) fn new(idle: Option<Duration>, total: Option<Total>) -> Self {
        let idle = idle.map(Idle::new);
        Self { idle, total }
    }

    /// Whether the consumer begins to wait, and so a clock of the peer's begins to run.
    pub(super) fn begins(&self) -> bool {
        self.idle.is_some_and(|idle| !idle.is_running())
    }

    /// The consumer waits.
    pub(super) const fn wait(&mut self, now: Instant) {
        if let Some(idle) = &mut self.idle {
            idle.start(now);
        }
    }

    /// A frame came.
    pub(super) const fn moved(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.stop();
        }
    }
}

impl Rule for Clocks {
    fn check(&mut self, now: Instant) -> Verdict {
        let phase = Phase::ResponseBody;
        let idle = self
            .idle
            .as_mut()
            .map_or(Verdict::Never, |idle| idle.check(phase, now));
        self.total
            .map_or(Verdict::Never, |total| total.check(now))
            .and(idle)
    }

    fn check_again(&mut self, now: Instant) -> Verdict {
        self.check(now)
    }
}
