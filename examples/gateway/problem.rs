//! What the gateway answers itself, as RFC 9457 problem details.

use buttress::{Body, BoxError, Failure, Kind};
use http::{HeaderValue, Response, StatusCode, header};
use tokio::time::Instant;

/// The answer to a call that brought no response.
pub(crate) fn of_failure(error: &BoxError) -> Response<Body> {
    let failure = Failure::of(&**error);
    let (status, layer) = place(failure.kind());
    let mut response = problem(status, layer, &describe(failure));
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, retry_after(failure));
    }
    response
}

/// The answer to a request that cannot be passed on.
pub(crate) fn bad_request(detail: &str) -> Response<Body> {
    problem(StatusCode::BAD_REQUEST, "transport", detail)
}

/// The status of a failure, and the layer that stood up for it.
fn place(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
        Kind::Held => (StatusCode::SERVICE_UNAVAILABLE, "retry-after"),
        Kind::CircuitOpen => (StatusCode::SERVICE_UNAVAILABLE, "circuit-breaker"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "rate-limit"),
        Kind::Unauthenticated => (StatusCode::BAD_GATEWAY, "auth"),
        _ => (StatusCode::BAD_GATEWAY, "transport"),
    }
}

/// The error and the reasons behind it, without saying anything twice.
fn describe(failure: Failure<'_>) -> String {
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
