//! What each flag changes, and what the gateway answers itself.

use std::convert::Infallible;
use std::time::Duration;

use buttress::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tokio::time::sleep;

use crate::support::gateway::{Gateway, layer, text};
use crate::support::upstream::Upstream;

pub(super) fn status(code: u16) -> Response<Body> {
    Response::builder()
        .status(code)
        .body(Body::from("said"))
        .unwrap()
}

/// Fails the first `failures` requests with this status.
pub(super) async fn fails(failures: usize, code: u16) -> Upstream {
    Upstream::start(move |n, _| async move {
        Ok::<_, Infallible>(status(if n < failures { code } else { 200 }))
    })
    .await
}

/// Never answers.
async fn hangs() -> Upstream {
    Upstream::start(|_, _| async {
        sleep(Duration::from_secs(3_600)).await;
        Ok::<_, Infallible>(status(200))
    })
    .await
}

#[tokio::test]
async fn retry_makes_so_many_attempts_in_all() {
    let upstream = fails(2, 503).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --retry-base 1 --retry-cap 2");
    assert_eq!(gateway.get("/").await.status(), 200);
    assert_eq!(upstream.requests(), 3);
}

#[tokio::test]
async fn without_retry_the_answer_is_the_upstreams() {
    let upstream = fails(2, 503).await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let response = gateway.get("/").await;
    assert_eq!(response.status(), 503);
    assert_eq!(text(response).await, "said");
    assert_eq!(upstream.requests(), 1);
}

#[tokio::test]
async fn the_last_answer_passes_when_all_attempts_failed() {
    let upstream = fails(9, 503).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 2 --retry-base 1");
    let response = gateway.get("/").await;
    assert_eq!(
        (response.status(), upstream.requests()),
        (StatusCode::SERVICE_UNAVAILABLE, 2)
    );
    assert_eq!(text(response).await, "said");
}

#[tokio::test]
async fn a_post_is_retried_with_an_idempotency_key_alone() {
    let post = || {
        Request::post("/")
            .body(Full::new(Bytes::from("order")))
            .unwrap()
    };
    let upstream = fails(1, 503).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --retry-base 1");
    assert_eq!(gateway.send(post()).await.status(), 503);

    let upstream = fails(1, 503).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --retry-base 1 --idempotency");
    assert_eq!(gateway.send(post()).await.status(), 200);
    assert_eq!(upstream.requests(), 2);
}

#[tokio::test]
async fn retry_budget_is_a_share_of_first_attempts() {
    const CALLS: usize = 300;
    let mut sent = Vec::new();
    for percent in [0, 100] {
        let upstream = fails(usize::MAX, 502).await;
        let flags = format!("--retry 2 --retry-base 1 --retry-cap 1 --retry-budget {percent}");
        let gateway = Gateway::start(&upstream.uri(), &flags);
        for _ in 0..CALLS {
            assert_eq!(gateway.get("/").await.status(), 502);
        }
        sent.push(upstream.requests());
    }
    // With nothing paid in, there is the reserve alone: far fewer retries than calls.
    assert!((CALLS + 1..2 * CALLS).contains(&sent[0]), "{sent:?}");
    assert_eq!(sent[1], 2 * CALLS);
}

/// The delays of so many retries, in milliseconds, as the events tell them.
fn delays(gateway: &mut Gateway, retries: usize) -> Vec<u64> {
    let events = std::iter::from_fn(|| {
        Some(serde_json::from_str::<serde_json::Value>(&gateway.next_line()).unwrap())
    });
    let delays = events.filter_map(|event| event["delay_ms"].as_u64());
    delays.take(retries).collect()
}

#[tokio::test]
async fn retry_base_and_retry_cap_bound_the_backoff() {
    let upstream = fails(usize::MAX, 502).await;
    // Each delay is drawn between nothing and its bound, so that many draws are needed to see it.
    for bound in [2, 60] {
        let flags = format!("--events --retry 12 --retry-base {bound} --retry-cap {bound}");
        let mut gateway = Gateway::start(&upstream.uri(), &flags);
        gateway.get("/").await;
        let delays = delays(&mut gateway, 11);
        assert!(delays.iter().all(|delay| *delay <= bound), "{delays:?}");
        assert_eq!(
            delays.iter().any(|delay| *delay > 2),
            bound > 2,
            "{delays:?}"
        );
    }

    let mut gateway = Gateway::start(&upstream.uri(), "--events --retry 2 --retry-base 1");
    for _ in 0..20 {
        gateway.get("/").await;
    }
    let first = delays(&mut gateway, 20);
    assert!(first.iter().all(|delay| *delay <= 1), "{first:?}");

    let flags = "--events --retry 9 --retry-base 1 --retry-cap 4";
    let mut gateway = Gateway::start(&upstream.uri(), flags);
    gateway.get("/").await;
    let capped = delays(&mut gateway, 8);
    assert!(capped.iter().all(|delay| *delay <= 4), "{capped:?}");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_a_504() {
    let upstream = hangs().await;
    for flags in ["--timeout 50", "--total 50"] {
        let gateway = Gateway::start(&upstream.uri(), flags);
        let response = gateway.get("/").await;
        assert_eq!(response.status(), 504, "{flags}");
        assert_eq!(layer(response).await, "timeout", "{flags}");
    }
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_a_502() {
    let gateway = Gateway::start("http://127.0.0.1:1", "--retry 2 --retry-base 1");
    let response = gateway.get("/secret?token=s3cret").await;
    assert_eq!(response.status(), 502);
    assert_eq!(layer(response).await, "transport");
}

async fn throttles_once(header: (&'static str, &'static str)) -> Upstream {
    Upstream::start(move |n, _| async move {
        let mut response = status(if n == 0 { 429 } else { 200 });
        if n == 0 {
            response
                .headers_mut()
                .insert(header.0, header.1.parse().unwrap());
        }
        Ok::<_, Infallible>(response)
    })
    .await
}

pub(super) fn trail(response: &Response<hyper::body::Incoming>) -> String {
    let trail = response.headers()["buttress-trail"].to_str();
    trail.unwrap().to_owned()
}

#[tokio::test]
async fn a_held_key_waits() {
    for flags in ["hold", "pace", "hold --max-hold 60000"] {
        let upstream = throttles_once(("retry-after-ms", "150")).await;
        let gateway = Gateway::start(&upstream.uri(), &format!("--explain --retry-after {flags}"));
        assert_eq!(gateway.get("/").await.status(), 429, "{flags}");
        let held = gateway.get("/").await;
        assert_eq!(held.status(), 200, "{flags}");
        let trail = trail(&held);
        assert!(trail.contains("retry-after: held for"), "{flags}: {trail}");
        assert_eq!(upstream.requests(), 2, "{flags}");
    }
}

#[tokio::test]
async fn a_key_that_is_held_for_too_long_is_a_503_with_retry_after() {
    for flags in ["reject", "hold --max-hold 1000", "pace --max-hold 1000"] {
        let upstream = throttles_once(("retry-after", "100")).await;
        let gateway = Gateway::start(&upstream.uri(), &format!("--retry-after {flags}"));
        assert_eq!(gateway.get("/").await.status(), 429, "{flags}");
        let rejected = gateway.get("/").await;
        assert_eq!(rejected.status(), 503, "{flags}");
        let seconds = rejected.headers()["retry-after"].to_str().unwrap();
        assert!((1..=100).contains(&seconds.parse().unwrap()), "{seconds}");
        assert_eq!(layer(rejected).await, "retry-after", "{flags}");
        assert_eq!(upstream.requests(), 1, "{flags}");
    }
}

#[tokio::test]
async fn pace_spreads_what_remains_and_hold_does_not() {
    for (mode, spread) in [("hold", false), ("pace", true)] {
        let upstream = Upstream::start(|_, _| async {
            let mut response = status(200);
            let quota = "\"q\";r=10;t=2".parse().unwrap();
            response.headers_mut().insert("ratelimit", quota);
            Ok::<_, Infallible>(response)
        })
        .await;
        let flags = format!("--explain --retry-after {mode}");
        let gateway = Gateway::start(&upstream.uri(), &flags);
        let mut held = false;
        for _ in 0..4 {
            let response = gateway.get("/").await;
            assert_eq!(response.status(), 200, "{mode}");
            held |= trail(&response).contains("held for");
        }
        assert_eq!(held, spread, "{mode}");
    }
}

#[tokio::test]
async fn retry_does_not_wait_out_what_is_rejected() {
    let upstream = throttles_once(("retry-after", "100")).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --retry-after reject");
    let rejected = async {
        while upstream.requests() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        loop {
            let response = gateway.get("/").await;
            if response.status() != 200 {
                return response;
            }
        }
    };
    tokio::select! {
        first = gateway.get("/") => panic!("{} instead of a wait", first.status()),
        response = rejected => {
            assert_eq!(response.status(), 503);
            assert_eq!(layer(response).await, "retry-after");
        }
    }
}

#[tokio::test]
async fn explain_tells_every_decision_in_a_header() {
    let upstream = fails(1, 503).await;
    let gateway = Gateway::start(
        &upstream.uri(),
        "--retry 2 --retry-base 1 --timeout 9000 --explain",
    );
    let response = gateway.get("/").await;
    let trail = response.headers()["buttress-trail"].to_str().unwrap();
    assert!(trail.contains("retry: attempt 2 after 503"), "{trail}");
}

#[tokio::test]
async fn events_prints_one_json_line_for_each_decision() {
    let upstream = fails(1, 503).await;
    let mut gateway = Gateway::start(&upstream.uri(), "--retry 2 --retry-base 1 --events");
    assert_eq!(gateway.get("/path?token=s3cret").await.status(), 200);
    let line = gateway.next_line();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert!(
        event["target"].as_str().unwrap().starts_with("buttress"),
        "{line}"
    );
    assert!(!line.contains("s3cret"), "{line}");
}
