//! Which requests get a key, and which key.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;

use buttress_idempotency::{IdempotencyKeyLayer, Override};
use buttress_kernel::{Explain, IdempotencyHeader};
use buttress_testkit::{Scripted, Step};
use http::{HeaderName, HeaderValue, Method, Request};
use tower::ServiceExt;
use tower_layer::Layer;

const HEADER: &str = "idempotency-key";

fn request(method: Method) -> Request<()> {
    Request::builder()
        .method(method)
        .uri("https://api.example.com/orders")
        .body(())
        .unwrap()
}

/// The values of a header as the server saw them.
async fn sent_as(layer: &IdempotencyKeyLayer, request: Request<()>, header: &str) -> Vec<String> {
    let server = Scripted::new([Step::ok()]);
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    let calls = server.calls();
    let values = calls[0].headers.get_all(header).iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

async fn sent(request: Request<()>) -> Vec<String> {
    sent_as(&IdempotencyKeyLayer::new(), request, HEADER).await
}

#[tokio::test(start_paused = true)]
async fn ic26_post_and_patch_get_a_key_and_others_need_none() {
    for (method, keys) in [
        (Method::POST, 1),
        (Method::PATCH, 1),
        (Method::GET, 0),
        (Method::HEAD, 0),
        (Method::PUT, 0),
        (Method::DELETE, 0),
    ] {
        assert_eq!(sent(request(method.clone())).await.len(), keys, "{method}");
    }
}

#[tokio::test]
async fn a_header_of_another_name_is_left_for_others_to_know() {
    let left = async |layer: IdempotencyKeyLayer, request: Request<()>| {
        let service = tower::service_fn(|request: Request<()>| {
            let header = request.extensions().get::<IdempotencyHeader>().cloned();
            std::future::ready(Ok::<_, std::convert::Infallible>(header))
        });
        let left = layer.layer(service).oneshot(request).await.unwrap();
        left.map(|header| header.name().clone())
    };
    let name = HeaderName::from_static("x-request-token");
    let own = || IdempotencyKeyLayer::new().header(name.clone());
    assert_eq!(left(own(), request(Method::POST)).await, Some(name.clone()));
    assert_eq!(left(own(), request(Method::GET)).await, None);
    let mut callers = request(Method::GET);
    let value = HeaderValue::from_static("7");
    callers.headers_mut().insert(name.clone(), value);
    assert_eq!(left(own(), callers).await, Some(name.clone()));
    // The usual one is known without.
    let usual = IdempotencyKeyLayer::new();
    assert_eq!(left(usual, request(Method::POST)).await, None);
}

#[tokio::test(start_paused = true)]
async fn ic26_the_key_is_a_random_uuid_of_version_4() {
    let key = &sent(request(Method::POST)).await[0];
    let groups: Vec<_> = key.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert!(
        key.bytes()
            .all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert_eq!(key.as_bytes()[14], b'4', "version");
    assert!(b"89ab".contains(&key.as_bytes()[19]), "variant");
}

#[tokio::test(start_paused = true)]
async fn every_call_has_a_key_of_its_own() {
    let mut keys = HashSet::new();
    for _ in 0..100 {
        assert!(keys.insert(sent(request(Method::POST)).await));
    }
}

#[tokio::test(start_paused = true)]
async fn ic26_the_callers_key_stays_and_stays_alone() {
    let mut own = request(Method::POST);
    own.headers_mut()
        .insert(HEADER, HeaderValue::from_static("mine"));
    assert_eq!(sent(own).await, ["mine"]);
}

#[tokio::test(start_paused = true)]
async fn w16_a_request_that_comes_by_again_keeps_its_key() {
    let twice = IdempotencyKeyLayer::new();
    let server = Scripted::new([Step::ok()]);
    let fixed = twice
        .clone()
        .generator(|| HeaderValue::from_static("outer"));
    fixed
        .layer(twice.layer(server.clone()))
        .oneshot(request(Method::POST))
        .await
        .unwrap();
    assert_eq!(server.calls()[0].headers[HEADER], "outer");
}

#[tokio::test(start_paused = true)]
async fn header_methods_and_generator_can_be_set() {
    let layer = IdempotencyKeyLayer::new()
        .header(HeaderName::from_static("x-token"))
        .methods([Method::PUT])
        .generator(|| HeaderValue::from_static("made"));
    assert_eq!(
        sent_as(&layer, request(Method::PUT), "x-token").await,
        ["made"]
    );
    assert!(
        sent_as(&layer, request(Method::PUT), HEADER)
            .await
            .is_empty()
    );
    assert!(
        sent_as(&layer, request(Method::POST), "x-token")
            .await
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn one_request_can_do_without_a_key_or_ask_for_one() {
    for (method, change, keys) in [
        (Method::POST, Override::new(), 1),
        (Method::POST, Override::new().require().skip(), 0),
        (Method::DELETE, Override::new().skip().require(), 1),
    ] {
        let mut request = request(method);
        request.extensions_mut().insert(change);
        assert_eq!(sent(request).await.len(), keys, "{change:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_key_and_not_which() {
    for (method, summary) in [
        (Method::POST, "idempotency: added a key"),
        (Method::GET, ""),
    ] {
        let explain = Explain::new();
        let mut request = request(method);
        request.extensions_mut().insert(explain.clone());
        sent(request).await;
        assert_eq!(explain.trail().summary(), summary);
    }
}

#[test]
fn debug_output_shows_the_settings() {
    let layer = IdempotencyKeyLayer::default();
    let text = format!("{layer:?}");
    assert!(
        text.contains("idempotency-key") && text.contains("PATCH"),
        "{text}"
    );
}
