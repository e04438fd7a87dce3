use buttress_kernel::BoxError;
use buttress_kernel::key::Authority;
use buttress_rate_limit::{Rate, RateLimitLayer};
use http::{Request, Response};
use tokio::time::advance;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use crate::support::*;

/// Sends one request that is answered so, and says what a token takes after it, in milliseconds.
async fn interval_after(
    layer: &RateLimitLayer<Authority>,
    status: u16,
    fields: &[(&'static str, &'static str)],
) -> u128 {
    let fields = fields.to_vec();
    let server = service_fn(move |_: Request<()>| {
        let mut response = Response::builder().status(status);
        for (name, value) in &fields {
            response = response.header(*name, *value);
        }
        let response = response.body(()).unwrap();
        async { Ok::<_, BoxError>(response) }
    });
    layer.layer(server).oneshot(api()).await.unwrap();
    let peek = layer.handle().peek("api.example.com");
    peek.window().as_millis() / u128::from(peek.burst())
}

fn layer() -> RateLimitLayer<Authority> {
    per_second(100, 10).feedback(true).key(Authority)
}

#[tokio::test(start_paused = true)]
async fn a_429_lowers_the_rate_and_time_brings_it_back() {
    let layer = layer();
    assert_eq!(interval_after(&layer, 200, &[]).await, 10);
    assert_eq!(interval_after(&layer, 429, &[]).await, 14);
    advance(secs(3)).await;
    assert_eq!(
        interval_after(&layer, 200, &[]).await,
        10,
        "10.07, to be exact"
    );
    assert!(layer.handle().peek("api.example.com").window() > ms(100));
    advance(secs(3)).await;
    interval_after(&layer, 200, &[]).await;
    assert_eq!(layer.handle().peek("api.example.com").window(), ms(100));
    let other = layer.handle().peek("other.example.com");
    assert_eq!(other.window(), ms(100), "of another key nothing was said");
}

#[tokio::test(start_paused = true)]
async fn a_quota_caps_the_rate() {
    let layer = layer();
    let quota = ("ratelimit", "\"default\";r=50;t=10");
    assert_eq!(interval_after(&layer, 200, &[quota]).await, 200);
    let ample = ("ratelimit", "\"default\";r=5000;t=10");
    assert_eq!(
        interval_after(&layer, 200, &[ample]).await,
        10,
        "never faster"
    );
    let spent = ("ratelimit", "\"default\";r=0;t=2");
    assert_eq!(
        interval_after(&layer, 200, &[spent]).await,
        1_000,
        "never less than this"
    );
    assert_eq!(interval_after(&layer, 200, &[]).await, 10);
    let stored = ("age", "3");
    assert_eq!(interval_after(&layer, 200, &[quota, stored]).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_set_anew_begins_anew() {
    let layer = layer();
    interval_after(&layer, 429, &[]).await;
    let rate = Rate::per_second(50).unwrap().burst(10).unwrap();
    layer.handle().set_rate(rate);
    assert_eq!(interval_after(&layer, 200, &[]).await, 20);
}

#[tokio::test(start_paused = true)]
async fn without_feedback_nothing_is_heard() {
    let layer = layer().feedback(false);
    assert_eq!(interval_after(&layer, 429, &[]).await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_rate_for_one_key_leaves_the_others_as_they_are() {
    let layer = layer();
    interval_after(&layer, 429, &[]).await;
    let rate = Rate::per_second(50).unwrap();
    layer.handle().set_key_rate("other.example.com", rate);
    let peek = layer.handle().peek("api.example.com");
    assert!(peek.window() > ms(140), "it is still slower");
}
