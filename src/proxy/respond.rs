//! Errors as answers.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use buttress_kernel::{Body, Facts, Failure};
use buttress_priority::Crowded;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::LengthLimitError;

use super::problem::Problem;
use crate::{Error, ErrorKind};

/// The answer to whoever sent a request that was handed on, and brought no response.
///
/// | what happened | status | `layer` |
/// | --- | --- | --- |
/// | a time limit ran out | 504 | `timeout` |
/// | the circuit is open | 503, `Retry-After` | `circuit-breaker` |
/// | the server asked for a pause | 503, `Retry-After` | `retry-after` |
/// | a rate limit of ours refused, or there was no place | 429, `Retry-After` | `rate-limit`, `priority` |
/// | there were no credentials | 502 | `auth` |
/// | no connection, a broken one, no HTTP; any other error | 502 | `transport` |
/// | a redirect that must not be followed | 502 | `redirect` |
/// | an [`Error`] about the upstream's answer: its status, or its body | 502 | `upstream` |
/// | the same, where it was 429 or 503 and named a pause | 503, `Retry-After` | `upstream` |
/// | the request, or its body, was at fault | 400 | `transport` |
/// | its body was above a limit of [`http_body_util::Limited`] | 413 | `transport` |
///
/// The body is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `type`, `title`,
/// `status`, `detail`, and `layer`. It is made of fixed sentences, so it tells nothing of the upstream: no name,
/// no field, nothing of what it said. The reason is told in an event of the level debug, for whoever runs the
/// program.
///
/// ```
/// use buttress::kernel::TransportError;
/// use buttress::proxy::respond;
/// use http_body_util::BodyExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = TransportError::connect("10.0.0.7:443 refused");
/// let response = respond(&refused);
/// assert_eq!(response.status(), 502);
/// let body = response.into_body().collect().await.unwrap().to_bytes();
/// assert_eq!(
///     body,
///     r#"{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"no connection to the upstream could be made","layer":"transport"}"#,
/// );
/// # }
/// ```
#[must_use]
pub fn respond(error: &(dyn StdError + 'static)) -> Response<Body> {
    respond_as(Side::PROXY, error)
}

/// What is to be thought of an error, by whose request it was that failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    /// The request was at fault.
    faulty: StatusCode,
    /// The error says nothing of itself.
    unknown: StatusCode,
}

impl Side {
    /// A client's own request, which was handed on.
    const PROXY: Self = Self {
        faulty: StatusCode::BAD_REQUEST,
        unknown: StatusCode::BAD_GATEWAY,
    };

    /// One that the server made up while it answered a client.
    #[cfg(feature = "axum")]
    pub(crate) const HANDLER: Self = Self {
        faulty: StatusCode::INTERNAL_SERVER_ERROR,
        unknown: StatusCode::BAD_GATEWAY,
    };

    /// A client's own, which is answered here: a stranger's error is no upstream's.
    #[cfg(feature = "axum")]
    pub(crate) const SERVER: Self = Self {
        faulty: StatusCode::BAD_REQUEST,
        unknown: StatusCode::INTERNAL_SERVER_ERROR,
    };
}

pub(crate) fn respond_as(side: Side, error: &(dyn StdError + 'static)) -> Response<Body> {
    let failure = Failure::of(error);
    let kind = kind_of(failure);
    let problem = problem_of(side, kind, failure);
    tracing::debug!(
        kind = kind.as_str(),
        status = problem.status.as_u16(),
        layer = problem.layer,
        reason = reason(failure),
        "answered with a problem",
    );
    let mut response = problem.into_response();
    if [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&problem.status)
    {
        let now = tokio::time::Instant::now().into_std();
        let seconds = HeaderValue::from(retry_after(failure.retry_at(), now));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn kind_of(failure: Failure<'_>) -> ErrorKind {
    let told = failure.find::<Error>().map(Error::kind);
    told.unwrap_or_else(|| failure.kind().into())
}

fn problem_of(side: Side, kind: ErrorKind, failure: Failure<'_>) -> Problem {
    let (status, layer, detail) = match kind {
        ErrorKind::RateLimited => {
            let is_crowded = failure.find::<Crowded>().is_some();
            let layer = if is_crowded { "priority" } else { "rate-limit" };
            let detail = "more requests came than may be sent to the upstream for now";
            (StatusCode::TOO_MANY_REQUESTS, layer, detail)
        }
        ErrorKind::Request => {
            let detail = "the request cannot be sent on as it is";
            (side.faulty, "transport", detail)
        }
        ErrorKind::RequestBody if failure.find::<LengthLimitError>().is_some() => {
            let detail = "the request's body is larger than allowed";
            (StatusCode::PAYLOAD_TOO_LARGE, "transport", detail)
        }
        ErrorKind::RequestBody => {
            let detail = "the request's body broke off or was framed wrongly";
            (side.faulty, "transport", detail)
        }
        ErrorKind::Other => (side.unknown, "transport", "the call failed"),
        kind => unanswered(kind).unwrap_or_else(|| unwanted(failure)),
    };
    Problem::new(status, Some(layer), detail)
}

type Answer = (StatusCode, &'static str, &'static str);

/// The upstream said nothing, or was not asked.
fn unanswered(kind: ErrorKind) -> Option<Answer> {
    let (bad, unavailable) = (StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE);
    Some(match kind {
        ErrorKind::Timeout => {
            let detail = "the upstream did not answer in time";
            (StatusCode::GATEWAY_TIMEOUT, "timeout", detail)
        }
        ErrorKind::CircuitOpen => {
            let detail = "the upstream keeps failing and is not being called for now";
            (unavailable, "circuit-breaker", detail)
        }
        ErrorKind::Held => {
            let detail = "the upstream asked for a pause, which is not over yet";
            (unavailable, "retry-after", detail)
        }
        ErrorKind::Unauthenticated => (bad, "auth", "there are no credentials for the upstream"),
        ErrorKind::Connect => {
            let detail = "no connection to the upstream could be made";
            (bad, "transport", detail)
        }
        ErrorKind::Transport => {
            let detail = "the connection to the upstream broke, or what it said was not HTTP";
            (bad, "transport", detail)
        }
        ErrorKind::Redirect => {
            let detail = "the upstream redirects to where it must not be followed";
            (bad, "redirect", detail)
        }
        _ => return None,
    })
}

/// The upstream said something else than what was needed.
fn unwanted(failure: Failure<'_>) -> Answer {
    if asks_for_a_pause(failure) {
        let detail = "the upstream is overloaded and asks for a pause";
        return (StatusCode::SERVICE_UNAVAILABLE, "upstream", detail);
    }
    let detail = "the upstream's answer is not what was needed";
    (StatusCode::BAD_GATEWAY, "upstream", detail)
}

/// Whether the next call would be held: then this one is answered alike.
fn asks_for_a_pause(failure: Failure<'_>) -> bool {
    let status = failure.find::<Error>().and_then(Error::status);
    let pauses = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    status.is_some_and(|status| pauses.contains(&status)) && failure.retry_at().is_some()
}

/// Whole seconds until it is worth trying again, rounded up and never 0.
fn retry_after(at: Option<Instant>, now: Instant) -> u64 {
    let wait = at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
    let seconds = wait
        .as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0));
    seconds.max(1)
}

/// The error and the reasons behind it, without saying anything twice.
fn reason(failure: Failure<'_>) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for link in failure.chain().filter(|link| !link.is::<Facts>()) {
        let reason = link.to_string();
        if !reasons.iter().any(|said| said.contains(&reason)) {
            reasons.push(reason);
        }
    }
    reasons.join(": ")
}
