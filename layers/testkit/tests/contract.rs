//! Layers that do nothing wrong pass the contract.

use std::time::Duration;

use tower::layer::util::Identity;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;

buttress_testkit::contract!(Identity::new);
buttress_testkit::contract!(mod timeout, || TimeoutLayer::new(Duration::from_secs(30)));
buttress_testkit::contract!(mod limit, || GlobalConcurrencyLimitLayer::new(1));
buttress_testkit::contract!(mod some, Identity::new, only = [response_bodies_stream,]);
