use std::error::Error;
use std::fmt;

use buttress_kernel::{BoxError, Facts, Sent};

use crate::policy::Reason;

/// A request was sent more than once, and the last attempt ended in an error as well.
///
/// A single attempt's error is passed on as it is. This one stands for several: the last one's error
/// is its source, and [`Failure`](buttress_kernel::Failure) finds there what it means, how many
/// attempts there were, and whether any of them can have reached the server.
///
/// ```
/// # use buttress_kernel::{BoxError, Failure};
/// use buttress_retry::Exhausted;
///
/// fn attempts(error: &BoxError) -> u32 {
///     let failure = Failure::of(&**error);
///     assert_eq!(failure.attempts() > 1, failure.find::<Exhausted>().is_some());
///     failure.attempts()
/// }
/// # assert_eq!(attempts(&"refused".into()), 1);
/// ```
#[derive(Debug)]
pub struct Exhausted {
    attempts: u32,
    reason: Reason,
    facts: Facts,
}

impl Exhausted {
    /// `sent` is the most that can have happened in any of the attempts.
    pub(crate) fn new(attempts: u32, reason: Reason, sent: Sent, last: BoxError) -> Self {
        Self {
            attempts,
            reason,
            facts: Facts::about(last).attempts(attempts).sent(sent),
        }
    }

    /// How many times the request was sent, at least 2; with those by other layers that send again.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "gave up after {} attempts: {}",
            self.attempts, self.reason
        )
    }
}

impl Error for Exhausted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// Settings that contradict themselves. `Display` says which rule they break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRetry(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    NoAttempts,
    CapBelowBase,
    FactorBelowOne,
    PercentAboveHundred,
}

impl From<Rule> for InvalidRetry {
    fn from(rule: Rule) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidRetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::NoAttempts => {
                "max_attempts counts the first attempt, so it must be at least 1 (1 retries nothing)"
            }
            Rule::CapBelowBase => "the backoff's cap must not be below its base",
            Rule::FactorBelowOne => "the backoff's factor must be at least 1",
            Rule::PercentAboveHundred => "the budget must be at most 100 percent of first attempts",
        })
    }
}

impl Error for InvalidRetry {}
