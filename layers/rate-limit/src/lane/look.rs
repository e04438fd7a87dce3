//! What is to be seen of a lane.

use std::fmt;

use super::{Lane, QUEUED};
use crate::bucket::Bucket;
use crate::clock::Nanos;
use crate::sync::Ordering;

/// How a lane looks at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) bucket: Bucket,
    pub(crate) waiting: usize,
    pub(crate) granted: u64,
    pub(crate) rejected: u64,
}

impl Lane {
    /// Whether it is as good as a new one.
    pub(crate) fn is_idle(&self, now: Nanos) -> bool {
        self.hot.state.load(Ordering::Acquire) <= now
    }

    /// How many were let through, and refused.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let Look {
            granted, rejected, ..
        } = self.look();
        (granted, rejected)
    }

    pub(crate) fn look(&self) -> Look {
        let slow = self.lock();
        let full_at = self.hot.state.load(Ordering::Acquire) & !QUEUED;
        let pace = self.pace();
        Look {
            bucket: Bucket { full_at, pace },
            waiting: slow.as_ref().map_or(0, |slow| slow.queue.len()),
            granted: self.hot.granted.load(Ordering::Relaxed),
            rejected: slow.as_ref().map_or(0, |slow| slow.rest.rejected),
        }
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("pace", &self.pace())
            .finish_non_exhaustive()
    }
}
