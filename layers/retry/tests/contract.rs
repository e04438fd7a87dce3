//! What every layer must do, seen from outside.

use buttress_retry::{Budget, RetryLayer};
use buttress_testkit::Step;

buttress_testkit::contract!(|| RetryLayer::builder().seed(1).build().unwrap());

// 64 failed calls use up a reserve of ten retries, so the next call is sent once, whichever service
// of the layer it goes through.
buttress_testkit::contract!(
    mod small_reserve,
    || {
        let budget = Budget::new(0, 1).unwrap();
        let retry = RetryLayer::builder().max_attempts(2).budget(budget);
        retry.seed(1).build().unwrap()
    },
    only = [dropped_calls_give_everything_back],
    state = [Step::status(500)],
);
