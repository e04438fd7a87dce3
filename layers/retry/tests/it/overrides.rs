use buttress_kernel::{Background, Facts, Kind};
use buttress_retry::{Backoff, Jitter, Override, RetryLayer};
use buttress_testkit::Step;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::common::{SECOND, broken, plain, request, sends};

/// When a request with this override is sent, over a server that always ends like this.
async fn sent(method: Method, other: Override, step: Step) -> Vec<u128> {
    let mut request = request(method);
    request.extensions_mut().insert(other);
    sends(&plain().build().unwrap(), step, request).await
}

fn new() -> Override {
    Override::new()
}

#[tokio::test(start_paused = true)]
async fn an_empty_override_changes_nothing() {
    assert_eq!(
        sent(Method::GET, new(), Step::status(503)).await,
        [0, 1_000, 3_000]
    );
}

#[tokio::test(start_paused = true)]
async fn the_number_of_attempts() {
    let get = |other| sent(Method::GET, other, Step::status(503));
    assert_eq!(get(new().max_attempts(2)).await, [0, 1_000]);
    assert_eq!(get(new().max_attempts(4)).await.len(), 4);
    assert_eq!(get(new().max_attempts(0)).await, [0]);
    assert_eq!(get(Override::never()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn more_attempts_than_a_layer_that_has_one() {
    let layer = plain().max_attempts(1).build().unwrap();
    let mut request = request(Method::GET);
    request.extensions_mut().insert(new().max_attempts(2));
    assert_eq!(sends(&layer, Step::status(503), request).await, [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn the_backoff_and_where_it_starts_when_throttled() {
    let constant = new().backoff(Backoff::constant(SECOND * 2));
    assert_eq!(
        sent(Method::GET, constant, Step::status(503)).await,
        [0, 2_000, 4_000]
    );
    let throttled = new().throttled_base(SECOND * 5);
    assert_eq!(
        sent(Method::GET, throttled, Step::status(429)).await,
        [0, 5_000, 15_000]
    );
}

#[tokio::test(start_paused = true)]
async fn the_jitter() {
    let mut request = request(Method::GET);
    request.extensions_mut().insert(new().jitter(Jitter::None));
    let layer = RetryLayer::builder().seed(1).build().unwrap();
    assert_eq!(
        sends(&layer, Step::status(503), request).await,
        [0, 100, 300]
    );
}

#[tokio::test(start_paused = true)]
async fn whether_a_repetition_is_harmless() {
    let post = sent(Method::POST, new().idempotent(true), Step::status(503)).await;
    assert_eq!(post.len(), 3);
    assert_eq!(
        sent(Method::GET, new().idempotent(false), Step::status(503)).await,
        [0]
    );
    assert_eq!(
        sent(Method::GET, new().idempotent(false), Step::status(429))
            .await
            .len(),
        3
    );
}

#[tokio::test(start_paused = true)]
async fn the_longest_delay_of_a_server() {
    let busy = || Step::status(503).header("retry-after", "400");
    let patient = new().max_server_delay(SECOND * 400);
    assert_eq!(
        sent(Method::GET, patient, busy()).await,
        [0, 400_000, 800_000]
    );
    assert_eq!(
        sent(Method::GET, new().max_server_delay(SECOND), busy()).await,
        [0]
    );
}

#[tokio::test(start_paused = true)]
async fn the_statuses() {
    let conflict = || new().statuses([StatusCode::CONFLICT]);
    assert_eq!(
        sent(Method::GET, conflict(), Step::status(409)).await.len(),
        3
    );
    assert_eq!(sent(Method::GET, conflict(), Step::status(503)).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn each_switch() {
    let timeout = || Step::error(|| Facts::new(Kind::Timeout));
    let open = || {
        Step::error(|| {
            let at = (Instant::now() + SECOND).into_std();
            Facts::new(Kind::CircuitOpen).retry_at(at)
        })
    };
    assert_eq!(sent(Method::GET, new().connect(false), broken()).await, [0]);
    assert_eq!(
        sent(Method::GET, new().timeout(false), timeout()).await,
        [0]
    );
    assert_eq!(
        sent(Method::GET, new().status(false), Step::status(503)).await,
        [0]
    );
    assert_eq!(sent(Method::GET, new().refusal(false), open()).await, [0]);
    for (other, step) in [
        (new().connect(false), timeout()),
        (new().timeout(false), open()),
        (new().status(false), broken()),
        (new().refusal(false), Step::status(503)),
    ] {
        assert_eq!(sent(Method::GET, other, step).await.len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn where_nobody_waits_the_layer_alone_says_how_often() {
    let mut request = request(Method::GET);
    request.extensions_mut().insert(Override::never());
    request.extensions_mut().insert(Background);
    let layer = plain().build().unwrap();
    let sent = sends(&layer, Step::status(503), request).await;
    assert_eq!(sent, [0, 1_000, 3_000]);
}
