use std::fmt;

use buttress_kernel::Kind;
use http::StatusCode;

/// What sort of thing went wrong with a call; exactly one of these.
///
/// The first half is a [`Kind`] that some layer told: no answer came, or none was asked for. The rest
/// says what was wrong with an answer.
// Open: a layer to come may fail in a way that none of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A time limit of ours ran out. Never a server's 408.
    Timeout,
    /// No connection could be made.
    Connect,
    /// A connection broke, or the server did not speak HTTP.
    Transport,
    /// A circuit breaker of ours is open.
    CircuitOpen,
    /// A rate limit of ours refused. Never a server's 429.
    RateLimited,
    /// The server asked for a pause, and the pause is not over.
    Held,
    /// Credentials could not be had. Never a server's 401.
    Unauthenticated,
    /// The request was at fault, and nothing was sent. Never a server's 400.
    Request,
    /// The request's own body failed while it was being sent, or did not come in time.
    RequestBody,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 409
    Conflict,
    /// 400 and 422
    Validation,
    /// 429
    Throttled,
    /// Any other 4xx
    Client,
    /// 5xx
    Server,
    /// A status that is neither a success nor an error, such as a redirect that nobody asked to follow.
    Status,
    /// A redirect that must not be followed: too many, a loop, a step to plain http.
    Redirect,
    /// The body of a success is not what was expected.
    Decode,
    /// The body of a success is larger than allowed.
    TooLarge,
    /// A response of a success status holds an error, and names no status for it.
    Api,
    /// The pages of a list do not end, or lead in a circle or to another server.
    Astray,
    /// None of these: a foreign error without facts.
    Other,
}

impl ErrorKind {
    /// What a response of this status is, when it is no success.
    pub(super) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            400 | 422 => Self::Validation,
            429 => Self::Throttled,
            400..=499 => Self::Client,
            500..=599 => Self::Server,
            _ => Self::Status,
        }
    }

    /// What an error is that names its status in a body. One that names a success says nothing.
    #[cfg(feature = "json")]
    pub(super) fn of_told(status: StatusCode) -> Self {
        match Self::of_status(status) {
            Self::Status => Self::Api,
            kind => kind,
        }
    }

    /// The kind in lower-case words joined by hyphens. It stays the same from release to release.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => Kind::Timeout.as_str(),
            Self::Connect => Kind::Connect.as_str(),
            Self::Transport => Kind::Transport.as_str(),
            Self::CircuitOpen => Kind::CircuitOpen.as_str(),
            Self::RateLimited => Kind::RateLimited.as_str(),
            Self::Held => Kind::Held.as_str(),
            Self::Unauthenticated => Kind::Unauthenticated.as_str(),
            Self::Request => Kind::Request.as_str(),
            Self::RequestBody => Kind::RequestBody.as_str(),
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Validation => "validation",
            Self::Throttled => "throttled",
            Self::Client => "client",
            Self::Server => "server",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Decode => "decode",
            Self::TooLarge => "too-large",
            Self::Api => "api",
            Self::Astray => "astray",
            Self::Other => Kind::Other.as_str(),
        }
    }

    /// How loudly to log it: what is a matter of course quietly, what needs a person loudly.
    #[must_use]
    pub const fn level(self) -> tracing::Level {
        match self {
            Self::NotFound | Self::Conflict | Self::Unauthorized | Self::Forbidden => {
                tracing::Level::INFO
            }
            Self::Validation
            | Self::Throttled
            | Self::RateLimited
            | Self::Held
            | Self::CircuitOpen
            | Self::Client
            | Self::Status
            | Self::Redirect => tracing::Level::WARN,
            _ => tracing::Level::ERROR,
        }
    }
}

impl From<Kind> for ErrorKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Timeout => Self::Timeout,
            Kind::Connect => Self::Connect,
            Kind::Transport => Self::Transport,
            Kind::CircuitOpen => Self::CircuitOpen,
            Kind::RateLimited => Self::RateLimited,
            Kind::Held => Self::Held,
            Kind::Unauthenticated => Self::Unauthenticated,
            Kind::Request => Self::Request,
            Kind::RequestBody => Self::RequestBody,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
