use std::error::Error;
use std::fmt;

use buttress_kernel::{Attempt, BoxError, Facts, Sent};
use http::response::Parts;
use http::{Extensions, StatusCode};

/// What the errors of a body tell of the head before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(super) status: StatusCode,
    /// If there was more than one.
    attempts: Option<u32>,
}

impl Answer {
    pub(crate) fn new(status: StatusCode, extensions: &Extensions) -> Self {
        let attempt = extensions.get::<Attempt>();
        let attempts = attempt.map(|attempt| attempt.number().get());
        Self { status, attempts }
    }

    /// The server has seen the request, since it has answered.
    pub(crate) fn facts(self) -> Facts {
        let facts = Facts::default().sent(Sent::Yes);
        match self.attempts {
            Some(attempts) => facts.attempts(attempts),
            None => facts,
        }
    }
}

impl From<&Parts> for Answer {
    fn from(head: &Parts) -> Self {
        Self::new(head.status, &head.extensions)
    }
}

impl From<StatusCode> for Answer {
    fn from(status: StatusCode) -> Self {
        let attempts = None;
        Self { status, attempts }
    }
}

/// The body of a response was not read to its end: it broke off, or it stood still for too long.
#[derive(Debug)]
pub(crate) struct BrokenBody {
    status: StatusCode,
    facts: Facts,
}

impl BrokenBody {
    pub(crate) fn new(answer: Answer, source: BoxError) -> Self {
        Self {
            status: answer.status,
            facts: answer.facts().told(source),
        }
    }

    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }
}

impl fmt::Display for BrokenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        write!(
            f,
            "the body of the {status} response did not come to its end"
        )?;
        self.facts
            .behind()
            .map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl Error for BrokenBody {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
