use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use buttress_kernel::WallClock;
use tokio::time::Instant;

/// A calendar that a test sets. Clones show the same time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use buttress_kernel::WallClock;
/// use buttress_testkit::ManualWallClock;
///
/// let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(5));
/// ```
#[derive(Clone, Debug)]
pub struct ManualWallClock(Arc<Mutex<Shown>>);

#[derive(Clone, Copy, Debug)]
struct Shown {
    time: SystemTime,
    /// When `time` was set, if it goes on from there.
    since: Option<Instant>,
}

impl ManualWallClock {
    /// A clock that stands still at `time` until it is advanced or set.
    #[must_use]
    pub fn at(time: SystemTime) -> Self {
        Self::showing(time, None)
    }

    /// A clock that shows `time` now and goes on with tokio's clock, so that in a test with paused
    /// time dates and durations agree.
    #[must_use]
    pub fn ticking(time: SystemTime) -> Self {
        Self::showing(time, Some(Instant::now()))
    }

    fn showing(time: SystemTime, since: Option<Instant>) -> Self {
        Self(Arc::new(Mutex::new(Shown { time, since })))
    }

    /// Puts the clock forward.
    pub fn advance(&self, by: Duration) {
        self.shown().time += by;
    }

    /// Sets the clock, backwards too. One that ticks goes on from there.
    pub fn set(&self, time: SystemTime) {
        let mut shown = self.shown();
        shown.time = time;
        shown.since = shown.since.map(|_| Instant::now());
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WallClock for ManualWallClock {
    fn now(&self) -> SystemTime {
        let shown = self.shown();
        shown.time + shown.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}
