//! Errors as answers.

use std::error::Error as StdError;
use std::time::{Duration, Instant};

use buttress_kernel::{Body, Facts, Failure};
use http::{HeaderValue, Response, StatusCode, header};

use super::answers::{self, Side};
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
/// | its body did not come in time: it kept the upstream waiting when a time limit ran out | 408 | `timeout` |
/// | its body was above a limit of [`http_body_util::Limited`] | 413 | `transport` |
///
/// The [`ErrorKind`] is in the response's extensions, where a middleware finds it that counts such answers, or puts a
/// page of its own in their place.
///
/// The body is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `type`, `title`,
/// `status`, `detail`, and `layer`. It is made of fixed sentences, so it tells nothing of the upstream: no name,
/// no field, nothing of what it said. The reason is told in an event of the level debug, for whoever runs the
/// program.
///
/// ```
/// use buttress::ErrorKind;
/// use buttress::kernel::TransportError;
/// use buttress::proxy::respond;
/// use http_body_util::BodyExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let refused = TransportError::connect("10.0.0.7:443 refused");
/// let response = respond(&refused);
/// assert_eq!(response.status(), 502);
/// assert_eq!(response.extensions().get(), Some(&ErrorKind::Connect));
/// let body = response.into_body().collect().await.unwrap().to_bytes();
/// assert_eq!(
///     body,
///     r#"{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"no connection to the upstream could be made","layer":"transport"}"#,
/// );
/// # }
/// ```
#[must_use]
pub fn respond(error: &(dyn StdError + 'static)) -> Response<Body> {
    respond_as(Side::Proxy, error)
}

pub(crate) fn respond_as(side: Side, error: &(dyn StdError + 'static)) -> Response<Body> {
    let failure = Failure::of(error);
    let kind = kind_of(failure);
    let problem = answers::problem(side, kind, failure);
    tracing::debug!(
        kind = kind.as_str(),
        status = problem.status.as_u16(),
        layer = problem.layer,
        reason = reason(failure),
        "answered with a problem",
    );
    let mut response = problem.into_response();
    response.extensions_mut().insert(kind);
    if asks_to_come_back(problem.status) && kind != ErrorKind::Timeout {
        let now = tokio::time::Instant::now().into_std();
        let seconds = HeaderValue::from(retry_after(failure.retry_at(), now));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn asks_to_come_back(status: StatusCode) -> bool {
    [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&status)
}

fn kind_of(failure: Failure<'_>) -> ErrorKind {
    let told = failure.find::<Error>().map(Error::kind);
    told.unwrap_or_else(|| failure.kind().into())
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
