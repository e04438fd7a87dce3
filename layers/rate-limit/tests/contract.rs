//! What every layer must do, seen from outside.

use std::time::Duration;

use buttress_rate_limit::RateLimitLayer;
use buttress_testkit::Step;

fn roomy() -> RateLimitLayer {
    RateLimitLayer::per_second(1_000).expect("a valid rate")
}

/// One request each 5 ms, and the others wait.
fn tight() -> RateLimitLayer {
    RateLimitLayer::per(1, Duration::from_millis(5)).expect("a valid rate")
}

buttress_testkit::contract!(roomy);

buttress_testkit::contract!(mod waiting, tight, state = [Step::ok()]);

// Of 64 requests at once as many pass as the bucket holds, and no other.
buttress_testkit::contract!(
    mod rejecting,
    || RateLimitLayer::per_second(1).and_then(|layer| layer.burst(64)).expect("a valid rate").reject(),
    state = [Step::ok()],
);
