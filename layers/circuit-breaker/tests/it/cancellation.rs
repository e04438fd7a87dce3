//! Calls that are given up.

use buttress_circuit_breaker::State;
use buttress_testkit::{Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_counts_for_nothing() {
    let layer = builder().build().unwrap();
    let steps = [
        vec![Step::status(500); 4],
        vec![Step::hang(); 20],
        vec![Step::status(500)],
    ];
    let service = layer.layer(Scripted::new(steps.concat()));
    statuses(&service, 4).await;
    for _ in 0..20 {
        let call = begin(&service).await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    assert_eq!(state(&layer), State::Closed);
    status(&service).await;
    assert!(is_open(&layer), "nor does it end a row");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_frees_its_place() {
    let layer = builder().build().unwrap();
    let steps = [vec![Step::status(500); 5], vec![Step::hang(), Step::ok()]];
    let service = layer.layer(Scripted::new(steps.concat()));
    statuses(&service, 5).await;
    advance(secs(10)).await;
    let probe = begin(&service).await;
    assert_eq!(status(&service).await, 0, "the place is taken");
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(state(&layer), State::HalfOpen);
    assert_eq!(status(&service).await, 200);
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_of_an_older_epoch_frees_no_place_of_the_next() {
    let layer = builder().probe_timeout(secs(5)).build().unwrap();
    let steps = [vec![Step::status(500); 5], vec![Step::hang()]];
    let service = layer.layer(Scripted::new(steps.concat()));
    statuses(&service, 5).await;
    advance(secs(10)).await;
    let old = begin(&service).await;
    advance(secs(15)).await;
    let _new = begin(&service).await;
    assert_eq!(status(&service).await, 0, "the place is taken");
    old.abort();
    assert!(old.await.unwrap_err().is_cancelled());
    assert_eq!(status(&service).await, 0, "and still is");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_cancelled_after_its_time_had_failed_by_then() {
    let layer = builder().probe_timeout(secs(5)).build().unwrap();
    let steps = [vec![Step::status(500); 5], vec![Step::hang()]];
    let service = layer.layer(Scripted::new(steps.concat()));
    statuses(&service, 5).await;
    advance(secs(10)).await;
    let probe = begin(&service).await;
    advance(secs(6)).await;
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(status(&service).await, 0);
    assert_eq!(open_for(&layer), secs(9));
}
