//! The layers in any order, over a scripted server and over hyper's client.

use std::convert::Infallible;
use std::time::Duration;

use buttress::cache::CacheLayer;
use buttress::circuit_breaker::CircuitBreakerLayer;
use buttress::retry::RetryLayer;
use buttress::retry_after::RetryAfterLayer;
use buttress::timeout::{DeadlineLayer, TimeoutLayer};
use buttress::{Attempt, Body, BoxError, Failure, Kind};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::support::upstream::Upstream;

fn timeout() -> TimeoutLayer {
    TimeoutLayer::new(Duration::from_secs(2)).body_idle(Duration::from_secs(2))
}

/// Calls a stack over a server that fails twice and then answers.
async fn recovers<S, R>(stack: S, uri: &str) -> Option<u32>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    let request = Request::get(uri).body(Body::empty()).unwrap();
    let response = stack.oneshot(request).await.map_err(Into::into).unwrap();
    assert_eq!(response.status(), 200);
    response
        .extensions()
        .get::<Attempt>()
        .map(|attempt| attempt.number().get())
}

/// Every order of three layers, each over both services.
macro_rules! in_every_order {
    ($a:expr, $b:expr, $c:expr => $over:expr, $uri:expr) => {
        in_every_order!(@ $over, $uri; $a, $b, $c; $a, $c, $b; $b, $a, $c; $b, $c, $a; $c, $a, $b; $c, $b, $a)
    };
    (@ $over:expr, $uri:expr; $($x:expr, $y:expr, $z:expr);*) => {$({
        let stack = ServiceBuilder::new().layer($x).layer($y).layer($z).service($over);
        assert_eq!(recovers(stack, $uri).await, Some(3));
    })*};
}

fn failing_twice() -> Scripted {
    Scripted::new([
        Step::status(503),
        Step::error(|| std::io::Error::other("reset")),
        Step::ok(),
    ])
}

#[tokio::test(start_paused = true)]
async fn jp24_w52_layers_compose_in_any_order_over_a_mock() {
    in_every_order!(timeout(), RetryLayer::new(), RetryAfterLayer::new() => failing_twice(), "http://h/");
    in_every_order!(CircuitBreakerLayer::new(), RetryLayer::new(), timeout() => failing_twice(), "http://h/");
    in_every_order!(DeadlineLayer::new(Duration::from_secs(60)), RetryLayer::new(), timeout() => failing_twice(), "http://h/");
}

#[tokio::test]
async fn layers_compose_in_any_order_over_hypers_client() {
    let fails_twice_in_three = |n: usize, _| async move {
        let response = Response::builder().status(if n % 3 == 2 { 200 } else { 503 });
        Ok::<_, Infallible>(response.body(Body::empty()).unwrap())
    };
    let upstream = Upstream::start(fails_twice_in_three).await;
    let hyper = || Client::builder(TokioExecutor::new()).build_http::<Body>();
    in_every_order!(timeout(), RetryLayer::new(), RetryAfterLayer::new() => hyper(), &upstream.uri());
    assert_eq!(upstream.requests(), 18);
}

#[tokio::test(start_paused = true)]
async fn each_layer_works_alone() {
    let over = |step| Scripted::new([step]);
    let get = || Request::get("http://h/").body(Body::empty()).unwrap();

    let end = timeout().layer(over(Step::hang())).oneshot(get()).await;
    assert_eq!(Failure::of(&*end.err().unwrap()).kind(), Kind::Timeout);

    let end = DeadlineLayer::new(Duration::from_secs(1))
        .layer(over(Step::hang()))
        .oneshot(get())
        .await;
    assert_eq!(Failure::of(&*end.err().unwrap()).kind(), Kind::Timeout);

    let end = RetryLayer::new()
        .layer(over(Step::status(503)))
        .oneshot(get())
        .await;
    assert_eq!(
        end.unwrap()
            .extensions()
            .get::<Attempt>()
            .unwrap()
            .number()
            .get(),
        3
    );

    let gate = RetryAfterLayer::new().reject();
    let throttled = Step::status(429).header("retry-after", "9");
    let service = gate.layer(over(throttled));
    service.clone().oneshot(get()).await.unwrap();
    let end = service.oneshot(get()).await;
    assert_eq!(Failure::of(&*end.err().unwrap()).kind(), Kind::Held);
}

#[tokio::test(start_paused = true)]
async fn trap9_the_stack_does_not_deadlock_over_one_place() {
    let server = Scripted::new([Step::status(503), Step::ok().pending(2)]);
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(60)))
        .layer(RetryLayer::new())
        .layer(RetryAfterLayer::new())
        .layer(timeout())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(server.clone());
    let calls = (0..20).map(|_| recovers_at_all(stack.clone()));
    futures_util::future::join_all(calls).await;
    assert_eq!(server.in_flight(), 0);
}

async fn recovers_at_all<S, R>(stack: S)
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    let request = Request::get("http://h/").body(Body::empty()).unwrap();
    assert_eq!(
        stack
            .oneshot(request)
            .await
            .map_err(Into::into)
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn w02_retry_and_gate_wait_once_in_either_order() {
    let server = || {
        let throttled = Step::status(429).header("retry-after", "3");
        Scripted::new([throttled, Step::ok()])
    };
    let get = || Request::get("http://h/").body(Body::empty()).unwrap();

    let start = Instant::now();
    let above = RetryLayer::new().layer(RetryAfterLayer::new().layer(server()));
    assert_eq!(above.oneshot(get()).await.unwrap().status(), 200);
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(3) && waited < Duration::from_secs(5),
        "{waited:?}"
    );

    let start = Instant::now();
    let below = RetryAfterLayer::new().layer(RetryLayer::new().layer(server()));
    assert_eq!(below.oneshot(get()).await.unwrap().status(), 200);
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(3) && waited < Duration::from_secs(5),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_callers_hurry_does_not_rule_a_validation_that_is_for_all() {
    let tagged = |step: Step, control| {
        step.header("cache-control", control)
            .header("etag", "\"a\"")
    };
    let server = Scripted::new([
        tagged(Step::ok(), "max-age=1, stale-while-revalidate=60").body("one"),
        Step::status(503),
        tagged(Step::status(304), "max-age=600").after(Duration::from_secs(1)),
    ]);
    let clock = ManualWallClock::ticking(std::time::SystemTime::UNIX_EPOCH);
    let stack = ServiceBuilder::new()
        .layer(CacheLayer::private().wall_clock(clock))
        .layer(RetryLayer::new())
        .layer(timeout())
        .service(server.clone());
    let get = || Request::get("http://h/").body(Body::empty()).unwrap();
    let call = async |request| {
        let answer = stack.clone().oneshot(request).await.unwrap();
        http_body_util::BodyExt::collect(answer.into_body())
            .await
            .unwrap()
            .to_bytes()
    };
    call(get()).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut hurried = get();
    let limit = buttress::timeout::Override::new().head(Duration::from_millis(50));
    hurried.extensions_mut().insert(limit);
    hurried
        .extensions_mut()
        .insert(buttress::retry::Override::never());
    assert_eq!(call(hurried).await, "one");
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(
        server.calls().len(),
        3,
        "it was tried again, and waited for"
    );
    assert_eq!(call(get()).await, "one");
    assert_eq!(server.calls().len(), 3, "and it was right");
}
