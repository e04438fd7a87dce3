use std::error::Error;
use std::fmt;
use std::time::Duration;

use buttress_kernel::{Facts, Kind, Sent};

use crate::readable::Readable;

/// A time limit of ours ran out.
///
/// Never a server's 408, which is a response and passes through as one. What it means to other
/// layers stands in its source chain: the kind is [`Kind::Timeout`], or [`Kind::RequestBody`] where the
/// server was never at fault ([`Phase::Source`]), and the request may have reached the server unless the
/// total was over before the call.
///
/// ```
/// use buttress_kernel::{BoxError, Failure, Kind};
/// use buttress_timeout::{Elapsed, Phase};
///
/// fn explain(error: &BoxError) -> String {
///     match Failure::of(&**error).find::<Elapsed>() {
///         Some(elapsed) if elapsed.phase() == Phase::Head => "the server is slow".to_owned(),
///         Some(elapsed) => elapsed.to_string(),
///         None => "no limit of ours".to_owned(),
///     }
/// }
/// # let error: BoxError = "x".into();
/// # assert_eq!(explain(&error), "no limit of ours");
/// ```
#[derive(Debug)]
pub struct Elapsed {
    expiry: Expiry,
    facts: Facts,
}

impl Elapsed {
    /// Which limit ran out.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.expiry.phase
    }

    /// After how long: the limit itself or, for a deadline that somebody else had set, what was
    /// left of it when this layer was called. Zero when nothing was left, and nothing was sent.
    #[must_use]
    pub const fn after(&self) -> Duration {
        self.expiry.after
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = Readable::exactly(self.after());
        match self.phase() {
            Phase::Head => write!(f, "no response head within {after}"),
            Phase::RequestBody => {
                write!(f, "the peer took nothing of the request's body for {after}")
            }
            Phase::Source => write!(
                f,
                "the request's own body did not come within {after}; send it faster, or allow more time"
            ),
            Phase::ResponseBody => write!(f, "nothing came of the response's body for {after}"),
            Phase::Total if self.expiry.unsent => {
                f.write_str("the deadline had passed before the request was sent; allow more time")
            }
            Phase::Total => write!(f, "the call as a whole was not over within {after}"),
        }
    }
}

impl Error for Elapsed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

impl From<Expiry> for Elapsed {
    fn from(expiry: Expiry) -> Self {
        let sent = match expiry.phase {
            _ if expiry.unsent => Sent::No,
            Phase::ResponseBody => Sent::Yes,
            Phase::Head | Phase::RequestBody | Phase::Source | Phase::Total => Sent::Maybe,
        };
        let kind = match expiry.phase {
            Phase::Source => Kind::RequestBody,
            Phase::Head | Phase::RequestBody | Phase::ResponseBody | Phase::Total => Kind::Timeout,
        };
        let facts = Facts::new(kind).sent(sent);
        Self { expiry, facts }
    }
}

/// What a time limit covers.
// Open: a limit for a part of the way to the head, such as the connection, may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// From the call to the head of the response, for one attempt.
    Head,
    /// Between two takings from the request's body: the peer does not accept what we send.
    RequestBody,
    /// The same time as [`Head`](Self::Head) or [`Total`](Self::Total), when it ran out while the
    /// request's body was asked for more and its source had nothing to give: the caller's fault, which
    /// says nothing about the server. With [`TimeoutLayer::upload_idle`](crate::TimeoutLayer::upload_idle)
    /// one such silence.
    Source,
    /// Between two frames of the response's body.
    ResponseBody,
    /// The whole call with all its attempts, pauses and the response's body.
    Total,
}

impl Phase {
    /// The phase in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::RequestBody => "request-body",
            Self::Source => "source",
            Self::ResponseBody => "response-body",
            Self::Total => "total",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a limit says about itself when it runs out; the error is built from it, off the fast path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    phase: Phase,
    after: Duration,
    unsent: bool,
}

impl Expiry {
    pub(crate) const fn new(phase: Phase, after: Duration) -> Self {
        let unsent = false;
        Self {
            phase,
            after,
            unsent,
        }
    }

    /// The deadline had passed before anything was called.
    pub(crate) const fn before_the_call() -> Self {
        let (phase, after, unsent) = (Phase::Total, Duration::ZERO, true);
        Self {
            phase,
            after,
            unsent,
        }
    }

    /// The same limit, where the request's own source was silent at its end.
    pub(crate) const fn for_want_of_a_body(self) -> Self {
        let phase = Phase::Source;
        Self { phase, ..self }
    }

    pub(crate) const fn phase(self) -> Phase {
        self.phase
    }

    pub(crate) const fn after(self) -> Duration {
        self.after
    }
}
