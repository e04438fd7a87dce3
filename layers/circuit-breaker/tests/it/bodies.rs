//! Outcomes that are known at the end of the body.

use buttress_circuit_breaker::mode::Whole;
use buttress_circuit_breaker::{CircuitBreaker, CircuitBreakerLayer, State};
use buttress_kernel::key::Authority;
use buttress_kernel::{Body, HttpClassify, Sent, TransportError};
use buttress_testkit::{FrameSender, Scripted, Step, channel};
use http::Response;
use http_body_util::BodyExt;
use tokio::time::advance;
use tower::{Layer, ServiceExt};

use crate::support::*;

type WholeLayer = CircuitBreakerLayer<Authority, HttpClassify, Whole>;
type WholeBody = buttress_circuit_breaker::body::ResponseBody<Body, HttpClassify>;
type WholeBroken = CircuitBreaker<Scripted, Authority, HttpClassify, Whole>;

/// Opens at the second failure.
fn layer() -> WholeLayer {
    let builder = CircuitBreakerLayer::consecutive(2).open_for(secs(10));
    builder.until_body_end().build().unwrap()
}

async fn call(service: &WholeBroken) -> Response<WholeBody> {
    service.clone().oneshot(api()).await.unwrap()
}

fn dying() -> Body {
    let (sender, body) = channel();
    sender.data("half");
    sender.error(TransportError::broken(Sent::Yes, "gone"));
    body
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_in_the_middle_of_a_body_has_failed() {
    let layer = layer();
    let service = layer.layer(Scripted::new([Step::ok().body_with(dying)]));
    for opens in [false, true] {
        let response = call(&service).await;
        assert_eq!(state(&layer), State::Closed);
        response.into_body().collect().await.unwrap_err();
        assert_eq!(is_open(&layer), opens);
    }
    refused(service.oneshot(api()).await);
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_to_the_head_alone_is_looked_at() {
    let layer = CircuitBreakerLayer::consecutive(2).build().unwrap();
    let service = layer.layer(Scripted::new([Step::ok().body_with(dying)]));
    for _ in 0..5 {
        let response = send(&service, api()).await.unwrap();
        response.into_body().collect().await.unwrap_err();
    }
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_bad_head_is_a_failure_at_once() {
    let layer = layer();
    let service = layer.layer(Scripted::new([Step::status(500).body("sorry")]));
    let _unread = (call(&service).await, call(&service).await);
    assert!(is_open(&layer));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_read_whole_ends_a_row_and_one_that_was_dropped_does_not() {
    for (read, opens) in [(true, false), (false, true)] {
        let layer = layer();
        let steps = [Step::status(500), Step::ok().body("hi"), Step::status(500)];
        let service = layer.layer(Scripted::new(steps));
        call(&service).await;
        let body = call(&service).await.into_body();
        if read {
            body.collect().await.unwrap();
        } else {
            drop(body);
        }
        call(&service).await;
        assert_eq!(is_open(&layer), opens, "read: {read}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_knows_the_length_need_not_ask_for_the_end() {
    let layer = layer();
    let steps = [Step::status(500), Step::ok().body("hi"), Step::status(500)];
    let service = layer.layer(Scripted::new(steps));
    call(&service).await;
    let mut body = call(&service).await.into_body();
    body.frame().await.unwrap().unwrap();
    call(&service).await;
    assert_eq!(state(&layer), State::Closed, "the one frame was all");
}

#[tokio::test(start_paused = true)]
async fn an_empty_body_has_ended_with_the_head() {
    let layer = layer();
    let steps = [Step::status(500), Step::ok(), Step::status(500)];
    let service = layer.layer(Scripted::new(steps));
    for _ in 0..3 {
        drop(call(&service).await);
    }
    assert_eq!(state(&layer), State::Closed);
}

/// A half-open circuit, whose probe has got the head and waits for the body.
async fn probing(layer: &WholeLayer) -> (WholeBroken, FrameSender, Response<WholeBody>) {
    let (sender, body) = channel();
    let steps = [
        Step::status(500),
        Step::status(500),
        Step::ok().body(body),
        Step::ok(),
    ];
    let service = layer.layer(Scripted::new(steps));
    call(&service).await;
    call(&service).await;
    advance(secs(10)).await;
    let response = call(&service).await;
    (service, sender, response)
}

#[tokio::test(start_paused = true)]
async fn a_probe_lasts_until_the_end_of_its_body() {
    let layer = layer();
    let (service, sender, response) = probing(&layer).await;
    assert_eq!(state(&layer), State::HalfOpen);
    refused(service.oneshot(api()).await);
    drop(sender);
    response.into_body().collect().await.unwrap();
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_body_is_dropped_frees_its_place() {
    let layer = layer();
    let (service, _sender, response) = probing(&layer).await;
    drop(response);
    assert_eq!(state(&layer), State::HalfOpen);
    assert_eq!(call(&service).await.status(), 200);
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_body_breaks_has_failed() {
    let layer = layer();
    let (_service, sender, response) = probing(&layer).await;
    sender.error(TransportError::broken(Sent::Yes, "gone"));
    response.into_body().collect().await.unwrap_err();
    assert_eq!(open_for(&layer), secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_probe_with_a_long_body_does_not_hang_as_long_as_frames_come() {
    let layer = layer();
    let (_service, sender, response) = probing(&layer).await;
    let mut body = response.into_body();
    for _ in 0..5 {
        advance(secs(59)).await;
        sender.data("more");
        body.frame().await.unwrap().unwrap();
        assert_eq!(state(&layer), State::HalfOpen);
    }
    advance(secs(60)).await;
    assert!(is_open(&layer), "no frame for a minute");
}

#[tokio::test(start_paused = true)]
async fn how_long_a_body_is_read_makes_no_call_slow() {
    let layer = CircuitBreakerLayer::builder()
        .slow_calls(secs(1), 50)
        .min_calls(1)
        .until_body_end()
        .build()
        .unwrap();
    let service = layer.layer(Scripted::new([
        Step::ok().body("hi").after(ms(999)),
        Step::ok().body("hi").after(ms(1_000)),
    ]));
    let response = call(&service).await;
    advance(secs(60)).await;
    response.into_body().collect().await.unwrap();
    assert_eq!(state(&layer), State::Closed);
    let response = call(&service).await;
    response.into_body().collect().await.unwrap();
    assert!(is_open(&layer), "one of two");
}
