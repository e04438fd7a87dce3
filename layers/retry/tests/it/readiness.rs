use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{BoxError, Failure, Kind};
use buttress_retry::{Budget, RetryLayer};
use buttress_testkit::{Scripted, Step};
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};

use crate::common::{broken, get, plain, times};

#[tokio::test(start_paused = true)]
async fn trap9_every_attempt_goes_to_a_service_that_was_ready_for_it() {
    let server = Scripted::new([Step::status(503), broken(), Step::ok()]).not_ready(3);
    let limited = ConcurrencyLimit::new(server.clone(), 1);
    let layer = plain().build().unwrap();
    let response = layer.layer(limited).oneshot(get()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(times(&server), [0, 1_000, 3_000]);
}

#[tokio::test(start_paused = true)]
async fn trap9_no_permit_is_held_while_a_retry_waits() {
    let permits = Arc::new(Semaphore::new(1));
    let server = Scripted::new([Step::status(503), Step::ok()]);
    let limited = ConcurrencyLimit::with_semaphore(server.clone(), Arc::clone(&permits));
    let layer = plain().build().unwrap();
    let call = tokio::spawn(layer.layer(limited).oneshot(get()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(server.calls().len(), 1);
    assert_eq!(permits.available_permits(), 1);
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_inner_service_that_breaks_before_a_retry_ends_the_call() {
    let server = Scripted::new([Step::status(503)]);
    let layer = plain().build().unwrap();
    let call = tokio::spawn(layer.layer(server.clone()).oneshot(get()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _broken = server.clone().ready_error(|| "the worker is gone");
    let error: BoxError = call.await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the worker is gone",
        "it was sent once only"
    );
    assert_eq!(Failure::of(&*error).kind(), Kind::Other);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_while_it_waits_gives_its_retry_back_to_the_budget() {
    // One retry in any ten seconds.
    let budget = Budget::new(10, 0).unwrap();
    let layer = RetryLayer::builder()
        .budget(budget)
        .seed(1)
        .build()
        .unwrap();
    let good = Scripted::new([Step::ok()]);
    for _ in 0..9 {
        layer.layer(good.clone()).oneshot(get()).await.unwrap();
    }
    let server = Scripted::new([Step::status(429).header("retry-after", "1")]);
    for dropped in [true, true, false] {
        let call = layer.layer(server.clone()).oneshot(get());
        let wait = Duration::from_millis(if dropped { 500 } else { 5_000 });
        let _ = tokio::time::timeout(wait, call).await;
    }
    assert_eq!(
        server.calls().len(),
        4,
        "the third call had the retry that two gave back"
    );
}
