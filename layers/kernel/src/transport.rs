use std::error::Error;
use std::fmt;

use crate::{BoxError, Facts, Kind, Sent};

/// A connection could not be made, or broke.
///
/// Transports wrap their errors in this one, because they alone know whether the request can have
/// left ([`Sent`]). It is opaque: ask [`Failure`](crate::Failure) what it means, and the source
/// chain what happened. Where the [request](Self::request) is at fault, the message ends with the
/// reason, since it is the caller who can act on it.
///
/// ```
/// use buttress_kernel::{BoxError, Failure, Kind, Sent, TransportError};
///
/// let error: BoxError = TransportError::broken(Sent::Maybe, "connection reset by peer").into();
/// assert_eq!(Failure::of(&*error).kind(), Kind::Transport);
/// assert_eq!(error.to_string(), "the connection broke");
///
/// let error = TransportError::request("its URI has no host");
/// assert_eq!(error.to_string(), "the request cannot be sent: its URI has no host");
/// ```
#[derive(Debug)]
pub struct TransportError {
    message: &'static str,
    facts: Facts,
}

impl TransportError {
    /// No connection could be made, so nothing was sent.
    #[must_use]
    pub fn connect(source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::Connect).sent(Sent::No);
        Self::because("no connection could be made", facts, source)
    }

    /// A connection could not be made in time, so nothing was sent.
    #[must_use]
    pub fn connect_timeout(source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::Connect).sent(Sent::No);
        Self::because("no connection could be made in time", facts, source)
    }

    /// A connection broke, or the peer broke the protocol.
    #[must_use]
    pub fn broken(sent: Sent, source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::Transport).sent(sent);
        Self::because("the connection broke", facts, source)
    }

    /// The peer did not speak HTTP as it must.
    #[must_use]
    pub fn protocol(sent: Sent, source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::Transport).sent(sent);
        Self::because("the server's answer is not valid HTTP", facts, source)
    }

    /// The request cannot be sent as it is, for instance because its URI has no host.
    #[must_use]
    pub fn request(source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::Request).sent(Sent::No);
        Self {
            message: "the request cannot be sent",
            facts: facts.told(source.into()),
        }
    }

    /// The request's own body failed while it was being sent.
    #[must_use]
    pub fn request_body(source: impl Into<BoxError>) -> Self {
        let facts = Facts::new(Kind::RequestBody).sent(Sent::Maybe);
        Self::because("the request's body failed", facts, source)
    }

    fn because(message: &'static str, facts: Facts, source: impl Into<BoxError>) -> Self {
        Self {
            message,
            facts: facts.caused_by(source.into()),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)?;
        match self.facts.behind() {
            Some(reason) if self.facts.kind_fact() == Some(Kind::Request) => {
                write!(f, ": {reason}")
            }
            _ => Ok(()),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
