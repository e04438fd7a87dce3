use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use buttress_kernel::{BoxError, Facts, Kind, Sent};

/// A request could not be given its credentials.
///
/// Found in the source chain of the service's error. [`Failure`](buttress_kernel::Failure) says of it
/// [`Kind::Unauthenticated`] ([`Kind::Timeout`] when the request's deadline passed,
/// [`Kind::Request`] when the request has no room for a credential), whether the request had been
/// sent (it had if it was rejected first), and when the source will be asked again. The source's own
/// error lies behind it.
///
/// ```
/// use buttress_auth::Unauthenticated;
/// use buttress_kernel::{BoxError, Failure};
///
/// fn must_sign_in(error: &BoxError) -> bool {
///     let failure = Failure::of(&**error);
///     failure.find::<Unauthenticated>().is_some_and(Unauthenticated::is_terminal)
/// }
/// # assert!(!must_sign_in(&"another error".into()));
/// ```
#[derive(Debug)]
pub struct Unauthenticated {
    reason: Reason,
    facts: Facts,
}

/// Why there are no credentials.
// Open: a source may come to fail in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The source failed.
    Failed,
    /// The source said that it will not get well by itself: the session has ended.
    Ended,
    /// The source took longer than it may.
    TooSlow,
    /// The source panicked.
    Panicked,
    /// The fetch was dropped, together with the runtime that it ran on, or never began, because
    /// there is none.
    NoRuntime,
    /// The request's deadline passed while it waited.
    Deadline,
    /// The request has no place for the credential: its headers are full, or its URI has no query.
    NoRoom,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Ended => "ended",
            Self::TooSlow => "too-slow",
            Self::Panicked => "panicked",
            Self::NoRuntime => "no-runtime",
            Self::Deadline => "deadline",
            Self::NoRoom => "no-room",
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Deadline => Kind::Timeout,
            Self::NoRoom => Kind::Request,
            _ => Kind::Unauthenticated,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Unauthenticated {
    pub(crate) fn new(reason: Reason, sent: Sent) -> Self {
        // The source's attempts are not the request's.
        let facts = Facts::new(reason.kind()).sent(sent).attempts(1);
        Self { reason, facts }
    }

    pub(crate) fn told(fallen: &Fallen, sent: Sent) -> Self {
        let mut error = Self::new(fallen.reason, sent);
        if let Some(at) = fallen.retry_at {
            error.facts = error.facts.retry_at(at);
        }
        if let Some(cause) = &fallen.cause {
            let cause = SharedCause(Arc::clone(cause));
            error.facts = error.facts.caused_by(Box::new(cause));
        }
        error
    }

    /// With the number of the request's own attempts.
    pub(crate) fn attempts(mut self, made: u32) -> Self {
        self.facts = self.facts.attempts(made);
        self
    }

    /// Why there are none.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }

    /// Whether the session has ended: only somebody who signs in again, and
    /// [sets](crate::Handle::set) what he gets or makes the source succeed, can help.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self.reason, Reason::Ended)
    }
}

impl fmt::Display for Unauthenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Failed => "no token could be had: its source failed",
            Reason::Ended => "no token could be had: the session has ended, sign in again",
            Reason::TooSlow => {
                "no token could be had: its source took too long (`fetch_timeout` sets how long)"
            }
            Reason::Panicked => "no token could be had: its source panicked",
            Reason::NoRuntime => "no token could be had: fetching one needs a tokio runtime",
            Reason::Deadline => "the deadline passed while the request waited for a token",
            Reason::NoRoom => "the request has no room for its credentials",
        })
    }
}

impl Error for Unauthenticated {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// A fetch that failed, for everybody who waited for it.
#[derive(Debug)]
pub(crate) struct Fallen {
    pub(crate) reason: Reason,
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    pub(crate) retry_at: Option<Instant>,
}

impl Fallen {
    pub(crate) fn new(reason: Reason, cause: Option<BoxError>) -> Self {
        Self {
            reason,
            cause: cause.map(Arc::from),
            retry_at: None,
        }
    }
}

/// One error as the source of many.
#[derive(Debug)]
struct SharedCause(Arc<dyn Error + Send + Sync>);

impl fmt::Display for SharedCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token's source failed")
    }
}

impl Error for SharedCause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
