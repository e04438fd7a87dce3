use std::fmt;
use std::time::Duration;

use buttress_kernel::BoxError;

/// Why a [`TokenSource`](crate::TokenSource) has no token. `?` makes it of any error.
///
/// It is not an error itself, so that it can be made of all of them; whoever waited for the token
/// gets an [`Unauthenticated`](crate::Unauthenticated) with the cause behind it. The cause's message
/// must hold no secret: it is never logged here, but callers will.
pub struct FetchError {
    cause: BoxError,
    terminal: bool,
    retry_after: Option<Duration>,
}

impl FetchError {
    /// Asking again with the same session is pointless: the refresh token has expired or was
    /// revoked, the client is unknown. The session is forgotten.
    #[must_use]
    pub fn terminal(cause: impl Into<BoxError>) -> Self {
        Self {
            terminal: true,
            ..Self::from(cause)
        }
    }

    /// How long the token endpoint wants to be left alone. The source is not asked again earlier.
    #[must_use]
    pub const fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Whether it is [`terminal`](Self::terminal).
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) const fn server_delay(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What happened.
    #[must_use]
    pub fn into_cause(self) -> BoxError {
        self.cause
    }
}

impl<E: Into<BoxError>> From<E> for FetchError {
    fn from(cause: E) -> Self {
        Self {
            cause: cause.into(),
            terminal: false,
            retry_after: None,
        }
    }
}

impl fmt::Debug for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchError")
            .field("terminal", &self.terminal)
            .field("retry_after", &self.retry_after)
            .field("cause", &self.cause)
            .finish()
    }
}
