use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Nanos, now};
use crate::lane::Lane;
use crate::rate::Rate;
use crate::store::{Store, Verdict};
use crate::table::Table;

/// The buckets of this process as a [`Store`]: for layers that differ in what they wait for, whom they
/// refuse or what they charge, and share one limit; and for tests. Clones share their buckets. Full ones
/// are forgotten; beyond 65,536 that are not, further keys share one.
///
/// ```
/// use buttress_rate_limit::{InProcess, Rate, RateLimitLayer};
///
/// let (store, rate) = (InProcess::new(), Rate::per_second(10)?);
/// let people = RateLimitLayer::new(rate).store(store.clone());
/// let robots = RateLimitLayer::new(rate).store(store).reject();
/// # Ok::<_, buttress_rate_limit::InvalidRate>(())
/// ```
#[derive(Clone)]
pub struct InProcess(Arc<Table>);

/// As many buckets at once; further keys share one.
const MAX_KEYS: usize = 65_536;

impl InProcess {
    /// No bucket yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Table::new(Rate::LARGEST, None)))
    }

    fn now(&self) -> Nanos {
        self.0.clock.nanos(now())
    }

    fn lane(&self, key: &str) -> Arc<Lane> {
        self.0.lane(key, self.now(), MAX_KEYS)
    }
}

impl Store for InProcess {
    type Error = Infallible;

    async fn take(&self, key: &str, cost: u32, rate: Rate) -> Result<Verdict, Infallible> {
        let paid = self.lane(key).pay(|| self.now(), rate.pace(), cost);
        Ok(match paid {
            Ok(left) => Verdict::Granted {
                remaining: u32::try_from(left).unwrap_or(u32::MAX),
            },
            Err(wait) => Verdict::RetryIn(Duration::from_nanos(wait)),
        })
    }

    async fn refund(&self, key: &str, cost: u32, rate: Rate) -> Result<(), Infallible> {
        self.lane(key).refund(rate.pace(), cost);
        Ok(())
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("keys", &self.0.keys())
            .finish_non_exhaustive()
    }
}
