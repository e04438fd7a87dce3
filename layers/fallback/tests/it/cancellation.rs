//! What is dropped gives everything back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use buttress_fallback::FallbackLayer;
use buttress_testkit::{Scripted, Step};
use tokio::time::timeout;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Layer, ServiceExt};

use crate::get;

#[tokio::test(start_paused = true)]
async fn a_call_dropped_in_the_other_service_ends_there_and_here() {
    let other = Scripted::new([Step::hang()]);
    let first = Scripted::new([Step::status(503).body("held while the other is asked")]);
    let service = FallbackLayer::service(other.clone()).layer(first.clone());
    let call = service.oneshot(get());
    timeout(Duration::from_secs(1), call).await.unwrap_err();
    assert_eq!((other.dropped(), other.in_flight()), (1, 0));
    assert_eq!((first.in_flight(), first.open_bodies()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_other_service_is_made_ready_before_it_is_called() {
    let other = Scripted::new([Step::ok().after(Duration::from_secs(1))]).not_ready(3);
    let other = ConcurrencyLimitLayer::new(1).layer(other);
    let service = FallbackLayer::service(other).layer(Scripted::new([Step::status(503)]));
    let (one, two) = tokio::join!(service.clone().oneshot(get()), service.oneshot(get()));
    assert_eq!(
        (
            one.unwrap().status().as_u16(),
            two.unwrap().status().as_u16()
        ),
        (200, 200)
    );
}
