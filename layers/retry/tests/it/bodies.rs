use std::time::Duration;

use buttress_kernel::Body;
use buttress_testkit::{Scripted, Step, channel};
use http::{HeaderValue, Method, Request, Version};
use tokio::time::Instant;
use tower::{Layer, ServiceExt};

use crate::common::{get, plain, post, request, send, times};

/// Something in the extensions that no layer knows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Foreign(u32);

#[tokio::test(start_paused = true)]
async fn w09_every_attempt_sends_the_very_same_request() {
    let mut secret = HeaderValue::from_static("Bearer s3cret");
    secret.set_sensitive(true);
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let request = Request::builder()
        .method("MKCOL")
        .uri("http://user@API.example:8080/a%20b/?c=d&c=e")
        .version(Version::HTTP_2)
        .header("x-many", "one")
        .header("authorization", secret)
        .header("x-many", "two")
        .header("x-empty", "")
        .header("x-latin", latin)
        .header("idempotency-key", "k-1")
        .extension(Foreign(7))
        .body(Body::from("the body"))
        .unwrap();

    let server = Scripted::new([Step::status(503)]);
    let layer = plain().build().unwrap();
    layer
        .layer(server.collecting())
        .oneshot(request)
        .await
        .unwrap();

    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call.method, "MKCOL");
        assert_eq!(call.uri, "http://user@API.example:8080/a%20b/?c=d&c=e");
        assert_eq!(call.version, Version::HTTP_2);
        let pairs = |call: &buttress_testkit::Call| -> Vec<_> {
            let headers = call.headers.iter();
            headers
                .map(|(n, v)| (n.clone(), v.clone(), v.is_sensitive()))
                .collect()
        };
        assert_eq!(pairs(call), pairs(&calls[0]));
        assert!(call.headers["authorization"].is_sensitive());
        assert_eq!(call.extensions.get(), Some(&Foreign(7)));
        assert_eq!(call.body, "the body");
        assert_eq!(call.size_hint.exact(), Some(8));
    }
}

#[tokio::test(start_paused = true)]
async fn w16_an_idempotency_key_from_outside_is_on_every_attempt() {
    let mut request = post();
    request
        .headers_mut()
        .insert("idempotency-key", "k-1".parse().unwrap());
    let server = Scripted::new([Step::status(503)]);
    send(&plain().build().unwrap(), &server, request)
        .await
        .unwrap();
    let keys: Vec<_> = server
        .calls()
        .iter()
        .map(|c| c.headers["idempotency-key"].clone())
        .collect();
    assert_eq!(keys, ["k-1"; 3]);
}

#[tokio::test(start_paused = true)]
async fn trap5_a_stream_within_the_limit_is_sent_whole_again() {
    let (sender, body) = channel();
    sender.data("first ");
    sender.data("second");
    drop(sender);
    let server = Scripted::new([Step::status(503)]);
    let layer = plain().build().unwrap();
    layer
        .layer(server.collecting())
        .oneshot(request(Method::PUT).map(|_| body))
        .await
        .unwrap();
    let bodies: Vec<_> = server.calls().into_iter().map(|call| call.body).collect();
    assert_eq!(bodies, ["first second"; 3]);
}

#[tokio::test(start_paused = true)]
async fn w15_a_stream_that_outgrew_its_copy_is_sent_once_and_whole() {
    let (sender, body) = channel();
    sender.data("12345");
    sender.data("67890");
    drop(sender);
    let server = Scripted::new([Step::status(503)]);
    let request = request(Method::PUT).map(|_| body.replay_limit(8));
    let layer = plain().build().unwrap();
    let response = layer
        .layer(server.collecting())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 503, "the response is the answer");
    let bodies: Vec<_> = server.calls().into_iter().map(|call| call.body).collect();
    assert_eq!(bodies, ["1234567890"]);
}

#[tokio::test(start_paused = true)]
async fn trap5_a_body_that_cannot_be_sent_twice_goes_straight_through() {
    let (sender, body) = channel();
    sender.data("once");
    drop(sender);
    let server = Scripted::new([Step::status(503)]);
    let request = request(Method::PUT).map(|_| body.replay_limit(0));
    let layer = plain().build().unwrap();
    let response = layer
        .layer(server.collecting())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.extensions().is_empty());
    let bodies: Vec<_> = server.calls().into_iter().map(|call| call.body).collect();
    assert_eq!(bodies, ["once"]);
}

#[tokio::test(start_paused = true)]
async fn trap13_a_failed_response_is_read_so_that_its_connection_is_free_while_we_wait() {
    let (sender, body) = channel();
    sender.data("some");
    let server = Scripted::new([Step::status(503).body(body), Step::ok()]);
    let layer = plain().build().unwrap();
    let call = tokio::spawn({
        let server = server.clone();
        async move { send(&layer, &server, get()).await }
    });
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(server.open_bodies(), 1, "the rest may still come");
    sender.data("more");
    drop(sender);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!((server.open_bodies(), server.unread_bodies()), (0, 0));
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(
        times(&server),
        [0, 1_000],
        "reading does not prolong the wait"
    );
}

#[tokio::test(start_paused = true)]
async fn trap13_a_failed_response_that_stalls_is_dropped_after_a_tenth_of_a_second() {
    let (sender, body) = channel();
    sender.data("some");
    let server = Scripted::new([Step::status(503).body(body), Step::ok()]);
    let layer = plain().build().unwrap();
    let call = tokio::spawn({
        let server = server.clone();
        async move { send(&layer, &server, get()).await }
    });
    tokio::time::sleep(Duration::from_millis(90)).await;
    assert_eq!(server.open_bodies(), 1);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(server.open_bodies(), 0);
    assert!(sender.is_closed());
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    assert_eq!(times(&server), [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_response_does_not_outlast_a_short_wait() {
    let (_sender, body) = channel();
    let server = Scripted::new([Step::status(503).body(body), Step::ok()]);
    let wait = buttress_retry::Backoff::constant(Duration::from_millis(30));
    send(&plain().backoff(wait).build().unwrap(), &server, get())
        .await
        .unwrap();
    assert_eq!(times(&server), [0, 30]);
}

/// How a body of `frames` frames of `size` bytes is left when up to `limit` bytes are drained:
/// read to its end, or dropped.
async fn drained(limit: u64, frames: usize, size: usize) -> bool {
    let (sender, body) = channel();
    for _ in 0..frames {
        sender.data(vec![b'x'; size]);
    }
    drop(sender);
    let server = Scripted::new([Step::status(503).body(body), Step::ok()]);
    send(&plain().drain(limit).build().unwrap(), &server, get())
        .await
        .unwrap();
    server.unread_bodies() == 0
}

#[tokio::test(start_paused = true)]
async fn a_failed_response_is_read_up_to_the_limit_and_dropped_beyond() {
    assert!(drained(64 * 1024, 64, 1024).await);
    assert!(!drained(64 * 1024, 65, 1024).await);
    assert!(drained(10, 2, 5).await);
    assert!(!drained(9, 2, 5).await);
    assert!(!drained(0, 1, 1).await);
    assert!(!drained(100, 1_000, 0).await, "empty frames end as well");
}

#[tokio::test(start_paused = true)]
async fn the_default_drain_is_64_kib() {
    for (length, unread) in [(65_536, 0), (65_537, 1)] {
        let server = Scripted::new([Step::status(503).body(vec![b'x'; length]), Step::ok()]);
        send(&plain().build().unwrap(), &server, get())
            .await
            .unwrap();
        assert_eq!(server.unread_bodies(), unread, "{length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_returned_is_not_drained() {
    let (sender, body) = channel();
    let server = Scripted::new([Step::status(404).body(body)]);
    let began = Instant::now();
    let response = send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(!sender.is_closed());
    drop(response);
    assert!(sender.is_closed());
}
