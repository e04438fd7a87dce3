//! The circuit breaker's and the rate limit's flags.

use std::time::Duration;

use http::Response;
use hyper::body::Incoming;
use tokio::time::sleep;

use super::answers::{fails, trail};
use crate::support::gateway::{Gateway, layer, text};

/// The seconds of a `Retry-After` field.
fn seconds(response: &Response<Incoming>) -> u64 {
    let field = response.headers()["retry-after"].to_str().unwrap();
    field.parse().unwrap()
}

#[tokio::test]
async fn an_open_circuit_is_a_503_with_retry_after() {
    let upstream = fails(usize::MAX, 503).await;
    for flags in [
        "--breaker --breaker-consecutive 3",
        "--breaker --breaker-min 3 --breaker-rate 100 --breaker-window 60000",
    ] {
        let before = upstream.requests();
        let gateway = Gateway::start(&upstream.uri(), &format!("{flags} --breaker-open 60000"));
        for _ in 0..3 {
            assert_eq!(text(gateway.get("/").await).await, "said", "{flags}");
        }
        let rejected = gateway.get("/").await;
        assert_eq!(rejected.status(), 503);
        assert!((1..=60).contains(&seconds(&rejected)));
        assert_eq!(layer(rejected).await, "circuit-breaker");
        assert_eq!(upstream.requests() - before, 3, "{flags}");
    }
}

#[tokio::test]
async fn a_circuit_closes_again_when_its_probe_succeeds() {
    let upstream = fails(2, 503).await;
    let flags = "--breaker --breaker-consecutive 2 --breaker-open 20 --breaker-probes 1";
    let gateway = Gateway::start(&upstream.uri(), flags);
    gateway.get("/").await;
    gateway.get("/").await;
    while gateway.get("/").await.status() != 200 {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(upstream.requests(), 3);
    assert_eq!(gateway.get("/").await.status(), 200);
}

#[tokio::test]
async fn a_breakers_window_may_be_as_long_as_two_attempts() {
    let upstream = fails(0, 503).await;
    let window = "--breaker-window 2000 --timeout 1000";
    // The usual window is 30 s; longer attempts stretch it.
    for flags in [window, "--timeout 16000"] {
        let gateway = Gateway::start(&upstream.uri(), &format!("--breaker {flags}"));
        assert_eq!(gateway.get("/").await.status(), 200, "{flags}");
    }
}

#[tokio::test]
async fn requests_above_the_rate_wait_for_their_turn() {
    let upstream = fails(0, 503).await;
    for flags in ["--burst 1", "--burst 1 --rate-mode wait --max-wait 60000"] {
        let gateway = Gateway::start(&upstream.uri(), &format!("--explain --rate 20 {flags}"));
        let mut waited = 0;
        for _ in 0..6 {
            let response = gateway.get("/").await;
            assert_eq!(response.status(), 200, "{flags}");
            waited += u32::from(trail(&response).contains("rate-limit: waited"));
        }
        assert!(waited > 0, "{flags}");
    }
}

#[tokio::test]
async fn requests_above_the_rate_are_a_429_with_retry_after() {
    for flags in ["--rate-mode reject", "--rate-mode wait --max-wait 10"] {
        let upstream = fails(0, 503).await;
        let gateway = Gateway::start(&upstream.uri(), &format!("--rate 1 --burst 1 {flags}"));
        let mut answered = 0;
        // The first one passes; so does one a second later, on a machine as slow as that.
        let rejected = loop {
            let response = gateway.get("/").await;
            if response.status() != 200 {
                break response;
            }
            answered += 1;
        };
        assert_eq!(rejected.status(), 429, "{flags}");
        assert_eq!(seconds(&rejected), 1, "{flags}");
        assert_eq!(layer(rejected).await, "rate-limit", "{flags}");
        assert!(answered > 0, "{flags}");
        assert_eq!(upstream.requests(), answered, "{flags}");
    }
}

#[tokio::test]
async fn the_burst_is_as_large_as_the_rate_unless_set() {
    let upstream = fails(0, 503).await;
    for (flags, most) in [("", 50), ("--burst 2", 2)] {
        let flags = format!("--rate 50 --rate-mode reject {flags}");
        let gateway = Gateway::start(&upstream.uri(), &flags);
        let responses = (0..most + 10).map(|_| gateway.get("/"));
        let responses = futures_util::future::join_all(responses).await;
        let passed = responses.iter().filter(|one| one.status() == 200).count();
        // More than the burst where the machine was slow enough for new tokens to come.
        assert!(passed >= most, "{passed} of {most}");
        assert!(most == 50 || passed < most + 10, "{passed}");
    }
}

#[tokio::test]
async fn each_attempt_of_a_retry_pays_its_token() {
    let upstream = fails(2, 503).await;
    let flags = "--explain --retry 3 --retry-base 1 --retry-cap 1 --rate 10 --burst 1";
    let gateway = Gateway::start(&upstream.uri(), flags);
    let response = gateway.get("/").await;
    assert_eq!((response.status().as_u16(), upstream.requests()), (200, 3));
    let trail = trail(&response);
    assert_eq!(trail.matches("rate-limit: waited").count(), 2, "{trail}");
}
