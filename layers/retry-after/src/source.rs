use std::fmt;

use buttress_kernel::DelaySource;

/// Why a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A refusal's delay, from this field.
    Delay(DelaySource),
    /// A refusal without one, for which a delay was set.
    Default,
    /// A quota of which nothing is left.
    Quota,
    /// Its share of what is left.
    Pace,
    /// Its moment after a hold.
    Spread,
}

impl Source {
    /// As events and metrics carry it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delay(DelaySource::RetryAfterMs) => "retry-after-ms",
            Self::Delay(DelaySource::RetryAfter) => "retry-after",
            Self::Delay(DelaySource::RateLimit) => "ratelimit",
            Self::Delay(DelaySource::XRateLimitRetryAfter) => "x-ratelimit-retry-after",
            Self::Delay(DelaySource::Reset) => "reset",
            Self::Delay(_) => "delay",
            Self::Default => "default-delay",
            Self::Quota => "quota",
            Self::Pace => "pace",
            Self::Spread => "spread",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
