//! What a handler's `?` answers.

use std::time::Duration;

use axum::response::IntoResponse;
use buttress::auth::{Token, Tokens};
use buttress::kernel::key::Authority;
use buttress::priority::PriorityLayer;
use buttress::proxy::respond;
use buttress::redirect::Policy;
use buttress::{
    BoxError, CircuitBreakerLayer, Client, ClientBuilder, Error, RateLimitLayer, RetryAfterLayer,
};
use buttress_testkit::{Scripted, Step};
use http::{HeaderMap, StatusCode, header};

use super::problem;

const BASE: &str = "http://upstream.internal/v1";

/// Whatever must not be told.
const SECRETS: [&str; 6] = ["internal", "v1", "s3cret", "users", "x-token", "10.0.0.7"];

fn client(
    steps: impl IntoIterator<Item = Step>,
    settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Client {
    let builder = Client::builder()
        .base_uri(BASE)
        .retry(None)
        .retry_after(None);
    settings(builder).build_over(Scripted::new(steps)).unwrap()
}

/// A call that reads the answer as JSON.
async fn call(client: &Client) -> Result<Vec<u8>, Error> {
    let request = client.get("/users?key=s3cret").header("x-token", "s3cret");
    request.send().await?.json().await
}

/// The last of so many calls, as a handler answers it: status, layer, and the seconds of `Retry-After`.
async fn answer(client: &Client, calls: usize) -> (u16, String, Option<u64>) {
    let mut end = call(client).await;
    for _ in 1..calls {
        end = call(client).await;
    }
    told(end.unwrap_err()).await
}

async fn told(error: Error) -> (u16, String, Option<u64>) {
    let kind = error.kind();
    let response = error.into_response().map(buttress::Body::new);
    let status = response.status().as_u16();
    let pause = only_known(response.headers());
    assert_eq!(response.extensions().get(), Some(&kind));
    let (layer, text) = problem(response).await;
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    (status, layer, pause)
}

/// No field but those that are ours; nothing is stored.
fn only_known(headers: &HeaderMap) -> Option<u64> {
    let others = headers.keys();
    let ours = [
        header::CACHE_CONTROL,
        header::CONTENT_TYPE,
        header::RETRY_AFTER,
    ];
    let mut others = others.filter(|name| !ours.contains(name));
    assert_eq!(others.next(), None);
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let pause = headers.get(header::RETRY_AFTER)?;
    Some(pause.to_str().unwrap().parse().unwrap())
}

fn answers(status: u16, layer: &str, pause: Option<u64>) -> (u16, String, Option<u64>) {
    (status, layer.to_owned(), pause)
}

#[tokio::test(start_paused = true)]
async fn time_limits_are_a_504() {
    let client = client([Step::hang()], |b| b.timeout(Duration::from_secs(1)));
    assert_eq!(answer(&client, 1).await, answers(504, "timeout", None));
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_is_a_503_that_says_when_to_come_back() {
    let breaker = CircuitBreakerLayer::builder()
        .consecutive(1)
        .open_for(Duration::from_secs(40))
        .jitter(false);
    let breaker = breaker.build().unwrap();
    let client = client([Step::status(500)], |b| b.circuit_breaker(breaker));
    let expected = answers(503, "circuit-breaker", Some(40));
    assert_eq!(answer(&client, 2).await, expected);
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(answer(&client, 1).await, expected, "rounded up");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_upstream_asks_for_is_a_503_from_the_first_call_on() {
    let throttled = || Step::status(429).header("retry-after", "7").body("s3cret");
    let gate = RetryAfterLayer::new().reject();
    let client = client([throttled()], |b| b.retry_after(gate));
    assert_eq!(answer(&client, 1).await, answers(503, "upstream", Some(7)));
    assert_eq!(
        answer(&client, 1).await,
        answers(503, "retry-after", Some(7))
    );
}

#[tokio::test(start_paused = true)]
async fn limits_of_ours_are_a_503_since_its_client_asked_but_once() {
    let one = RateLimitLayer::per_second(1)
        .unwrap()
        .reject()
        .key(Authority);
    let limited = client([Step::ok().body("[]")], |b| b.rate_limit(one));
    assert_eq!(
        answer(&limited, 2).await,
        answers(503, "rate-limit", Some(1))
    );

    let one = PriorityLayer::new(1).unwrap().max_waiting(0).key(Authority);
    let crowded = client([Step::hang()], |b| b.priority(one));
    let other = crowded.clone();
    let holding = tokio::spawn(async move { call(&other).await });
    tokio::task::yield_now().await;
    assert_eq!(answer(&crowded, 1).await, answers(503, "priority", Some(1)));
    holding.abort();
}

#[tokio::test(start_paused = true)]
async fn what_the_upstream_does_wrong_is_a_502() {
    let error = |step| async { answer(&client([step], |b| b), 1).await };
    let refused = || buttress::kernel::TransportError::connect("10.0.0.7 refused");
    assert_eq!(
        error(Step::error(refused)).await,
        answers(502, "transport", None)
    );
    for step in [
        Step::status(404)
            .header("x-token", "s3cret")
            .body("no users"),
        Step::status(401),
        Step::status(400),
        Step::status(500).header("retry-after", "7"),
        Step::status(503),
        Step::status(304),
        Step::ok().body("[s3cret"),
    ] {
        let shown = format!("{step:?}");
        assert_eq!(error(step).await, answers(502, "upstream", None), "{shown}");
    }
    let large = Step::ok().body(" ".repeat(100));
    let call = client([large], |b| b).get("/users").limit(10).send().await;
    let end = call.unwrap().json::<Vec<u8>>().await;
    assert_eq!(told(end.unwrap_err()).await, answers(502, "upstream", None));

    let circle = Step::status(302).header("location", "/v1/users?key=s3cret");
    let client = client([circle], |b| b.redirects(Policy::limited(3)));
    assert_eq!(answer(&client, 1).await, answers(502, "redirect", None));
}

#[tokio::test(start_paused = true)]
async fn credentials_that_cannot_be_had_are_a_502() {
    let tokens = Tokens::new(async || Err::<Token, BoxError>("s3cret is wrong".into()));
    let client = client([Step::ok()], |b| b.credentials(tokens));
    assert_eq!(answer(&client, 1).await, answers(502, "auth", None));
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_the_handlers_fault_and_not_its_clients() {
    let client = client([Step::ok()], |b| b);
    let fault = client.get("/users/{id}").send().await.unwrap_err();
    assert_eq!(told(fault).await, answers(500, "transport", None));
    // Of one that is handed on it is the client's.
    let fault = client.get("/users").header("x\n", "s3cret").send().await;
    let response = respond(&fault.unwrap_err());
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_error_is_known_within_others() {
    let client = client([Step::status(404)], |b| b);
    let error = std::io::Error::other(call(&client).await.unwrap_err());
    let (layer, _) = problem(respond(&error)).await;
    assert_eq!(layer, "upstream");
}

#[tokio::test]
async fn the_reason_is_told_to_whoever_runs_the_program() {
    let (events, guard) = crate::support::events::capture();
    let client = client([Step::status(404).body("s3cret")], |b| b);
    let error = call(&client).await.unwrap_err();
    drop(error.into_response());
    drop(guard);
    let text = events.text();
    let line = text
        .lines()
        .find(|line| line.contains("answered with a problem"));
    let line = line.expect(&text);
    for part in [
        "DEBUG buttress::proxy",
        r#"kind="not-found""#,
        "status=502",
        r#"layer="upstream""#,
        "the server answered 404 Not Found",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("s3cret"), "{line}");
}
