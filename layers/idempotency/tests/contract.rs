//! What every layer must do, seen from outside.

use buttress_idempotency::IdempotencyKeyLayer;

buttress_testkit::contract!(IdempotencyKeyLayer::new);
