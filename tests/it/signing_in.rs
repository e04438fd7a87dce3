//! Credentials beside retry, through the real layers over real sockets: neither multiplies what the
//! other sends.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress::auth::{AuthLayer, Origins, Token, Tokens};
use buttress::retry::{Backoff, RetryLayer};
use buttress::timeout::TimeoutLayer;
use buttress::transport::Transport;
use buttress::{Attempt, Body, Client};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tower::{Layer, ServiceBuilder, ServiceExt};

use crate::support::upstream::Upstream;

/// Tokens 1, 2 and so on, and how many there have been.
fn tokens() -> (Tokens, Arc<AtomicU32>) {
    let fetched = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&fetched);
    let tokens = Tokens::new(move || {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Token::new(number.to_string()) }
    });
    (tokens, fetched)
}

fn retry() -> RetryLayer {
    let backoff = Backoff::exponential(Duration::from_millis(1));
    RetryLayer::builder().backoff(backoff).build().unwrap()
}

/// A server's answer to the token of this number, in the request of this number.
type Answer = fn(token: u32, request: usize) -> u16;

async fn upstream(answer: Answer) -> Upstream {
    let respond = move |request: usize, incoming: Request<Incoming>| async move {
        let token = incoming.headers().get("authorization");
        let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let token = token.map_or(0, |number| number.parse().unwrap());
        let response = Response::builder().status(answer(token, request));
        Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
    };
    Upstream::start(respond).await
}

/// What came of one call: its status, the requests, and the fetches.
#[derive(Debug, PartialEq, Eq)]
struct End {
    status: u16,
    requests: usize,
    fetches: u32,
}

impl End {
    fn of(status: StatusCode, upstream: &Upstream, fetches: &AtomicU32) -> Self {
        Self {
            status: status.as_u16(),
            requests: upstream.requests(),
            fetches: fetches.load(Ordering::Relaxed),
        }
    }
}

/// Retry outside, as in the client.
async fn inside_retry(answer: Answer) -> End {
    let (upstream, (tokens, fetched)) = (upstream(answer).await, tokens());
    let client = Client::builder()
        .base_uri(upstream.uri())
        .credentials(tokens)
        .retry(retry())
        .build()
        .unwrap();
    let response = client.get("/").send().await.unwrap();
    End::of(response.status(), &upstream, &fetched)
}

/// Retry inside.
async fn outside_retry(answer: Answer) -> End {
    let (upstream, (tokens, fetched)) = (upstream(answer).await, tokens());
    let stack = ServiceBuilder::new()
        .layer(AuthLayer::new(
            tokens,
            Origins::only(upstream.uri()).unwrap(),
        ))
        .layer(retry())
        .layer(TimeoutLayer::new(Duration::from_secs(30)))
        .service(Transport::new().unwrap());
    let request = Request::get(upstream.uri()).body(Body::empty()).unwrap();
    let response = stack.oneshot(request).await.unwrap();
    End::of(response.status(), &upstream, &fetched)
}

/// The numbers of the attempts that arrive, with retry outside or inside, as seen by what stands
/// innermost; and the response's.
async fn attempts(retry_outside: bool, answer: Answer) -> (u16, Vec<u32>, u32) {
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let (upstream, (tokens, _)) = (upstream(answer).await, tokens());
    let auth = AuthLayer::new(tokens, Origins::only(upstream.uri()).unwrap());
    let seen = Arc::clone(&numbers);
    let wire = ServiceBuilder::new()
        .map_request(move |request: Request<Body>| {
            let number = Attempt::number_in(request.extensions()).get();
            seen.lock().unwrap().push(number);
            request
        })
        .service(Transport::new().unwrap());
    let request = Request::get(upstream.uri()).body(Body::empty()).unwrap();
    let response = if retry_outside {
        retry().layer(auth.layer(wire)).oneshot(request).await
    } else {
        auth.layer(retry().layer(wire)).oneshot(request).await
    };
    let response = response.unwrap();
    let last = Attempt::number_in(response.extensions()).get();
    let numbers = numbers.lock().unwrap().clone();
    assert_eq!(numbers.len(), upstream.requests());
    (response.status().as_u16(), numbers, last)
}

const fn end(status: u16, requests: usize, fetches: u32) -> End {
    End {
        status,
        requests,
        fetches,
    }
}

#[tokio::test]
async fn w03_a_rejection_is_replayed_once_and_not_retried_wherever_retry_stands() {
    let all_rejected: Answer = |_, _| 401;
    assert_eq!(inside_retry(all_rejected).await, end(401, 2, 2));
    assert_eq!(outside_retry(all_rejected).await, end(401, 2, 2));
}

#[tokio::test]
async fn w28_failures_are_retried_with_the_same_token_wherever_retry_stands() {
    let failing: Answer = |_, _| 503;
    assert_eq!(inside_retry(failing).await, end(503, 3, 1));
    assert_eq!(outside_retry(failing).await, end(503, 3, 1));
    let recovering: Answer = |_, request| if request < 2 { 503 } else { 200 };
    assert_eq!(inside_retry(recovering).await, end(200, 3, 1));
    assert_eq!(outside_retry(recovering).await, end(200, 3, 1));
}

#[tokio::test]
async fn w28_w47_a_rejection_among_failures_costs_one_request_more_and_multiplies_nothing() {
    // The first token is rejected; with the second the server fails.
    let failing: Answer = |token, _| if token == 1 { 401 } else { 503 };
    assert_eq!(inside_retry(failing).await, end(503, 4, 2));
    assert_eq!(outside_retry(failing).await, end(503, 4, 2));
    // The other way round: it fails, then has forgotten the token.
    let forgetting: Answer = |token, request| match (token, request) {
        (_, 0) => 503,
        (1, _) => 401,
        _ => 200,
    };
    assert_eq!(inside_retry(forgetting).await, end(200, 3, 2));
    assert_eq!(outside_retry(forgetting).await, end(200, 3, 2));
}

#[tokio::test]
async fn attempts_are_counted_on_over_the_whole_call_wherever_retry_stands() {
    let failing: Answer = |token, _| if token == 1 { 401 } else { 503 };
    let forgetting: Answer = |token, request| match (token, request) {
        (_, 0) => 503,
        (1, _) => 401,
        _ => 200,
    };
    let fails_at_last: Answer = |token, request| match (token, request) {
        (_, 0 | 2) => 503,
        (1, _) => 401,
        _ => 200,
    };
    for outside in [true, false] {
        let four = vec![1, 2, 3, 4];
        assert_eq!(attempts(outside, failing).await, (503, four.clone(), 4));
        let three = vec![1, 2, 3];
        assert_eq!(attempts(outside, forgetting).await, (200, three, 3));
        assert_eq!(attempts(outside, fails_at_last).await, (200, four, 4));
        assert_eq!(attempts(outside, |_, _| 200).await, (200, vec![1], 1));
    }
}
