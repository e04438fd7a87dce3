use std::sync::Arc;

use crate::lane::Lane;

/// A request's place among those in flight; dropped, it goes to the first who waits.
#[derive(Debug)]
pub struct Permit(Arc<Lane>);

impl Permit {
    /// A place, if there is room and nobody waits.
    #[inline]
    pub(crate) fn take(lane: &Arc<Lane>) -> Option<Self> {
        lane.take().then(|| Self(Arc::clone(lane)))
    }

    /// The place that the lane has counted already.
    pub(crate) const fn granted(lane: Arc<Lane>) -> Self {
        Self(lane)
    }
}

impl Drop for Permit {
    #[inline]
    fn drop(&mut self) {
        self.0.give_back();
    }
}
