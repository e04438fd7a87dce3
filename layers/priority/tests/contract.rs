//! What every layer must do, seen from outside.

use std::time::Duration;

use buttress_kernel::key::Authority;
use buttress_priority::PriorityLayer;

fn of(max_in_flight: usize) -> PriorityLayer {
    PriorityLayer::new(max_in_flight).expect("a valid limit")
}

buttress_testkit::contract!(|| of(64));

// One at a time, and the others wait.
buttress_testkit::contract!(mod waiting, || of(1).key(Authority));

buttress_testkit::contract!(mod ageing, || of(1).ageing(Duration::from_millis(1)));

buttress_testkit::contract!(mod whole, || of(1).until_body_end());
