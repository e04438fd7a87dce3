use buttress_testkit::Step;
use http::{Method, StatusCode};

use crate::common::{get, plain, post, request, sends};

#[tokio::test(start_paused = true)]
async fn ic32_six_statuses_are_retried_and_no_other() {
    let layer = plain().build().unwrap();
    for status in (200..600).filter_map(|code| StatusCode::from_u16(code).ok()) {
        let retried = [408, 429, 500, 502, 503, 504].contains(&status.as_u16());
        let sent = sends(&layer, Step::status(status.as_u16()), get())
            .await
            .len();
        assert_eq!(sent, if retried { 3 } else { 1 }, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn ic34_faults_of_the_caller_are_not_retried() {
    let layer = plain().build().unwrap();
    for status in [400, 401, 403, 404, 409, 422, 425, 501] {
        assert_eq!(
            sends(&layer, Step::status(status), get()).await,
            [0],
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_replaces_the_usual_statuses() {
    let layer = plain().statuses([StatusCode::CONFLICT]).build().unwrap();
    assert_eq!(sends(&layer, Step::status(409), get()).await.len(), 3);
    assert_eq!(sends(&layer, Step::status(503), get()).await, [0]);
    assert_eq!(sends(&layer, Step::status(429), get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn no_status_is_retried_when_statuses_are_off() {
    let layer = plain().status(false).build().unwrap();
    assert_eq!(sends(&layer, Step::status(503), get()).await, [0]);
    let advised = Step::status(503).header("x-should-retry", "true");
    assert_eq!(sends(&layer, advised, get()).await, [0]);
    assert_eq!(sends(&layer, crate::common::broken(), get()).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn ic35_a_post_is_not_repeated_once_the_server_may_have_acted() {
    let layer = plain().build().unwrap();
    for method in [Method::POST, Method::PATCH] {
        for status in [408, 500, 502, 503, 504] {
            let sent = sends(&layer, Step::status(status), request(method.clone())).await;
            assert_eq!(sent, [0], "{method} {status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_is_retried_whatever_the_method() {
    let layer = plain().build().unwrap();
    for method in ["POST", "PATCH", "CONNECT", "MKCOL"] {
        let request = request(method.parse().unwrap());
        assert_eq!(
            sends(&layer, Step::status(429), request).await.len(),
            3,
            "{method}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn w40_a_post_with_an_idempotency_key_is_retried() {
    let layer = plain().build().unwrap();
    let mut keyed = post();
    keyed
        .headers_mut()
        .insert("idempotency-key", "k-1".parse().unwrap());
    assert_eq!(sends(&layer, Step::status(503), keyed).await.len(), 3);

    let mut empty = post();
    empty
        .headers_mut()
        .insert("idempotency-key", "".parse().unwrap());
    assert_eq!(
        sends(&layer, Step::status(503), empty).await,
        [0],
        "an empty key tells nobody"
    );
}

#[tokio::test(start_paused = true)]
async fn the_servers_advice_overrules_the_status() {
    let layer = plain().build().unwrap();
    let advised = |status, advice| Step::status(status).header("x-should-retry", advice);
    assert_eq!(sends(&layer, advised(503, "false"), get()).await, [0]);
    assert_eq!(sends(&layer, advised(429, "False"), get()).await, [0]);
    assert_eq!(sends(&layer, advised(409, "true"), get()).await.len(), 3);
    assert_eq!(sends(&layer, advised(400, "TRUE"), get()).await.len(), 3);
    assert_eq!(sends(&layer, advised(503, "maybe"), get()).await.len(), 3);
    assert_eq!(sends(&layer, advised(409, "maybe"), get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn advice_makes_neither_a_post_safe_nor_a_success_a_failure() {
    let layer = plain().build().unwrap();
    let advised = |status| Step::status(status).header("x-should-retry", "true");
    assert_eq!(sends(&layer, advised(503), post()).await, [0]);
    assert_eq!(sends(&layer, advised(200), get()).await, [0]);
    assert_eq!(sends(&layer, advised(304), get()).await, [0]);
}
