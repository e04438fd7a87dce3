//! What every layer must do, seen from outside.

use buttress_cache::CacheLayer;
use buttress_testkit::Step;

// The kit's server sends no caching fields, so that nothing it answers is stored: this is the way of
// all that passes.
buttress_testkit::contract!(
    CacheLayer::private,
    state = [Step::ok().header("cache-control", "max-age=600")]
);

buttress_testkit::contract!(mod shared, CacheLayer::shared);

buttress_testkit::contract!(mod alone, || CacheLayer::private().coalesce(false));
