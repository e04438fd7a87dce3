//! What every layer promises, checked for these.

use std::time::Duration;

use buttress_kernel::HttpRequest;
use buttress_timeout::{DeadlineLayer, TimeoutLayer};

const LIMIT: Duration = Duration::from_secs(30);

buttress_testkit::contract!(|| TimeoutLayer::new(LIMIT).body_idle(LIMIT));
buttress_testkit::contract!(mod none, TimeoutLayer::none);
buttress_testkit::contract!(mod upload, || TimeoutLayer::new(LIMIT).upload_idle(LIMIT));
buttress_testkit::contract!(mod upload_without_limit, || TimeoutLayer::none().upload_idle(None));
buttress_testkit::contract!(mod source, || TimeoutLayer::new(LIMIT).watch_source());
buttress_testkit::contract!(mod any, || TimeoutLayer::any_request(LIMIT));
buttress_testkit::contract!(mod seen, || TimeoutLayer::any_request(LIMIT).seen_as::<HttpRequest>());
buttress_testkit::contract!(mod total, || DeadlineLayer::new(LIMIT));
buttress_testkit::contract!(mod no_total, DeadlineLayer::none);
