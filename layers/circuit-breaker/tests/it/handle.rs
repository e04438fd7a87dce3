//! The circuits from outside, and by hand.

use buttress_circuit_breaker::{CircuitBreakerLayer, State};
use buttress_kernel::Failure;
use buttress_testkit::{Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn trap12_the_state_of_each_circuit_can_be_seen() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    send(&service, get("https://elsewhere/")).await.unwrap();
    let mut states = layer.handle().states();
    states.sort_by(|(one, _), (other, _)| one.cmp(other));
    let retry_at = now() + secs(10);
    let expected = [
        (API, State::Open { retry_at }),
        ("elsewhere", State::Closed),
    ];
    let states: Vec<_> = states
        .iter()
        .map(|(key, state)| (key.as_str(), *state))
        .collect();
    assert_eq!(states, expected);
    assert_eq!(layer.handle().circuits(), 2);
    assert_eq!(layer.handle().state("nobody"), State::Closed);
    assert_eq!(layer.handle().circuits(), 2, "to ask is not to call");
}

#[tokio::test(start_paused = true)]
async fn a_circuit_whose_time_is_over_is_half_open_whether_or_not_somebody_calls() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    advance(secs(10) - ms(1)).await;
    assert!(is_open(&layer));
    advance(ms(1)).await;
    assert_eq!(state(&layer), State::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn trap12_a_circuit_can_be_opened_by_hand() {
    let layer = builder().build().unwrap();
    let (service, server) = over(&layer, [200]);
    layer.handle().force_open(API);
    assert_eq!(state(&layer), State::ForcedOpen);
    let error = send(&service, api()).await.unwrap_err();
    assert_eq!(Failure::of(&*error).retry_at(), None);
    assert_eq!(
        error.to_string(),
        "the circuit was opened by hand (api.example.com), its handle makes it automatic again"
    );
    let open = refused::<()>(Err(error));
    assert_eq!((open.retry_at(), open.seconds()), (None, None));
    advance(secs(1_000_000)).await;
    assert_eq!(status(&service).await, 0, "until further notice");
    assert!(server.calls().is_empty());
    layer.handle().automatic(API);
    assert_eq!(status(&service).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_circuit_can_be_closed_by_hand_whatever_fails() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    layer.handle().force_closed(API);
    assert_eq!(statuses(&service, 30).await, [500; 30]);
    assert_eq!(state(&layer), State::ForcedClosed);
    layer.handle().automatic(API);
    assert_eq!(statuses(&service, 6).await, [500, 500, 500, 500, 500, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_began_before_a_hand_was_laid_on_it_changes_nothing() {
    let layer = CircuitBreakerLayer::consecutive(1).build().unwrap();
    let service = layer.layer(Scripted::new([Step::status(500).after(secs(1))]));
    let call = begin(&service).await;
    layer.handle().force_closed(API);
    layer.handle().automatic(API);
    call.await.unwrap().unwrap();
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn automatic_leaves_alone_what_was_not_set_by_hand() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    layer.handle().automatic(API);
    assert!(is_open(&layer));
}

#[tokio::test(start_paused = true)]
async fn a_reset_forgets_what_a_circuit_has_seen() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 4).await;
    layer.handle().reset(API);
    assert_eq!(statuses(&service, 6).await, [500, 500, 500, 500, 500, 0]);
    layer.handle().reset(API);
    assert_eq!(state(&layer), State::Closed);
    layer.handle().force_open(API);
    layer.handle().reset(API);
    assert_eq!(state(&layer), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn all_circuits_can_be_reset_at_once() {
    let layer = builder().build().unwrap();
    let keys = ["a", "b", "c"];
    for key in keys {
        layer.handle().force_open(key);
    }
    layer.handle().reset_all();
    assert!(
        keys.iter()
            .all(|key| layer.handle().state(key) == State::Closed)
    );
}

#[tokio::test(start_paused = true)]
async fn trap12_every_change_can_be_watched() {
    let layer = builder().build().unwrap();
    let steps = [vec![500; 5], vec![500, 200]].concat();
    let (service, _) = over(&layer, steps);
    let mut watch = layer.handle().watch(API);
    let watched = tokio::spawn(async move {
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(watch.changed().await.as_str());
        }
        seen
    });
    tokio::task::yield_now().await;
    statuses(&service, 5).await;
    for _ in 0..2 {
        tokio::time::sleep(secs(11)).await;
        statuses(&service, 1).await;
        tokio::task::yield_now().await;
    }
    layer.handle().force_open(API);
    assert_eq!(
        watched.await.unwrap(),
        [
            "open",
            "half-open",
            "open",
            "half-open",
            "closed",
            "forced-open"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_comes_late_tells_of_the_last_change_alone() {
    let layer = builder().build().unwrap();
    let mut watch = layer.handle().watch(API);
    layer.handle().force_open(API);
    layer.handle().force_closed(API);
    assert_eq!(watch.state(), State::Closed);
    assert_eq!(watch.changed().await, State::ForcedClosed);
    assert_eq!(watch.state(), State::ForcedClosed);
    let more = tokio::time::timeout(secs(3_600), watch.changed()).await;
    assert!(more.is_err(), "nothing has changed since");
}

#[tokio::test(start_paused = true)]
async fn a_watch_hears_nothing_of_other_circuits() {
    let layer = builder().build().unwrap();
    let mut watch = layer.handle().watch(API);
    layer.handle().force_open("elsewhere");
    let heard = tokio::time::timeout(secs(3_600), watch.changed()).await;
    assert!(heard.is_err());
}
