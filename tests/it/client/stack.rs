//! The standard stack and its defaults.

use std::time::Duration;

use buttress::kernel::key::Authority;
use buttress::retry::{Backoff, Jitter};
use buttress::{
    Attempt, CircuitBreakerLayer, Client, ClientBuilder, Explain, PriorityLayer, RateLimitLayer,
    RetryLayer,
};
use buttress_testkit::{Scripted, Step};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt};

use super::{scripted, scripted_with};

fn plain_retry() -> RetryLayer {
    let backoff = Backoff::constant(Duration::from_millis(100));
    RetryLayer::builder()
        .backoff(backoff)
        .jitter(Jitter::None)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn jp06_sp09_w38_every_verb_goes_through_the_stack() {
    let (client, server) = scripted([Step::ok()]);
    for (request, method) in [
        (client.get("/a"), Method::GET),
        (client.head("/a"), Method::HEAD),
        (client.post("/a"), Method::POST),
        (client.put("/a"), Method::PUT),
        (client.patch("/a"), Method::PATCH),
        (client.delete("/a"), Method::DELETE),
        (client.request(Method::OPTIONS, "/a"), Method::OPTIONS),
    ] {
        request.send().await.unwrap();
        let call = server.calls().pop().unwrap();
        assert_eq!(call.method, method);
        assert_eq!(call.uri, "http://api.example/v1/a");
    }
}

#[tokio::test(start_paused = true)]
async fn three_attempts_are_made_and_the_last_response_is_the_answer() {
    let (client, server) = scripted([Step::status(503).body("broken")]);
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(
        response
            .extensions()
            .get::<Attempt>()
            .unwrap()
            .number()
            .get(),
        3
    );
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "broken"
    );
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn d04_an_attempt_may_take_30_seconds() {
    let (client, _) = scripted_with([Step::hang()], |b| b.retry(None));
    let start = Instant::now();
    let error = client.get("/").send().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn w46_the_total_covers_attempts_backoff_and_body() {
    let settings = |b: buttress::ClientBuilder| {
        b.timeout(Duration::from_secs(2))
            .total(Duration::from_secs(5))
            .retry(plain_retry())
    };
    let (client, server) = scripted_with([Step::hang()], settings);
    let start = Instant::now();
    assert!(client.get("/").send().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(server.calls().len(), 3);

    let (frames, body) = buttress_testkit::channel();
    let body = std::sync::Mutex::new(Some(body));
    let stalls = Step::ok().body_with(move || body.lock().unwrap().take().unwrap());
    let (client, _) = scripted_with([stalls], settings);
    let start = Instant::now();
    let response = client.get("/").send().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(response.into_body().collect().await.is_err());
    assert_eq!(start.elapsed().as_secs(), 5);
    drop(frames);
}

#[tokio::test(start_paused = true)]
async fn w24_a_stalled_body_ends_at_the_total() {
    let (frames, body) = buttress_testkit::channel();
    let body = std::sync::Mutex::new(Some(body));
    let stalls = Step::ok().body_with(move || body.lock().unwrap().take().unwrap());
    let (client, _) = scripted_with([stalls], |b| b.total(Duration::from_secs(5)));
    let start = Instant::now();
    let mut body = client.get("/").send().await.unwrap().into_body();
    frames.data("half");
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "half"
    );
    let error = body.frame().await.unwrap().unwrap_err();
    assert_eq!(
        buttress::Failure::of(&*error).kind(),
        buttress::Kind::Timeout
    );
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn w02_one_wait_only_for_a_server_that_asks_for_one() {
    let throttled = Step::status(429).header("retry-after", "2");
    let (client, server) = scripted_with([throttled, Step::ok()], |b| b);
    let start = Instant::now();
    assert_eq!(client.get("/").send().await.unwrap().status(), 200);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    assert!(waited < Duration::from_secs(4), "waited twice: {waited:?}");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn w01_a_refusal_holds_later_calls_of_every_clone() {
    let throttled = Step::status(429).header("retry-after", "2");
    let (client, server) = scripted_with([throttled, Step::ok()], |b| b.retry(None));
    let start = Instant::now();
    assert_eq!(client.get("/").send().await.unwrap().status(), 429);
    assert_eq!(client.clone().get("/").send().await.unwrap().status(), 200);
    assert!(start.elapsed() >= Duration::from_secs(2));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ic26_w16_the_idempotency_key_is_the_same_on_all_attempts() {
    let (client, server) = scripted_with([Step::status(503)], |b| {
        b.idempotency_keys(true).retry(plain_retry())
    });
    client.post("/").body("order").send().await.unwrap();
    client.post("/").body("order").send().await.unwrap();
    client
        .post("/")
        .header("idempotency-key", "mine")
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = server
        .calls()
        .iter()
        .map(|call| call.header("idempotency-key").unwrap().to_owned())
        .collect();
    assert_eq!(keys.len(), 9);
    assert!(keys[..3].iter().all(|key| *key == keys[0]));
    assert!(keys[3..6].iter().all(|key| *key == keys[3]));
    assert_ne!(keys[0], keys[3]);
    assert!(keys[6..].iter().all(|key| key == "mine"));
}

#[tokio::test(start_paused = true)]
async fn w15_a_post_without_a_key_is_sent_once() {
    let (client, server) = scripted([Step::status(503)]);
    assert_eq!(
        client
            .post("/")
            .body("order")
            .send()
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w09_every_attempt_has_the_same_uri_and_headers() {
    let (client, server) = scripted([Step::status(503)]);
    client
        .get("/a?b=c&d=%20")
        .header("x-two", "2")
        .send()
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call.uri, "http://api.example/v1/a?b=c&d=%20");
        assert_eq!(call.headers, calls[0].headers);
    }
}

#[tokio::test(start_paused = true)]
async fn ic09_w01_a_response_of_any_status_is_a_response() {
    for status in [301, 400, 401, 404, 418, 501] {
        let (client, server) = scripted([Step::status(status).body("why")]);
        let response = client.get("/").send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            "why"
        );
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_what_every_layer_decided_in_response_and_clone() {
    let (client, _) = scripted_with([Step::status(503), Step::ok()], |b| b.retry(plain_retry()));
    let explain = Explain::new();
    let response = client.get("/").explain(&explain).send().await.unwrap();
    let trail = explain.trail();
    assert!(
        trail.summary().contains("attempt 2 after 503"),
        "{}",
        trail.summary()
    );
    let attached = response.extensions().get::<buttress::Trail>().unwrap();
    assert!(
        attached.summary().contains("attempt 2 after 503"),
        "{}",
        attached.summary()
    );
}

#[tokio::test(start_paused = true)]
async fn ic24_an_http_request_with_extensions_is_as_good_as_a_builder() {
    let (client, server) = scripted([Step::status(503)]);
    let mut request = Request::put("/a")
        .body(Full::new(Bytes::from("twice")))
        .unwrap();
    request
        .extensions_mut()
        .insert(buttress::retry::Override::new().max_attempts(2));
    assert_eq!(client.execute(request).await.unwrap().status(), 503);
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].uri, "http://api.example/v1/a");
}

#[tokio::test(start_paused = true)]
async fn the_client_is_a_service_for_any_body() {
    fn is_shareable<T: Clone + Send + Sync + 'static>(_: &T) {}
    let (mut client, server) = scripted([Step::status(503), Step::ok()]);
    is_shareable(&client);
    let request = Request::get("/a").body(axum::body::Body::empty()).unwrap();
    let service: &mut Client = ServiceExt::<Request<axum::body::Body>>::ready(&mut client)
        .await
        .unwrap();
    let future = service.call(request);
    assert_eq!(future.await.unwrap().status(), 200);
    assert_eq!(server.calls().len(), 2);

    let elsewhere = Request::get("http://169.254.169.254/meta").body(Full::<Bytes>::default());
    let refused = client
        .clone()
        .oneshot(elsewhere.unwrap())
        .await
        .unwrap_err();
    assert!(refused.is_request());
    assert_eq!(server.calls().len(), 2);

    let relative = Request::get("/a/../b")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert!(
        client
            .clone()
            .oneshot(relative)
            .await
            .unwrap_err()
            .is_request()
    );
}

#[tokio::test(start_paused = true)]
async fn a_whole_stack_of_your_own_gets_nothing_added() {
    let server = Scripted::new([Step::status(503)]);
    let client = Client::from_service(server.clone());
    assert_eq!(client.get("http://h/").send().await.unwrap().status(), 503);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_is_waited_out_by_retry_and_not_before_its_time() {
    let breaker = CircuitBreakerLayer::consecutive(1)
        .open_for(Duration::from_secs(3))
        .build()
        .unwrap();
    let (client, server) = scripted_with([Step::status(503), Step::ok()], |b| {
        b.circuit_breaker(breaker).retry(plain_retry())
    });
    let start = Instant::now();
    assert_eq!(client.get("/").send().await.unwrap().status(), 200);
    assert!(
        start.elapsed() >= Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn d14_so_many_a_second_and_so_many_at_once_are_two_settings() {
    let slow = || Step::ok().after(Duration::from_secs(10));
    let starts = async |settings: fn(ClientBuilder) -> ClientBuilder| {
        let (client, server) = scripted_with([slow()], settings);
        let begin = Instant::now();
        let get = || client.get("/").send();
        let (a, b, c) = tokio::join!(get(), get(), get());
        let all = [a, b, c].map(|end| end.unwrap().status().as_u16());
        assert_eq!(all, [200; 3], "none is dropped");
        let calls = server.calls();
        let starts = calls.iter().map(|call| (call.at - begin).as_secs());
        starts.collect::<Vec<_>>()
    };
    let rate = |builder: ClientBuilder| {
        builder.rate_limit(RateLimitLayer::per_second(1).unwrap().key(Authority))
    };
    let bound =
        |builder: ClientBuilder| builder.priority(PriorityLayer::new(1).unwrap().key(Authority));
    assert_eq!(starts(rate).await, [0, 1, 2], "all at once under way");
    assert_eq!(starts(bound).await, [0, 10, 20], "one after the other");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_pays_its_token() {
    let limit = RateLimitLayer::per_second(1).unwrap().key(Authority);
    let (client, server) = scripted_with([Step::status(503), Step::ok()], |b| {
        b.rate_limit(limit).retry(plain_retry())
    });
    client.get("/").send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls[1].at - calls[0].at >= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_rejects_is_an_error_at_once_and_not_retried() {
    let limit = RateLimitLayer::per_minute(1)
        .unwrap()
        .key(Authority)
        .reject();
    let (client, server) = scripted_with([Step::ok()], |b| b.rate_limit(limit));
    client.get("/").send().await.unwrap();
    let start = Instant::now();
    let error = client.get("/").send().await.unwrap_err();
    assert!(
        error.is_rate_limited() && error.retry_at().is_some(),
        "{error:?}"
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(server.calls().len(), 1);
}
