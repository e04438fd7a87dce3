//! What every layer must do, seen from outside.

use std::time::Duration;

use buttress_retry_after::RetryAfterLayer;
use buttress_testkit::Step;

// One refusal, and whoever comes next is refused here without a call.
buttress_testkit::contract!(
    || RetryAfterLayer::new().reject(),
    state = [Step::status(429).header("retry-after", "600")],
);

// The kit's server never asks for a pause by itself: this one holds after each refusal.
buttress_testkit::contract!(mod holding, || {
    RetryAfterLayer::new().default_delay(Duration::from_millis(5)).seed(1)
});
