//! What every layer must do, seen from outside.

use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_kernel::HttpRequest;
use buttress_testkit::Step;

// Five failures, and whoever comes next is refused without a call.
buttress_testkit::contract!(CircuitBreakerLayer::new, state = [Step::status(503)]);

buttress_testkit::contract!(
    mod until_body_end,
    || CircuitBreakerLayer::builder().until_body_end().build().unwrap(),
    state = [Step::status(503)],
);

buttress_testkit::contract!(
    mod any,
    || CircuitBreakerLayer::any_request().seen_as::<HttpRequest>().build().unwrap(),
    state = [Step::error(|| std::io::Error::other("no"))],
);

// No clock but the call's own.
buttress_testkit::contract!(
    mod slow,
    || {
        let limit = std::time::Duration::from_secs(1);
        CircuitBreakerLayer::builder().slow_calls(limit, 50).count_window(50).build().unwrap()
    },
    state = [Step::ok().after(std::time::Duration::from_secs(2))],
);
