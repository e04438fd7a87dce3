//! Which status and which sentence an error is answered with.

use buttress_kernel::Failure;
use buttress_priority::Crowded;
use buttress_timeout::{Elapsed, Phase};
use http::StatusCode;
use http_body_util::LengthLimitError;

use super::problem::Problem;
use crate::{Error, ErrorKind};

/// By whose request it was that failed, an error means one thing or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A client's own request, which was handed on.
    Proxy,
    /// One that the server made up while it answered a client.
    #[cfg(feature = "axum")]
    Handler,
    /// A client's own, which is answered here: there is no upstream.
    #[cfg(feature = "axum")]
    Server,
}

/// The status, the layer that stood up for it, and the sentence.
type Answer = (StatusCode, &'static str, &'static str);

const BAD: StatusCode = StatusCode::BAD_GATEWAY;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

impl Side {
    /// Where the request was at fault: whose request was it?
    const fn faulty(self, of_a_client: StatusCode) -> StatusCode {
        match self {
            Self::Proxy => of_a_client,
            #[cfg(feature = "axum")]
            Self::Handler => StatusCode::INTERNAL_SERVER_ERROR,
            #[cfg(feature = "axum")]
            Self::Server => of_a_client,
        }
    }

    /// A stranger's error is no upstream's where there is none.
    const fn unknown(self) -> StatusCode {
        match self {
            Self::Proxy => BAD,
            #[cfg(feature = "axum")]
            Self::Handler => BAD,
            #[cfg(feature = "axum")]
            Self::Server => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// RFC 6585 §4: 429 tells a client that it has sent too many requests itself. It did not send those that a
    /// handler makes up.
    const fn budget(self) -> StatusCode {
        match self {
            Self::Proxy => StatusCode::TOO_MANY_REQUESTS,
            #[cfg(feature = "axum")]
            Self::Handler => UNAVAILABLE,
            #[cfg(feature = "axum")]
            Self::Server => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    const fn is_own(self) -> bool {
        match self {
            Self::Proxy => false,
            #[cfg(feature = "axum")]
            Self::Handler => false,
            #[cfg(feature = "axum")]
            Self::Server => true,
        }
    }
}

pub(super) fn problem(side: Side, kind: ErrorKind, failure: Failure<'_>) -> Problem {
    let (status, layer, detail) = match kind {
        ErrorKind::RateLimited => {
            let is_crowded = failure.find::<Crowded>().is_some();
            let layer = if is_crowded { "priority" } else { "rate-limit" };
            (side.budget(), layer, busy(side))
        }
        ErrorKind::Request => {
            let detail = "the request cannot be sent on as it is";
            (side.faulty(StatusCode::BAD_REQUEST), "transport", detail)
        }
        ErrorKind::RequestBody => body(side, failure),
        ErrorKind::Other => (side.unknown(), "transport", "the call failed"),
        kind if side.is_own() => own(kind)
            .or_else(|| unanswered(kind))
            .unwrap_or_else(|| unwanted(failure)),
        kind => unanswered(kind).unwrap_or_else(|| unwanted(failure)),
    };
    Problem::new(status, Some(layer), detail)
}

const fn busy(side: Side) -> &'static str {
    if side.is_own() {
        return "more requests came than are answered for now";
    }
    "more requests came than may be sent to the upstream for now"
}

fn body(side: Side, failure: Failure<'_>) -> Answer {
    if failure.find::<LengthLimitError>().is_some() {
        let detail = "the request's body is larger than allowed";
        return (StatusCode::PAYLOAD_TOO_LARGE, "transport", detail);
    }
    let elapsed = failure.find::<Elapsed>();
    if elapsed.is_some_and(|elapsed| elapsed.phase() == Phase::Source) {
        let status = side.faulty(StatusCode::REQUEST_TIMEOUT);
        return (status, "timeout", "the request's body did not come in time");
    }
    let status = side.faulty(StatusCode::BAD_REQUEST);
    let detail = "the request's body broke off or was framed wrongly";
    (status, "transport", detail)
}

/// What is done here without asking anybody else. RFC 9110 §15.6.5: 504 is a gateway's.
const fn own(kind: ErrorKind) -> Option<Answer> {
    Some(match kind {
        ErrorKind::Timeout => {
            let detail = "no answer was ready in time";
            (UNAVAILABLE, "timeout", detail)
        }
        ErrorKind::CircuitOpen => {
            let detail = "this keeps failing and is not being tried for now";
            (UNAVAILABLE, "circuit-breaker", detail)
        }
        ErrorKind::Held => {
            let detail = "this asked for a pause, which is not over yet";
            (UNAVAILABLE, "retry-after", detail)
        }
        _ => return None,
    })
}

/// The upstream said nothing, or was not asked.
const fn unanswered(kind: ErrorKind) -> Option<Answer> {
    Some(match kind {
        ErrorKind::Timeout => {
            let detail = "the upstream did not answer in time";
            (StatusCode::GATEWAY_TIMEOUT, "timeout", detail)
        }
        ErrorKind::CircuitOpen => {
            let detail = "the upstream keeps failing and is not being called for now";
            (UNAVAILABLE, "circuit-breaker", detail)
        }
        ErrorKind::Held => {
            let detail = "the upstream asked for a pause, which is not over yet";
            (UNAVAILABLE, "retry-after", detail)
        }
        ErrorKind::Unauthenticated => (BAD, "auth", "there are no credentials for the upstream"),
        ErrorKind::Connect => {
            let detail = "no connection to the upstream could be made";
            (BAD, "transport", detail)
        }
        ErrorKind::Transport => {
            let detail = "the connection to the upstream broke, or what it said was not HTTP";
            (BAD, "transport", detail)
        }
        ErrorKind::Redirect => {
            let detail = "the upstream redirects to where it must not be followed";
            (BAD, "redirect", detail)
        }
        _ => return None,
    })
}

/// The upstream said something else than what was needed.
fn unwanted(failure: Failure<'_>) -> Answer {
    if asks_for_a_pause(failure) {
        let detail = "the upstream is overloaded and asks for a pause";
        return (UNAVAILABLE, "upstream", detail);
    }
    let detail = "the upstream's answer is not what was needed";
    (BAD, "upstream", detail)
}

/// Whether the next call would be held: then this one is answered alike.
fn asks_for_a_pause(failure: Failure<'_>) -> bool {
    let status = failure.find::<Error>().and_then(Error::status);
    let pauses = [StatusCode::TOO_MANY_REQUESTS, UNAVAILABLE];
    status.is_some_and(|status| pauses.contains(&status)) && failure.retry_at().is_some()
}
