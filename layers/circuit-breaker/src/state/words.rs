//! What is said to a circuit, and what it says.

use std::time::{Duration, Instant};

use buttress_kernel::Outcome;

use crate::policy::Reason;

/// A state that somebody has chosen by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forced {
    Open,
    Closed,
}

/// The right to make one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(crate) epoch: u32,
    /// Which probe it is; 0 for a call that is none.
    pub(crate) probe: u32,
}

/// What became of a request to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted(Permit),
    Refused(Refusal),
}

/// Why a call may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Open until then.
    Until(Instant),
    /// Half-open, and as many probes as may be are under way.
    Busy,
    /// Open by hand.
    Forced,
}

impl Refusal {
    /// The state that refused.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Until(_) => "open",
            Self::Busy => "half-open",
            Self::Forced => "forced-open",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// Whether the other side has answered, whatever it said.
    pub(crate) answered: bool,
    pub(crate) slow: bool,
    /// For how long the server wants to be left alone.
    pub(crate) delay: Option<Duration>,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Opened { until: Instant, reason: Reason },
    HalfOpened,
    Closed,
}

/// A state as it is seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Open(Instant),
    HalfOpen,
    Forced(Forced),
}

/// A state's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Closed,
    Open,
    HalfOpen,
    ForcedOpen,
    ForcedClosed,
}

/// The time now, and a uniformly random number, in case that something opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) draw: u64,
}
