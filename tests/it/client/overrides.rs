//! What one request wants otherwise: each is observed in the clock or at the server.

use std::time::Duration;

use buttress_testkit::Step;
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{scripted, scripted_with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn timeout_replaces_the_clients_limit_or_lifts_it() {
    let (client, _) = scripted_with([Step::hang()], |b| b.timeout(9 * SECOND).retry(None));
    let start = Instant::now();
    assert!(
        client
            .get("/")
            .timeout(2 * SECOND)
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(start.elapsed(), 2 * SECOND);

    let (client, _) = scripted_with([Step::ok().after(60 * SECOND)], |b| {
        b.timeout(9 * SECOND).retry(None)
    });
    assert_eq!(
        client.get("/").timeout(None).send().await.unwrap().status(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn total_replaces_the_clients_limit_or_lifts_it() {
    let (client, _) = scripted_with([Step::hang()], |b| b.total(60 * SECOND).retry(None));
    let start = Instant::now();
    assert!(
        client
            .get("/")
            .total(2 * SECOND)
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(start.elapsed(), 2 * SECOND);

    let late = Step::ok().after(20 * SECOND);
    let (client, _) = scripted_with([late], |b| b.total(9 * SECOND).timeout(None).retry(None));
    assert_eq!(
        client.get("/").total(None).send().await.unwrap().status(),
        200
    );
}

#[tokio::test(start_paused = true)]
async fn body_idle_replaces_the_clients_limit() {
    let stalls = || {
        Step::ok().body_with(|| {
            let (frames, body) = buttress_testkit::channel();
            tokio::spawn(async move {
                tokio::time::sleep(5 * SECOND).await;
                frames.data("late");
            });
            body
        })
    };
    let (client, _) = scripted_with([stalls()], |b| b.body_idle(SECOND));
    let read = async |request: buttress::RequestBuilder| {
        request
            .send()
            .await
            .unwrap()
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
    };
    assert!(read(client.get("/")).await.is_err());
    assert_eq!(read(client.get("/").body_idle(None)).await.unwrap(), "late");
    assert!(read(client.get("/").body_idle(2 * SECOND)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn retry_sets_the_attempts_and_no_retry_makes_one() {
    for (attempts, expected) in [(Some(5), 5), (Some(1), 1), (None, 1)] {
        let (client, server) = scripted([Step::status(503)]);
        let request = client.get("/");
        let request = match attempts {
            Some(attempts) => request.retry(attempts),
            None => request.no_retry(),
        };
        request.send().await.unwrap();
        assert_eq!(server.calls().len(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn idempotent_says_whether_a_repetition_harms() {
    let (client, server) = scripted([Step::status(503)]);
    client.post("/").idempotent(true).send().await.unwrap();
    assert_eq!(server.calls().len(), 3);
    client.get("/").idempotent(false).send().await.unwrap();
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn ignore_retry_after_does_not_wait() {
    let throttled = Step::status(429).header("retry-after", "30");
    let (client, server) = scripted_with([throttled, Step::ok()], |b| b.retry(None));
    client.get("/").send().await.unwrap();
    let start = Instant::now();
    client.get("/").ignore_retry_after().send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn idempotency_says_whether_a_key_is_added() {
    use buttress::idempotency::Override;

    let (client, server) = scripted_with([Step::ok()], |b| b.idempotency_keys(true));
    client.post("/").send().await.unwrap();
    let without = client.post("/").idempotency(Override::new().skip());
    without.send().await.unwrap();
    let with = client.put("/").idempotency(Override::new().require());
    with.send().await.unwrap();
    let calls = server.calls();
    let has_key = calls
        .iter()
        .map(|call| call.header("idempotency-key").is_some());
    assert_eq!(has_key.collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn rate_limit_says_what_a_request_costs() {
    use buttress::rate_limit::Override;
    use buttress::{RateLimitLayer, kernel::key::Authority};

    let limit = RateLimitLayer::per_second(1).unwrap().key(Authority);
    let (client, _) = scripted_with([Step::ok()], |b| b.rate_limit(limit));
    let start = Instant::now();
    client.get("/").send().await.unwrap();
    let free = client.get("/").rate_limit(Override::new().skip());
    free.send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    let refused = client.get("/").rate_limit(Override::new().reject());
    assert!(refused.send().await.unwrap_err().is_rate_limited());
}

#[tokio::test(start_paused = true)]
async fn fallback_says_whether_something_stands_in() {
    use buttress::fallback::{FallbackLayer, Override};

    let nothing = http::Response::new("[]".into());
    let (client, _) = scripted_with([Step::status(503)], |b| {
        b.retry(None).fallback(FallbackLayer::value(nothing))
    });
    let status =
        async |request: buttress::RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(status(client.get("/")).await, 200);
    assert_eq!(
        status(client.get("/").fallback(Override::new().off())).await,
        503
    );
}

#[tokio::test(start_paused = true)]
async fn bypass_circuit_breaker_goes_through_an_open_circuit() {
    let breaker = buttress::CircuitBreakerLayer::consecutive(1)
        .build()
        .unwrap();
    let (client, server) = scripted_with([Step::status(503), Step::ok()], |b| {
        b.circuit_breaker(breaker).retry(None)
    });
    client.get("/").send().await.unwrap();
    assert!(client.get("/").send().await.unwrap_err().is_circuit_open());
    let through = client
        .get("/")
        .bypass_circuit_breaker()
        .send()
        .await
        .unwrap();
    assert_eq!(through.status(), 200);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn extensions_and_the_partition_reach_the_stack() {
    #[derive(Clone, Debug, PartialEq)]
    struct Mine(u8);

    let service = tower::service_fn(|request: http::Request<buttress::Body>| async move {
        assert_eq!(request.extensions().get(), Some(&Mine(7)));
        let partition = request.extensions().get::<buttress::Partition>().unwrap();
        Ok::<_, std::convert::Infallible>(http::Response::new(buttress::Body::from(
            partition.to_string(),
        )))
    });
    let client = buttress::Client::builder()
        .base_uri("http://h")
        .build_over(service)
        .unwrap();
    let request = client
        .get("/")
        .extension(Mine(7))
        .partition(buttress::Partition::named("tenant-1"));
    let body = request
        .send()
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(body.to_bytes(), "tenant-1");
}
