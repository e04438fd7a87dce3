//! What the gateway answers itself, as RFC 9457 problem details.

use buttress::{Body, BoxError, Failure, Kind};
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

use crate::refusal::Refusal;

/// The answer to a call that brought no response. The client learns the kind of failure alone; what
/// the upstream is called and what it said is for whoever runs the gateway, in an event.
pub(crate) fn of_failure(error: &BoxError) -> Response<Body> {
    let failure = Failure::of(&**error);
    let kind = failure.kind();
    tracing::debug!(target: "gateway", kind = kind.as_str(), reason = reason(failure), "failed");
    let (status, layer) = place(kind);
    let mut response = problem(status, layer, detail(kind));
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after(failure));
    }
    response
}

/// The answer to a message that is not passed on.
pub(crate) fn of_refusal(refusal: Refusal) -> Response<Body> {
    problem(refusal.status(), "transport", refusal.detail())
}

/// The status of a failure, and the layer that stood up for it.
fn place(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        Kind::Held => (StatusCode::SERVICE_UNAVAILABLE, "retry-after"),
        Kind::CircuitOpen => (StatusCode::SERVICE_UNAVAILABLE, "circuit-breaker"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate-limit"),
        Kind::Unauthenticated => (StatusCode::BAD_GATEWAY, "auth"),
        Kind::Request | Kind::RequestBody => (StatusCode::BAD_REQUEST, "transport"),
        _ => (StatusCode::BAD_GATEWAY, "transport"),
    }
}

fn detail(kind: Kind) -> &'static str {
    match kind {
        Kind::Timeout => "the upstream did not answer in time",
        Kind::Connect => "no connection to the upstream could be made",
        Kind::Transport => "the connection to the upstream broke, or what it said was not HTTP",
        Kind::CircuitOpen => "the upstream keeps failing and is not being called for now",
        Kind::RateLimited => "more requests came than may be sent to the upstream for now",
        Kind::Held => "the upstream asked for a pause, which is not over yet",
        Kind::Unauthenticated => "the gateway has no credentials for the upstream",
        Kind::Request => "the request cannot be sent on as it is",
        Kind::RequestBody => "the request's body broke off or was framed wrongly",
        _ => "the call failed",
    }
}

/// The error and the reasons behind it, without saying anything twice.
fn reason(failure: Failure<'_>) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for link in failure.chain().filter(|link| !link.is::<buttress::Facts>()) {
        let reason = link.to_string();
        if !reasons.iter().any(|said| said.contains(&reason)) {
            reasons.push(reason);
        }
    }
    reasons.join(": ")
}

/// Whole seconds until it is worth trying again, rounded up and never 0.
fn retry_after(failure: Failure<'_>) -> HeaderValue {
    let now = Instant::now().into_std();
    let wait = failure
        .retry_at()
        .map(|at| at.saturating_duration_since(now));
    let seconds = wait.map_or(1, |wait| {
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    });
    HeaderValue::from(seconds.max(1))
}

fn problem(status: StatusCode, layer: &str, detail: &str) -> Response<Body> {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "layer": layer,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
