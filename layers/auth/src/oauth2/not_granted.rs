use std::error::Error;
use std::fmt;
use std::time::Duration;

use buttress_kernel::{BoxError, Facts, Kind, Sent};
use http::StatusCode;

use super::refusal::Refusal;
use crate::FetchError;

/// No token was granted.
///
/// It tells what the token endpoint said as far as that can be told: its error code, never its text.
/// A server may repeat in an answer what it was sent, so neither `Display` nor `Debug` holds anything
/// of its body; the [description](Self::description) has to be asked for.
///
/// ```
/// use buttress_auth::oauth2::NotGranted;
/// use buttress_kernel::{BoxError, Failure};
///
/// fn wrong_secret(error: &BoxError) -> bool {
///     let not_granted = Failure::of(&**error).find::<NotGranted>();
///     not_granted.and_then(NotGranted::code) == Some("invalid_client")
/// }
/// # assert!(!wrong_secret(&"another error".into()));
/// ```
pub struct NotGranted {
    problem: Problem,
    status: Option<StatusCode>,
    refusal: Option<Box<Refusal>>,
    retry_after: Option<Duration>,
    facts: Facts,
}

/// What stood in the way of a token.
// Open: a grant may come to fail in a way of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// The token endpoint could not be reached, or the connection broke.
    Unreachable,
    /// The answer took too long.
    TooSlow,
    /// The server refused, with an error of
    /// [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
    Refused,
    /// The answer's status is not a success, and it is no error of OAuth 2.
    Status,
    /// The answer's status is a success, and it is not a token: HTML, or JSON that was cut off.
    Malformed,
    /// The answer is longer than 64 KiB.
    TooLarge,
    /// The token is not of the type `Bearer`.
    TokenType,
    /// The device code was not used in time.
    Expired,
    /// What came back from the sign-in has another state, or none: it was not begun here.
    State,
    /// What came back from the sign-in cannot be read: it has no code, or parameters twice, or comes
    /// from another issuer.
    Callback,
    /// There is no refresh token, or it has been used up.
    NothingToRefresh,
    /// The key cannot sign.
    Signing,
}

impl NotGranted {
    pub(super) fn new(problem: Problem) -> Self {
        let (kind, sent) = match problem {
            Problem::TooSlow => (Kind::Timeout, Sent::Maybe),
            Problem::State | Problem::Callback | Problem::NothingToRefresh | Problem::Signing => {
                (Kind::Unauthenticated, Sent::No)
            }
            _ => (Kind::Unauthenticated, Sent::Yes),
        };
        Self {
            problem,
            status: None,
            refusal: None,
            retry_after: None,
            facts: Facts::new(kind).sent(sent),
        }
    }

    pub(super) fn unreachable(cause: BoxError) -> Self {
        Self {
            facts: Facts::about(cause),
            ..Self::new(Problem::Unreachable)
        }
    }

    pub(super) fn refused(refusal: Refusal) -> Self {
        Self {
            refusal: Some(Box::new(refusal)),
            ..Self::new(Problem::Refused)
        }
    }

    pub(super) const fn status_of(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) const fn delay(mut self, delay: Option<Duration>) -> Self {
        self.retry_after = delay;
        self
    }

    /// What stood in the way.
    #[must_use]
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The error code, such as `invalid_grant`; also one that no RFC knows.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.refusal.as_deref().map(Refusal::code)
    }

    /// What the server says about its error, for developers: its own text, without control
    /// characters, and of 1,024 characters at most. It may repeat what it was sent.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.refusal.as_deref()?.description()
    }

    /// Where the server tells more about its error; cleaned like the
    /// [description](Self::description).
    #[must_use]
    pub fn uri(&self) -> Option<&str> {
        self.refusal.as_deref()?.uri()
    }

    /// How long the server wants to be left alone, if it says so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether the same request may well succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.problem {
            Problem::Unreachable | Problem::TooSlow => true,
            Problem::Refused | Problem::Status => {
                self.is_passing() || self.refusal.as_deref().is_some_and(Refusal::is_passing)
            }
            _ => false,
        }
    }

    /// Whether the same request will fail again however often it is made: the grant is used up, the
    /// client unknown, the scope wrong. What is neither this nor
    /// [retryable](Self::is_retryable) is known to nobody.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self.problem {
            Problem::Refused => {
                !self.is_passing() && self.refusal.as_deref().is_some_and(Refusal::is_final)
            }
            Problem::Expired
            | Problem::State
            | Problem::Callback
            | Problem::NothingToRefresh
            | Problem::Signing => true,
            _ => false,
        }
    }

    /// Whether the status says that it is a matter of time.
    fn is_passing(&self) -> bool {
        self.status
            .is_some_and(|status| status.is_server_error() || matches!(status.as_u16(), 408 | 429))
    }

    /// As a [`TokenSource`](crate::TokenSource) tells it: a [terminal](Self::is_terminal) error ends
    /// the session, and the server's delay is kept to.
    #[must_use]
    pub fn into_fetch_error(self) -> FetchError {
        let terminal = self.is_terminal();
        self.told(terminal)
    }

    pub(super) fn told(self, terminal: bool) -> FetchError {
        let delay = self.retry_after;
        let error = if terminal {
            FetchError::terminal(self)
        } else {
            FetchError::from(self)
        };
        match delay {
            Some(delay) => error.retry_after(delay),
            None => error,
        }
    }

    fn text(&self) -> &'static str {
        match self.problem {
            Problem::Unreachable => "the token endpoint could not be reached",
            Problem::TooSlow => {
                "the token endpoint took too long (`TokenEndpoint::timeout` sets how long)"
            }
            Problem::Refused => "the server refused a token",
            Problem::Status => "the token endpoint failed, and not in the words of OAuth 2",
            Problem::Malformed => {
                "the token endpoint's answer is not a token; is its URI the right one?"
            }
            Problem::TooLarge => "the token endpoint's answer is longer than 64 KiB",
            Problem::TokenType => "the token is of a type other than `Bearer`",
            Problem::Expired => "nobody signed in before the device code expired; begin again",
            Problem::State => "this sign-in was not begun here: its state is wrong",
            Problem::Callback => "what came back from the sign-in has no readable code",
            Problem::NothingToRefresh => "there is no refresh token left; sign in",
            Problem::Signing => "the key could not sign an assertion",
        }
    }
}

impl fmt::Display for NotGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())?;
        if let Some(refusal) = &self.refusal {
            write!(f, ": {}", refusal.name())?;
        }
        match self.status {
            Some(status) => write!(f, " (status {})", status.as_u16()),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for NotGranted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotGranted")
            .field("problem", &self.problem)
            .field("status", &self.status)
            .field("code", &self.refusal.as_deref().map(Refusal::name))
            .field("retry_after", &self.retry_after)
            .field("facts", &self.facts)
            .finish()
    }
}

impl Error for NotGranted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
