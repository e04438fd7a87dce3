use std::sync::{Arc, Mutex};

use buttress_kernel::key::Authority;
use buttress_kernel::{Explain, Trail};
use buttress_rate_limit::{CostTooHigh, Override, RateLimitLayer};
use buttress_testkit::Events;

use crate::remote::{Health, Remote};
use crate::support::*;

fn listen() -> Events {
    Events::of("buttress_rate_limit")
}

pub(crate) fn keyed() -> RateLimitLayer<Authority> {
    per_second(1, 1).key(Authority)
}

fn secret() -> http::Request<()> {
    get("https://user:secret@api.example.com/a?token=secret")
}

#[tokio::test(start_paused = true)]
async fn a_wait_and_a_release_are_events_without_a_path_or_a_query() {
    let events = listen();
    let (service, _) = limited(&keyed());
    send(&service, secret()).await.unwrap();
    assert!(events.take().is_empty(), "what goes at once is no event");
    send(&service, secret()).await.unwrap();
    assert_eq!(
        events.take(),
        [
            "DEBUG message=delayed key=\"api.example.com\" for_ms=1000",
            "DEBUG message=released key=\"api.example.com\" for_ms=1000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_event_with_a_reason() {
    let events = listen();
    let (service, _) = limited(&keyed().reject());
    send(&service, secret()).await.unwrap();
    refused(send(&service, secret()).await);
    assert_eq!(
        events.take(),
        ["DEBUG message=rejected key=\"api.example.com\" for_ms=1000 reason=\"rejecting\""]
    );
}

#[tokio::test(start_paused = true)]
async fn a_cost_above_the_burst_is_a_warning() {
    let events = listen();
    let (service, _) = limited(&keyed());
    let error = send(&service, with(Override::new().cost(2)))
        .await
        .unwrap_err();
    assert!(error.is::<CostTooHigh>());
    assert_eq!(
        events.take(),
        ["WARN message=too dear: the bucket never holds as much \
         key=\"api.example.com\" cost=2 burst=1"]
    );
}

#[tokio::test(start_paused = true)]
async fn no_room_for_one_more_key_is_a_warning() {
    let events = listen();
    let (service, _) = limited(&keyed().max_keys(0));
    send(&service, api()).await.unwrap();
    assert_eq!(
        events.take(),
        [
            "WARN message=no room for one more key: it shares the bucket of the empty key \
         key=\"api.example.com\" max_keys=0"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_is_a_warning_once_and_its_end_is_told() {
    let events = listen();
    let remote = Remote::default();
    let (service, _) = limited(&per_second(10, 5).store(remote.clone()));
    remote.turn(Health::Stalls);
    for _ in 0..3 {
        send(&service, api()).await.unwrap();
    }
    tokio::time::sleep(ms(1_900)).await;
    remote.turn(Health::Well);
    send(&service, api()).await.unwrap();
    remote.turn(Health::Fails);
    send(&service, api()).await.unwrap();
    let out = "WARN message=the store is out: each process keeps to the limit by itself error=";
    assert_eq!(
        events.take(),
        [
            format!("{out}no answer in time"),
            "INFO message=the store is back for_ms=1900".to_owned(),
            format!("{out}no route to the store"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_the_stores_tokens_is_an_event_as_any_other() {
    let remote = Remote::default();
    let (rival, _) = limited(&per_second(1, 1).store(remote.clone()));
    send(&rival, api()).await.unwrap();
    let layer = per_second(1, 1).store(remote.clone()).alarm(1, secs(1));
    let (service, _) = limited(&layer);
    let events = listen();
    send(&service, api()).await.unwrap();
    let alarm = "WARN message=throttled again and again: is a caller in a loop? key=\"\"";
    assert_eq!(
        events.take(),
        [
            &format!("{alarm} times=1 within_ms=1000"),
            "DEBUG message=delayed key=\"\" for_ms=1000",
            "DEBUG message=released key=\"\" for_ms=1000",
        ]
    );
}

async fn alarms(layer: RateLimitLayer<Authority>, refusals: u32) -> Vec<String> {
    let events = listen();
    let (service, _) = limited(&layer.reject());
    send(&service, api()).await.unwrap();
    for _ in 0..refusals {
        refused(send(&service, api()).await);
    }
    let mut lines = events.take();
    lines.retain(|line| line.contains("again and again"));
    lines
}

#[tokio::test(start_paused = true)]
async fn sp34_ten_throttled_calls_of_one_key_in_a_window_raise_one_alarm() {
    assert!(alarms(keyed(), 9).await.is_empty());
    let alarm = "WARN message=throttled again and again: is a caller in a loop? \
                 key=\"api.example.com\" times=10 within_ms=60000";
    assert_eq!(alarms(keyed(), 10).await, [alarm]);
    assert_eq!(alarms(keyed(), 100).await, [alarm], "once in a window");
}

#[tokio::test(start_paused = true)]
async fn sp34_the_alarm_can_be_set_and_0_turns_it_off() {
    assert_eq!(alarms(keyed().alarm(2, secs(5)), 2).await.len(), 1);
    assert!(alarms(keyed().alarm(0, secs(5)), 100).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn sp34_delays_count_as_well() {
    let events = listen();
    let (service, _) = limited(&keyed().alarm(2, secs(5)));
    for _ in 0..3 {
        send(&service, api()).await.unwrap();
    }
    let raised = events
        .take()
        .iter()
        .filter(|line| line.starts_with("WARN"))
        .count();
    assert_eq!(raised, 1);
}

/// A server asks for less, and a minute later for nothing.
pub(crate) async fn lower_the_rate() {
    let layer = per_second(100, 10).feedback(true).key(Authority);
    let statuses = Arc::new(Mutex::new(vec![200, 429]));
    let server = tower::service_fn(move |_: http::Request<()>| {
        let status = statuses.lock().unwrap().pop().unwrap();
        let response = http::Response::builder().status(status).body(()).unwrap();
        async { Ok::<_, buttress_kernel::BoxError>(response) }
    });
    let service = tower_layer::Layer::layer(&layer, server);
    send(&service, secret()).await.unwrap();
    tokio::time::advance(secs(60)).await;
    send(&service, secret()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_the_server_lowers_is_an_event() {
    let events = listen();
    lower_the_rate().await;
    assert_eq!(
        events.take(),
        [
            "INFO message=slower: the server asked for less \
             key=\"api.example.com\" interval_us=14285",
            "DEBUG message=faster key=\"api.example.com\" interval_us=10000",
        ]
    );
}

fn explained() -> (Explain, http::Request<()>) {
    let explain = Explain::new();
    (explain.clone(), with(explain))
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_grant_and_of_a_wait() {
    let (service, _) = limited(&keyed());
    for (summary, took) in [
        ("rate-limit: granted at once", secs(0)),
        ("rate-limit: waited 1 s", secs(1)),
    ] {
        let (_, request) = explained();
        let response = send(&service, request).await.unwrap();
        let trail: &Trail = response.extensions().get().unwrap();
        assert_eq!(trail.summary(), summary);
        assert_eq!(trail.entries()[0].duration(), took);
    }
    let (_, mut request) = explained();
    request.extensions_mut().insert(Override::new().skip());
    let response = send(&service, request).await.unwrap();
    let trail: &Trail = response.extensions().get().unwrap();
    assert_eq!(trail.summary(), "rate-limit: free");
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_the_store() {
    let remote = Remote::default();
    let (service, _) = limited(&keyed().store(remote.clone()));
    let mut summaries = Vec::new();
    for health in [Health::Well, Health::Well, Health::Fails] {
        remote.turn(health);
        let (_, request) = explained();
        let response = send(&service, request).await.unwrap();
        let trail: &Trail = response.extensions().get().unwrap();
        summaries.push(trail.summary());
    }
    assert_eq!(
        summaries,
        [
            "rate-limit: granted at once",
            "rate-limit: waited 1 s",
            "rate-limit: waited 1 s, without the store",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_refusal() {
    let (service, _) = limited(&keyed().reject());
    send(&service, api()).await.unwrap();
    let (explain, request) = explained();
    refused(send(&service, request).await);
    assert_eq!(
        explain.trail().summary(),
        "rate-limit: rejected, 1 s short (rejecting)"
    );
    let (explain, mut request) = explained();
    request.extensions_mut().insert(Override::new().cost(2));
    assert!(send(&service, request).await.is_err());
    assert_eq!(
        explain.trail().summary(),
        "rate-limit: rejected, costs 2 tokens of at most 1"
    );
}
