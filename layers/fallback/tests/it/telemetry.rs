//! What the layer says about itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use buttress_fallback::{FallbackLayer, Override};
use buttress_kernel::{Explain, Trail};
use buttress_testkit::{Events, Scripted, Step};
use tower::{Layer, ServiceExt};

use crate::{fixed, get};

#[tokio::test(start_paused = true)]
async fn ic39_events_tell_that_it_was_a_fallback_and_nothing_secret() {
    let events = Events::of("buttress_fallback");
    let server = Scripted::new([Step::status(503), Step::ok()]);
    let service = FallbackLayer::value(fixed("[]")).layer(server);
    service.clone().oneshot(get()).await.unwrap();
    service.oneshot(get()).await.unwrap();
    let other = Scripted::new([Step::error(|| "s3cret")]);
    let down = Scripted::new([Step::error(|| "s3cret")]);
    let service = FallbackLayer::service(other).layer(down);
    service.oneshot(get()).await.unwrap_err();

    assert_eq!(
        events.take(),
        [
            r#"WARN message=answered from a fallback source="value" cause=503"#,
            r#"ERROR message=the fallback failed, too source="service" cause=other kind="other""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_trail_says_what_was_served_and_in_place_of_what() {
    let value = FallbackLayer::value(fixed("[]"));
    let nothing = FallbackLayer::from_fn(|_, _| None);
    let slow = Scripted::new([Step::error(|| "down").after(Duration::from_secs(2))]);
    let other = FallbackLayer::service(slow);
    let asked = |explain: &Explain| {
        let mut asked = get();
        asked.extensions_mut().insert(explain.clone());
        asked
    };
    let server = Scripted::new([Step::status(503)]);

    let explain = Explain::new();
    let response = value
        .layer(server.clone())
        .oneshot(asked(&explain))
        .await
        .unwrap();
    let trail = response.extensions().get::<Trail>().unwrap();
    assert_eq!(
        trail.summary(),
        "fallback: answered from the value instead of 503"
    );

    let explain = Explain::new();
    let mut request = asked(&explain);
    request
        .extensions_mut()
        .insert(Override::new().value(fixed("mine")));
    value.layer(server.clone()).oneshot(request).await.unwrap();
    assert_eq!(
        explain.trail().summary(),
        "fallback: answered from the override instead of 503"
    );

    let explain = Explain::new();
    let response = nothing
        .layer(server.clone())
        .oneshot(asked(&explain))
        .await
        .unwrap();
    let trail = response.extensions().get::<Trail>().unwrap();
    assert_eq!(
        trail.summary(),
        "fallback: the closure had no answer for 503"
    );

    let explain = Explain::new();
    other.layer(server).oneshot(asked(&explain)).await.unwrap();
    assert_eq!(
        explain.trail().summary(),
        "fallback: the service failed, too, after 503"
    );
    assert_eq!(
        explain.trail().entries()[0].duration(),
        Duration::from_secs(2)
    );

    let explain = Explain::new();
    let well = value.layer(Scripted::new([Step::ok()]));
    let response = well.oneshot(asked(&explain)).await.unwrap();
    assert!(response.extensions().get::<Trail>().is_none());
    assert_eq!(explain.trail().summary(), "");
}

#[cfg(feature = "metrics")]
#[test]
fn substitutes_are_counted_by_their_source() {
    let metrics = buttress_testkit::Metrics::during(async {
        let down = Scripted::new([Step::status(503)]);
        let value = FallbackLayer::value(fixed("[]")).layer(down.clone());
        value.clone().oneshot(get()).await.unwrap();
        value.oneshot(get()).await.unwrap();
        let other = Scripted::new([Step::error(|| "down")]);
        let service = FallbackLayer::service(other).layer(down);
        service.oneshot(get()).await.unwrap();
    });
    assert_eq!(
        metrics.sums(),
        [
            ("buttress.fallback.answered source=value", 2.0),
            ("buttress.fallback.failed source=service", 1.0),
        ]
    );
}
