//! What all circuits of a layer have in common.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::WallClock;
use tokio::sync::watch;

use crate::rules::Rules;
use crate::sync::{AtomicBool, AtomicU64, Ordering};

pub(crate) struct Common {
    pub(crate) rules: Rules,
    pub(crate) seed: u64,
    pub(crate) wall_clock: Arc<dyn WallClock>,
    /// Touched after each change of state.
    pub(crate) changes: watch::Sender<()>,
    /// It is time to look for circuits that can be forgotten.
    due: AtomicBool,
    /// When it will be, in nanoseconds since the origin.
    next_look: AtomicU64,
}

impl Common {
    pub(crate) fn new(rules: Rules, seed: u64, wall_clock: Arc<dyn WallClock>) -> Self {
        Self {
            rules,
            seed,
            wall_clock,
            changes: watch::Sender::new(()),
            due: AtomicBool::new(false),
            next_look: AtomicU64::new(0),
        }
    }

    /// Whoever comes by with the time, seldom but surely, sees to it that others need not.
    pub(crate) fn look_at_the_clock(&self, now: Instant) {
        if self.rules.nanos(now) >= self.next_look.load(Ordering::Relaxed) {
            self.due.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it is time to look for circuits that can be forgotten.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        self.due.load(Ordering::Relaxed)
    }

    /// Somebody looks now; the next time is `pause` later.
    pub(crate) fn looked(&self, now: Instant, pause: Duration) {
        let pause = u64::try_from(pause.as_nanos()).unwrap_or(u64::MAX);
        let next = self.rules.nanos(now).saturating_add(pause);
        self.next_look.store(next, Ordering::Relaxed);
        self.due.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
