//! Listens to what the server says about our speed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use buttress_kernel::{Key, Quota, SystemWallClock, WallClock};
use http::{HeaderMap, StatusCode};

use crate::clock::Nanos;
use crate::cubic::Signal;
use crate::lane::Lane;
use crate::shared::Shared;
use crate::telemetry;

/// Whose response it is, and when its request left.
#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) shared: Arc<Shared>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) key: Key,
    pub(crate) left: Nanos,
}

impl Ear {
    /// Takes in what a response says.
    pub(crate) fn hear(&self, status: StatusCode, headers: &HeaderMap) {
        let now = self.shared.now();
        let signal = read(status, headers, SystemWallClock.now());
        let (before, after) = self.lane.hear(now, self.left, signal);
        let interval = Duration::from_nanos(after.price);
        if after.price > before.price {
            telemetry::slower(self.key.as_str(), interval);
        } else if after.price < before.price {
            telemetry::faster(self.key.as_str(), interval);
        }
    }
}

fn read(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Signal {
    // A stored response tells of a quota that is out of date.
    let fresh = !headers.contains_key(http::header::AGE);
    let quota = fresh.then(|| Quota::parse(headers, now)).flatten();
    Signal {
        throttled: status == StatusCode::TOO_MANY_REQUESTS,
        most: quota.and_then(speed),
    }
}

/// What is left, spread over the time that it has to last. Where nothing is left the server will say
/// so with a 429, or a gate for that will hold.
#[allow(clippy::cast_precision_loss, reason = "a rate need not be exact")]
fn speed(quota: Quota) -> Option<f64> {
    let seconds = quota.resets_in().as_secs_f64();
    (seconds > 0.0).then(|| quota.remaining().max(1) as f64 / seconds)
}
