//! A circuit's whole life.

use buttress_circuit_breaker::{CircuitBreakerLayer, State};
use buttress_testkit::{Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn acceptance_5_the_breaker_of_the_contract() {
    let layer = CircuitBreakerLayer::builder()
        .consecutive(None)
        .failure_rate(50)
        .min_calls(20)
        .open_for(secs(60))
        .max_open(secs(60))
        .jitter(false)
        .close_after(3)
        .build()
        .unwrap();
    let half_fail = (0..10).flat_map(|_| [Step::ok(), Step::status(500)]);
    let steps = [
        vec![Step::status(500).after(secs(130))],
        vec![Step::status(404); 30],
        half_fail.collect(),
        vec![Step::hang(), Step::status(500), Step::ok()],
    ];
    let service = layer.layer(Scripted::new(steps.concat()));
    let late = begin(&service).await;

    // By the rate, and not before there are enough calls; whatever the callers did wrong.
    statuses(&service, 30 + 19).await;
    assert_eq!(state(&layer), State::Closed, "404s and 19 calls");
    statuses(&service, 1).await;
    let open = refused(send(&service, api()).await);
    assert_eq!(open.wait(), secs(60));

    // One probe at a time, whose place is free when it is dropped; one that fails is enough.
    advance(secs(60)).await;
    let probe = begin(&service).await;
    assert_eq!(status(&service).await, 0, "one is under way");
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(statuses(&service, 2).await, [500, 0]);
    assert_eq!(open_for(&layer), secs(60));

    // Three close it; what comes from an older state is not heard.
    advance(secs(60)).await;
    statuses(&service, 2).await;
    assert_eq!(late.await.unwrap().unwrap().status(), 500);
    assert_eq!(state(&layer), State::HalfOpen, "two of three");
    assert_eq!(status(&service).await, 200);
    assert_eq!(state(&layer), State::Closed);
}
