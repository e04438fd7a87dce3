//! What is answered when everything else has failed, in the client's stack.

use std::time::{Duration, SystemTime};

use buttress::fallback::{Fallback, FallbackLayer, Override};
use buttress::{CacheLayer, CircuitBreakerLayer, Explain};
use buttress_testkit::{ManualWallClock, Scripted, Step};

use super::{Number, scripted_with};
use crate::support::events::capture;

fn value(text: &'static str) -> FallbackLayer {
    FallbackLayer::value(http::Response::new(text.into()))
}

#[tokio::test(start_paused = true)]
async fn ic39_a_fallback_comes_after_all_attempts() {
    let (client, server) = scripted_with([Step::status(503)], |b| b.fallback(value("7")));
    let explain = Explain::new();
    let answer = client
        .endpoint(&Number(1))
        .with(|r| r.explain(&explain))
        .send()
        .await
        .unwrap();
    assert_eq!(*answer.body(), 7);
    assert_eq!(server.calls().len(), 3);
    assert_eq!(
        Fallback::of(answer.extensions()).unwrap().status().unwrap(),
        503
    );
    let trail = explain.trail().summary();
    assert!(
        trail.ends_with("fallback: answered from the value instead of 503"),
        "{trail}"
    );
}

#[tokio::test(start_paused = true)]
async fn ic39_a_fallback_is_not_stored() {
    let fresh = Step::ok().header("cache-control", "max-age=60").body("1");
    let (client, server) = scripted_with([Step::error(|| "down"), fresh], |b| {
        b.cache(CacheLayer::private())
            .retry(None)
            .fallback(value("7"))
    });
    for (wanted, asked) in [(7, 1), (1, 2), (1, 2)] {
        assert_eq!(*client.call(Number(1)).await.unwrap().body(), wanted);
        assert_eq!(server.calls().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_comes_before_a_substitute() {
    let clock = ManualWallClock::ticking(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-if-error=60")
        .body("1");
    let (client, _) = scripted_with([stale, Step::error(|| "down")], |b| {
        let cache = CacheLayer::private().wall_clock(clock);
        b.cache(cache).retry(None).fallback(value("7"))
    });
    for (after, wanted) in [(0, 1), (10, 1), (100, 7)] {
        tokio::time::sleep(Duration::from_secs(after)).await;
        let came = client.call(Number(1)).await.unwrap();
        assert_eq!(*came.body(), wanted, "{after}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_falls_back_to_another_service() {
    let other = Scripted::new([Step::ok().body("7")]);
    let (client, server) = scripted_with([Step::error(|| "down")], |b| {
        b.circuit_breaker(CircuitBreakerLayer::new())
            .retry(None)
            .fallback(FallbackLayer::service(other.clone()))
    });
    for _ in 0..9 {
        assert_eq!(*client.call(Number(1)).await.unwrap().body(), 7);
    }
    assert_eq!((server.calls().len(), other.calls().len()), (5, 9));
}

#[tokio::test(start_paused = true)]
async fn the_total_covers_the_substitute() {
    let other = Scripted::new([Step::hang()]);
    let (client, _) = scripted_with(
        [Step::error(|| "down").after(Duration::from_secs(1))],
        |b| {
            b.total(Duration::from_secs(5))
                .timeout(None)
                .retry(None)
                .fallback(FallbackLayer::service(other.clone()))
        },
    );
    let start = tokio::time::Instant::now();
    assert!(client.call(Number(1)).await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!((other.dropped(), other.in_flight()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_post_goes_elsewhere_only_where_its_key_is_known_there() {
    for shared in [false, true] {
        let other = Scripted::new([Step::ok().body("8")]);
        let fallback = FallbackLayer::service(other.clone()).shared_keys(shared);
        let (client, server) = scripted_with([Step::status(503)], |b| {
            b.idempotency_keys(true).fallback(fallback)
        });
        let post = client.post("/numbers").extension(Override::new().on());
        let end = post.send().await.unwrap();
        let (sent, repeated) = (server.calls(), other.calls());
        assert_eq!(
            (end.status() == 200, repeated.len()),
            (shared, usize::from(shared))
        );
        let key = sent[0].header("idempotency-key").unwrap();
        for call in sent.iter().chain(&repeated) {
            assert_eq!(
                call.header("idempotency-key"),
                Some(key),
                "one order, one key"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn ic24_a_request_brings_its_own_substitute() {
    let (client, _) = scripted_with([Step::status(503)], |b| b.retry(None).fallback(value("7")));
    let own = Override::new().on().value(http::Response::new("8".into()));
    let answer = client.post("/numbers").extension(own).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "8");
    assert_eq!(client.post("/numbers").send().await.unwrap().status(), 503);
}

#[tokio::test(start_paused = true)]
async fn ic39_w21_a_success_that_is_none_is_told_as_such() {
    let (events, _guard) = capture();
    let (client, _) = scripted_with([Step::status(503), Step::ok()], |b| {
        b.retry(None).fallback(value("7"))
    });
    client.get("/a").send().await.unwrap();
    client.get("/a").send().await.unwrap();
    let told = events.text();
    let ends: Vec<_> = told
        .lines()
        .filter(|line| line.contains("request succeeded"))
        .collect();
    assert!(
        ends[0].contains("fallback=true") && ends[1].contains("fallback=false"),
        "{told}"
    );
    assert!(
        told.contains("answered from a fallback source=\"value\" cause=503"),
        "{told}"
    );
}
