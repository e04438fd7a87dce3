//! What the layer was told, as the decisions need it.

use crate::clock::Nanos;

/// The settings that decisions depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) max_waiting: usize,
    /// How much later a class counts as having come than the one above it.
    pub(crate) ageing: Nanos,
    /// So many delays and refusals in such a window are an alarm; none if it is 0.
    pub(crate) alarm: (u32, Nanos),
}

/// How long requests put up with a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all.
    Reject,
    /// So long from their arrival.
    Wait(Nanos),
}

/// What one request wants, and puts up with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) cost: u32,
    pub(crate) class: u8,
    pub(crate) patience: Patience,
    pub(crate) deadline: Option<Nanos>,
}

impl Ask {
    /// Why it cannot wait until then, if it cannot.
    pub(crate) fn objection(&self, now: Nanos, until: Nanos) -> Option<Reason> {
        match self.patience {
            Patience::Reject => Some(Reason::Rejecting),
            Patience::Wait(most) if until - now > most => Some(Reason::TooLong),
            Patience::Wait(_) => {
                let late = self.deadline.is_some_and(|deadline| deadline <= until);
                late.then_some(Reason::Deadline)
            }
        }
    }

    /// When it has to give up if it came now, and why.
    pub(crate) fn limit(&self, now: Nanos) -> (Nanos, Reason) {
        let patience = match self.patience {
            Patience::Reject => now,
            Patience::Wait(most) => now.saturating_add(most),
        };
        match self.deadline {
            Some(deadline) if deadline < patience => (deadline, Reason::Deadline),
            _ => (patience, Reason::TooLong),
        }
    }
}

/// Why a request was refused.
// Open: a later bound may refuse for a reason of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The layer, or an override, rejects instead of waiting.
    Rejecting,
    /// The wait would be longer than the layer, or an override, allows.
    TooLong,
    /// The wait would not end before the request's deadline.
    Deadline,
    /// As many requests wait as `max_waiting` allows.
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn ask(patience: Patience, deadline: Option<Nanos>) -> Ask {
        Ask {
            cost: 1,
            class: 1,
            patience,
            deadline,
        }
    }

    #[test]
    fn a_wait_may_be_as_long_as_it_is_put_up_with_and_ends_before_the_deadline() {
        let objection = |ask: Ask, until| ask.objection(100, until);
        let patient = ask(Patience::Wait(10), None);
        assert_eq!(objection(patient, 110), None);
        assert_eq!(objection(patient, 111), Some(Reason::TooLong));
        let bound = ask(Patience::Wait(10), Some(108));
        assert_eq!(objection(bound, 107), None);
        assert_eq!(objection(bound, 108), Some(Reason::Deadline));
        assert_eq!(objection(bound, 111), Some(Reason::TooLong));
        let hasty = ask(Patience::Reject, Some(108));
        assert_eq!(objection(hasty, 101), Some(Reason::Rejecting));
    }

    #[test]
    fn a_wait_is_over_with_whichever_comes_first() {
        let limit = |patience, deadline| ask(patience, deadline).limit(100);
        let patient = Patience::Wait(10);
        assert_eq!(limit(patient, None), (110, Reason::TooLong));
        assert_eq!(limit(patient, Some(109)), (109, Reason::Deadline));
        assert_eq!(limit(patient, Some(110)), (110, Reason::TooLong));
        assert_eq!(limit(patient, Some(111)), (110, Reason::TooLong));
        assert_eq!(limit(Patience::Reject, None), (100, Reason::TooLong));
        let longest = limit(Patience::Wait(Nanos::MAX), None);
        assert_eq!(longest, (Nanos::MAX, Reason::TooLong));
    }
}
