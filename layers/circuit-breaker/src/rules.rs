//! What was decided before the first call, in the form in which the state machine asks for it.

use std::time::{Duration, Instant};

/// The settings of a layer, checked.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// What ticks are counted from.
    pub(crate) origin: Instant,
    pub(crate) span: Span,
    /// The time that the rates are taken over, as it was asked for; its buckets are whole
    /// nanoseconds.
    pub(crate) window: Option<Duration>,
    /// Whether somebody has asked for that time.
    pub(crate) window_explicit: bool,
    /// Failed calls in a hundred that open the circuit.
    pub(crate) failure_rate: Option<u32>,
    pub(crate) slow: Option<Slow>,
    /// So many calls must be in the window before a rate means anything.
    pub(crate) min_calls: u32,
    /// Failures in a row that open the circuit.
    pub(crate) consecutive: Option<u32>,
    pub(crate) open_for: Duration,
    pub(crate) max_open: Duration,
    pub(crate) jitter: bool,
    pub(crate) max_server_delay: Duration,
    pub(crate) probes: u32,
    pub(crate) close_after: u32,
    pub(crate) probe_timeout: Duration,
    /// Without a call for so long, a circuit is forgotten.
    pub(crate) idle_after: Duration,
}

/// What the rates are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// So many buckets of so long each.
    Time { bucket: Duration, buckets: u32 },
    /// The last so many calls.
    Calls(u32),
}

/// When calls count as slow, and how many of a hundred open the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slow {
    pub(crate) after: Duration,
    pub(crate) rate: u32,
}

/// A window of calls needs no ticks; they tell when a circuit was used last all the same.
const TICK_OF_CALLS: Duration = Duration::from_secs(60);

impl Rules {
    /// How long a tick is.
    pub(crate) const fn tick_length(&self) -> Duration {
        match self.span {
            Span::Time { bucket, .. } => bucket,
            Span::Calls(_) => TICK_OF_CALLS,
        }
    }

    /// The tick that `now` lies in. What was before the origin is in the first.
    pub(crate) fn tick(&self, now: Instant) -> u64 {
        self.nanos(now) / self.tick_nanos()
    }

    /// When `tick` ends, in nanoseconds since the origin.
    pub(crate) fn end_of(&self, tick: u64) -> u64 {
        tick.saturating_add(1).saturating_mul(self.tick_nanos())
    }

    /// Nanoseconds since the origin: 584 years of them fit.
    #[inline(always)]
    pub(crate) fn nanos(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin);
        since
            .as_secs()
            .wrapping_mul(1_000_000_000)
            .wrapping_add(u64::from(since.subsec_nanos()))
    }

    fn tick_nanos(&self) -> u64 {
        let nanos = self.tick_length().as_nanos();
        u64::try_from(nanos).unwrap_or(u64::MAX).max(1)
    }

    /// Whether anybody asks what is in the window.
    pub(crate) const fn has_rates(&self) -> bool {
        self.failure_rate.is_some() || self.slow.is_some()
    }

    /// Whether a call that took so long was slow.
    pub(crate) fn is_slow(&self, took: Duration) -> bool {
        self.slow.is_some_and(|slow| took >= slow.after)
    }

    /// How long a circuit stays open that was opened `level` times before without having closed.
    /// `draw` is a uniformly random number.
    pub(crate) fn open_time(&self, level: u32, draw: u64) -> Duration {
        let factor = 1_u32.checked_shl(level).unwrap_or(u32::MAX);
        let whole = self.open_for.saturating_mul(factor).min(self.max_open);
        if !self.jitter {
            return whole;
        }
        let half = whole / 2;
        let span = u64::try_from((whole - half).as_nanos()).unwrap_or(u64::MAX);
        let share = (u128::from(draw) * (u128::from(span) + 1)) >> u64::BITS;
        half + Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
    }
}
