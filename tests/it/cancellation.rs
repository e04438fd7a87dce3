//! Dropping a call anywhere gives everything back, through the whole stack.

use std::time::Duration;

use buttress::{Body, Client};
use buttress_testkit::{Scripted, Step};
use futures_util::FutureExt;
use tokio::time::{Instant, advance};
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimit;

fn client(server: &Scripted) -> Client {
    let one_at_a_time = ServiceBuilder::new().service(ConcurrencyLimit::new(server.clone(), 1));
    Client::builder()
        .base_uri("http://h")
        .build_over(one_at_a_time)
        .unwrap()
}

/// bq26: before it starts, while it waits for its turn, in flight, and between two attempts.
#[tokio::test(start_paused = true)]
async fn bq26_a_call_dropped_at_any_moment_leaves_nothing_behind() {
    let slow = Duration::from_millis(250);
    for moment in 0..60 {
        let server = Scripted::new([
            Step::status(503).after(slow),
            Step::status(429).header("retry-after", "1").after(slow),
            Step::ok().after(slow).pending(1),
        ]);
        let client = client(&server);
        let mut call = Box::pin(client.get("/").send());
        let end = Instant::now() + Duration::from_millis(50) * moment;
        while Instant::now() < end && call.as_mut().now_or_never().is_none() {
            advance(Duration::from_millis(10)).await;
        }
        drop(call);
        assert_eq!(server.in_flight(), 0, "after {moment} steps");
        assert_eq!(server.open_bodies(), 0, "after {moment} steps");

        // The one place is free again.
        let other = client.get("/").retry(5).send();
        let other = tokio::time::timeout(Duration::from_secs(600), other).await;
        assert_eq!(other.expect("the place was lost").unwrap().status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn bq26_a_call_that_never_started_sends_nothing() {
    let server = Scripted::new([Step::ok()]);
    drop(client(&server).post("/").body("never").send());
    assert!(server.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_response_frees_its_body() {
    let stalls = Step::ok().body_with(|| Body::stream(buttress_testkit::channel().1));
    let server = Scripted::new([stalls]);
    let response = client(&server).get("/").send().await.unwrap();
    drop(response);
    assert_eq!(server.open_bodies(), 0);
}
