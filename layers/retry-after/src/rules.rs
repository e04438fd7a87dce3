//! What the layer was told, as the decisions need it.

use std::time::{Duration, Instant};

use buttress_kernel::Deadline;

/// The settings that decisions depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) pace: bool,
    pub(crate) spread: Spread,
    pub(crate) max_waiting: usize,
    pub(crate) max_keys: usize,
}

/// Over how long those who waited for a hold's end leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// A tenth of the longest wait, one second at most.
    Tenth,
    /// Always as long.
    Fixed(Duration),
}

impl Spread {
    const MOST: Duration = Duration::from_secs(1);

    /// How long it is after such a wait.
    pub(crate) fn after(self, wait: Duration) -> Duration {
        match self {
            Self::Tenth => (wait / 10).min(Self::MOST),
            Self::Fixed(spread) => spread,
        }
    }
}

/// How long requests put up with a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all.
    Reject,
    /// So long from their arrival.
    Hold(Duration),
}

/// What one request puts up with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) arrived: Instant,
    pub(crate) patience: Patience,
    pub(crate) deadline: Option<Deadline>,
    /// It has paid with a wait of its own, and its moment was drawn by whoever made it wait.
    pub(crate) hurried: bool,
}

impl Ask {
    /// Why it cannot wait until then, if it cannot.
    pub(crate) fn objection(&self, until: Instant) -> Option<Reason> {
        let wait = until.saturating_duration_since(self.arrived);
        match self.patience {
            Patience::Reject => Some(Reason::Rejecting),
            Patience::Hold(most) if wait > most => Some(Reason::TooLong),
            Patience::Hold(_) => (!self.in_time(until)).then_some(Reason::Deadline),
        }
    }

    /// Whether its deadline comes after that instant.
    pub(crate) fn in_time(&self, until: Instant) -> bool {
        self.deadline
            .is_none_or(|deadline| deadline.instant() > until)
    }
}

/// Why a request was refused and not held.
// Open: a later bound may refuse for a reason of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The layer, or an override, rejects instead of waiting.
    Rejecting,
    /// The wait would be longer than `max_hold`.
    TooLong,
    /// The wait would not end before the request's deadline.
    Deadline,
    /// As many requests wait for the key as `max_waiting` allows.
    Crowded,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rejecting => "rejecting",
            Self::TooLong => "too-long",
            Self::Deadline => "deadline",
            Self::Crowded => "crowded",
        }
    }
}
