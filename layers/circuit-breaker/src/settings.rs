//! What a layer was told, and whether it makes sense.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use crate::rules::{Rules, Slow, Span};

/// What a layer was told, not checked yet.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) consecutive: Option<u32>,
    pub(crate) failure_rate: Option<u32>,
    pub(crate) slow: Option<Slow>,
    pub(crate) min_calls: u32,
    /// None: [`WINDOW`], as nobody has asked for another.
    pub(crate) window: Option<Duration>,
    pub(crate) buckets: u32,
    pub(crate) count_window: Option<u32>,
    pub(crate) open_for: Duration,
    /// None: as long as the first time, each time.
    pub(crate) max_open: Option<Duration>,
    pub(crate) jitter: bool,
    pub(crate) max_server_delay: Duration,
    pub(crate) probes: u32,
    pub(crate) close_after: u32,
    pub(crate) probe_timeout: Option<Duration>,
    pub(crate) idle_after: Duration,
    pub(crate) max_keys: usize,
}

const WINDOW: Duration = Duration::from_secs(30);

/// Without another limit, a probe has as long as two attempts under the usual time limit.
const PROBE_TIMEOUT: Duration = Duration::from_secs(60);

/// What is longer is taken for a mistake; and sums of a few of them do not overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

const SHORTEST_BUCKET: Duration = Duration::from_millis(1);
const MOST_BUCKETS: u32 = 1_000;
const MOST_CALLS: u32 = 1_000_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            consecutive: Some(5),
            failure_rate: Some(50),
            slow: None,
            min_calls: 20,
            window: None,
            buckets: 10,
            count_window: None,
            open_for: Duration::from_secs(10),
            max_open: Some(Duration::from_secs(300)),
            jitter: true,
            max_server_delay: Duration::from_secs(60 * 60),
            probes: 1,
            close_after: 1,
            probe_timeout: None,
            idle_after: Duration::from_secs(10 * 60),
            max_keys: 1 << 20,
        }
    }
}

impl Settings {
    /// The rules, counted from `origin`.
    pub(crate) fn rules(&self, origin: Instant) -> Result<Rules, InvalidSettings> {
        self.check_limits()?;
        self.check_counts()?;
        self.check_durations()?;
        let span = self.span()?;
        let window = self.time_window();
        let slow_after = self.slow.map(|slow| slow.after);
        let probe_timeout = self.probe_timeout.or(slow_after);
        Ok(Rules {
            origin,
            span,
            window,
            window_explicit: window.is_some() && self.window.is_some(),
            failure_rate: self.failure_rate,
            slow: self.slow,
            min_calls: self.min_calls,
            consecutive: self.consecutive,
            open_for: self.open_for,
            max_open: self.max_open.unwrap_or(self.open_for),
            jitter: self.jitter,
            max_server_delay: self.max_server_delay,
            probes: self.probes,
            close_after: self.close_after,
            probe_timeout: probe_timeout.unwrap_or(PROBE_TIMEOUT),
            idle_after: self.idle_after.max(window.unwrap_or_default()),
        })
    }

    fn check_limits(&self) -> Result<(), InvalidSettings> {
        let none = self.consecutive.is_none() && self.failure_rate.is_none() && self.slow.is_none();
        refuse(none, Rule::NothingOpens)?;
        refuse(self.consecutive == Some(0), Rule::ZeroConsecutive)?;
        let percent = |percent: u32| !(1..=100).contains(&percent);
        refuse(self.failure_rate.is_some_and(percent), Rule::FailureRate)?;
        refuse(
            self.slow.is_some_and(|slow| percent(slow.rate)),
            Rule::SlowRate,
        )
    }

    fn check_counts(&self) -> Result<(), InvalidSettings> {
        refuse(self.min_calls == 0, Rule::ZeroMinCalls)?;
        refuse(self.probes == 0, Rule::ZeroProbes)?;
        refuse(self.close_after == 0, Rule::ZeroCloseAfter)?;
        refuse(self.max_keys == 0, Rule::ZeroKeys)
    }

    fn check_durations(&self) -> Result<(), InvalidSettings> {
        let slow = self.slow.map(|slow| slow.after);
        let zero = |duration: Duration| duration.is_zero();
        refuse(self.open_for.is_zero(), Rule::ZeroOpenFor)?;
        refuse(slow.is_some_and(zero), Rule::ZeroSlow)?;
        refuse(self.probe_timeout.is_some_and(zero), Rule::ZeroProbeTimeout)?;
        let below = |most: Duration| most < self.open_for;
        refuse(self.max_open.is_some_and(below), Rule::MaxOpenBelowOpenFor)?;
        let long = [
            self.window.unwrap_or(WINDOW),
            self.open_for,
            self.max_server_delay,
            self.idle_after,
        ];
        let optional = [self.max_open, self.probe_timeout, slow];
        let mut all = long.into_iter().chain(optional.into_iter().flatten());
        refuse(all.any(|duration| duration > LONGEST), Rule::TooLong)
    }

    /// The time that the rates are taken over, if they are taken over one.
    fn time_window(&self) -> Option<Duration> {
        let window = self.window.unwrap_or(WINDOW);
        (self.has_rates() && self.count_window.is_none()).then_some(window)
    }

    const fn has_rates(&self) -> bool {
        self.failure_rate.is_some() || self.slow.is_some()
    }

    fn span(&self) -> Result<Span, InvalidSettings> {
        if let Some(calls) = self.count_window {
            refuse(!(1..=MOST_CALLS).contains(&calls), Rule::CountWindow)?;
            refuse(
                self.has_rates() && self.min_calls > calls,
                Rule::MinCallsAboveWindow,
            )?;
            return Ok(Span::Calls(calls));
        }
        refuse(!(1..=MOST_BUCKETS).contains(&self.buckets), Rule::Buckets)?;
        let bucket = self.window.unwrap_or(WINDOW) / self.buckets;
        refuse(bucket < SHORTEST_BUCKET, Rule::WindowBelowBucket)?;
        let buckets = self.buckets;
        Ok(Span::Time { bucket, buckets })
    }
}

fn refuse(broken: bool, rule: Rule) -> Result<(), InvalidSettings> {
    if broken {
        Err(InvalidSettings(rule))
    } else {
        Ok(())
    }
}

/// Settings that contradict themselves. `Display` says which rule they break.
///
/// ```
/// use buttress_circuit_breaker::CircuitBreakerLayer;
///
/// let error = CircuitBreakerLayer::builder().failure_rate(101).build().unwrap_err();
/// assert_eq!(error.to_string(), "failure_rate must be from 1 to 100 percent");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSettings(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    NothingOpens,
    ZeroConsecutive,
    FailureRate,
    SlowRate,
    ZeroMinCalls,
    ZeroProbes,
    ZeroCloseAfter,
    ZeroKeys,
    ZeroOpenFor,
    ZeroSlow,
    ZeroProbeTimeout,
    MaxOpenBelowOpenFor,
    TooLong,
    CountWindow,
    MinCallsAboveWindow,
    Buckets,
    WindowBelowBucket,
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::NothingOpens => {
                "of consecutive, failure_rate and slow_calls at least one must be on, or nothing ever opens the circuit"
            }
            Rule::ZeroConsecutive => "consecutive must be at least 1; None turns it off",
            Rule::FailureRate => "failure_rate must be from 1 to 100 percent",
            Rule::SlowRate => "the rate of slow_calls must be from 1 to 100 percent",
            Rule::ZeroMinCalls => "min_calls must be at least 1",
            Rule::ZeroProbes => "probes must be at least 1, or a circuit that opened stays open",
            Rule::ZeroCloseAfter => "close_after must be at least 1",
            Rule::ZeroKeys => "max_keys must be at least 1",
            Rule::ZeroOpenFor => "open_for must be longer than zero",
            Rule::ZeroSlow => "the limit of slow_calls must be longer than zero",
            Rule::ZeroProbeTimeout => "probe_timeout must be longer than zero",
            Rule::MaxOpenBelowOpenFor => "max_open must not be shorter than open_for",
            Rule::TooLong => "no duration may be longer than 365 days",
            Rule::CountWindow => "count_window must be from 1 to 1,000,000 calls",
            Rule::MinCallsAboveWindow => "min_calls must not be more than count_window holds",
            Rule::Buckets => "buckets must be from 1 to 1,000",
            Rule::WindowBelowBucket => {
                "the window must not be shorter than its buckets, of at least 1 ms each"
            }
        })
    }
}

impl Error for InvalidSettings {}
