use std::error::Error;

use http::{Response, StatusCode};

use crate::{Failure, Kind};

/// What the end of an attempt means.
///
/// Retry, breaker and limiter use the same word for the same thing, so that a stack of them agrees
/// about what happened; what each does about it is its own policy.
// Closed on purpose: a sixth meaning must be thought about in every layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The server did what was asked.
    Success,
    /// The server, or the way to it, failed.
    ServerFailure,
    /// The server asked for less.
    Throttled,
    /// The caller asked for something wrong; the server is well.
    CallerFault,
    /// It says nothing about the server: nothing was sent, or we gave up ourselves.
    Neutral,
}

/// Finds the [`Outcome`] of an attempt. Any closure over the result is a `Classify`.
///
/// ```
/// use buttress_kernel::{Classify, Outcome};
/// use std::error::Error;
///
/// // An API that answers 200 with a word in the body.
/// let by_word = |end: Result<&String, &(dyn Error + 'static)>| match end {
///     Ok(word) if word == "busy" => Outcome::Throttled,
///     Ok(_) => Outcome::Success,
///     Err(_) => Outcome::ServerFailure,
/// };
/// assert_eq!(by_word.classify(Ok(&"busy".to_owned())), Outcome::Throttled);
/// ```
pub trait Classify<Res> {
    /// What this end of an attempt means.
    fn classify(&self, end: Result<&Res, &(dyn Error + 'static)>) -> Outcome;
}

impl<F, Res> Classify<Res> for F
where
    F: Fn(Result<&Res, &(dyn Error + 'static)>) -> Outcome,
{
    fn classify(&self, end: Result<&Res, &(dyn Error + 'static)>) -> Outcome {
        self(end)
    }
}

/// The usual meaning of an HTTP response
/// ([RFC 9110 §15](https://www.rfc-editor.org/rfc/rfc9110#section-15)) or of an error.
///
/// 429 is [`Throttled`](Outcome::Throttled), 408 and everything from 500 on a
/// [`ServerFailure`](Outcome::ServerFailure), any other 4xx a [`CallerFault`](Outcome::CallerFault),
/// the rest a [`Success`](Outcome::Success).
/// Of the errors, those of the way to the server (timeout, connect, transport, and any foreign
/// error) are a `ServerFailure`; what we refused ourselves is [`Neutral`](Outcome::Neutral). A request that
/// cannot be sent, or whose body fails or does not come in time, is a `CallerFault`.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpClassify;

impl HttpClassify {
    /// What a response of this status means.
    #[must_use]
    pub fn status(status: StatusCode) -> Outcome {
        match status.as_u16() {
            429 => Outcome::Throttled,
            408 | 500.. => Outcome::ServerFailure,
            400..=499 => Outcome::CallerFault,
            _ => Outcome::Success,
        }
    }

    /// What this error means.
    #[must_use]
    pub fn error(error: &(dyn Error + 'static)) -> Outcome {
        match Failure::of(error).kind() {
            Kind::Timeout | Kind::Connect | Kind::Transport | Kind::Other => Outcome::ServerFailure,
            Kind::Request | Kind::RequestBody => Outcome::CallerFault,
            Kind::CircuitOpen | Kind::RateLimited | Kind::Held | Kind::Unauthenticated => {
                Outcome::Neutral
            }
        }
    }
}

impl<B> Classify<Response<B>> for HttpClassify {
    fn classify(&self, end: Result<&Response<B>, &(dyn Error + 'static)>) -> Outcome {
        end.map_or_else(Self::error, |response| Self::status(response.status()))
    }
}
