use std::error::Error;
use std::fmt;

use super::Times;
use super::times::Count;

/// A request came that nobody expected. The message says what came, what was expected, and how the
/// two differ.
///
/// Found in an [`Error`](crate::Error) by `error.failure().find::<Unexpected>()`; the kind is
/// [`is_request`](crate::Error::is_request), so that nothing repeats it.
#[derive(Clone, Debug)]
pub struct Unexpected {
    pub(super) call: String,
    pub(super) expected: Vec<Candidate>,
}

/// An expectation that a call could have met.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) what: String,
    pub(super) count: usize,
    pub(super) times: Times,
    /// Empty where method and path differ already.
    pub(super) faults: Vec<String>,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            count,
            times,
            faults,
        } = self;
        write!(f, "\n  {what} (expected {times}, called {})", Count(*count))?;
        for fault in faults {
            write!(f, "\n    - {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody expected {}", self.call)?;
        if self.expected.is_empty() {
            return f.write_str("; nothing at all is expected");
        }
        f.write_str("; expected:")?;
        self.expected
            .iter()
            .try_for_each(|candidate| candidate.fmt(f))
    }
}

impl Error for Unexpected {}

/// What a mock still waited for, and what came in its place.
#[derive(Clone, Debug)]
pub struct Unmet {
    pub(super) missing: Vec<Candidate>,
    pub(super) unexpected: Vec<Unexpected>,
    pub(super) calls: Vec<String>,
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.missing.is_empty() {
            f.write_str("these expectations were not met:")?;
            self.missing
                .iter()
                .try_for_each(|candidate| candidate.fmt(f))?;
        }
        for (n, unexpected) in self.unexpected.iter().enumerate() {
            let line = if n > 0 || !self.missing.is_empty() {
                "\n"
            } else {
                ""
            };
            write!(f, "{line}{unexpected}")?;
        }
        if self.calls.is_empty() {
            return f.write_str("\nno call came");
        }
        f.write_str("\nthe calls that came:")?;
        self.calls
            .iter()
            .try_for_each(|call| write!(f, "\n  {call}"))
    }
}

impl Error for Unmet {}
