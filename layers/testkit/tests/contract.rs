//! Layers that do nothing wrong pass the contract.

mod layers;

use std::time::Duration;

use tower::layer::util::Identity;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

use buttress_testkit::Step;
use layers::{QuotaLayer, RetryOnceLayer};

buttress_testkit::contract!(mod identity, Identity::new);
buttress_testkit::contract!(mod timeout, || TimeoutLayer::new(Duration::from_secs(30)));
buttress_testkit::contract!(mod limit, || GlobalConcurrencyLimitLayer::new(1));
buttress_testkit::contract!(mod retry, || RetryOnceLayer);

// A layer with state, and the name of the module left to the macro.
buttress_testkit::contract!(|| QuotaLayer::new(10), state = [Step::ok()]);

// Every form of the macro compiles, with and without last commas.
buttress_testkit::contract!(mod some, Identity::new, only = [errors_keep_their_source]);
buttress_testkit::contract!(
    mod some_with_state,
    || QuotaLayer::new(64),
    only = [response_bodies_stream, request_bodies_stream,],
    state = [Step::status(503), Step::ok(),],
);
