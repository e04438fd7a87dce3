//! Events, trails and metrics.

use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_testkit::{Events, Scripted, Step};
use tokio::time::advance;
use tower::Layer;

use crate::support::*;

fn listen() -> Events {
    Events::of("buttress_circuit_breaker")
}

#[tokio::test(start_paused = true)]
async fn changes_and_refusals_are_events_without_a_path_or_a_query() {
    let events = listen();
    let layer = CircuitBreakerLayer::consecutive(1)
        .open_for(secs(10))
        .build()
        .unwrap();
    let (service, _) = over(&layer, [500, 500, 200]);
    let request = || get("https://user:secret@api.example.com/a?token=secret");
    let _ = send(&service, request()).await;
    advance(ms(2_500)).await;
    let _ = send(&service, request()).await;
    advance(secs(10)).await;
    let _ = send(&service, request()).await;
    advance(secs(10)).await;
    let _ = send(&service, request()).await;
    assert_eq!(
        events.take(),
        [
            r#"WARN message=opened key="api.example.com" for_ms=10000 reason="consecutive""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=7500 state="open""#,
            r#"INFO message=half-open key="api.example.com""#,
            r#"WARN message=opened key="api.example.com" for_ms=10000 reason="probe""#,
            r#"INFO message=half-open key="api.example.com""#,
            r#"INFO message=closed key="api.example.com""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_reason_to_open_has_a_name() {
    let rate = || {
        CircuitBreakerLayer::builder()
            .consecutive(None)
            .min_calls(1)
    };
    for (builder, reason) in [
        (CircuitBreakerLayer::consecutive(1), "consecutive"),
        (rate(), "failure-rate"),
        (rate().failure_rate(None).slow_calls(ms(1), 1), "slow-rate"),
    ] {
        let events = listen();
        let layer = builder.build().unwrap();
        let service = layer.layer(Scripted::new([Step::status(500).after(ms(1))]));
        status(&service).await;
        let opened = &events.take()[0];
        assert!(opened.ends_with(&format!("reason={reason:?}")), "{opened}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_and_who_is_refused_meanwhile_are_events() {
    let layer = CircuitBreakerLayer::consecutive(1).build().unwrap();
    let service = layer.layer(Scripted::new([Step::status(500), Step::hang()]));
    status(&service).await;
    advance(secs(60)).await;
    let _hung = begin(&service).await;
    let events = listen();
    status(&service).await;
    advance(secs(60)).await;
    status(&service).await;
    assert_eq!(
        events.take(),
        [
            r#"DEBUG message=rejected key="api.example.com" for_ms=0 state="half-open""#,
            r#"WARN message=opened key="api.example.com" for_ms=60000 reason="hung-probe""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=60000 state="open""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_done_by_hand_is_an_event() {
    let events = listen();
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [200]);
    layer.handle().force_open(API);
    status(&service).await;
    layer.handle().force_closed(API);
    layer.handle().automatic(API);
    layer.handle().reset(API);
    assert_eq!(
        events.take(),
        [
            r#"INFO message=set by hand key="api.example.com" state="forced-open""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=0 state="forced-open""#,
            r#"INFO message=set by hand key="api.example.com" state="forced-closed""#,
            r#"INFO message=set by hand key="api.example.com" state="automatic""#,
            r#"INFO message=set by hand key="api.example.com" state="reset""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_circuit_is_a_warning() {
    let layer = builder().max_keys(1).build().unwrap();
    let (service, _) = over(&layer, [200]);
    for host in 0..200 {
        send(&service, get(&format!("https://host-{host}/")))
            .await
            .unwrap();
    }
    let kept = layer.handle().states();
    let events = listen();
    let other = (0..200).map(|host| format!("host-{host}"));
    let mut other = other.filter(|host| kept.iter().all(|(key, _)| key.as_str() != host));
    let other = other.next().unwrap();
    send(&service, get(&format!("https://{other}/a?b=c")))
        .await
        .unwrap();
    layer.handle().force_open(&other);
    let line = format!("WARN message=untracked: no room for one more circuit key={other:?}");
    assert_eq!(events.take(), [line.clone(), line]);
}
