use std::error::Error;
use std::fmt;
use std::time::Instant;

use crate::{BoxError, Failure, Sent};

/// What sort of thing went wrong.
// Open: a layer to come may fail in a way that none of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A time limit of ours ran out. Never a server's 408, which is a response.
    Timeout,
    /// No connection could be made: refused, unknown name, TLS.
    Connect,
    /// A connection broke, or the peer did not speak HTTP.
    Transport,
    /// A circuit breaker of ours is open.
    CircuitOpen,
    /// A rate limit of ours refused.
    RateLimited,
    /// The server asked for a pause, and the pause is not over.
    Held,
    /// Credentials could not be had.
    Unauthenticated,
    /// The caller's request was at fault; nothing was sent because of it.
    Request,
    /// The request's own body failed while it was being sent, or did not come in time.
    RequestBody,
    /// None of these; a foreign error without facts.
    Other,
}

impl Kind {
    /// The kind in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Transport => "transport",
            Self::CircuitOpen => "circuit-open",
            Self::RateLimited => "rate-limited",
            Self::Held => "held",
            Self::Unauthenticated => "unauthenticated",
            Self::Request => "request",
            Self::RequestBody => "request-body",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a layer knows about a failure, as a link of the error's source chain.
///
/// An error type cannot be asked for a trait it implements, so errors of layers hold one of these
/// and return it from [`Error::source`]; [`Failure`](crate::Failure) finds it there without knowing
/// the layer. An error that wraps another hands it on through [`caused_by`](Self::caused_by), so that
/// the chain goes on behind it.
///
/// # Example
///
/// ```
/// use std::{error::Error, fmt};
/// use buttress_kernel::{Facts, Failure, Kind, Sent};
///
/// #[derive(Debug)]
/// struct OutOfCredit { facts: Facts }
///
/// impl fmt::Display for OutOfCredit {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("the account has no credit left")
///     }
/// }
///
/// impl Error for OutOfCredit {
///     fn source(&self) -> Option<&(dyn Error + 'static)> { Some(&self.facts) }
/// }
///
/// let error = OutOfCredit { facts: Facts::new(Kind::RateLimited).sent(Sent::No) };
/// assert_eq!(Failure::of(&error).kind(), Kind::RateLimited);
/// assert_eq!(Failure::of(&error).sent(), Sent::No);
/// ```
#[derive(Debug, Default)]
pub struct Facts {
    kind: Option<Kind>,
    sent: Option<Sent>,
    retry_at: Option<Instant>,
    attempts: Option<u32>,
    cause: Option<BoxError>,
    /// Whether the error in front shows the cause's text as its own.
    is_told: bool,
}

impl Facts {
    /// Facts of this kind; everything else is left to whatever stands further down the chain.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            ..Self::default()
        }
    }

    /// Facts that add to those of `source` and leave its kind as it is.
    #[must_use]
    pub fn about(source: BoxError) -> Self {
        Self::default().caused_by(source)
    }

    /// Sets whether the request can have reached the server.
    #[must_use]
    pub const fn sent(mut self, sent: Sent) -> Self {
        self.sent = Some(sent);
        self
    }

    /// Sets the instant before which trying again is pointless.
    #[must_use]
    pub const fn retry_at(mut self, at: Instant) -> Self {
        self.retry_at = Some(at);
        self
    }

    /// Sets how many attempts were made in all.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Sets the error behind this one.
    #[must_use]
    pub fn caused_by(mut self, cause: BoxError) -> Self {
        self.cause = Some(cause);
        self.is_told = false;
        self
    }

    /// Sets the error behind this one, for an error that shows its text as a part of its own.
    ///
    /// Whoever prints a chain of sources then does not meet the text again: [`Error::source`] goes on
    /// behind the cause and its facts, which these facts show along with their own.
    /// [`Failure`](crate::Failure) passes over nothing.
    ///
    /// ```
    /// use std::{error::Error, fmt};
    /// use buttress_kernel::{BoxError, Facts, Failure, Kind, TransportError};
    ///
    /// #[derive(Debug)]
    /// struct NoPrice { facts: Facts }
    ///
    /// impl fmt::Display for NoPrice {
    ///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    ///         f.write_str("no price was to be had")?;
    ///         self.facts.behind().map_or(Ok(()), |cause| write!(f, ": {cause}"))
    ///     }
    /// }
    ///
    /// impl Error for NoPrice {
    ///     fn source(&self) -> Option<&(dyn Error + 'static)> { Some(&self.facts) }
    /// }
    ///
    /// let refused: BoxError = TransportError::connect("port 7 is closed").into();
    /// let error = NoPrice { facts: Facts::default().told(refused) };
    ///
    /// assert_eq!(error.to_string(), "no price was to be had: no connection could be made");
    /// let facts = error.source().unwrap();
    /// assert_eq!(facts.to_string(), "connect, the request was not sent");
    /// assert_eq!(facts.source().unwrap().to_string(), "port 7 is closed");
    ///
    /// assert_eq!(Failure::of(&error).kind(), Kind::Connect);
    /// assert!(Failure::of(&error).find::<TransportError>().is_some());
    /// ```
    #[must_use]
    pub fn told(mut self, cause: BoxError) -> Self {
        self.cause = Some(cause);
        self.is_told = true;
        self
    }

    /// The error behind this one, whether it is [told](Self::told) or not.
    #[must_use]
    pub fn behind(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// Gives the error behind this one back.
    ///
    /// # Errors
    ///
    /// When there is none: the facts themselves.
    pub fn into_behind(mut self) -> Result<BoxError, Self> {
        self.cause.take().ok_or(self)
    }

    pub(crate) const fn kind_fact(&self) -> Option<Kind> {
        self.kind
    }

    pub(crate) const fn sent_fact(&self) -> Option<Sent> {
        self.sent
    }

    pub(crate) const fn retry_at_fact(&self) -> Option<Instant> {
        self.retry_at
    }

    pub(crate) const fn attempts_fact(&self) -> Option<u32> {
        self.attempts
    }
}

/// Shows what is known, with what the cause knows where that is [told](Facts::told).
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.shown(Self::kind_fact).map(Kind::as_str);
        let sent = self.shown(Self::sent_fact).map(|sent| match sent {
            Sent::No => "the request was not sent",
            Sent::Maybe => "the request may have been sent",
            Sent::Yes => "the server has seen the request",
        });
        let mut before = "";
        for known in [kind, sent].into_iter().flatten() {
            write!(f, "{before}{known}")?;
            before = ", ";
        }
        match self.shown(Self::attempts_fact) {
            Some(attempts) => write!(f, "{before}attempts: {attempts}"),
            None if before.is_empty() => f.write_str("nothing more is known"),
            None => Ok(()),
        }
    }
}

impl Facts {
    fn shown<T>(&self, question: impl Fn(&Self) -> Option<T>) -> Option<T> {
        if self.is_told {
            Failure::of(self).ask(question)
        } else {
            question(self)
        }
    }
}

impl Error for Facts {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let cause = self.behind()?;
        if !self.is_told {
            return Some(cause);
        }
        let next = cause.source()?;
        next.downcast_ref::<Self>()
            .map_or(Some(next), |facts| facts.source())
    }
}
