//! What is granted, next to what governor grants.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::num::NonZeroU32;
use std::time::Duration;

use buttress_rate_limit::{Override, Rate, RateLimitLayer};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use http::{Request, Response};
use proptest::prelude::*;
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

/// Steps of time in microseconds, each with a request of some cost.
fn story() -> impl Strategy<Value = Vec<(u64, u32)>> {
    prop::collection::vec((0..30_000_u64, 1..7_u32), 1..200)
}

fn ours(interval: Duration, burst: u32, story: &[(u64, u32)]) -> Vec<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let rate = Rate::per(1, interval).and_then(|rate| rate.burst(burst));
        let layer = RateLimitLayer::new(rate.unwrap()).reject();
        let server = service_fn(async |_: Request<()>| Ok::<_, tower::BoxError>(Response::new(())));
        let service = layer.layer(server);
        let mut granted = Vec::new();
        for (pause, cost) in story {
            tokio::time::advance(Duration::from_micros(*pause)).await;
            let mut request = Request::new(());
            request.extensions_mut().insert(Override::new().cost(*cost));
            granted.push(service.clone().oneshot(request).await.is_ok());
        }
        granted
    })
}

fn governors(interval: Duration, burst: u32, story: &[(u64, u32)]) -> Vec<bool> {
    let clock = FakeRelativeClock::default();
    let quota = Quota::with_period(interval).unwrap();
    let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap());
    let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
    let decide = |(pause, cost): &(u64, u32)| {
        clock.advance(Duration::from_micros(*pause));
        let cost = NonZeroU32::new(*cost).unwrap();
        matches!(limiter.check_n(cost), Ok(Ok(())))
    };
    story.iter().map(decide).collect()
}

proptest! {
    #[test]
    fn grants_are_those_of_governor(
        micros in 1..20_000_u64, burst in 1..9_u32, story in story(),
    ) {
        let interval = Duration::from_micros(micros);
        prop_assert_eq!(ours(interval, burst, &story), governors(interval, burst, &story));
    }
}
