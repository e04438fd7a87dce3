use std::sync::Arc;
use std::time::SystemTime;

/// What time it is by the calendar, for dates alone.
///
/// Durations are measured with the runtime's clock, which never jumps; a date in a header can only
/// be compared with a calendar. Layers take a `WallClock` so that a test can set the date. Any
/// `Fn() -> SystemTime` is one.
///
/// ```
/// use std::time::SystemTime;
/// use buttress_kernel::WallClock;
///
/// let stopped = || SystemTime::UNIX_EPOCH;
/// assert_eq!(WallClock::now(&stopped), SystemTime::UNIX_EPOCH);
/// ```
pub trait WallClock: Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The system's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemWallClock;

impl WallClock for SystemWallClock {
    fn now(&self) -> SystemTime {
        #[allow(clippy::disallowed_methods)] // the one place where the date is read
        SystemTime::now()
    }
}

impl<F: Fn() -> SystemTime + Send + Sync> WallClock for F {
    fn now(&self) -> SystemTime {
        self()
    }
}

impl WallClock for Arc<dyn WallClock> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }
}
