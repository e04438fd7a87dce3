//! What every layer must do, seen from outside.

use buttress_retry::{Budget, RetryLayer};
use buttress_testkit::Step;

buttress_testkit::contract!(|| RetryLayer::builder().seed(1).build().unwrap());

// What 64 failed calls leave in a budget without a reserve shows in the 65th: it is retried.
buttress_testkit::contract!(
    mod budget,
    || {
        let budget = Budget::new(1, 0).unwrap();
        RetryLayer::builder().max_attempts(2).budget(budget).seed(1).build().unwrap()
    },
    only = [the_ready_service_is_the_one_called],
);

buttress_testkit::contract!(
    mod reserve,
    || {
        let budget = Budget::new(0, 1).unwrap();
        RetryLayer::builder().max_attempts(2).budget(budget).seed(1).build().unwrap()
    },
    only = [dropped_calls_give_everything_back],
    state = [Step::status(500)],
);
