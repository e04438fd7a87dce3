//! Calls that take too long.

use buttress_circuit_breaker::{Builder, CircuitBreakerLayer, State};
use buttress_kernel::{Body, BoxError};
use buttress_testkit::{Scripted, Step};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

/// Half of four calls or more that take a second.
fn half_of_four() -> Builder {
    CircuitBreakerLayer::builder()
        .consecutive(None)
        .failure_rate(None)
        .slow_calls(secs(1), 50)
        .min_calls(4)
}

/// A call of this very service, which remembers what it has seen.
async fn call<S, B>(service: &mut S) -> Response<B>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
{
    service.ready().await.unwrap().call(api()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_though_they_succeed() {
    for (delays, opens) in [
        ([1_000, 1_000, 999, 0], true),
        ([1_000, 999, 999, 0], false),
        ([0, 0, 1_000, 1_000], true),
    ] {
        let layer = half_of_four().build().unwrap();
        let steps = delays.map(|delay| Step::ok().after(ms(delay)));
        let service = layer.layer(Scripted::new(steps));
        for _ in 0..4 {
            assert_eq!(status(&service).await, 200);
        }
        assert_eq!(is_open(&layer), opens, "{delays:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn how_long_calls_take_does_not_matter_unless_asked_for() {
    let layer = CircuitBreakerLayer::new();
    let service = layer.layer(Scripted::new([Step::ok().after(secs(3_600))]));
    for _ in 0..30 {
        status(&service).await;
    }
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn each_call_of_a_service_is_timed_and_counted() {
    let layer = half_of_four().build().unwrap();
    let quick = vec![Step::ok().after(ms(999)); 10];
    let steps = [quick, vec![Step::ok().after(ms(1_000))]].concat();
    let mut service = layer.layer(Scripted::new(steps));
    for calls in 0..20 {
        assert_eq!(state(&layer), State::Closed, "after {calls} calls");
        call(&mut service).await;
    }
    assert!(is_open(&layer), "ten of twenty");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_times_its_calls_sees_when_the_circuit_has_opened() {
    let layer = half_of_four().build().unwrap();
    let mut service = layer.layer(Scripted::new([Step::ok()]));
    for _ in 0..3 {
        call(&mut service).await;
    }
    layer.handle().force_open(API);
    let ready: &mut Broken = ServiceExt::<Request<Body>>::ready(&mut service)
        .await
        .unwrap();
    refused(ready.call(api()).await);
    layer.handle().automatic(API);
    call(&mut service).await;
}

#[tokio::test(start_paused = true)]
async fn of_a_timed_call_the_body_takes_no_time() {
    let layer = half_of_four().until_body_end().build().unwrap();
    let quick = vec![Step::ok().body("hi").after(ms(999)); 10];
    let steps = [quick, vec![Step::ok().body("hi").after(ms(1_000))]].concat();
    let mut service = layer.layer(Scripted::new(steps));
    for calls in 0..20 {
        assert_eq!(state(&layer), State::Closed, "after {calls} calls");
        let response = call(&mut service).await;
        advance(ms(10)).await;
        response.into_body().collect().await.unwrap();
    }
    assert!(is_open(&layer), "ten of twenty");
}
