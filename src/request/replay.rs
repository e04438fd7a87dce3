use std::fmt;

use buttress_kernel::{Body, BoxError, Facts, Kind, Replay, Sent};
use http::Request;

/// Refuses a request that demands retries with a body that is sent once.
pub(crate) fn demands_replay(request: &Request<Body>) -> Result<(), BoxError> {
    let demand = request.extensions().get::<buttress_retry::Override>();
    if demand.is_some_and(|o| o.attempts().is_some_and(|n| n > 1)) && !request.body().can_replay() {
        let facts = Facts::new(Kind::Request).sent(Sent::No);
        return Err(NotReplayable { facts }.into());
    }
    Ok(())
}

/// Retries were demanded for a request whose body cannot be sent twice.
#[derive(Debug)]
pub struct NotReplayable {
    facts: Facts,
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "retries were asked for, but the body cannot be sent twice; \
             send bytes, raise the stream's `Payload::replay_limit`, or drop the `retry`",
        )
    }
}

impl std::error::Error for NotReplayable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.facts)
    }
}
